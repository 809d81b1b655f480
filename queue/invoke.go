package queue

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// A call is one handler call and what came of it.
type call struct {
	items  []*item
	report func(error) // to the breaker
	errs   []error     // one per item, if whole is nil
	whole  error       // the handler failed without saying which event did
	stack  []byte      // where it panicked
	killed bool        // its context was cancelled because draining took too long
}

// invoke runs the handler and fills in what came of it. It never panics and
// returns even if the handler ends its goroutine: then deliver runs, and the
// caller does not.
func (c *call) invoke(ctx context.Context, cfg *RouterConfig, h BatchHandler, deliver func()) {
	ctx, cancel := context.WithTimeoutCause(ctx, cfg.Timeout, errTimeout)
	defer cancel()
	events := make([]Event, len(c.items))
	for i, it := range c.items {
		events[i] = it.event()
	}
	returned := false
	defer func() {
		if !returned {
			if p := recover(); p != nil {
				c.stack = debug.Stack()
				c.whole = reasonError{fmt.Errorf("handler panicked: %v", p), ReasonPanic}
			} else {
				c.whole = reasonError{errGoexit, ReasonPanic}
			}
		}
		c.killed = errors.Is(context.Cause(ctx), errKilled)
		if errors.Is(context.Cause(ctx), errTimeout) {
			for i, err := range c.errs {
				if errors.Is(err, context.DeadlineExceeded) {
					c.errs[i] = reasonError{fmt.Errorf("handler exceeded %s: %w", cfg.Timeout, err), reasonOf(err, ReasonTimeout)}
				}
			}
		}
		deliver()
	}()
	c.errs = h(ctx, events)
	if c.errs == nil {
		c.errs = make([]error, len(c.items))
	}
	if len(c.errs) != len(c.items) {
		c.whole = fmt.Errorf("batch handler returned %d errors for %d events; return one per event, or nil", len(c.errs), len(c.items))
	}
	returned = true
}

// event is what the handler sees.
func (it *item) event() Event {
	e := it.delivery.Event
	attempt := max(e.Attempt, 1) + it.failed
	e = unmarked(e)
	e.Attempt = attempt
	return e
}

var (
	errTimeout = errors.New("handler timeout")
	errKilled  = errors.New("drain timeout")
)
