package shopify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// The breaker's numbers: it opens after so many calls in a row without an
// answer, stays open for so long, and then lets single probes through until so
// many of them succeeded.
const (
	breakerFailures = 5
	breakerOpen     = 2 * time.Second
	breakerProbes   = 2
)

// breaker stops calls to a shop that does not answer, so that queues pause
// instead of burning their attempts. Only missing answers count (ErrNoAnswer);
// a refusal is an answer. A caller that went away counts neither way.
type breaker struct {
	steps    *gobreaker.TwoStepCircuitBreaker[struct{}]
	openedAt atomic.Int64 // Unix nanoseconds
}

func newBreaker(shop string) *breaker {
	b := &breaker{}
	b.steps = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        shop,
		MaxRequests: breakerProbes,
		Timeout:     breakerOpen,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= breakerFailures },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				b.openedAt.Store(time.Now().UnixNano())
			}
		},
		IsSuccessful: func(err error) bool { return !errors.Is(err, ErrNoAnswer) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) },
	})
	return b
}

// allow asks for leave to call, and returns where to report the outcome, which
// must be reported.
func (b *breaker) allow() (report func(error), err error) {
	report, err = b.steps.Allow()
	switch {
	case err == nil:
		return report, nil
	case errors.Is(err, gobreaker.ErrOpenState):
		return nil, b.refusal()
	default: // half-open: the probes are under way
		return nil, &APIError{Kind: ErrBreakerOpen, Wait: time.Second}
	}
}

// open returns the error to give if a call would be refused now, without
// asking for leave.
func (b *breaker) open() error {
	if b.steps.State() == gobreaker.StateOpen {
		return b.refusal()
	}
	return nil
}

func (b *breaker) refusal() error {
	left := time.Until(time.Unix(0, b.openedAt.Load()).Add(breakerOpen))
	return &APIError{Kind: ErrBreakerOpen, Wait: max(left, time.Millisecond)}
}

// state is "closed", "half-open" or "open".
func (b *breaker) state() string { return b.steps.State().String() }
