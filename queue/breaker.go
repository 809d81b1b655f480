package queue

import (
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"
)

// A breaker stops a subscription whose handler keeps finding a dependency down,
// and lets one call through from time to time to see whether it is back. It has
// no goroutine and no timer; the only clock it reads is time.Now.
type breaker struct {
	two    *gobreaker.TwoStepCircuitBreaker[struct{}]
	pause  time.Duration
	reopen time.Time                 // when an open breaker lets a probe through
	change func(from, to pauseState) // called from allow and from what it returned
}

// pauseState is a breaker's state in our words.
type pauseState string

const (
	stateRunning pauseState = "running"
	statePaused  pauseState = "paused"
	stateProbing pauseState = "probing"
)

var (
	errDown    = errors.New("a dependency is down")
	errNoWords = errors.New("the call says nothing about the dependency")
)

func newBreaker(cfg *RouterConfig, change func(from, to pauseState)) *breaker {
	b := &breaker{pause: cfg.BreakerPause, change: change}
	limit := uint32(cfg.BreakerFailures)
	b.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Timeout:       cfg.BreakerPause,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= limit },
		IsExcluded:    func(err error) bool { return errors.Is(err, errNoWords) },
		OnStateChange: b.changed,
	})
	return b
}

func (b *breaker) changed(_ string, from, to gobreaker.State) {
	if to == gobreaker.StateOpen {
		// gobreaker lets a probe through only after the pause, not at its end.
		b.reopen = time.Now().Add(b.pause + time.Millisecond)
	}
	b.change(ourState(from), ourState(to))
}

func ourState(s gobreaker.State) pauseState {
	switch s {
	case gobreaker.StateOpen:
		return statePaused
	case gobreaker.StateHalfOpen:
		return stateProbing
	default:
		return stateRunning
	}
}

// allow says whether a call may start. Its result is told to done: nil, errDown,
// or errNoWords.
func (b *breaker) allow() (done func(error), ok bool) {
	done, err := b.two.Allow()
	return done, err == nil
}

// state is the present one.
func (b *breaker) state() pauseState { return ourState(b.two.State()) }
