package inventory

import "slices"

// Ship sends units to another location, in one step: they leave available at
// each line's Location and are incoming at to, where the level has to be
// tracked. What becomes of them there is said by [Arrive] and [Lose].
func Ship(id, to string, lines ...Line) Change {
	out := moves(id, KindShip, Available, World, lines)
	in := moves(id, KindShip, World, Incoming, lines)
	for i := range in.Lines {
		in.Lines[i].Location = to
	}
	out.Lines = slices.Concat(out.Lines, in.Lines)
	return out
}

// Arrive takes in units that were [Incoming], by a [Ship] or otherwise: to
// Available or Unavailable. A delivery may arrive in several Changes.
func Arrive(id string, to State, lines ...Line) Change {
	return moves(id, KindArrive, Incoming, to, lines)
}

// Lose writes off units that were [Incoming] and will not arrive.
func Lose(id string, lines ...Line) Change {
	return moves(id, KindLose, Incoming, World, lines)
}
