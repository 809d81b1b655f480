package shopifytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// change runs one step of an order's life.
func (s *Server) change(ref string, step func(*order) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := number("Order", ref)
	o := s.orders[id]
	if !ok || o == nil {
		return fmt.Errorf("shopifytest: no order %q", ref)
	}
	return step(o)
}

// findLine accepts the gid of a line, of an item or variant, or a SKU.
func (o *order) findLine(ref string) (*line, error) {
	for _, l := range o.lines {
		switch {
		case ref == gid("LineItem", l.id),
			l.item != nil && ref == gid("InventoryItem", l.item.id),
			l.item != nil && ref == gid("ProductVariant", l.item.variant),
			!strings.HasPrefix(ref, "gid:") && l.item != nil && ref == l.item.sku,
			!strings.HasPrefix(ref, "gid:") && l.item == nil && ref == l.title:
			return l, nil
		}
	}
	return nil, fmt.Errorf("shopifytest: order %s has no line %q", o.name(), ref)
}

// place finds a location; an empty reference gives the default.
func (s *Server) place(ref string, def *location) (*location, error) {
	if ref == "" {
		return def, nil
	}
	at := s.findLocation(ref)
	if at == nil {
		return nil, fmt.Errorf("shopifytest: no location %q", ref)
	}
	return at, nil
}

// Cancel cancels an order. What is not shipped is restocked where it was to
// come from, or is gone.
func (s *Server) Cancel(id string, restock bool) error {
	return s.change(id, func(o *order) error {
		return s.cancel(o, func() bool { return restock }, true)
	})
}

// cancel asks restock for every fulfillment order line. Without refund lines,
// lowered says whether the lines show that their units left.
func (s *Server) cancel(o *order, restock func() bool, lowered bool) error {
	if !o.cancelled.IsZero() {
		return fmt.Errorf("shopifytest: order %s is cancelled already", o.name())
	}
	var lines []refundLine
	for _, f := range slices.Clone(o.assigned) {
		for _, u := range f.remaining() {
			var to *location
			if restock() {
				to = f.location
			}
			x := s.drop(o, f, u.line, u.n, to)
			lines = append(lines, x)
			if s.cfg.NoRefundLines {
				s.silent(x, lowered)
			}
		}
	}
	s.touch(o)
	o.cancelled = o.updated
	s.counters.Cancelled++
	if s.cfg.NoRefundLines || len(lines) == 0 {
		s.commit(o, "orders/cancelled", "orders/updated")
		return nil
	}
	s.commitRefund(o, s.addRefund(o, lines), "orders/cancelled", "orders/updated")
	return nil
}

// silent notes a refund line that the shop does not write.
func (s *Server) silent(x refundLine, lowered bool) {
	if lowered {
		x.line.removed += x.quantity
	}
	if x.kind == CancelUnits {
		x.line.restockedSilently += x.quantity
	}
}

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

// EditLine is one change of an order's edit.
type EditLine struct {
	SKU   string // of a line of the order or, to add one, of an item; or a gid
	Delta int64  // units more or fewer
	// Restock says what becomes of units that leave the order: they are put on
	// sale again at Location (default: where they came from), or are gone.
	Restock  bool
	Location string
}

// Edit changes an order's lines: adds one, or raises or lowers a quantity.
func (s *Server) Edit(id string, changes ...EditLine) error {
	return s.change(id, func(o *order) error {
		if !o.cancelled.IsZero() {
			return fmt.Errorf("shopifytest: order %s is cancelled", o.name())
		}
		for _, c := range changes {
			if err := s.checkEdit(o, c); err != nil {
				return err
			}
		}
		e := edit{id: s.nextID()}
		var lines []refundLine
		for _, c := range changes {
			lines = append(lines, s.editLine(o, c, &e)...)
		}
		s.finishEdit(o, e, lines)
		return nil
	})
}

func (s *Server) checkEdit(o *order, c EditLine) error {
	l, err := o.findLine(c.SKU)
	switch {
	case c.Location != "" && s.findLocation(c.Location) == nil:
		return fmt.Errorf("shopifytest: no location %q", c.Location)
	case c.Delta == 0:
		return errors.New("shopifytest: an edit by 0 units")
	case c.Delta < 0 && err != nil:
		return err
	case c.Delta < 0:
		_, _, err := o.take(l, -c.Delta, nil)
		return err
	case err != nil && s.findItem(c.SKU) == nil:
		return err
	}
	it := s.findItem(c.SKU)
	if err == nil {
		it = l.item
	}
	if s.findLocation(c.Location) == nil && s.home(it) == nil {
		return errors.New("shopifytest: the shop has no active location")
	}
	return nil
}

// edit is what an orders/edited webhook tells.
type edit struct {
	id                  int64
	additions, removals []units
}

func (s *Server) editLine(o *order, c EditLine, e *edit) []refundLine {
	l, err := o.findLine(c.SKU)
	if c.Delta > 0 {
		if err != nil {
			it := s.findItem(c.SKU)
			l = &line{id: s.nextID(), item: it, title: it.title, price: it.price, tracked: it.tracked, giftCard: it.giftCard}
			o.lines = append(o.lines, l)
		}
		at := s.findLocation(c.Location)
		if at == nil {
			at = s.home(l.item)
		}
		l.quantity += c.Delta
		s.claim(o, l, c.Delta, at)
		e.additions = append(e.additions, units{l, c.Delta})
		return nil
	}
	got, list, err := o.take(l, -c.Delta, nil)
	if err != nil {
		return nil // checked before
	}
	var out []refundLine
	for _, f := range list {
		var to *location
		if c.Restock {
			if to = s.findLocation(c.Location); to == nil {
				to = f.location
			}
		}
		x := s.drop(o, f, l, got[f], to)
		if s.cfg.NoRefundLines {
			s.silent(x, true)
			continue
		}
		out = append(out, x)
	}
	e.removals = append(e.removals, units{l, -c.Delta})
	return out
}

func (s *Server) finishEdit(o *order, e edit, lines []refundLine) {
	if len(lines) > 0 {
		s.addRefund(o, lines)
	}
	s.touch(o)
	s.counters.Edits++
	s.commitEdit(o, e)
}

// Fulfill ships units of an order, all that is open without lines, and returns
// the gids of the fulfillments: one for each location they are shipped from.
// A line's Location ships from there; units assigned elsewhere are moved first.
func (s *Server) Fulfill(id string, lines ...Line) ([]string, error) {
	var ids []string
	err := s.change(id, func(o *order) error {
		plan := map[*fulfillmentOrder][]units{}
		var list []*fulfillmentOrder
		if len(lines) == 0 {
			for _, f := range o.assigned {
				if r := f.remaining(); len(r) > 0 {
					plan[f] = r
					list = append(list, f)
				}
			}
		}
		for _, want := range lines {
			l, err := o.findLine(want.SKU)
			if err != nil {
				return err
			}
			at, err := s.place(want.Location, nil)
			if err != nil {
				return err
			}
			got, fos, err := o.take(l, want.Quantity, at)
			if err != nil {
				return err
			}
			for _, f := range fos {
				if plan[f] == nil {
					list = append(list, f)
				}
				plan[f] = append(plan[f], units{l, got[f]})
			}
		}
		if len(list) == 0 {
			return fmt.Errorf("shopifytest: order %s has nothing to ship", o.name())
		}
		s.touch(o)
		var done []*shipment
		for _, f := range list {
			x := s.ship(o, f, plan[f])
			done = append(done, x)
			ids = append(ids, gid("Fulfillment", x.id))
		}
		s.counters.Fulfillments += len(done)
		s.commitShipments(o, "fulfillments/create", done...)
		return nil
	})
	return ids, err
}

// CancelFulfillment cancels a fulfillment: its units are to be shipped again,
// by the location they were shipped from.
func (s *Server) CancelFulfillment(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := number("Fulfillment", id)
	x := s.shipments[n]
	if !ok || x == nil || x.status != "success" {
		return fmt.Errorf("shopifytest: no fulfillment %q to cancel", id)
	}
	if !x.order.mayUnship(x) {
		return fmt.Errorf("shopifytest: fulfillment %q cannot be cancelled: its order is, or units came back", id)
	}
	s.touch(x.order)
	s.unship(x.order, x, x.location)
	s.commitShipments(x.order, "fulfillments/update", x)
	return nil
}

func (o *order) mayUnship(x *shipment) bool {
	return o.cancelled.IsZero() && !slices.ContainsFunc(x.lines, func(y shippedLine) bool {
		return o.shipped(y.line)-x.units(y.line) < y.line.returned
	})
}

// Move assigns what an order has open at one location to another.
func (s *Server) Move(id, from, to string) error {
	return s.change(id, func(o *order) error {
		a, b := s.findLocation(from), s.findLocation(to)
		if a == nil || b == nil {
			return fmt.Errorf("shopifytest: no location %q or %q", from, to)
		}
		moved := false
		for _, f := range slices.Clone(o.assigned) {
			if r := f.remaining(); f.location == a && len(r) > 0 {
				s.reassign(o, f, r, b)
				moved = true
			}
		}
		if !moved {
			return fmt.Errorf("shopifytest: order %s has nothing open at %q", o.name(), from)
		}
		s.touch(o)
		s.counters.Moves++
		s.commit(o, "orders/updated")
		return nil
	})
}

// Hold puts what an order has open on hold, or releases it.
func (s *Server) Hold(id string, on bool) error {
	return s.change(id, func(o *order) error {
		for _, f := range o.assigned {
			switch {
			case on && f.status == "OPEN":
				f.status = "ON_HOLD"
			case !on && f.status == "ON_HOLD":
				f.status = "OPEN"
			}
		}
		s.touch(o)
		s.commit(o, "orders/updated")
		return nil
	})
}

// Touch changes something about an order that moves no stock, such as a tag.
func (s *Server) Touch(id string) error {
	return s.change(id, func(o *order) error {
		s.touch(o)
		s.commit(o, "orders/updated")
		return nil
	})
}

// touch moves an order's updated_at, which never goes back.
func (s *Server) touch(o *order) {
	if t := s.stamp(); t.After(o.updated) {
		o.updated = t
	}
}
