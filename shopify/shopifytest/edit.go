package shopifytest

import (
	"errors"
	"fmt"
)

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
