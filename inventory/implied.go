package inventory

import (
	"cmp"
	"slices"
	"strings"
)

// Reason says why an order's document is unsure. docs/orders.md has the
// remedies.
type Reason string

const (
	// UnsureOrder: no full order was seen yet, or a refund, shipment or edit was
	// heard of that no full order contains. Fetch the order, at least one second
	// after an edit.
	UnsureOrder Reason = "order"
	// UnsureSplit: units were refunded without restocking, and whether they had
	// been shipped is not known. Available is right; committed may not be.
	// Fetch the order with its fulfillment orders.
	UnsureSplit Reason = "split"
	// UnsurePlace: there are several locations and no settled reading says at
	// which of them the units are. The sum is right. Fetch the order with its
	// fulfillment orders.
	UnsurePlace Reason = "place"
	// UnsureRestock: units left the order without a word on restocking and are
	// taken as not restocked, or an unclaimed order gave units back. Check the
	// level.
	UnsureRestock Reason = "restock"
	// UnsureOrigin: there are several locations and nothing can show which of
	// them some units left from or returned to. The sum is right. Check the
	// levels.
	UnsureOrigin Reason = "origin"
)

// reasons in the order in which they are reported.
var reasons = [...]Reason{UnsureOrder, UnsureSplit, UnsurePlace, UnsureRestock, UnsureOrigin}

// Fetch reports whether a fetch of the order settles it. The other reasons are
// settled by a look at the level.
func (r Reason) Fetch() bool {
	return r == UnsureOrder || r == UnsureSplit || r == UnsurePlace
}

// Moved is by how much an order has moved one level in all: units it took from
// Available (negative; positive where units came back to another place than
// they left from) and has Committed. What neither holds has left the stock,
// shipped or lost: -Available - Committed units, summed over the locations.
type Moved struct {
	SKU       string `json:"sku"`
	Location  string `json:"location,omitempty"`
	Available int64  `json:"available,omitempty"`
	Committed int64  `json:"committed,omitempty"`
}

// Movement is everything an order has moved, sorted by SKU and location, at
// most one entry for each, none without effect.
type Movement []Moved

// Minus returns what must be moved to get from an earlier movement to m.
func (m Movement) Minus(before Movement) Movement {
	all := slices.Clone(m)
	for _, x := range before {
		x.Available, x.Committed = -x.Available, -x.Committed
		all = append(all, x)
	}
	return all.tidy()
}

// tidy sorts, sums what belongs together and leaves out what has no effect.
func (m Movement) tidy() Movement {
	slices.SortFunc(m, func(x, y Moved) int {
		return cmp.Or(strings.Compare(x.SKU, y.SKU), strings.Compare(x.Location, y.Location))
	})
	var out Movement
	for i, x := range m {
		if n := len(out); i > 0 && n > 0 && out[n-1].SKU == x.SKU && out[n-1].Location == x.Location {
			out[n-1].Available += x.Available
			out[n-1].Committed += x.Committed
		} else {
			out = append(out, x)
		}
	}
	out = slices.DeleteFunc(out, func(x Moved) bool { return x.Available == 0 && x.Committed == 0 })
	if len(out) == 0 {
		return nil
	}
	return out
}

// Implied returns what the order has moved, as far as its document tells, and
// why that is unsure; without a reason it is right. It depends on nothing but
// its arguments, and not on the order of anything in them.
//
// Of each line, c units were restocked unshipped, r returned, f shipped and d
// left otherwise, cut to what was ordered. Available moves by c + r - ordered,
// Committed by ordered - c - f - d; once the order is cancelled, nothing is
// committed. So shipments, and units that are not restocked, never move what
// may be sold. An unclaimed order moves nothing.
//
// The order must be valid.
func (o Order) Implied(places Places) (Movement, []Reason) {
	if !o.Full {
		return nil, []Reason{UnsureOrder}
	}
	why := map[Reason]bool{UnsureOrder: o.unheard()}
	if o.Unclaimed {
		why[UnsureRestock] = o.Cancelled || len(o.Refunds) > 0
		return nil, list(why)
	}
	tallies := o.tallies(places)
	spots := make(map[string]LinePlaces, len(o.Places.Lines))
	for _, l := range o.Places.Lines {
		spots[l.Line] = l
	}
	var m Movement
	for _, l := range o.Lines {
		if l.SKU == "" {
			continue
		}
		t := tallies[l.ID]
		back := t.back.clip(l.Ordered)
		c := back.sum()
		sent, returned := t.sent.clip(l.Ordered-c), t.returned.clip(l.Ordered-c)
		f, r := sent.sum(), returned.sum()
		d := min(l.Dropped, max(0, l.Ordered-c-f))
		open, unsaid := max(0, l.Ordered-c-f-d), l.Removed
		if o.Cancelled {
			d, open = d+open, 0
			unsaid = max(unsaid, d-max(0, t.none-max(0, f-r)))
		}
		at, left, doubt := where(whereabouts{
			ordered: l.Ordered, gone: l.Ordered - f - open, back: back, sent: sent,
			home: places.home(o, l.ID), spots: spots[l.ID], stale: o.stale(),
		})
		if t.none > l.Judged && !o.Cancelled {
			why[UnsureSplit] = true
		}
		if unsaid > 0 {
			why[UnsureRestock] = true
		}
		if places.several() && doubt != "" {
			why[doubt] = true
		}
		if places.several() && t.nowhere {
			why[UnsureOrigin] = true
		}
		move := func(units counts, available, committed int64) {
			for _, x := range units {
				if !places.several() {
					x.place = places.first()
				}
				m = append(m, Moved{l.SKU, x.place, available * x.units, committed * x.units})
			}
		}
		move(at, -1, 1)
		move(left, -1, 0)
		move(sent, -1, 0)
		move(back, 1, 0)
		move(returned, 1, 0)
	}
	return m.tidy(), list(why)
}

// unheard reports whether something was heard of that no full order contains.
// An edit names nothing that a full order repeats, so it goes by its time: a
// reading of the same second may be older than the edit.
func (o Order) unheard() bool {
	return o.Edited > 0 && o.Edited >= max(o.Updated, o.Read) ||
		slices.ContainsFunc(o.Refunds, func(r Refund) bool { return !r.Confirmed }) ||
		slices.ContainsFunc(o.Fulfillments, func(f Fulfillment) bool { return f.Confirmed.rank() < f.Status.rank() })
}

// stale reports whether the reading of the places may be older than the order.
func (o Order) stale() bool {
	return o.Updated > o.Places.Updated || o.Places.Read <= o.Places.Updated
}

// tally is what refunds and shipments say about one line.
type tally struct {
	back, returned, sent counts
	none                 int64
	nowhere              bool // some units have no place, so they count at home
}

func (o Order) tallies(places Places) map[string]tally {
	all := make(map[string]tally, len(o.Lines))
	for _, r := range o.Refunds {
		for _, l := range r.Lines {
			t := all[l.Line]
			switch l.Restock {
			case RestockNone:
				t.none += l.Quantity
			case RestockCancel:
				t.count(&t.back, l.Location, places.home(o, l.Line), l.Quantity)
			default:
				t.count(&t.returned, l.Location, places.home(o, l.Line), l.Quantity)
			}
			all[l.Line] = t
		}
	}
	for _, f := range o.Fulfillments {
		if f.Status != FulfillmentShipped {
			continue
		}
		for _, l := range f.Lines {
			t := all[l.Line]
			t.count(&t.sent, f.Location, places.home(o, l.Line), l.Quantity)
			all[l.Line] = t
		}
	}
	return all
}

func (t *tally) count(c *counts, location, home string, units int64) {
	if location == "" {
		location, t.nowhere = home, true
	}
	c.add(location, units)
}

func list(why map[Reason]bool) []Reason {
	var out []Reason
	for _, r := range reasons {
		if why[r] {
			out = append(out, r)
		}
	}
	return out
}
