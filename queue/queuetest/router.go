package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

var routerTests = []test{
	{name: "Drain", run: drainsAll},
	{name: "DeadAfterAttempts", run: deadAfterAttempts},
	{name: "PoisonDelaysNobody", run: poisonDelaysNobody},
	{name: "OrderUnderRetry", run: orderUnderRetry, needs: ordered},
	{name: "Shutdown", run: shutdown},
	{name: "UnavailableCostsNothing", run: unavailableCostsNothing},
}

// drainsAll handles a chain of two topics to its end.
func drainsAll(e *env) {
	second := e.topic + "-2"
	var n atomic.Int64
	r := e.router(queue.RouterConfig{})
	r.Handle(e.topic, e.group, func(ctx context.Context, ev queue.Event) error { return e.q.Publish(ctx, second, ev) })
	r.HandleBatch(second, e.group, func(_ context.Context, evs []queue.Event) []error {
		n.Add(int64(len(evs)))
		return nil
	})
	e.publish(some(200)...)
	e.must(r.Drain(e.patient()), "drain")
	if n.Load() != 200 {
		e.Errorf("the second topic handled %d events, expected 200", n.Load())
	}
	for _, s := range r.Stats() {
		if s.Handled != 200 || s.InFlight+s.Waiting+s.HeldBack != 0 {
			e.Errorf("stats of %s: %+v, expected 200 handled and none held", s.Topic, s)
		}
	}
}

func deadAfterAttempts(e *env) {
	sent := queue.Event{
		ID: "bad", Key: "k", Type: "t", Merchant: "m", Origin: "o", TraceID: "trace", Time: time.Unix(1, 500).UTC(),
		Schema: 2, Headers: map[string]string{"h": "v"}, Body: bytes.Repeat([]byte{0, 255}, 1000),
	}
	e.publish(sent)
	var tries []int
	r := e.router(queue.RouterConfig{MaxAttempts: 3})
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		tries = append(tries, ev.Attempt)
		return fmt.Errorf("broken %d", len(tries))
	})
	e.must(r.Drain(e.patient()), "drain")
	if len(tries) != 3 || tries[0] >= tries[1] || tries[1] >= tries[2] {
		e.Errorf("tried with Attempt %v, expected three rising ones", tries)
	}
	ls := e.letters(r, queue.Filter{})
	if len(ls) != 1 {
		e.Fatalf("%d dead letters, expected 1", len(ls))
	}
	l := ls[0]
	e.same(l.Event, sent)
	if l.Topic != e.topic || l.Group != e.group || l.Reason != queue.ReasonAttempts || l.Error != "broken 3" || l.Attempts != 3 ||
		l.First.IsZero() || l.Died.Before(l.First) {
		e.Errorf("letter %+v does not say what happened", l)
	}
	e.must(r.Drain(e.patient()), "drain") // it is gone from its topic
	if len(tries) != 3 {
		e.Error("an event was tried again after it had gone to the dead letters")
	}
}

func (e *env) letters(r *queue.Router, f queue.Filter) []queue.Letter {
	e.Helper()
	var out []queue.Letter
	for l, err := range r.DeadLetters(e.topic, e.group).List(e.patient(), f) {
		e.must(err, "list dead letters")
		out = append(out, l)
	}
	return out
}

// poisonDelaysNobody has one event that always fails among many that do not;
// it would wait for an hour, and the others of its key behind it.
func poisonDelaysNobody(e *env) {
	const good = 300
	events := make([]queue.Event, 0, good+1)
	for i := range good {
		if i == good/10 {
			events = append(events, queue.Event{ID: "poison", Key: "poison"})
		}
		events = append(events, queue.Event{ID: fmt.Sprintf("e%d", i), Key: fmt.Sprintf("k%d", i%50)})
	}
	e.publish(events...)
	var poisoned, handled atomic.Int64
	done := make(chan struct{})
	r := e.router(queue.RouterConfig{Concurrency: 4, Backoff: func(int) time.Duration { return time.Hour }})
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		if ev.ID == "poison" {
			poisoned.Add(1)
			panic("poison")
		}
		if handled.Add(1) == good {
			close(done)
		}
		return nil
	})
	e.runUntil(r, done)
	if poisoned.Load() != 1 {
		e.Errorf("the poisoned event was tried %d times, expected once", poisoned.Load())
	}
}

// orderUnderRetry has the first try of every third event fail.
func orderUnderRetry(e *env) {
	const keys, each = 10, 20
	e.publish(keyed(keys, each)...)
	var mu sync.Mutex
	seq, seen, busy := newSequence(), map[string]bool{}, map[string]bool{}
	r := e.router(queue.RouterConfig{Concurrency: 8})
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		mu.Lock()
		twice := busy[ev.Key]
		busy[ev.Key] = true
		first := !seen[ev.ID]
		seen[ev.ID] = true
		n := len(seen)
		mu.Unlock()
		if twice {
			e.Errorf("two events of key %s at a time", ev.Key)
		}
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			busy[ev.Key] = false
		}()
		if first && n%3 == 0 {
			return errors.New("try again")
		}
		seq.done(ev)
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	seq.check(e)
	if seq.n != keys*each {
		e.Errorf("%d of %d events came in order", seq.n, keys*each)
	}
}

// shutdown ends Run while handlers work: what they finish is not delivered
// again, and what had not begun is.
func shutdown(e *env) {
	const at, n = 4, 20
	e.publish(some(n)...)
	begun, proceed := make(chan string, n), make(chan struct{})
	r := e.router(queue.RouterConfig{Concurrency: at, DrainTimeout: e.h.Patience})
	r.Handle(e.topic, e.group, func(ctx context.Context, ev queue.Event) error {
		begun <- ev.ID
		<-proceed
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(e.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	finished := map[string]bool{}
	for range at {
		select {
		case id := <-begun:
			finished[id] = true
		case <-e.patient().Done():
			e.Fatal("the handlers were not called")
		}
	}
	cancel()
	close(proceed)
	e.must(<-ended, "run")
	close(begun)
	for id := range begun { // begun between the last of the four and the end
		finished[id] = true
	}

	rest := map[string]bool{}
	var mu sync.Mutex
	r = e.router(queue.RouterConfig{})
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		mu.Lock()
		defer mu.Unlock()
		rest[ev.ID] = true
		if finished[ev.ID] {
			e.Errorf("%s was delivered again after it had been finished", ev.ID)
		}
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	if len(rest)+len(finished) != n {
		e.Errorf("%d finished before and %d after the restart, expected %d together", len(finished), len(rest), n)
	}
}

// unavailableCostsNothing has a dependency down for longer than the attempts
// would last.
func unavailableCostsNothing(e *env) {
	e.publish(some(20)...)
	var calls, handled atomic.Int64
	r := e.router(queue.RouterConfig{MaxAttempts: 1, BreakerPause: 20 * time.Millisecond, Concurrency: 4})
	r.Handle(e.topic, e.group, func(context.Context, queue.Event) error {
		if calls.Add(1) <= 15 {
			return queue.Unavailable(errors.New("no store"))
		}
		handled.Add(1)
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	if handled.Load() != 20 {
		e.Errorf("%d events handled, expected 20", handled.Load())
	}
	if s := r.Stats()[0]; s.Dead != 0 || s.Unavailable != 15 || s.Pauses == 0 {
		e.Errorf("stats %+v: expected no dead, 15 unavailable and some pauses", s)
	}
}
