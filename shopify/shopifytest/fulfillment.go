package shopifytest

import (
	"fmt"
	"time"
)

// fulfillmentOrder is the units of an order that one location is to ship.
type fulfillmentOrder struct {
	id       int64
	order    *order
	status   string // OPEN, ON_HOLD, CLOSED
	location *location
	lines    []*assignedLine
	visible  time.Time // it comes to be a little after the order
	updated  time.Time
}

type assignedLine struct {
	id               int64
	line             *line
	total, remaining int64
}

// shipment is a fulfillment.
type shipment struct {
	id               int64
	order            *order
	number           int
	status           string // success, cancelled
	location         *location
	from             *fulfillmentOrder
	lines            []shippedLine
	created, updated time.Time
}

type shippedLine struct {
	id       int64
	line     *line
	quantity int64
}

func (x *shipment) units(l *line) (n int64) {
	for _, y := range x.lines {
		if y.line == l {
			n += y.quantity
		}
	}
	return n
}

// place is where the order had units of an item assigned first; nil if it has
// none.
func (o *order) place(it *item) *location {
	for _, f := range o.assigned {
		for _, x := range f.lines {
			if x.line.item == it {
				return f.location
			}
		}
	}
	return nil
}

// openAt finds the order's open fulfillment order at a location, or adds one.
func (s *Server) openAt(o *order, at *location) *fulfillmentOrder {
	for _, f := range o.assigned {
		if f.location == at && f.status == "OPEN" {
			return f
		}
	}
	return s.assign(o, at)
}

func (s *Server) assign(o *order, at *location) *fulfillmentOrder {
	f := &fulfillmentOrder{
		id: s.nextID(), order: o, status: "OPEN", location: at,
		visible: s.now().Add(s.cfg.Routing), updated: s.now(),
	}
	o.assigned = append(o.assigned, f)
	s.assigned[f.id] = f
	return f
}

func (f *fulfillmentOrder) find(l *line) *assignedLine {
	for _, x := range f.lines {
		if x.line == l {
			return x
		}
	}
	return nil
}

func (f *fulfillmentOrder) give(s *Server, l *line, n int64) {
	x := f.find(l)
	if x == nil {
		x = &assignedLine{id: s.nextID(), line: l}
		f.lines = append(f.lines, x)
	}
	x.total += n
	x.remaining += n
	f.updated = s.now()
}

// cut takes units out; if they were shipped the total stays.
func (f *fulfillmentOrder) cut(s *Server, l *line, n int64, total bool) {
	x := f.find(l)
	x.remaining -= n
	if total {
		x.total -= n
	}
	f.updated = s.now()
	if !f.open() {
		f.status = "CLOSED"
	}
}

func (f *fulfillmentOrder) open() bool {
	for _, x := range f.lines {
		if x.remaining > 0 {
			return true
		}
	}
	return false
}

type units struct {
	line *line
	n    int64
}

// ship sends units of a fulfillment order on their way.
func (s *Server) ship(o *order, f *fulfillmentOrder, what []units) *shipment {
	f.status = "OPEN"
	x := &shipment{
		id: s.nextID(), order: o, number: len(o.shipments) + 1, status: "success",
		location: f.location, from: f, created: s.now(), updated: s.now(),
	}
	for _, u := range what {
		x.lines = append(x.lines, shippedLine{s.nextID(), u.line, u.n})
		f.cut(s, u.line, u.n, false)
		s.shift(o, u.line, f.location, committed, -u.n)
	}
	o.shipments = append(o.shipments, x)
	s.shipments[x.id] = x
	return x
}

// unship cancels a fulfillment: its units are committed again, at to if their
// fulfillment order was closed, which keeps a stale remainder.
func (s *Server) unship(o *order, x *shipment, to *location) {
	x.status, x.updated = "cancelled", s.now()
	f := x.from
	closed := f.status == "CLOSED"
	if !closed {
		to = f.location
	}
	for _, y := range x.lines {
		f.find(y.line).remaining += y.quantity
		if closed {
			s.openAt(o, to).give(s, y.line, y.quantity)
		}
		s.shift(o, y.line, x.location, available, y.quantity)
		s.shift(o, y.line, to, available, -y.quantity)
		s.shift(o, y.line, to, committed, y.quantity)
	}
}

// reassign moves units of a fulfillment order to another location: the whole
// of it, or a part, which becomes a fulfillment order of its own.
func (s *Server) reassign(o *order, f *fulfillmentOrder, what []units, to *location) *fulfillmentOrder {
	whole := true
	for _, x := range f.lines {
		moved := int64(0)
		for _, u := range what {
			if u.line == x.line {
				moved = u.n
			}
		}
		whole = whole && x.total == moved
	}
	g := f
	if !whole {
		g = s.assign(o, to)
		g.visible = s.now()
	}
	for _, u := range what {
		s.shift(o, u.line, f.location, available, u.n)
		s.shift(o, u.line, f.location, committed, -u.n)
		s.shift(o, u.line, to, available, -u.n)
		s.shift(o, u.line, to, committed, u.n)
		if !whole {
			f.cut(s, u.line, u.n, true)
			g.give(s, u.line, u.n)
		}
	}
	if whole {
		f.location, f.updated = to, s.now()
	}
	return g
}

// remaining lists what a fulfillment order still has to ship.
func (f *fulfillmentOrder) remaining() []units {
	var out []units
	for _, x := range f.lines {
		if x.remaining > 0 && f.status != "CLOSED" {
			out = append(out, units{x.line, x.remaining})
		}
	}
	return out
}

// take spreads n units of a line over the order's open fulfillment orders, at
// one location if at is not nil.
func (o *order) take(l *line, n int64, at *location) (map[*fulfillmentOrder]int64, []*fulfillmentOrder, error) {
	got := map[*fulfillmentOrder]int64{}
	var list []*fulfillmentOrder
	for _, f := range o.assigned {
		x := f.find(l)
		if n == 0 || f.status == "CLOSED" || x == nil || x.remaining == 0 || at != nil && f.location != at {
			continue
		}
		k := min(n, x.remaining)
		got[f] = k
		list = append(list, f)
		n -= k
	}
	if n > 0 {
		return nil, nil, fmt.Errorf("shopifytest: order %s has %d units too few of line %d to take", o.name(), n, l.id)
	}
	return got, list, nil
}
