package inventory

// Outcome is what became of one [Change]. Err nil means applied, now or before.
type Outcome struct {
	// ID is the Change's.
	ID string
	// Duplicate: it had been applied before, and nothing moved now.
	Duplicate bool
	// Late: a reservation was committed after its time was over.
	Late bool
	// Lines are the movements made; nil for a duplicate.
	Lines []Line
	// Levels are those that the Change names, as of now.
	Levels []Level
	// Oversold levels are below their floor by this recorded Change.
	Oversold []Key
	// Untracked levels were named by an order and are not tracked here, so
	// nothing moved on them. See [Stock.Apply].
	Untracked []Key
	// Doubts say why an order's document is not sure yet.
	Doubts []Reason
	// Reservation is the state of the hold that the Change names.
	Reservation *Reservation
	// Due are reservations whose time is over, a few at a time: whoever sees
	// them submits [Expire]. Stock does.
	Due []string
	// Err is nil if the Change is applied. On any error but [ErrUnknown]
	// nothing of it was applied.
	Err error
}
