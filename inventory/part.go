package inventory

// CommitPart sells some of what a reservation holds to an order: the lines
// leave the hold, and what is left of it stays held until its time is over. The
// ID is the part's own. A hold with nothing left is committed.
//
// A part is applied once by its ID. It never takes more than the hold has,
// recorded or not: that is an [*InsufficientError] about what is [Reserved],
// with what the hold has left. After the reservation's time it takes the units
// again if they are there, as a [Commit] does. Lines name their locations: only
// the hold knows where it has what.
//
// An order that carries the reservation's ID settles what the hold has left, and
// the parts that were committed to it under the name of its document
// ([Order.Document]): they go back, and the order's own lines take them, so
// nothing counts twice. Parts of other orders stay sold until those orders' own
// documents come with the ID, if they do.
func CommitPart(id, reservation, order string, lines ...Line) Change {
	c := moves(id, KindCommitPart, Reserved, Committed, lines)
	c.Reservation, c.OrderName = reservation, order
	return c
}

// ReleasePart gives back some of what a reservation holds, like [CommitPart].
// A hold with nothing left is released.
func ReleasePart(id, reservation string, lines ...Line) Change {
	c := moves(id, KindReleasePart, Reserved, Available, lines)
	c.Reservation = reservation
	return c
}

// Resize makes the lines those of a reservation that is held and within its
// time, in one step; the deadline stays. What is more is taken as a [Reserve]
// takes it, what is less goes back, and a level that is not named goes back
// whole. The ID is the resizing's own: it is applied once by it. Lines name
// their locations.
func Resize(id, reservation string, lines ...Line) Change {
	c := moves(id, KindResize, Available, Reserved, lines)
	c.Reservation = reservation
	return c
}

// placed reports whether the lines are about what is there already, so no
// [Sourcer] chooses their locations.
func (c Change) placed() bool {
	return c.Kind == KindCommitPart || c.Kind == KindReleasePart || c.Kind == KindResize || c.Kind == KindUntrack || c.Kind == KindBelieve
}

// validPart checks what has an ID of its own and is about lines of a hold.
func (c Change) validPart() error {
	if !validName(c.Reservation) {
		return &InvalidError{Field: "Reservation", Problem: badName}
	}
	from, to := Reserved, Available
	switch c.Kind {
	case KindCommitPart:
		to = Committed
		if !validName(c.OrderName) {
			return &InvalidError{Field: "OrderName", Problem: badName}
		}
	case KindResize:
		from, to = Available, Reserved
	}
	for i, l := range c.Lines {
		if l.From != from || l.To != to {
			return &InvalidError{Field: lineField(i), Problem: "must move from " + string(from) + " to " + string(to)}
		}
	}
	return nil
}
