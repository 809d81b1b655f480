package lock

import (
	"errors"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Stats says how the Changes of a class fared. Changes is the sum of the five
// after it.
type Stats struct {
	// Class is the name.
	Class string
	// Changes that came in: those of Apply, and one for each Update.
	Changes int64
	// Applied moved stock, Duplicates had been applied before.
	Applied, Duplicates int64
	// Refused have an answer of the store that is not about others: not enough
	// stock, not tracked, invalid, and so on.
	Refused int64
	// GaveUp had others in the way until the strategy gave up.
	GaveUp int64
	// Failed have no answer: the store did not answer or refuses, the context
	// ended, or decide returned an error of its own.
	Failed int64
	// Conflicts are tries that met somebody faster, or somebody's lease.
	Conflicts int64
	// Wait is the time that callers spent between tries and in queues.
	Wait time.Duration
}

func (s *Stats) count(o inventory.Outcome) {
	s.Changes++
	switch {
	case o.Err == nil && o.Duplicate:
		s.Duplicates++
	case o.Err == nil:
		s.Applied++
	case gaveUp(o.Err):
		s.GaveUp++
	case errors.Is(o.Err, inventory.ErrUnknown) || !inventory.Answered(o.Err):
		s.Failed++
	default:
		s.Refused++
	}
}

func (s *Stats) add(o Stats) {
	s.Changes += o.Changes
	s.Applied += o.Applied
	s.Duplicates += o.Duplicates
	s.Refused += o.Refused
	s.GaveUp += o.GaveUp
	s.Failed += o.Failed
	s.Conflicts += o.Conflicts
	s.Wait += o.Wait
}
