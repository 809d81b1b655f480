package queuetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

var ordered = needs(func(f Features) bool { return f.OrderedPerKey }, "the queue keeps no order per key")

var orderTests = []test{
	{name: "OneSubscription", run: orderOfOne, needs: ordered},
	{name: "AfterNack", run: orderAfterNack, needs: ordered},
	{name: "AfterDelayedNack", run: orderAfterDelay, needs: func(h Harness) string {
		if !h.Features.DelayedNack {
			return "the queue does not delay a nack"
		}
		return ordered(h)
	}},
	{name: "KeyStaysWithOne", run: keyStaysWithOne, needs: ordered},
	{name: "Competing", run: orderOfMany, needs: ordered},
}

// keyed returns n events for each of several keys, in turns.
func keyed(keys, n int) []queue.Event {
	var out []queue.Event
	for i := range n {
		for k := range keys {
			out = append(out, queue.Event{ID: fmt.Sprintf("k%d-%04d", k, i), Key: fmt.Sprintf("k%d", k)})
		}
	}
	return out
}

// A sequence checks that the events of every key come in order.
type sequence struct {
	mu   sync.Mutex
	last map[string]string
	bad  string
	n    int
}

func newSequence() *sequence { return &sequence{last: map[string]string{}} }

// done notes that an event has been handled and returns how many have been. An
// event that comes again is no fault.
func (s *sequence) done(e queue.Event) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.ID < s.last[e.Key] && s.bad == "" {
		s.bad = fmt.Sprintf("%s came after %s", e.ID, s.last[e.Key])
	}
	if e.ID > s.last[e.Key] {
		s.last[e.Key] = e.ID
		s.n++
	}
	return s.n
}

func (s *sequence) check(e *env) {
	e.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bad != "" {
		e.Errorf("out of order: %s", s.bad)
	}
}

func orderOfOne(e *env) {
	s, seq := e.subscribe(e.group), newSequence()
	e.publish(keyed(5, 20)...)
	for _, d := range e.receive(s, 100) {
		seq.done(d.Event)
		e.ack(d)
	}
	seq.check(e)
	e.close(s)
}

func orderAfterNack(e *env) {
	s, seq := e.subscribe(e.group), newSequence()
	e.publish(keyed(1, 5)...)
	e.nack(e.receive(s, 1)[0], 0)
	for _, d := range e.receive(s, 5) {
		seq.done(d.Event)
		e.ack(d)
	}
	seq.check(e)
	e.silent(s)
	e.close(s)
}

func orderAfterDelay(e *env) {
	s, seq := e.subscribe(e.group), newSequence()
	e.publish(keyed(1, 3)...)
	e.nack(e.receive(s, 1)[0], time.Second)
	e.publish(queue.Event{ID: "other", Key: "other"})
	if d := e.receive(s, 1)[0]; d.Event.ID != "other" {
		e.Errorf("%s came while an earlier event of its key was delayed", d.Event.ID)
	} else {
		e.ack(d)
	}
	for _, d := range e.receive(s, 3) {
		seq.done(d.Event)
		e.ack(d)
	}
	seq.check(e)
	e.close(s)
}

// keyStaysWithOne checks that while one subscription works on an event, another
// one of its group gets none of the same key.
func keyStaysWithOne(e *env) {
	a, b, seq := e.subscribe(e.group), e.subscribe(e.group), newSequence()
	e.publish(keyed(1, 1)...)
	first, other := e.takenBy(a, b)
	seq.done(first.Event)
	e.publish(keyed(1, 5)[1:]...)
	e.silent(other)
	e.ack(first)
	e.close(other)
	owner := a
	if other == a {
		owner = b
	}
	for _, d := range e.receive(owner, 4) {
		seq.done(d.Event)
		e.ack(d)
	}
	seq.check(e)
	e.close(owner)
}

// takenBy receives the only event there is from one of two subscriptions and
// returns the other one, too.
func (e *env) takenBy(a, b queue.Subscription) (queue.Delivery, queue.Subscription) {
	e.Helper()
	patient := e.patient()
	for patient.Err() == nil {
		for _, s := range [][2]queue.Subscription{{a, b}, {b, a}} {
			ctx, cancel := context.WithTimeout(patient, e.h.Silence)
			ds, err := s[0].Receive(ctx, 1)
			cancel()
			if err == nil {
				return ds[0], s[1]
			}
		}
	}
	e.Fatal("neither subscription got the event")
	return queue.Delivery{}, nil
}

// orderOfMany has several subscriptions of a group take events; at no
// time may two of them work on one key.
func orderOfMany(e *env) {
	const keys, each, workers = 8, 25, 4
	seq := newSequence()
	e.publish(keyed(keys, each)...)
	ctx, stop := context.WithCancel(e.patient())
	defer stop()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		busy = map[string]int{}
	)
	for w := range workers {
		s := e.subscribe(e.group)
		wg.Go(func() {
			for {
				ds, err := s.Receive(ctx, 3)
				if err != nil {
					break
				}
				mu.Lock()
				for _, d := range ds {
					if by, ok := busy[d.Event.Key]; ok && by != w {
						e.Errorf("two subscriptions have events of key %s", d.Event.Key)
					}
					busy[d.Event.Key] = w
				}
				mu.Unlock()
				last := map[string]int{}
				for i, d := range ds {
					last[d.Event.Key] = i
				}
				for i, d := range ds {
					n := seq.done(d.Event)
					if i == last[d.Event.Key] {
						mu.Lock()
						delete(busy, d.Event.Key)
						mu.Unlock()
					}
					if err := d.Ack(e.Context()); err != nil {
						e.Errorf("ack: %v", err)
					}
					if n == keys*each {
						stop()
					}
				}
			}
			if err := s.Close(e.Context()); err != nil {
				e.Errorf("close the subscription: %v", err)
			}
		})
	}
	wg.Wait()
	seq.check(e)
	if seq.n != keys*each {
		e.Errorf("%d of %d events came in order", seq.n, keys*each)
	}
}
