package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// A result is what came of settling an item.
type result struct {
	it   *item // nil for items given back unstarted
	what settlement
	err  error // the settlement failed
	lost error // the letter was not published; the item is as before
}

type settlement int

const (
	settleAck    settlement = iota // handled
	settlePassed                   // not for this group
	settleDead                     // in the dead letters
	settleBack                     // given back
)

// returned judges what a handler call has brought.
func (c *consumer) returned(k *call) {
	c.calls--
	c.quiet.moved()
	if k.stack != nil {
		c.count(func(s *Stats) { s.Panics++ })
		c.log.Error("handler panicked", "error", k.whole, "events", len(k.items), "id", k.items[0].delivery.Event.ID,
			"trace_id", k.items[0].delivery.Event.TraceID, "stack", string(k.stack))
	}
	if k.whole != nil && len(k.items) > 1 {
		k.report(errNoWords)
		c.log.Warn("batch failed as a whole, its events are tried one by one", "error", k.whole, "events", len(k.items))
		for _, it := range k.items {
			it.alone = true
			if c.stopping {
				c.back(it)
			} else {
				c.lanes.putBack(it)
			}
		}
		return
	}
	if k.whole != nil {
		k.errs = []error{k.whole}
	}
	k.report(k.dependency())
	for i, it := range k.items {
		c.judge(it, k.errs[i], k.killed)
	}
}

// dependency is what the call says to the breaker.
func (c *call) dependency() error {
	for _, err := range c.errs {
		if isUnavailable(err) && !isPermanent(err) {
			return errDown
		}
	}
	if c.killed {
		return errNoWords
	}
	return nil
}

// judge decides about one item after a try.
func (c *consumer) judge(it *item, err error, killed bool) {
	v := decide(c.cfg, try{err: err, failed: it.failed, outages: it.outages, jitter: rand.Float64(), stopped: killed})
	switch v.act {
	case actAck:
		c.ack(it, true)
	case actBury:
		it.failed++
		c.die(it, err, v.reason)
	case actBack:
		c.back(it)
	case actRetry:
		it.failed, it.outages = it.failed+1, 0
		c.count(func(s *Stats) { s.Retried++ })
		c.again(it, err, v.after)
	case actPause:
		it.outages++
		c.count(func(s *Stats) { s.Unavailable++ })
		c.again(it, err, v.after)
	}
}

// again parks an item until it is to be tried again.
func (c *consumer) again(it *item, err error, after time.Duration) {
	e := it.delivery.Event
	c.log.Warn("event is tried again", "id", e.ID, "key", e.Key, "trace_id", e.TraceID, "error", err,
		"failed", it.failed, "outages", it.outages, "in", after)
	if c.stopping {
		c.back(it)
		return
	}
	c.lanes.park(it, time.Now().Add(after))
}

// die writes the letter of an item and buries it.
func (c *consumer) die(it *item, err error, reason string) {
	e := it.delivery.Event
	l := Letter{
		Event: e, Topic: c.topic, Group: c.group, Reason: reason, Error: err.Error(),
		Attempts: it.failed, First: it.first, Died: time.Now(),
	}.event()
	it.letter = &l
	c.log.Error("event goes to the dead letters", "id", e.ID, "key", e.Key, "trace_id", e.TraceID,
		"reason", reason, "error", err, "failed", it.failed)
	c.bury(it)
}

// bury publishes an item's letter and acknowledges the event after that.
func (c *consumer) bury(it *item) {
	c.settle(func(ctx context.Context) result {
		if err := c.queue.Publish(ctx, DeadTopic(c.topic, c.group), *it.letter); err != nil {
			return result{it: it, what: settleDead, lost: err}
		}
		return result{it: it, what: settleDead, err: it.delivery.Ack(ctx)}
	})
}

func (c *consumer) ack(it *item, handled bool) {
	what := settleAck
	if !handled {
		what = settlePassed
	}
	c.settle(func(ctx context.Context) result { return result{it: it, what: what, err: it.delivery.Ack(ctx)} })
}

func (c *consumer) back(it *item) {
	c.settle(func(ctx context.Context) result {
		return result{it: it, what: settleBack, err: it.delivery.Nack(ctx, 0)}
	})
}

// giveBack returns everything that has not started, in one go.
func (c *consumer) giveBack() {
	items := c.lanes.clear()
	if len(items) == 0 {
		return
	}
	c.settle(func(ctx context.Context) result {
		var first error
		for _, it := range items {
			if err := it.delivery.Nack(ctx, 0); err != nil && first == nil {
				first = fmt.Errorf("give back %q: %w", it.delivery.Event.ID, err)
			}
		}
		return result{what: settleBack, err: first}
	})
}

// settle runs do in a goroutine and has run receive its result.
func (c *consumer) settle(do func(ctx context.Context) result) {
	c.settling++
	go func() {
		ctx, cancel := context.WithTimeout(c.settled, settleTimeout)
		defer cancel()
		r := do(ctx)
		select {
		case c.results <- r:
		case <-c.gone:
		}
	}()
}

// resulted takes note of a settlement.
func (c *consumer) resulted(r result) {
	c.settling--
	if r.lost != nil {
		c.unburied(r)
		return
	}
	if r.it != nil {
		c.lanes.finish(r.it)
	}
	c.count(func(s *Stats) {
		switch {
		case r.err != nil:
			s.QueueErrors++
		case r.what == settleAck:
			s.Handled++
		case r.what == settleDead:
			s.Dead++
		}
	})
	if r.err != nil {
		args := []any{"error", r.err}
		if r.it != nil {
			args = append(args, "id", r.it.delivery.Event.ID, "trace_id", r.it.delivery.Event.TraceID)
		}
		c.log.Error("cannot settle; the event comes again", args...)
	}
}

// unburied keeps an item whose letter the queue has not taken: it is never
// acknowledged without one.
func (c *consumer) unburied(r result) {
	r.it.burials++
	after := wait(0, backoff(r.it.burials), rand.Float64())
	c.count(func(s *Stats) { s.QueueErrors++ })
	e := r.it.delivery.Event
	c.log.Error("cannot publish a dead letter; the event is kept", "id", e.ID, "trace_id", e.TraceID, "error", r.lost, "again_in", after)
	if c.stopping {
		c.back(r.it)
		return
	}
	c.lanes.park(r.it, time.Now().Add(after))
}
