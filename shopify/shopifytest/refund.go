package shopifytest

import (
	"errors"
	"fmt"
	"time"
)

type refund struct {
	id      int64
	order   *order
	created time.Time
	lines   []refundLine
}

type refundLine struct {
	id       int64
	line     *line
	quantity int64
	kind     Restock
	location *location // nil: not restocked
}

// Restock says what became of a refunded unit.
type Restock string

// What becomes of a refunded unit: an unshipped one is put back on sale, a
// shipped one comes back, or neither.
const (
	CancelUnits Restock = "cancel"
	ReturnUnits Restock = "return"
	NoRestock   Restock = "no_restock"
)

// RefundLine is units of an order to be refunded.
type RefundLine struct {
	Line     string // its gid, or the SKU
	Quantity int64
	Restock  Restock // default NoRestock
	// Location is where the units are restocked, by name or gid. Default: where
	// they came from.
	Location string
	// Removal makes NoRestock take units that are not shipped, as the admin
	// does; the API takes shipped ones first.
	Removal bool
}

// Refund refunds units and returns the refund's gid.
func (s *Server) Refund(id string, lines ...RefundLine) (string, error) {
	var done string
	err := s.change(id, func(o *order) error {
		plan, err := s.planRefund(o, lines)
		if err != nil {
			return err
		}
		var out []refundLine
		for _, step := range plan {
			out = append(out, step()...)
		}
		r := s.addRefund(o, out)
		done = gid("Refund", r.id)
		s.touch(o)
		s.counters.Refunds++
		s.commitRefund(o, r, "orders/updated")
		return nil
	})
	return done, err
}

// planRefund checks every line before the first unit moves.
func (s *Server) planRefund(o *order, lines []RefundLine) ([]func() []refundLine, error) {
	if len(lines) == 0 {
		return nil, errors.New("shopifytest: a refund needs a line")
	}
	var plan []func() []refundLine
	open, back := map[*line]int64{}, map[*line]int64{}
	for _, x := range lines {
		l, err := o.findLine(x.Line)
		if err != nil {
			return nil, err
		}
		shipped := o.shipped(l) - l.returned - back[l]
		unshipped := o.open(l, false) - open[l]
		var a, b int64 // shipped and unshipped units
		switch x.Restock {
		case ReturnUnits:
			a = x.Quantity
		case CancelUnits:
			b = x.Quantity
		case NoRestock, "":
			if x.Removal {
				b = x.Quantity
			} else {
				a = min(x.Quantity, shipped)
				b = x.Quantity - a
			}
		default:
			return nil, fmt.Errorf("shopifytest: unknown restock %q", x.Restock)
		}
		if x.Quantity <= 0 || a > shipped || b > unshipped {
			return nil, fmt.Errorf("shopifytest: order %s: cannot refund %d of %q (%s): %d shipped, %d not",
				o.name(), x.Quantity, x.Line, x.Restock, shipped, unshipped)
		}
		if x.Location != "" && s.findLocation(x.Location) == nil {
			return nil, fmt.Errorf("shopifytest: no location %q", x.Location)
		}
		back[l], open[l] = back[l]+a, open[l]+b
		if a > 0 {
			plan = append(plan, func() []refundLine { return s.refundShipped(o, l, a, x) })
		}
		if b > 0 {
			plan = append(plan, func() []refundLine { return s.refundOpen(o, l, b, x) })
		}
	}
	return plan, nil
}

func (s *Server) refundShipped(o *order, l *line, n int64, x RefundLine) []refundLine {
	if x.Restock != ReturnUnits {
		return []refundLine{s.giveBack(l, n, nil)}
	}
	var from *location
	for _, sh := range o.shipments {
		if sh.status == "success" && sh.units(l) > 0 {
			from = sh.location
		}
	}
	if at := s.findLocation(x.Location); at != nil {
		from = at
	}
	return []refundLine{s.giveBack(l, n, from)}
}

func (s *Server) refundOpen(o *order, l *line, n int64, x RefundLine) []refundLine {
	var out []refundLine
	got, list, err := o.take(l, n, nil)
	if err != nil {
		return nil // checked before
	}
	for _, f := range list {
		var to *location
		if x.Restock == CancelUnits {
			if to = s.findLocation(x.Location); to == nil {
				to = f.location
			}
		}
		out = append(out, s.drop(o, f, l, got[f], to))
	}
	return out
}

// giveBack notes that shipped units were refunded, and restocks them.
func (s *Server) giveBack(l *line, n int64, to *location) refundLine {
	l.returned += n
	kind := NoRestock
	if to != nil {
		kind = ReturnUnits
		if l.tracked {
			s.move(s.level(l.item, to), available, n)
		}
	}
	return refundLine{id: s.nextID(), line: l, quantity: n, kind: kind, location: to}
}

func (s *Server) addRefund(o *order, lines []refundLine) *refund {
	r := &refund{id: s.nextID(), order: o, created: s.now(), lines: lines}
	o.refunds = append(o.refunds, r)
	s.refunds[r.id] = r
	return r
}
