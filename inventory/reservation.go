package inventory

import "time"

// Status is the state of a [Reservation].
type Status string

const (
	// Held units wait for Commit, Release or their time to end.
	Held Status = "held"
	// CommittedHold: the units are sold.
	CommittedHold Status = "committed"
	// ReleasedHold: the units went back before the time was over.
	ReleasedHold Status = "released"
	// ExpiredHold: the time is over. The units are back, or will be with the
	// next write that sees it.
	ExpiredHold Status = "expired"
)

// Reservation is a hold on units for a while, e.g. of a cart at checkout.
type Reservation struct {
	ID     string
	Status Status
	// Lines are the held units by level.
	Lines []Line
	// ExpiresAt is by the store's clock.
	ExpiresAt time.Time
	// Order is what the hold was committed to.
	Order string
}
