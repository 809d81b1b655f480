package shopifytest

import (
	"fmt"
	"slices"
	"time"
)

// An order is what the shop holds of one sale. Its units are in fulfillment
// orders until they are shipped or leave the order.
type order struct {
	id, number int64
	created    time.Time
	updated    time.Time
	cancelled  time.Time // zero: it is not
	lines      []*line
	assigned   []*fulfillmentOrder
	shipments  []*shipment
	refunds    []*refund
	sale       Sale
	pos        *location
	index      []indexed
}

// line is one line; custom lines have no item, and quantity only grows.
type line struct {
	id                int64
	item              *item
	title             string
	price             int64
	tracked           bool // at the time of the order
	giftCard          bool
	quantity          int64
	removed           int64 // by edits that wrote no refund line
	returned          int64 // shipped units that were refunded
	restockedSilently int64 // restocked without a refund line that says so
}

func (o *order) gid() string  { return gid("Order", o.id) }
func (o *order) name() string { return fmt.Sprintf("#%d", o.number) }

// refunded counts the units of a line on refund lines of any kind.
func (o *order) refunded(l *line) (n int64) {
	for _, r := range o.refunds {
		for _, x := range r.lines {
			if x.line == l {
				n += x.quantity
			}
		}
	}
	return n
}

func (o *order) current(l *line) int64 { return l.quantity - l.removed - o.refunded(l) }

func (o *order) shipped(l *line) (n int64) {
	for _, s := range o.shipments {
		if s.status == "success" {
			n += s.units(l)
		}
	}
	return n
}

// open counts the units of a line that are still to be shipped; with
// fulfillable only those that are not held.
func (o *order) open(l *line, fulfillable bool) (n int64) {
	for _, f := range o.assigned {
		if f.status == "CLOSED" || fulfillable && f.status != "OPEN" {
			continue
		}
		for _, x := range f.lines {
			if x.line == l {
				n += x.remaining
			}
		}
	}
	return n
}

func (o *order) live() bool {
	return slices.ContainsFunc(o.lines, func(l *line) bool { return o.open(l, false) > 0 })
}

// shift moves stock for a line; orders that claim no stock move none.
func (s *Server) shift(o *order, l *line, at *location, name string, by int64) {
	if l.tracked && !o.sale.Unclaimed {
		s.move(s.level(l.item, at), name, by)
	}
}

// claim takes units for a line at a location: available to committed.
func (s *Server) claim(o *order, l *line, n int64, at *location) {
	s.openAt(o, at).give(s, l, n)
	s.shift(o, l, at, available, -n)
	s.shift(o, l, at, committed, n)
}

// drop takes unshipped units out of the order, restocked at a location or, if
// that is nil, gone.
func (s *Server) drop(o *order, f *fulfillmentOrder, l *line, n int64, to *location) refundLine {
	f.cut(s, l, n, true)
	s.shift(o, l, f.location, committed, -n)
	kind := NoRestock
	if to != nil {
		s.shift(o, l, to, available, n)
		kind = CancelUnits
	}
	return refundLine{id: s.nextID(), line: l, quantity: n, kind: kind, location: to}
}

// Order is what the shop holds of one order, to compare with what others think.
type Order struct {
	ID, Name         string
	Created, Updated time.Time
	Cancelled        bool
	Unclaimed        bool
	Lines            []OrderLine
}

// OrderLine is one line of an [Order], its units counted by what became of them.
type OrderLine struct {
	ID, Item, SKU string // Item is empty for a custom line
	Tracked       bool
	Ordered       int64            // every unit ever ordered
	Open          int64            // to be shipped; committed if the order claims stock
	Shipped       int64            // returned ones included
	Cancelled     int64            // unshipped and restocked
	Dropped       int64            // unshipped and gone
	Returned      int64            // shipped and restocked
	Places        map[string]int64 // open units by location gid
}

// Orders lists all orders, the oldest first.
func (s *Server) Orders() []Order {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Order, 0, len(s.orderList))
	for _, o := range s.orderList {
		x := Order{
			ID: o.gid(), Name: o.name(), Created: o.created, Updated: o.updated,
			Cancelled: !o.cancelled.IsZero(), Unclaimed: o.sale.Unclaimed,
		}
		for _, l := range o.lines {
			x.Lines = append(x.Lines, o.line(l))
		}
		out = append(out, x)
	}
	return out
}

func (o *order) line(l *line) OrderLine {
	x := OrderLine{
		ID: gid("LineItem", l.id), SKU: l.sku(), Tracked: l.tracked, Ordered: l.quantity,
		Open: o.open(l, false), Shipped: o.shipped(l), Places: map[string]int64{},
	}
	if l.item != nil {
		x.Item = gid("InventoryItem", l.item.id)
	}
	for _, r := range o.refunds {
		for _, y := range r.lines {
			switch {
			case y.line != l:
			case y.kind == CancelUnits:
				x.Cancelled += y.quantity
			case y.kind == ReturnUnits:
				x.Returned += y.quantity
			}
		}
	}
	x.Cancelled += l.restockedSilently
	x.Dropped = x.Ordered - x.Open - x.Shipped - x.Cancelled
	for _, f := range o.assigned {
		for _, y := range f.lines {
			if y.line == l && f.status != "CLOSED" && y.remaining > 0 {
				x.Places[gid("Location", f.location.id)] += y.remaining
			}
		}
	}
	return x
}

func (l *line) sku() string {
	if l.item != nil {
		return l.item.sku
	}
	return "custom"
}
