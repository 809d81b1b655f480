package memstore

import (
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// part is the table of reservations for what takes a part of a hold.
func (st *step) part() error {
	h := st.hold
	if h == nil {
		return inventory.ErrNotFound
	}
	commit := st.c.Kind == inventory.KindCommitPart
	switch {
	case h.Status == inventory.CommittedHold && commit && h.settled:
		return errRepeat
	case h.Status == inventory.CommittedHold:
		return inventory.ErrCommitted
	case h.Status != inventory.Held && !commit:
		return errRepeat
	case h.Status == inventory.ReleasedHold:
		return inventory.ErrReleased
	}
	if err := st.take(); err != nil {
		return err
	}
	if !commit {
		return nil
	}
	st.out.Late = !st.now.Before(h.ExpiresAt)
	if h.Status == inventory.ExpiredHold { // the units are back, and taken again
		st.out.Late = true
		st.lines = slices.Clone(st.lines)
		for i := range st.lines {
			st.lines[i].From = inventory.Available
		}
	}
	return nil
}

// take finds what the hold has left without the Change's lines, and refuses
// what it does not have.
func (st *step) take() error {
	var short []inventory.Shortage
	rest := slices.Clone(st.hold.Lines)
	for _, l := range merged(st.c.Lines) {
		i := slices.IndexFunc(rest, func(x inventory.Line) bool { return x.Key() == l.Key() })
		left := int64(0)
		if i >= 0 {
			left = rest[i].Quantity
		}
		if l.Quantity > left {
			short = append(short, inventory.Shortage{Key: l.Key(), State: inventory.Reserved, Wanted: l.Quantity, Left: left})
			continue
		}
		rest[i].Quantity -= l.Quantity
	}
	if short != nil {
		return &inventory.InsufficientError{Short: short}
	}
	st.rest = slices.DeleteFunc(rest, func(l inventory.Line) bool { return l.Quantity == 0 })
	return nil
}

// resize makes the Change's lines those of the hold, and the difference its
// movements.
func (st *step) resize() error {
	h := st.hold
	if h == nil {
		return inventory.ErrNotFound
	}
	if h.Status != inventory.Held || !st.now.Before(h.ExpiresAt) {
		return ended(h.Status)
	}
	st.rest, st.lines = merged(st.c.Lines), nil
	less := slices.Clone(h.Lines)
	for i := range less {
		less[i].Quantity = -less[i].Quantity
	}
	for _, l := range merged(slices.Concat(st.rest, less)) {
		switch {
		case l.Quantity > 0:
			l.From, l.To = inventory.Available, inventory.Reserved
		case l.Quantity < 0:
			l.From, l.To, l.Quantity = inventory.Reserved, inventory.Available, -l.Quantity
		default:
			continue
		}
		st.lines = append(st.lines, l)
	}
	return nil
}

// keep gives the hold its rest; one with nothing left is settled.
func (st *step) keep() {
	h := st.hold
	h.Lines = st.rest
	if st.c.Kind == inventory.KindCommitPart {
		for _, l := range st.c.Lines {
			h.parts = append(h.parts, sold{order: st.c.OrderName, line: l})
		}
	}
	if len(st.rest) > 0 {
		return
	}
	h.Status, h.ended = inventory.ReleasedHold, st.now
	if st.c.Kind == inventory.KindCommitPart {
		h.Status, h.Order = inventory.CommittedHold, st.c.OrderName
	}
}

// open reports whether an order that carries the hold's ID still settles it.
func (h *hold) open() bool { return !h.settled && h.Status != inventory.ReleasedHold }

// soldTo are the parts that were committed to an order.
func (h *hold) soldTo(order string) (lines []inventory.Line) {
	for _, p := range h.parts {
		if p.order == order {
			lines = append(lines, p.line)
		}
	}
	return lines
}
