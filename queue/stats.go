package queue

import (
	"fmt"
	"strings"
)

// Stats counts what one subscription has done since its Router was made, and
// what it holds now. They are plain values for whatever metrics system there is.
type Stats struct {
	Topic, Group string
	// Received counts deliveries, Redelivered those among them that the queue
	// had delivered before.
	Received, Redelivered int64
	// Handled counts events that succeeded and were acknowledged.
	Handled int64
	// Retried counts tries that failed, cost an attempt and were to be repeated.
	Retried int64
	// Unavailable counts tries that found a dependency down.
	Unavailable int64
	// Dead counts events that went to the dead letters.
	Dead int64
	// Panics counts handler calls that panicked.
	Panics int64
	// QueueErrors counts receives, acknowledgements and dead letters that the
	// queue refused. What was concerned comes again or is tried again.
	QueueErrors int64
	// InFlight is what handlers hold now and what is being settled, Waiting what
	// could start, HeldBack what waits for a retry or behind one of its key.
	InFlight, Waiting, HeldBack int
	// Paused is true while the circuit breaker is open or probing; Pauses counts
	// how often it opened.
	Paused bool
	Pauses int64
}

// held is everything in the process that is not settled.
func (s Stats) held() int { return s.InFlight + s.Waiting + s.HeldBack }

// A LeftError says what Run or Drain left unfinished. What is left is in the
// queue still and is delivered again; what was InFlight may have had its effect,
// or part of it.
type LeftError struct {
	// Left has the subscriptions that held something.
	Left []Stats
	// Err says why they were left: the context's error, or that DrainTimeout
	// had passed.
	Err error
}

// Error lists what was left.
func (e *LeftError) Error() string {
	var b strings.Builder
	b.WriteString("queue: not drained")
	for _, s := range e.Left {
		fmt.Fprintf(&b, "; %s/%s: %d in flight, %d waiting, %d held back", s.Topic, s.Group, s.InFlight, s.Waiting, s.HeldBack)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns Err.
func (e *LeftError) Unwrap() error { return e.Err }
