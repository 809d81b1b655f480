package redisqueue_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

func name() string { return "t-" + rand.Text()[:10] }

// receive returns the next n deliveries.
func receive(t *testing.T, s queue.Subscription, n int) []queue.Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []queue.Delivery
	for len(out) < n {
		got, err := s.Receive(ctx, n-len(out))
		require.NoError(t, err, "after %d of %d", len(out), n)
		out = append(out, got...)
	}
	return out
}

// silent checks that nothing comes for d.
func silent(t *testing.T, s queue.Subscription, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	got, err := s.Receive(ctx, 10)
	require.Empty(t, got)
	require.Error(t, err)
}

func ids(ds []queue.Delivery) []string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = d.Event.ID
	}
	return out
}

func some(from, n int) []queue.Event {
	out := make([]queue.Event, n)
	for i := range out {
		out[i] = queue.Event{ID: fmt.Sprintf("%04d", from+i), Key: "k"}
	}
	return out
}

// both runs a test with one subscription active and with all.
func both(t *testing.T, test func(t *testing.T, url string, cfg redisqueue.Config)) {
	t.Parallel()
	for mode, competing := range map[string]bool{"single": false, "competing": true} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			test(t, server(t), redisqueue.Config{Competing: competing, Lease: time.Second})
		})
	}
}

// TestWhatADeadConsumerHadIsTakenOver: its process ends without a word, with
// events received and read ahead; the next one gets them within its lease, in
// order, and before what is new.
func TestWhatADeadConsumerHadIsTakenOver(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		dead, cable := wired(t, url, cfg)
		topic := name()
		s := subscribe(t, dead, topic, "g")
		publish(t, dead, topic, some(0, 10)...)
		first := receive(t, s, 3)
		require.NoError(t, first[0].Ack(t.Context()))
		cable.set(true)

		q := open(t, url, cfg)
		publish(t, q, topic, some(10, 5)...)
		next := subscribe(t, q, topic, "g")
		got := receive(t, next, 14)
		attempts := map[string]int{}
		for _, d := range got {
			attempts[d.Event.ID] = d.Event.Attempt
			require.NoError(t, d.Ack(t.Context()))
		}
		assert.Len(t, attempts, 14)
		assert.Equal(t, 2, attempts["0001"])
		assert.Equal(t, 2, attempts["0002"])
		assert.Equal(t, 1, attempts["0010"])
		if !cfg.Competing {
			assert.IsIncreasing(t, ids(got))
		}
		n, err := plain(t, url).XLen(t.Context(), prefix+"{"+topic+"}").Result()
		require.NoError(t, err)
		assert.Zero(t, n)
		consumers, err := plain(t, url).XInfoConsumers(t.Context(), prefix+"{"+topic+"}", "g").Result()
		require.NoError(t, err)
		assert.LessOrEqual(t, len(consumers), 1, "the dead one has gone")
	})
}

// TestNothingIsTakenFromTheLiving: a handler works for several leases.
func TestNothingIsTakenFromTheLiving(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		a, b, topic := open(t, url, cfg), open(t, url, cfg), name()
		slow, other := subscribe(t, a, topic, "g"), subscribe(t, b, topic, "g")
		publish(t, a, topic, some(0, 1)...)
		d := receive(t, slow, 1)[0]
		silent(t, other, 3500*time.Millisecond)
		require.NoError(t, d.Ack(t.Context()))
		silent(t, other, 1500*time.Millisecond)
	})
}

// TestASleeperDeliversNothing: a process was stopped, the group has gone to
// another, and what the sleeper has read ahead is not its any more.
func TestASleeperDeliversNothing(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		a, cable := wired(t, url, cfg)
		b, topic := open(t, url, cfg), name()
		publish(t, b, topic, some(0, 10)...)
		sleeper := subscribe(t, a, topic, "g")
		had := receive(t, sleeper, 2)
		require.NoError(t, had[0].Nack(t.Context(), 0)) // it is ready here again
		cable.set(true)
		s := subscribe(t, b, topic, "g")
		got := receive(t, s, 10)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := sleeper.Receive(ctx, 10)
		require.ErrorIs(t, err, redisqueue.ErrDisconnected)
		cable.set(false)
		silent(t, sleeper, 1500*time.Millisecond)
		for _, d := range got {
			require.NoError(t, d.Ack(t.Context()))
		}
		require.NoError(t, had[1].Ack(t.Context()), "it was handled twice, and both say so")
		if !cfg.Competing {
			require.NoError(t, s.Close(t.Context()))
		}
		publish(t, b, topic, some(10, 1)...)
		if !cfg.Competing {
			require.Equal(t, []string{"0010"}, ids(receive(t, sleeper, 1)))
		}
	})
}

// TestACrashLoopCountsWhatWasDelivered: an event ends its process each time. It
// is known by its attempts, and those that were only read ahead are not blamed.
func TestACrashLoopCountsWhatWasDelivered(t *testing.T) {
	t.Parallel()
	url, cfg := server(t), redisqueue.Config{Lease: time.Second}
	topic, q := name(), open(t, url, cfg)
	publish(t, q, topic, some(0, 20)...)
	for want := 1; want <= 4; want++ {
		dies, cable := wired(t, url, cfg)
		d := receive(t, subscribe(t, dies, topic, "g"), 1)[0]
		require.Equal(t, "0000", d.Event.ID)
		require.Equal(t, want, d.Event.Attempt)
		cable.set(true)
	}
	for _, d := range receive(t, subscribe(t, q, topic, "g"), 20) {
		if d.Event.ID == "0000" {
			assert.Equal(t, 5, d.Event.Attempt)
		} else {
			assert.LessOrEqual(t, d.Event.Attempt, 2)
		}
	}
}

// TestWhatWasReadAheadIsNotDelivered: closed in order, it was never out.
func TestWhatWasReadAheadIsNotDelivered(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		topic, q := name(), open(t, url, cfg)
		publish(t, q, topic, some(0, 5)...)
		for range 3 {
			s := subscribe(t, q, topic, "g")
			d := receive(t, s, 1)[0]
			require.Equal(t, "0000", d.Event.ID)
			require.NoError(t, s.Close(t.Context()))
		}
		for _, d := range receive(t, subscribe(t, q, topic, "g"), 5) {
			want := 1
			if d.Event.ID == "0000" {
				want = 4
			}
			assert.Equal(t, want, d.Event.Attempt, d.Event.ID)
		}
	})
}

// TestADelayOutlivesTheProcess: what was nacked comes when its time has come,
// also elsewhere, and what is behind it with its key waits there, too.
func TestADelayOutlivesTheProcess(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		topic, a := name(), open(t, url, cfg)
		publish(t, a, topic, some(0, 3)...)
		s := subscribe(t, a, topic, "g")
		began := time.Now()
		require.NoError(t, receive(t, s, 1)[0].Nack(t.Context(), 3*time.Second))
		require.NoError(t, a.Close(t.Context()))

		b := open(t, url, cfg)
		publish(t, b, topic, queue.Event{ID: "other"})
		s = subscribe(t, b, topic, "g")
		d := receive(t, s, 1)[0]
		require.Equal(t, "other", d.Event.ID)
		require.NoError(t, d.Ack(t.Context()))
		l, err := b.Lag(t.Context(), topic, "g")
		require.NoError(t, err)
		assert.Equal(t, 1, l.Delayed)
		got := receive(t, s, 3)
		assert.GreaterOrEqual(t, time.Since(began), 3*time.Second)
		assert.Equal(t, []string{"0000", "0001", "0002"}, ids(got))
		assert.Equal(t, 2, got[0].Event.Attempt)
	})
}

// TestWhatCannotBeAcknowledgedIsLater: the server is away for longer than an
// Ack waits. The event is handled, so it does not come again here.
func TestWhatCannotBeAcknowledgedIsLater(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		cfg.Timeout = 300 * time.Millisecond
		q, cable := wired(t, url, cfg)
		topic := name()
		publish(t, q, topic, some(0, 2)...)
		s := subscribe(t, q, topic, "g")
		d := receive(t, s, 1)[0]
		cable.set(true)
		require.ErrorIs(t, d.Ack(t.Context()), redisqueue.ErrDisconnected)
		err := q.Publish(t.Context(), topic, some(2, 1)...)
		require.ErrorIs(t, err, redisqueue.ErrDisconnected)
		var steers interface{ Unavailable() bool }
		require.ErrorAs(t, err, &steers)
		cable.set(false)
		require.Equal(t, []string{"0001"}, ids(receive(t, s, 1)))
		silent(t, s, 2*time.Second)
		n, err := plain(t, url).XLen(t.Context(), prefix+"{"+topic+"}").Result()
		require.NoError(t, err)
		assert.EqualValues(t, 1, n)
	})
}

// TestAGroupThatIsLostIsMadeAgain: a server without a file has been restarted.
func TestAGroupThatIsLostIsMadeAgain(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		q, topic := open(t, url, cfg), name()
		s := subscribe(t, q, topic, "g")
		publish(t, q, topic, some(0, 3)...)
		for _, d := range receive(t, s, 3) {
			require.NoError(t, d.Ack(t.Context()))
		}
		require.NoError(t, plain(t, url).Del(t.Context(), prefix+"{"+topic+"}").Err())
		publish(t, q, topic, some(3, 2)...)
		require.Equal(t, []string{"0003", "0004"}, ids(receive(t, s, 2)))
	})
}

// TestNewsThatNobodyTells: another program appends, and tells nobody.
func TestNewsThatNobodyTells(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		q, topic := open(t, url, cfg), name()
		s := subscribe(t, q, topic, "g")
		silent(t, s, 300*time.Millisecond)
		e, err := queue.Marshal(queue.Event{ID: "x"})
		require.NoError(t, err)
		require.NoError(t, plain(t, url).XAdd(t.Context(), &redis.XAddArgs{
			Stream: prefix + "{" + topic + "}", Values: []any{"event", e},
		}).Err())
		require.Equal(t, []string{"x"}, ids(receive(t, s, 1)))
	})
}
