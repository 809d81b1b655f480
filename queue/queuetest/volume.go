package queuetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/onhand-dev/onhand/queue"
)

var volumeTests = []test{
	{name: "FiftyConsumers", run: fiftyConsumers},
	{name: "Router", run: volumeRouter},
}

// fiftyConsumers has many publish and many consume at once.
func fiftyConsumers(e *env) {
	const publishers, consumers = 10, 50
	n := 10_000 / e.h.Scale / publishers * publishers
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		seen = map[string]bool{}
	)
	patient := e.patient()
	ctx, stop := context.WithCancel(patient)
	defer stop()
	for range consumers {
		s := e.subscribe(e.group)
		wg.Go(func() {
			for {
				ds, err := s.Receive(ctx, 20)
				if err != nil {
					break
				}
				for _, d := range ds {
					if err := d.Ack(e.Context()); err != nil {
						e.Errorf("ack: %v", err)
					}
					mu.Lock()
					if seen[d.Event.ID] = true; len(seen) == n {
						stop()
					}
					mu.Unlock()
				}
			}
			if err := s.Close(e.Context()); err != nil {
				e.Errorf("close the subscription: %v", err)
			}
		})
	}
	for p := range publishers {
		wg.Go(func() {
			for i := range n / publishers {
				ev := queue.Event{ID: fmt.Sprintf("p%d-%d", p, i), Key: fmt.Sprintf("k%d", i%500)}
				if err := e.q.Publish(patient, e.topic, ev); err != nil {
					e.Errorf("publish: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if len(seen) != n {
		e.Errorf("%d of %d events came", len(seen), n)
	}
	s := e.subscribe(e.group)
	e.silent(s)
	e.close(s)
}

// volumeRouter has two Routers share a topic, in batches.
func volumeRouter(e *env) {
	const keys = 100
	n := 10_000 / e.h.Scale / keys * keys
	e.publish(keyed(keys, n/keys)...)
	var mu sync.Mutex
	got := map[string]bool{}
	done := make(chan struct{})
	handle := func(_ context.Context, evs []queue.Event) []error {
		mu.Lock()
		defer mu.Unlock()
		before := len(got)
		for _, ev := range evs {
			got[ev.ID] = true
		}
		if before < n && len(got) == n {
			close(done)
		}
		return nil
	}
	var wg sync.WaitGroup
	for range 2 {
		r := e.router(queue.RouterConfig{BatchSize: 50, Concurrency: 4})
		r.HandleBatch(e.topic, e.group, handle)
		wg.Go(func() { e.runUntil(r, done) })
	}
	wg.Wait()
	if len(got) != n {
		e.Errorf("%d of %d events came", len(got), n)
	}
	s := e.subscribe(e.group)
	e.silent(s)
	e.close(s)
}
