package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// An env is what one test works with.
type env struct {
	*testing.T
	h            Harness
	q            queue.Queue
	topic, group string
}

// patient returns a context that ends when patience does.
func (e *env) patient() context.Context {
	ctx, cancel := context.WithTimeout(e.Context(), e.h.Patience)
	e.Cleanup(cancel)
	return ctx
}

func (e *env) must(err error, doing string) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", doing, err)
	}
}

// publish publishes events to the test's topic in calls of up to 100.
func (e *env) publish(events ...queue.Event) {
	e.Helper()
	for part := range slices.Chunk(events, 100) {
		e.must(e.q.Publish(e.patient(), e.topic, part...), "publish")
	}
}

func (e *env) subscribe(group string) queue.Subscription {
	e.Helper()
	s, err := e.q.Subscribe(e.patient(), e.topic, group)
	e.must(err, "subscribe")
	return s
}

func (e *env) close(s queue.Subscription) {
	e.Helper()
	e.must(s.Close(e.patient()), "close the subscription")
}

// receive returns n deliveries.
func (e *env) receive(s queue.Subscription, n int) []queue.Delivery {
	e.Helper()
	var out []queue.Delivery
	ctx := e.patient()
	for len(out) < n {
		got, err := s.Receive(ctx, n-len(out))
		if err != nil {
			e.Fatalf("receive: %v, after %d of %d events", err, len(out), n)
		}
		if len(got) == 0 || len(got) > n-len(out) {
			e.Fatalf("receive of up to %d returned %d events and no error", n-len(out), len(got))
		}
		out = append(out, got...)
	}
	return out
}

// silent checks that nothing more comes.
func (e *env) silent(s queue.Subscription) {
	e.Helper()
	ctx, cancel := context.WithTimeout(e.Context(), e.h.Silence)
	defer cancel()
	got, err := s.Receive(ctx, 10)
	if len(got) > 0 {
		e.Fatalf("received %q, expected nothing more", ids(got))
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		e.Fatalf("receive: %v, expected the context's error", err)
	}
}

func (e *env) ack(ds ...queue.Delivery) {
	e.Helper()
	for _, d := range ds {
		e.must(d.Ack(e.patient()), "ack "+d.Event.ID)
	}
}

func (e *env) nack(d queue.Delivery, after time.Duration) {
	e.Helper()
	e.must(d.Nack(e.patient(), after), "nack "+d.Event.ID)
}

// router returns a Router that loses no time between attempts.
func (e *env) router(cfg queue.RouterConfig) *queue.Router {
	if cfg.Backoff == nil {
		cfg.Backoff = func(int) time.Duration { return 10 * time.Millisecond }
	}
	cfg.Idle = e.h.Silence
	return queue.NewRouter(e.q, &cfg)
}

// runUntil runs a Router until done is closed, and waits for its end.
func (e *env) runUntil(r *queue.Router, done <-chan struct{}) {
	e.Helper()
	ctx, cancel := context.WithCancel(e.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	select {
	case <-done:
	case err := <-ended:
		ended <- err
	case <-e.patient().Done():
		e.Errorf("the router has not done what it should: %+v", r.Stats())
	}
	cancel()
	e.must(<-ended, "run")
}

func ids(ds []queue.Delivery) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.Event.ID
	}
	return out
}

// some returns n events without a key.
func some(n int) []queue.Event {
	out := make([]queue.Event, n)
	for i := range out {
		out[i] = queue.Event{ID: fmt.Sprintf("e%05d", i)}
	}
	return out
}
