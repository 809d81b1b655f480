package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// A consumer runs one registration: it owns the subscription's items, asks
// lanes, breaker and decide what to do, and has goroutines do it. Its state
// belongs to the goroutine of run; the others report over channels, and run
// waits for all of them, except for handlers that ignore their context.
type consumer struct {
	*route
	queue Queue
	cfg   *RouterConfig
	sub   Subscription
	quiet *quiet // nil unless draining
	log   *slog.Logger

	lanes    *lanes
	breaker  *breaker
	calls    int // handler calls under way
	settling int // settlements under way
	receipt  bool
	fails    int       // failed Receives in a row
	hold     time.Time // no Receive before
	stopping bool
	fatal    error

	handling context.Context // of handlers
	settled  context.Context // of settlements
	arrivals chan arrival
	returns  chan *call
	results  chan result
	gone     chan struct{} // closed when run has returned
}

type arrival struct {
	deliveries []Delivery
	err        error
	at         int // what quiet had counted before
}

func newConsumer(r *Router, rt *route, sub Subscription, q *quiet) *consumer {
	c := &consumer{
		route: rt, queue: r.queue, cfg: &r.cfg, sub: sub, quiet: q,
		log:      r.cfg.Logger.With("topic", rt.topic, "group", rt.group),
		lanes:    newLanes(),
		arrivals: make(chan arrival),
		returns:  make(chan *call),
		results:  make(chan result),
		gone:     make(chan struct{}),
	}
	c.breaker = newBreaker(c.cfg, c.pauseChanged)
	if q != nil {
		q.join()
	}
	return c
}

// run handles events until ctx ends and everything is settled, or the time for
// that is over.
func (c *consumer) run(ctx context.Context) error {
	handling, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(nil)
	settled, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	c.handling, c.settled = handling, settled
	defer close(c.gone)

	timer := time.NewTimer(0)
	defer timer.Stop()
	ended, killed := ctx.Done(), false
	var deadline time.Time
	for {
		now, again := time.Now(), c.quiet.again()
		if !c.stopping {
			c.start(now)
			c.receive(ctx, now)
			c.look(ctx)
		}
		c.figures()
		if c.stopping && c.calls == 0 && c.settling == 0 && !c.receipt {
			return c.fatal
		}
		if c.stopping {
			timer.Reset(deadline.Sub(now))
		} else if at, ok := c.nextStep(now); ok {
			timer.Reset(at.Sub(now))
		} else {
			timer.Stop()
		}

		select {
		case a := <-c.arrivals:
			c.arrived(a)
		case k := <-c.returns:
			c.returned(k)
		case r := <-c.results:
			c.resulted(r)
		case <-again: // look once more
		case <-timer.C:
			if !c.stopping || time.Now().Before(deadline) {
				break
			}
			if killed {
				return c.leftError()
			}
			killed = true
			kill(errKilled)
			deadline = deadline.Add(cancelGrace)
		case <-ended:
			ended = nil
		}
		if !c.stopping && (ended == nil || c.fatal != nil) {
			c.stop()
			deadline = time.Now().Add(c.cfg.DrainTimeout)
		}
	}
}

// start wakes what waited long enough and calls handlers for what may run.
func (c *consumer) start(now time.Time) {
	for _, it := range c.lanes.wake(now) {
		c.bury(it)
	}
	for c.calls < c.cfg.Concurrency && len(c.lanes.ready) > 0 {
		report, ok := c.breaker.allow()
		if !ok {
			return
		}
		items := c.screen(c.lanes.take(c.batch))
		if len(items) == 0 {
			report(errNoWords)
			continue
		}
		k := &call{items: items, report: report}
		c.calls++
		go k.invoke(c.handling, c.cfg, c.handle, func() {
			select {
			case c.returns <- k:
			case <-c.gone:
			}
		})
	}
}

// screen settles the items that no handler is to see and returns the others.
func (c *consumer) screen(items []*item) []*item {
	out := items[:0]
	for _, it := range items {
		e := it.delivery.Event
		reason, why := whyUnread(e)
		switch only := e.Headers[headerOnly]; {
		case why != nil:
			c.die(it, why, reason)
		case only != "" && only != c.group:
			c.ack(it, false)
		case e.Attempt > c.cfg.MaxDeliveries && it.failed == 0 && it.outages == 0 && !it.alone:
			err := fmt.Errorf("delivered %d times, more than the limit of %d; it may be what ends the process", e.Attempt, c.cfg.MaxDeliveries)
			c.die(it, err, ReasonDeliveries)
		default:
			out = append(out, it)
		}
	}
	return out
}

// receive asks the subscription for as much as could be used.
func (c *consumer) receive(ctx context.Context, now time.Time) {
	if c.receipt || now.Before(c.hold) {
		return
	}
	busy := c.lanes.running + len(c.lanes.ready)
	room := min(c.cfg.Concurrency*c.batch-busy, c.cfg.Window-c.lanes.back())
	switch c.breaker.state() {
	case statePaused:
		return
	case stateProbing:
		room = min(room, 1-busy)
	}
	if room <= 0 {
		return
	}
	c.receipt = true
	go func() {
		a := arrival{at: c.quiet.at()}
		if c.quiet != nil {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.cfg.Idle)
			defer cancel()
		}
		a.deliveries, a.err = c.sub.Receive(ctx, room)
		select {
		case c.arrivals <- a:
		case <-c.gone: // closing the subscription gives the deliveries back
		}
	}()
}

// arrived takes in what a Receive has brought.
func (c *consumer) arrived(a arrival) {
	c.receipt = false
	now := time.Now()
	if len(a.deliveries) > 0 {
		c.fails = 0
		c.quiet.moved()
		for _, d := range a.deliveries {
			c.lanes.add(&item{delivery: d, first: now})
			c.count(func(s *Stats) {
				s.Received++
				if d.Event.Attempt > 1 {
					s.Redelivered++
				}
			})
		}
		if c.stopping {
			c.giveBack()
		}
		return
	}
	switch {
	case c.stopping:
	case errors.Is(a.err, ErrClosed):
		c.fatal = fmt.Errorf("queue: receive from %q, group %q: %w", c.topic, c.group, a.err)
	case c.quiet != nil && errors.Is(a.err, context.DeadlineExceeded):
		if _, exact := c.lag(c.settled); !exact && c.lanes.held == 0 {
			c.quiet.found(c.topic, c.group, a.at)
		}
	case errors.Is(a.err, context.Canceled): // the end of Run is on its way
		c.hold = now.Add(receivePause)
	default:
		c.fails++
		c.hold = now.Add(wait(0, min(backoff(c.fails), maxReceivePause), rand.Float64()))
		c.count(func(s *Stats) { s.QueueErrors++ })
		c.log.Error("cannot receive", "error", a.err, "failed", c.fails, "again_in", c.hold.Sub(now))
	}
}

// look tells quiet if there is nothing left here, where the queue knows that.
func (c *consumer) look(ctx context.Context) {
	if c.quiet == nil || c.lanes.held > 0 {
		return
	}
	at := c.quiet.at()
	if l, exact := c.lag(ctx); exact && l.Waiting+l.Delayed+l.InFlight == 0 {
		c.quiet.found(c.topic, c.group, at)
	}
}

func (c *consumer) lag(ctx context.Context) (Lag, bool) {
	q, ok := c.queue.(Lagger)
	if !ok {
		return Lag{}, false
	}
	l, err := q.Lag(ctx, c.topic, c.group)
	return l, err == nil && l.Exact
}

// nextStep is when start or receive has something to do without being told.
func (c *consumer) nextStep(now time.Time) (time.Time, bool) {
	at, ok := c.lanes.next()
	sooner := func(t time.Time) {
		if t.After(now) && (!ok || t.Before(at)) {
			at, ok = t, true
		}
	}
	sooner(c.hold)
	sooner(c.breaker.reopen)
	return at, ok
}

// stop begins the end: nothing new, and what has not started goes back.
func (c *consumer) stop() {
	c.stopping = true
	c.quiet.stopped(c.figures())
	c.giveBack()
}

func (c *consumer) leftError() error {
	return &LeftError{
		Left: []Stats{c.figures()},
		Err:  fmt.Errorf("handlers went on for longer than %s", c.cfg.DrainTimeout+cancelGrace),
	}
}

// count changes the figures.
func (c *consumer) count(change func(*Stats)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.stats)
}

// figures brings what is held up to date and returns all of them.
func (c *consumer) figures() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.stats
	s.InFlight, s.Waiting, s.HeldBack = c.lanes.running, len(c.lanes.ready), c.lanes.back()
	return *s
}

func (c *consumer) pauseChanged(from, to pauseState) {
	c.count(func(s *Stats) {
		s.Paused = to != stateRunning
		if to == statePaused {
			s.Pauses++
		}
	})
	switch to {
	case statePaused:
		c.log.Warn("paused: a dependency is down", "from", string(from), "probe_in", c.cfg.BreakerPause)
	case stateProbing:
		c.log.Info("trying one event")
	default:
		c.log.Info("running again")
	}
}
