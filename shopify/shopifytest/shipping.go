package shopifytest

import (
	"fmt"
	"slices"
)

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
