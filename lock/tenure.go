package lock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// tenure is one holder's time with a lease, from acquire to giveBack.
type tenure struct {
	p      *Pessimistic
	ticket *ticket
	lease  inventory.Lease
	// until is when the lease may be over, by this process's clock: counted from
	// before the call that got it, so it is never later than the store's.
	until time.Time
}

// acquire waits for the turn in this process, then for the store.
func (p *Pessimistic) acquire(ctx context.Context, merchant string, keys []inventory.Key) (*tenure, error) {
	start := time.Now()
	places := make([]place, len(keys))
	for i, k := range keys {
		places[i] = place{merchant, k}
	}
	t := &tenure{p: p, ticket: p.queue.join(places)}
	err := p.turn(ctx, t.ticket, keys)
	if err == nil {
		err = t.take(ctx, merchant, keys, start.Add(p.wait))
	}
	if err != nil {
		p.queue.leave(t.ticket)
		return nil, err
	}
	return t, nil
}

func (p *Pessimistic) turn(ctx context.Context, t *ticket, keys []inventory.Key) error {
	select {
	case <-t.turn:
		return nil
	default:
	}
	start := time.Now()
	defer func() { meterOf(ctx).waited(time.Since(start)) }()
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	select {
	case <-t.turn:
		return nil
	case <-ctx.Done():
		return because(ErrNotAcquired, ctx.Err())
	case <-timer.C:
		meterOf(ctx).conflict(1)
		return because(ErrNotAcquired, &inventory.LeasedError{Keys: slices.Clone(keys)})
	}
}

// take tries to get the lease until its time is over.
func (t *tenure) take(ctx context.Context, merchant string, keys []inventory.Key, end time.Time) error {
	p := &patience{bound: leasedFirst, most: leasedMost, end: end}
	for {
		if err := ctx.Err(); err != nil {
			return because(ErrNotAcquired, err)
		}
		sent := time.Now()
		call, cancel := t.p.whole(ctx)
		lease, err := t.p.ledger.Lease(call, merchant, keys, t.p.ttl)
		late := call.Err() != nil
		cancel()
		switch {
		case err == nil:
			t.lease, t.until = lease, sent.Add(t.p.ttl)
			return nil
		case errors.Is(err, inventory.ErrUnknown) || late: // of the lease, not of the Change
			return fmt.Errorf("%w: no answer: %v", ErrNotAcquired, err) //nolint:errorlint // ErrUnknown would be read as that of the Change
		case !errors.Is(err, inventory.ErrLeased):
			return err
		}
		meterOf(ctx).conflict(1)
		if !p.pause(ctx) {
			return because(ErrNotAcquired, cmp.Or(ctx.Err(), err))
		}
	}
}

// whole is the context of a call that takes or gives back a lease: cut off
// half-way it could leave a lease to nobody, so it may outlive the caller's
// context for a little.
func (p *Pessimistic) whole(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), min(p.ttl, p.wait))
}

// fences adds the lease's token on keys to guards.
func (t *tenure) fences(guards []inventory.Guard, keys []inventory.Key) []inventory.Guard {
	guards = slices.Clone(guards)
	for _, k := range keys {
		guards = append(guards, inventory.Guard{Key: k, Fence: t.lease.Fence})
	}
	return guards
}

// giveBack ends the lease, also after the caller's context has ended. If that
// fails it ends by itself.
func (t *tenure) giveBack(ctx context.Context) {
	defer t.p.queue.leave(t.ticket)
	call, cancel := t.p.whole(ctx)
	defer cancel()
	_ = t.p.ledger.Unlease(call, t.lease)
}

// decide runs decide and, beside it and no longer, the renewal of the lease.
func (t *tenure) decide(ctx context.Context, levels []inventory.Level, decide Decide) (inventory.Change, error) {
	ctx, end := context.WithCancelCause(ctx)
	stopped, lost := make(chan struct{}), false
	go func() {
		defer close(stopped)
		if lost = t.renew(ctx); lost {
			end(ErrLeaseLost)
		}
	}()
	stop := func() { end(nil); <-stopped }
	defer stop() // also if decide panics
	c, err := decide(ctx, levels)
	stop()
	if lost {
		return c, because(ErrLeaseLost, err)
	}
	return c, err
}

// renew keeps the lease until ctx ends, and reports whether it was lost before.
func (t *tenure) renew(ctx context.Context) (lost bool) {
	every := t.p.ttl / 3
	for {
		left := time.Until(t.until)
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(min(every, left))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		sent := time.Now()
		call, cancel := context.WithDeadline(ctx, t.until)
		_, err := t.p.ledger.Renew(call, t.lease, t.p.ttl)
		cancel()
		switch {
		case err == nil:
			t.until, every = sent.Add(t.p.ttl), t.p.ttl/3
		case errors.Is(err, inventory.ErrFenced):
			return true
		default: // no answer: soon again, as long as there is time
			every = t.p.ttl / 10
		}
	}
}
