package queue

import (
	"log/slog"
	"time"
)

// RouterConfig tunes a Router. Nil and the zero value mean the defaults, and so
// does any number or duration that is not positive.
type RouterConfig struct {
	// Backoff is the wait before the next attempt, given how many have failed.
	// Default: 1 s, 2 s, 4 s, 8 s, and so on up to 5 min. The Router varies it
	// by up to a fifth either way, so that what failed together does not come
	// back together.
	Backoff func(failed int) time.Duration
	// BatchSize is how many events a BatchHandler gets at most. It gets what is
	// there; nobody waits for a batch to fill. Default 100.
	BatchSize int
	// BreakerFailures is how many Unavailable answers in a row, with no success
	// between them, open a subscription's circuit breaker. Default 5.
	BreakerFailures int
	// BreakerPause is how long an open breaker keeps the subscription paused
	// before one event is tried. Default 10 s.
	BreakerPause time.Duration
	// Concurrency is how many handler calls one subscription runs at a time.
	// Default 16.
	Concurrency int
	// DrainTimeout is how long handlers may go on once Run's context has ended,
	// before their contexts are cancelled. Default 20 s.
	DrainTimeout time.Duration
	// Idle is how long a topic must be silent before Drain takes it for empty.
	// It is used only for queues that cannot tell exactly (see Lagger).
	// Default 1 s.
	Idle time.Duration
	// Logger gets retries, dead letters, pauses and trouble with the queue, with
	// the trace ID. Nil discards.
	Logger *slog.Logger
	// MaxAttempts is how often an event may fail before it goes to the dead
	// letters. Default 5: the first try and four retries. Attempts are counted
	// in the process; when it restarts, they start again.
	MaxAttempts int
	// MaxDeliveries is the number of deliveries beyond which an event goes to the
	// dead letters untried, because it may be what ends the process each time.
	// It needs a queue that counts deliveries. Default 50.
	MaxDeliveries int
	// Superseded, if set, is asked before a dead letter is replayed, and true
	// means that newer events have overtaken it: it is removed, not published.
	// Use it for absolute figures such as counts; never for facts and deltas.
	Superseded SupersededFunc
	// Timeout bounds one handler call by its context. The Router waits for the
	// handler to return all the same. Default 30 s.
	Timeout time.Duration
	// Window is how many events of one subscription may be held back: those that
	// wait for a retry and those behind them with the same key. At the bound the
	// subscription receives no more until one of them is settled; keys already
	// in hand go on. At most Window + Concurrency × BatchSize events are in
	// memory. Default 1000.
	Window int
}

// withDefaults returns a complete copy; c may be nil.
func (c *RouterConfig) withDefaults() RouterConfig {
	var out RouterConfig
	if c != nil {
		out = *c
	}
	if out.Backoff == nil {
		out.Backoff = backoff
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	positive(&out.BatchSize, 100)
	positive(&out.BreakerFailures, 5)
	positive(&out.BreakerPause, 10*time.Second)
	positive(&out.Concurrency, 16)
	positive(&out.DrainTimeout, 20*time.Second)
	positive(&out.Idle, time.Second)
	positive(&out.MaxAttempts, 5)
	positive(&out.MaxDeliveries, 50)
	positive(&out.Timeout, 30*time.Second)
	positive(&out.Window, 1000)
	return out
}

func positive[T int | time.Duration](p *T, def T) {
	if *p <= 0 {
		*p = def
	}
}
