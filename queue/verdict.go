package queue

import (
	"context"
	"errors"
	"time"
)

// Reasons of dead letters that the Router gives itself. An error that has a
// method Reason() string brings its own.
const (
	ReasonPermanent  = "permanent"  // the handler's error said that trying again is useless
	ReasonAttempts   = "attempts"   // MaxAttempts tries failed
	ReasonPanic      = "panic"      // the last try panicked
	ReasonTimeout    = "timeout"    // the last try ran into Timeout
	ReasonDeliveries = "deliveries" // delivered more than MaxDeliveries times and not tried again
)

const (
	maxBackoff = 5 * time.Minute
	maxWait    = 15 * time.Minute // the longest wait that a RetryAfter gets
)

// backoff doubles from one second.
func backoff(failed int) time.Duration {
	if failed < 1 {
		failed = 1
	}
	if failed > 10 {
		return maxBackoff
	}
	return min(time.Second<<(failed-1), maxBackoff)
}

// act is what becomes of an event after a try.
type act int

const (
	actAck   act = iota // done
	actRetry            // again after a wait, one attempt used
	actPause            // again after a wait, no attempt used
	actBury             // to the dead letters
	actBack             // back to the queue, no attempt used
)

type verdict struct {
	act    act
	after  time.Duration
	reason string
}

// try is what decide needs to know about one try of one event.
type try struct {
	err     error
	failed  int     // tries that failed before and cost an attempt
	outages int     // tries before that found a dependency down, in a row
	jitter  float64 // in [0,1)
	stopped bool    // the Router had cancelled the handler's context
}

// decide is the whole retry policy: no clock, no state of its own.
func decide(cfg *RouterConfig, t try) verdict {
	switch {
	case t.err == nil:
		return verdict{act: actAck}
	case isPermanent(t.err):
		return verdict{act: actBury, reason: reasonOf(t.err, ReasonPermanent)}
	case t.stopped && errors.Is(t.err, context.Canceled):
		return verdict{act: actBack}
	case isUnavailable(t.err):
		return verdict{act: actPause, after: wait(retryAfter(t.err), min(backoff(t.outages+1), cfg.BreakerPause), t.jitter)}
	case t.failed+1 >= cfg.MaxAttempts:
		return verdict{act: actBury, reason: reasonOf(t.err, ReasonAttempts)}
	default:
		return verdict{act: actRetry, after: wait(retryAfter(t.err), cfg.Backoff(t.failed+1), t.jitter)}
	}
}

// wait spreads a wait: a server's by up to a tenth upwards, for it must not be
// cut short; our own by up to a fifth either way.
func wait(asked, own time.Duration, jitter float64) time.Duration {
	if asked > 0 {
		return min(asked+time.Duration(jitter*float64(asked)/10), maxWait)
	}
	own = max(own, 0)
	return min(time.Duration(float64(own)*(0.8+0.4*jitter)), maxWait)
}
