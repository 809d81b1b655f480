package queue_test

import (
	"context"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// faulty is a memqueue that fails when its hooks say so, and that cannot tell
// how much is waiting.
type faulty struct {
	q       *memqueue.Queue
	publish func(topic string) error
	receive func(topic string) error
	late    time.Duration // how long a Receive takes to hand over what it has
	ack     func(id string) error
	passes  int // how often Browse looks again for what has come meanwhile

	mu  sync.Mutex
	log []string // "publish <topic> <id>", "ack <id>", "nack <id>"
}

func (f *faulty) note(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, s)
}

func (f *faulty) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.log...)
}

func (f *faulty) Publish(ctx context.Context, topic string, events ...queue.Event) error {
	if f.publish != nil {
		if err := f.publish(topic); err != nil {
			return err
		}
	}
	err := f.q.Publish(ctx, topic, events...)
	for _, e := range events {
		f.note("publish " + topic + " " + e.ID)
	}
	return err
}

func (f *faulty) Subscribe(ctx context.Context, topic, group string) (queue.Subscription, error) {
	s, err := f.q.Subscribe(ctx, topic, group)
	return &faultySubscription{s, f, topic}, err
}

func (f *faulty) Browse(ctx context.Context, topic string) iter.Seq2[queue.Delivery, error] {
	return func(yield func(queue.Delivery, error) bool) {
		for range 1 + f.passes {
			for d, err := range f.q.Browse(ctx, topic) {
				if !yield(d, err) {
					return
				}
			}
			time.Sleep(time.Second)
		}
	}
}

func (f *faulty) Close(ctx context.Context) error { return f.q.Close(ctx) }

type faultySubscription struct {
	queue.Subscription
	f     *faulty
	topic string
}

func (s *faultySubscription) Receive(ctx context.Context, limit int) ([]queue.Delivery, error) {
	if s.f.receive != nil {
		if err := s.f.receive(s.topic); err != nil {
			return nil, err
		}
	}
	ds, err := s.Subscription.Receive(ctx, limit)
	time.Sleep(s.f.late)
	for i, d := range ds {
		ds[i].Ack = func(ctx context.Context) error {
			if s.f.ack != nil {
				if err := s.f.ack(d.Event.ID); err != nil {
					return err
				}
			}
			s.f.note("ack " + d.Event.ID)
			return d.Ack(ctx)
		}
		ds[i].Nack = func(ctx context.Context, after time.Duration) error {
			s.f.note("nack " + d.Event.ID)
			return d.Nack(ctx, after)
		}
	}
	return ds, err
}

// telling is a faulty queue that can tell how much is waiting.
type telling struct{ *faulty }

func (q telling) Lag(ctx context.Context, topic, group string) (queue.Lag, error) {
	return q.q.Lag(ctx, topic, group)
}

// bubble runs f in a synctest bubble, where waiting takes no time.
func bubble(t *testing.T, f func(t *testing.T, q *memqueue.Queue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, memqueue.New(nil)) })
}

func publish(t *testing.T, q queue.Publisher, topic string, events ...queue.Event) {
	t.Helper()
	require.NoError(t, q.Publish(t.Context(), topic, events...))
}

// start runs a Router; stop ends it and returns what Run returned.
func start(t *testing.T, r *queue.Router) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-ended
	}
}

func letters(t *testing.T, r *queue.Router, topic, group string) []queue.Letter {
	t.Helper()
	var out []queue.Letter
	for l, err := range r.DeadLetters(topic, group).List(t.Context(), queue.Filter{}) {
		require.NoError(t, err)
		out = append(out, l)
	}
	return out
}

// pass lets time go by in a bubble and everything happen that is due by then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
