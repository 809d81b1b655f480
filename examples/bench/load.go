package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// sale makes one sale and returns when its outcome is known.
type sale func(ctx context.Context) error

// errGaveUp is returned by a sale that others were in the way of: no sale, and no
// reason to stop.
var errGaveUp = errors.New("gave up")

// load is callers who sell at the same time, each one sale after the other.
type load struct {
	callers int
	// caller returns the sales of one of them.
	caller func(ctx context.Context, i int) (sale, error)
	// cpu is what the server has used so far; nil if it can't be known.
	cpu func(context.Context) time.Duration
	// cut: sales that are under way at the end are cut off, as they may take long.
	cut bool
}

// window is the time in which sales count.
type window struct{ warm, length time.Duration }

// result is what was counted in a window.
type result struct {
	took   *histogram
	window time.Duration
	// Processor time of the server and of this process.
	server, own time.Duration
}

// run has all callers sell through a warm-up and a window. What ends within the
// window counts, so all callers are busy all the time that is counted.
func (l load) run(ctx context.Context, w window) (result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sales := make([]sale, l.callers)
	for i := range sales {
		var err error
		if sales[i], err = l.caller(ctx, i); err != nil {
			return result{}, err
		}
	}
	began := time.Now().Add(w.warm)
	end := began.Add(w.length)
	counts := make([]*histogram, l.callers)
	errs := make([]error, l.callers)
	var all sync.WaitGroup
	for i, sell := range sales {
		counts[i] = newHistogram()
		all.Go(func() {
			if errs[i] = until(ctx, sell, began, end, counts[i]); errs[i] != nil {
				cancel()
			}
		})
	}
	r := result{took: newHistogram(), window: w.length}
	pause(ctx, began)
	r.server, r.own = -l.used(ctx), -ownCPU()
	pause(ctx, end)
	r.own += ownCPU()
	if r.server += l.used(ctx); l.cpu == nil || r.server < 0 {
		r.server = 0
	}
	if l.cut {
		cancel()
	}
	all.Wait()
	for _, h := range counts {
		r.took.merge(h)
	}
	return r, errors.Join(errs...)
}

func (l load) used(ctx context.Context) time.Duration {
	if l.cpu == nil {
		return 0
	}
	return l.cpu(ctx)
}

// until sells until the end.
func until(ctx context.Context, sell sale, began, end time.Time, count *histogram) error {
	for asked := time.Now(); asked.Before(end); {
		err := sell(ctx)
		now := time.Now()
		switch {
		case err == nil:
			if now.After(began) && !now.After(end) {
				count.add(now.Sub(asked))
			}
		case !now.Before(end) || ctx.Err() != nil: // cut off
			return nil
		case !errors.Is(err, errGaveUp):
			return err
		}
		asked = now
	}
	return nil
}

func pause(ctx context.Context, until time.Time) {
	t := time.NewTimer(time.Until(until))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
