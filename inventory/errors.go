package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What can go wrong with stock. Test with errors.Is; where there is data to
// read, the typed error below matches the sentinel. Except for [ErrUnknown],
// an error means that nothing was applied.
var (
	// ErrInsufficient: an enforced Change would take a level below its floor.
	// Read [*InsufficientError] for every short line. It may succeed later.
	ErrInsufficient = errors.New("inventory: not enough stock")
	// ErrUntracked: the level was never started with [Track], or its record is
	// gone. Unknown is not zero. Read [*UntrackedError] for the keys.
	ErrUntracked = errors.New("inventory: level is not tracked")
	// ErrNotFound: no such reservation.
	ErrNotFound = errors.New("inventory: not found")
	// ErrExpired: the reservation's time is over. For Commit: and its units
	// are sold meanwhile; the error then is an ErrInsufficient, too.
	ErrExpired = errors.New("inventory: reservation has expired")
	// ErrReleased: the reservation was released, so it can't be extended or
	// committed. Reserve again under a new ID.
	ErrReleased = errors.New("inventory: reservation was released")
	// ErrCommitted: the reservation was committed, to another order if the
	// call was a Commit.
	ErrCommitted = errors.New("inventory: reservation is committed")
	// ErrReusedID: the ID was used for other content. Nothing is applied; give
	// each operation an ID of its own.
	ErrReusedID = errors.New("inventory: ID was used for something else")
	// ErrTooOld: it happened so long ago that its ID may have been forgotten, so
	// it may have been applied before. Read [*TooOldError].
	ErrTooOld = errors.New("inventory: too old")
	// ErrInvalid: the input is wrong; read [*InvalidError] for the field.
	ErrInvalid = errors.New("inventory: invalid")
	// ErrConflict: a guard no longer holds, the level to track exists, or the
	// level to untrack is in use.
	// Read again and decide again.
	ErrConflict = errors.New("inventory: conflict")
	// ErrLeased: somebody else has leased the level (see [Leaser]), so this
	// enforced Change is refused for now. Read [*LeasedError] for the keys. Try
	// again in a moment; package lock does.
	ErrLeased = errors.New("inventory: level is leased")
	// ErrFenced: the Change carries the token of a lease that is no longer in
	// force: the late write of a holder that was held up. Decide again under a
	// new lease.
	ErrFenced = errors.New("inventory: lease is over")
	// ErrUnknown: no answer came, so the Change may have been applied. Submit
	// it again with the same ID: it takes effect once.
	ErrUnknown = errors.New("inventory: outcome unknown, submit again with the same ID")
	// ErrDataLoss: the store went back in time (its epoch or sequence is older
	// than one seen before). It is refused until it has been recovered.
	ErrDataLoss = errors.New("inventory: store lost data, refusing to use it")
	// ErrGap: the journal does not go on from this cursor, so entries would be
	// missing. Take a cursor at [JournalEnd], read everything again, and go on
	// from there; a [Follower] does. Read [*GapError] for the reason.
	ErrGap = errors.New("inventory: the journal does not go on from this cursor")
	// ErrUnproved: the channel is not known to execute a repeated request
	// once, so nothing may be pushed to it. See [Channel.ReplayProved].
	ErrUnproved = errors.New("inventory: replay of idempotency keys is not proved for the channel")
)

// InsufficientError lists every line that is short. It is an ErrInsufficient.
type InsufficientError struct{ Short []Shortage }

// Shortage is one level that has less than was asked of it.
type Shortage struct {
	Key
	// State that lacks units: mostly Available.
	State State
	// Wanted and Left are in units; Wanted is the sum of all lines. Left can be
	// negative.
	Wanted, Left int64
	// Kits are those that wanted some of the units, sorted; nil if none did.
	Kits []string
}

func (e *InsufficientError) Error() string {
	parts := make([]string, len(e.Short))
	for i, s := range e.Short {
		parts[i] = s.String()
	}
	return ErrInsufficient.Error() + ": " + strings.Join(parts, "; ")
}

// String is for messages.
func (s Shortage) String() string {
	text := fmt.Sprintf("%s: %d wanted, %d left", s.Key, s.Wanted, s.Left)
	if s.State != Available {
		text += " " + string(s.State)
	}
	if len(s.Kits) > 0 {
		text += " (kit " + strings.Join(s.Kits, ", ") + ")"
	}
	return text
}

// Is makes it an ErrInsufficient.
func (e *InsufficientError) Is(target error) bool { return target == ErrInsufficient }

// UntrackedError names levels that are not tracked. It is an ErrUntracked.
type UntrackedError struct{ Keys []Key }

func (e *UntrackedError) Error() string {
	parts := make([]string, len(e.Keys))
	for i, k := range e.Keys {
		parts[i] = k.String()
	}
	return ErrUntracked.Error() + ": " + strings.Join(parts, ", ") + "; start it with Track or load it from a channel"
}

// Is makes it an ErrUntracked.
func (e *UntrackedError) Is(target error) bool { return target == ErrUntracked }

// Permanent tells a queue that trying again right away does not help.
func (e *UntrackedError) Permanent() bool { return true }

// TooOldError says when it happened and why that is too long ago. It is an
// ErrTooOld.
type TooOldError struct {
	At  time.Time
	Why string
}

// Forgotten is the error about a [Change] that happened at a time, where a
// [Store] remembers IDs since a later one.
func Forgotten(at, since time.Time) *TooOldError {
	return &TooOldError{At: at, Why: "IDs of before " + since.UTC().Format(time.RFC3339) +
		" are forgotten, so it may have been applied: look at the levels, and enter what is missing under a new ID without a time"}
}

func (e *TooOldError) Error() string {
	return ErrTooOld.Error() + ": it happened at " + e.At.UTC().Format(time.RFC3339) + "; " + e.Why
}

// Is makes it an ErrTooOld.
func (e *TooOldError) Is(target error) bool { return target == ErrTooOld }

// Permanent tells a queue that trying again does not help.
func (e *TooOldError) Permanent() bool { return true }

// InvalidError names the field that is wrong. It is an ErrInvalid.
type InvalidError struct{ Field, Problem string }

func (e *InvalidError) Error() string {
	return "inventory: " + e.Field + " " + e.Problem
}

// Is makes it an ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// Permanent tells a queue that trying again does not help.
func (e *InvalidError) Permanent() bool { return true }

// Answered reports whether err is an answer of the store about the Change.
// Anything else, [ErrUnknown] among it, means that the store could not be
// reached or is refused, and the Change is not to blame: wait and submit it
// again.
func Answered(err error) bool {
	for _, answer := range []error{
		ErrInsufficient, ErrUntracked, ErrNotFound, ErrExpired, ErrReleased, ErrCommitted, ErrReusedID, ErrTooOld, ErrInvalid, ErrConflict, ErrLeased, ErrFenced,
	} {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}
