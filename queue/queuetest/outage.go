package queuetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/onhand-dev/onhand/queue"
)

var outageTests = []test{
	{name: "KilledUnderLoad", run: killedUnderLoad, alone: true, needs: func(h Harness) string {
		if h.Restart == nil {
			return "the broker cannot be restarted here"
		}
		return ""
	}},
}

// killedUnderLoad kills the broker while events are published, handled and sent
// on by their handler. What was confirmed is handled, in order per key, and the
// outage costs no attempt.
func killedUnderLoad(e *env) {
	const keys, each = 40, 250
	var (
		second = e.topic + "-2"
		firsts = newFirsts(keys * each)
		kill   = make(chan struct{})
		once   sync.Once
		wg     sync.WaitGroup
	)
	for _, topic := range []string{e.topic, second} { // so that nothing comes before its group
		s, err := e.q.Subscribe(e.patient(), topic, e.group)
		e.must(err, "subscribe")
		e.close(s)
	}
	r := e.router(queue.RouterConfig{MaxAttempts: 1, Concurrency: 8})
	r.Handle(e.topic, e.group, func(ctx context.Context, ev queue.Event) error { return e.q.Publish(ctx, second, ev) })
	r.Handle(second, e.group, func(_ context.Context, ev queue.Event) error {
		if firsts.done(ev) > keys*each/10 {
			once.Do(func() { close(kill) })
		}
		return nil
	})
	wg.Go(func() {
		events := keyed(keys, each)
		for i := 0; i < len(events); {
			part := events[i:min(i+20, len(events))]
			if err := e.q.Publish(e.Context(), e.topic, part...); err == nil {
				i += len(part)
			} else if e.Context().Err() != nil {
				return
			}
		}
	})
	wg.Go(func() {
		select {
		case <-kill:
			e.h.Restart(e.T)
		case <-e.Context().Done():
		}
	})
	e.runUntil(r, firsts.all)
	wg.Wait()
	firsts.check(e)
	for _, s := range r.Stats() {
		if s.Dead != 0 || s.Retried != 0 {
			e.Errorf("stats of %s %+v: expected no attempt to be lost to an outage", s.Topic, s)
		}
	}
	for _, topic := range []string{e.topic, second} {
		for l, err := range r.DeadLetters(topic, e.group).List(e.patient(), queue.Filter{}) {
			e.must(err, "list dead letters")
			e.Errorf("dead letter %+v", l)
		}
	}
}

// firsts checks the order in which events come for the first time: after an
// outage they may come again.
type firsts struct {
	mu   sync.Mutex
	seen map[string]bool
	last map[string]string
	bad  string
	want int
	all  chan struct{} // closed when as many as wanted have come
}

func newFirsts(n int) *firsts {
	return &firsts{seen: map[string]bool{}, last: map[string]string{}, want: n, all: make(chan struct{})}
}

func (f *firsts) done(ev queue.Event) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[ev.ID] {
		return len(f.seen)
	}
	f.seen[ev.ID] = true
	if ev.ID < f.last[ev.Key] && f.bad == "" {
		f.bad = fmt.Sprintf("%s came after %s", ev.ID, f.last[ev.Key])
	}
	f.last[ev.Key] = ev.ID
	if len(f.seen) == f.want {
		close(f.all)
	}
	return len(f.seen)
}

func (f *firsts) check(e *env) {
	e.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) != f.want {
		e.Errorf("%d of %d events came", len(f.seen), f.want)
	}
	if f.bad != "" && e.h.Features.OrderedPerKey {
		e.Errorf("out of order: %s", f.bad)
	}
}
