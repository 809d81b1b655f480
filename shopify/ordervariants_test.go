package shopify

import (
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// wrongWays are the usual ways to get orders wrong, made by changing what goes
// into the real code and what comes out of it.
var wrongWays = []variant{
	{name: "partial bodies counted as if full", facts: func(m message, o inventory.Order) inventory.Order {
		o.Edited = 0
		for i := range o.Refunds {
			o.Refunds[i].Confirmed = true
		}
		for i := range o.Fulfillments {
			o.Fulfillments[i].Confirmed = o.Fulfillments[i].Status
		}
		return o
	}},
	{name: "quantity only", view: func(d document, _ inventory.Places) inventory.Order {
		return onlyLines(d, func(l inventory.OrderLine) int64 { return l.Ordered })
	}},
	{name: "current_quantity only", view: func(d document, _ inventory.Places) inventory.Order {
		return onlyLines(d, func(l inventory.OrderLine) int64 { return d.newest[l.ID].current })
	}},
	{name: "fulfillable_quantity is what is committed", view: func(d document, _ inventory.Places) inventory.Order {
		return eachLine(d.Order, func(l *inventory.OrderLine) {
			s := sumsOf(d.Order, *l)
			l.Dropped = max(0, l.Ordered-s.cancelled-s.shipped-d.newest[l.ID].fulfillable)
		})
	}},
	{name: "a refund counted from both topics", body: func(m message) orderBody {
		return renameRefunds(m, func(refund, _, _ string) string { return m.kind + refund })
	}},
	{name: "refund lines by their id, null or not", body: func(m message) orderBody {
		return renameRefunds(m, func(_, line, _ string) string { return line })
	}},
	{name: "refund lines by id, else by refund, line, kind, place", body: func(m message) orderBody {
		return renameRefunds(m, func(refund, line, key string) string {
			if line != "" {
				return line
			}
			return refund + key
		})
	}},
	{name: "newest full order wins, ties as they fall", join: func(a, b document) document {
		if a.Full && b.Full {
			if b.Updated >= a.Updated {
				return b
			}
			return a
		}
		return document{Order: inventory.Merge(a.Order, b.Order)}
	}},
	{name: "no_restock refunds always leave committed", facts: func(m message, o inventory.Order) inventory.Order {
		return judgeAll(o, func(n int64) int64 { return n })
	}},
	{name: "no_restock refunds never leave committed", facts: func(m message, o inventory.Order) inventory.Order {
		return judgeAll(o, func(int64) int64 { return 0 })
	}},
	{name: "cancelled means restocked", view: func(d document, p inventory.Places) inventory.Order {
		if !d.Cancelled {
			return d.Order
		}
		return restockAtHome(d.Order, p, func(l inventory.OrderLine) int64 { return sumsOf(d.Order, l).dropped })
	}},
	{name: "removed without a word means restocked", unsaid: true, view: func(d document, p inventory.Places) inventory.Order {
		return restockAtHome(d.Order, p, func(l inventory.OrderLine) int64 {
			n := l.Removed
			if d.Cancelled {
				s := sumsOf(d.Order, l)
				n = max(n, s.dropped-max(0, noneOf(d.Order, l.ID)-max(0, s.shipped-s.returned)))
			}
			return n
		})
	}},
	{
		name: "place taken from order.location_id",
		view: func(d document, _ inventory.Places) inventory.Order {
			o := d.Order
			o.Places = inventory.OrderPlaces{}
			return o
		},
		doubts: func(_ document, why []inventory.Reason) []inventory.Reason {
			return slices.DeleteFunc(why, func(r inventory.Reason) bool {
				return r == inventory.UnsurePlace || r == inventory.UnsureOrigin
			})
		},
	},
	{name: "places trusted though the order changed", view: func(d document, _ inventory.Places) inventory.Order {
		o := d.Order
		if len(o.Places.Lines) > 0 {
			o.Places.Updated, o.Places.Read = o.Updated, o.Updated+1
		}
		return o
	}},
	{name: "closed fulfillment orders counted too", body: func(m message) orderBody {
		b := m.body
		b.Places = slices.Clone(b.Places)
		for i := range b.Places {
			b.Places[i].Status = "open"
		}
		return b
	}, facts: trusting, moved: stillOpen},
	{name: "late fulfillment orders trusted", facts: trusting},
	{name: "unclaimed orders counted", facts: func(m message, o inventory.Order) inventory.Order {
		o.Unclaimed = false
		return o
	}},
	{name: "no document: messages move stock as they come", asCome: true},
	{name: "two consumers, no version guard", noGuard: true},
}

func eachLine(o inventory.Order, change func(*inventory.OrderLine)) inventory.Order {
	o.Lines = slices.Clone(o.Lines)
	for i := range o.Lines {
		change(&o.Lines[i])
	}
	return o
}

// onlyLines forgets everything but one number of each line and the shipments.
func onlyLines(d document, quantity func(inventory.OrderLine) int64) inventory.Order {
	o := eachLine(d.Order, func(l *inventory.OrderLine) { l.Ordered, l.Dropped = quantity(*l), 0 })
	o.Refunds = slices.Clone(o.Refunds)
	for i := range o.Refunds {
		o.Refunds[i].Lines = nil
	}
	return o
}

func noneOf(o inventory.Order, line string) (n int64) {
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			if l.Line == line && l.Restock == inventory.RestockNone {
				n += l.Quantity
			}
		}
	}
	return n
}

func judgeAll(o inventory.Order, dropped func(none int64) int64) inventory.Order {
	return eachLine(o, func(l *inventory.OrderLine) {
		n := noneOf(o, l.ID)
		l.Dropped, l.Judged = l.Removed+dropped(n), n
	})
}

// restockAtHome takes units as cancelled and put back at the line's home.
func restockAtHome(o inventory.Order, p inventory.Places, units func(inventory.OrderLine) int64) inventory.Order {
	home := o.Location
	if home == "" {
		home = p.Locations[0]
	}
	more := inventory.Refund{ID: "restocked", Confirmed: true}
	out := eachLine(o, func(l *inventory.OrderLine) {
		if n := min(units(*l), sumsOf(o, *l).dropped); n > 0 {
			more.Lines = append(more.Lines, inventory.RefundLine{Line: l.ID, Restock: inventory.RestockCancel, Location: home, Quantity: n})
			l.Dropped = max(0, min(l.Dropped, sumsOf(o, *l).dropped)-n)
		}
	})
	out.Refunds = append(slices.Clip(out.Refunds), more)
	return out
}

// renameRefunds makes refunds of single refund lines, under a name made of the
// refund's id, the refund line's id ("" if null) and line, kind and place. Of
// two lines with one name the last counts.
func renameRefunds(m message, name func(refund, line, key string) string) orderBody {
	b := m.body
	b.Refunds = nil
	at := map[string]int{}
	for i, r := range m.body.Refunds {
		for j, l := range r.Lines {
			line, key := "", strings.Join([]string{l.Line, l.Restock, l.Location}, "/")
			if m.refunds != nil {
				line = strconv.FormatInt(m.refunds[i].Lines[j].ID, 10)
			}
			id := name(r.ID, line, key)
			k, known := at[id]
			if !known {
				k = len(b.Refunds)
				at[id] = k
				b.Refunds = append(b.Refunds, bodyRefund{ID: id})
			}
			same := slices.IndexFunc(b.Refunds[k].Lines, func(x bodyRefundLine) bool {
				return x.Line == l.Line && restock(x.Restock) == restock(l.Restock) && x.Location == l.Location
			})
			switch {
			case same >= 0 && strings.HasPrefix(id, m.kind): // both topics: a sum
				b.Refunds[k].Lines[same].Quantity += l.Quantity
			case same >= 0:
				b.Refunds[k].Lines[same] = l
			default:
				b.Refunds[k].Lines = append(b.Refunds[k].Lines, l)
			}
		}
	}
	return b
}

// trusting takes fulfillment orders at their word, though they may lag behind.
func trusting(m message, o inventory.Order) inventory.Order {
	b := m.body
	if len(b.Places) == 0 {
		return o
	}
	all := b.tallies(o, modelResolver)
	o.Places = inventory.OrderPlaces{Updated: b.Updated, Read: b.Read}
	for i, l := range b.Lines {
		t, open := all[l.ID], int64(0)
		for _, p := range t.places {
			open += p.Open
		}
		gone := l.Quantity - open - t.shipped - t.cancelled
		o.Lines[i].Dropped, o.Lines[i].Judged = max(gone, 0), t.none
		if n := len(t.homes); gone > 0 && n > 0 {
			t.at(t.homes[n-1]).Gone += gone
		}
		sure := gone <= 0 && (len(t.restocked) == 0 || sameSet(t.homes, t.restocked))
		o.Places.Lines = append(o.Places.Lines, inventory.LinePlaces{Line: l.ID, Sure: sure, At: t.places})
	}
	return o
}

// stillOpen commits what a reading has beyond what was ordered.
func stillOpen(d document, p inventory.Places, m inventory.Movement) inventory.Movement {
	m = slices.Clone(m)
	for _, l := range d.Order.Lines {
		for _, s := range d.Places.Lines {
			if s.Line != l.ID || l.SKU == "" || d.Unclaimed {
				continue
			}
			more, at := -l.Ordered, p.Locations[0]
			for _, x := range s.At {
				more += x.Open + x.Shipped + x.Gone
				if len(p.Locations) > 1 && x.Open > 0 {
					at = x.Location
				}
			}
			if more > 0 {
				m = append(m, inventory.Moved{SKU: l.SKU, Location: at, Available: -more, Committed: more})
			}
		}
	}
	return m
}
