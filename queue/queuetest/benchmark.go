package queuetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/onhand-dev/onhand/queue"
)

// Benchmark measures a queue with events of 256 bytes: publishing and
// acknowledging in batches of 100, and a Router that handles one by one. Of the
// Harness it uses New.
func Benchmark(b *testing.B, h Harness) {
	b.Run("PublishReceiveAck", func(b *testing.B) { benchmarkAck(b, h) })
	b.Run("Router", func(b *testing.B) { benchmarkRouter(b, h) })
}

func benchmarkAck(b *testing.B, h Harness) {
	ctx, q, topic := b.Context(), h.New(b), name()
	s, err := q.Subscribe(ctx, topic, "g1")
	check(b, err)
	for n := 0; n < b.N; n += 100 {
		check(b, q.Publish(ctx, topic, loaded(n, 100)...))
		for left := 100; left > 0; {
			ds, err := s.Receive(ctx, left)
			check(b, err)
			for _, d := range ds {
				check(b, d.Ack(ctx))
			}
			left -= len(ds)
		}
	}
	check(b, s.Close(ctx))
	check(b, q.Close(ctx))
}

func benchmarkRouter(b *testing.B, h Harness) {
	ctx, q, topic := b.Context(), h.New(b), name()
	var n atomic.Int64
	run, stop := context.WithCancel(ctx)
	defer stop()
	r := queue.NewRouter(q, nil)
	r.Handle(topic, "g1", func(context.Context, queue.Event) error {
		if n.Add(1) == int64(b.N) {
			stop()
		}
		return nil
	})
	for i := 0; i < b.N; i += 100 {
		check(b, q.Publish(ctx, topic, loaded(i, min(100, b.N-i))...))
	}
	b.ResetTimer()
	check(b, r.Run(run))
	check(b, q.Close(ctx))
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// loaded returns n events of 256 bytes from the given number on, of 1,000 keys.
func loaded(from, n int) []queue.Event {
	out := make([]queue.Event, n)
	for i := range out {
		out[i] = queue.Event{ID: fmt.Sprint(from + i), Key: fmt.Sprint((from + i) % 1000), Body: make([]byte, 256)}
	}
	return out
}
