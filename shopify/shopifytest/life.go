package shopifytest

import (
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
