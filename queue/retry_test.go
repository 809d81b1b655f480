package queue_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

var errOops = errors.New("oops")

func TestRetriesAfterOneTwoFourEightSeconds(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var at []time.Time
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			at = append(at, time.Now())
			return errOops
		})
		publish(t, q, "t", queue.Event{ID: "1", Key: "k"})
		require.NoError(t, r.Drain(t.Context()))
		require.Len(t, at, 5)
		for i, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
			assert.InDelta(t, want, at[i+1].Sub(at[i]), float64(want)/5+1e6, "wait %d", i+1)
		}
		require.Len(t, letters(t, r, "t", "g"), 1)
		s := r.Stats()[0]
		assert.Equal(t, []int64{4, 1, 0}, []int64{s.Retried, s.Dead, s.Handled})
	})
}

func TestWaitsAsLongAsTheServerAsks(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var at []time.Time
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			if at = append(at, time.Now()); len(at) == 1 {
				return queue.RetryAfter(errOops, 30*time.Second)
			}
			return nil
		})
		publish(t, q, "t", queue.Event{ID: "1"})
		require.NoError(t, r.Drain(t.Context()))
		assert.GreaterOrEqual(t, at[1].Sub(at[0]), 30*time.Second)
		assert.LessOrEqual(t, at[1].Sub(at[0]), 33*time.Second)
	})
}

func TestPermanentErrorDiesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		began := time.Now()
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", queue.ByMerchant(func(m string) (queue.Handler, error) {
			switch m {
			case "known":
				return func(context.Context, queue.Event) error { return nil }, nil
			case "nil":
				return nil, nil
			}
			return nil, queue.Permanent(errors.New("unknown merchant"))
		}))
		publish(t, q, "t", queue.Event{ID: "1", Merchant: "known"}, queue.Event{ID: "2"}, queue.Event{ID: "3", Merchant: "nil"})
		require.NoError(t, r.Drain(t.Context()))
		assert.Zero(t, time.Since(began))
		ls := letters(t, r, "t", "g")
		require.Len(t, ls, 2)
		for _, l := range ls {
			assert.Equal(t, queue.ReasonPermanent, l.Reason)
			assert.Equal(t, 1, l.Attempts)
		}
	})
}

func TestOnlyTheKeyUnderRetryWaits(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		began := time.Now()
		done := map[string]time.Duration{}
		failed := false
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1})
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			if e.ID == "a1" && !failed {
				failed = true
				return queue.RetryAfter(errOops, time.Minute)
			}
			done[e.ID] = time.Since(began)
			return nil
		})
		publish(t, q, "t", queue.Event{ID: "a1", Key: "a"}, queue.Event{ID: "a2", Key: "a"}, queue.Event{ID: "b1", Key: "b"},
			queue.Event{ID: "c"}, queue.Event{ID: "a3", Key: "a"})
		require.NoError(t, r.Drain(t.Context()))
		assert.Zero(t, done["b1"])
		assert.Zero(t, done["c"])
		for _, id := range []string{"a1", "a2", "a3"} {
			assert.GreaterOrEqual(t, done[id], time.Minute, id)
		}
	})
}

func TestWindowBoundsWhatIsHeldBack(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var handled atomic.Int64
		broken := true
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1, Window: 5, Backoff: func(int) time.Duration { return time.Minute }})
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			if e.Key == "bad" && broken {
				broken = false
				return errOops
			}
			handled.Add(1)
			return nil
		})
		for i := range 20 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprintf("bad%02d", i), Key: "bad"})
		}
		publish(t, q, "t", queue.Event{ID: "good"})
		stop := start(t, r)
		s := r.Stats()[0]
		assert.Equal(t, 5, s.HeldBack, "%+v", s)
		assert.EqualValues(t, 5, s.Received)
		assert.Zero(t, handled.Load(), "at the bound nothing more is received")
		pass(2 * time.Minute)
		assert.EqualValues(t, 21, handled.Load())
		require.NoError(t, stop())
	})
}

func TestPanicIsAnError(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var log bytes.Buffer
		r := queue.NewRouter(q, &queue.RouterConfig{MaxAttempts: 2, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			if e.ID == "exit" {
				runtime.Goexit()
			}
			panic("at the disco")
		})
		publish(t, q, "t", queue.Event{ID: "panic", TraceID: "trace-1"}, queue.Event{ID: "exit"})
		require.NoError(t, r.Drain(t.Context()))
		ls := letters(t, r, "t", "g")
		require.Len(t, ls, 2)
		for _, l := range ls {
			assert.Equal(t, queue.ReasonPanic, l.Reason)
			assert.Equal(t, 2, l.Attempts)
			if l.Event.ID == "panic" {
				assert.Equal(t, "handler panicked: at the disco", l.Error)
			}
		}
		assert.EqualValues(t, 2, r.Stats()[0].Panics)
		assert.Equal(t, 4, strings.Count(log.String(), "trace_id=trace-1"), "two panics, a retry and a dead letter")
		assert.Contains(t, log.String(), "retry_test.go", "the log has no stack")
	})
}

func TestTimeoutCancelsTheHandler(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, &queue.RouterConfig{Timeout: 3 * time.Second, MaxAttempts: 1})
		r.Handle("t", "g", func(ctx context.Context, e queue.Event) error {
			<-ctx.Done()
			if e.ID == "late" {
				return nil // what was done is done
			}
			return ctx.Err()
		})
		publish(t, q, "t", queue.Event{ID: "slow"}, queue.Event{ID: "late"})
		began := time.Now()
		require.NoError(t, r.Drain(t.Context()))
		assert.Equal(t, 3*time.Second, time.Since(began))
		ls := letters(t, r, "t", "g")
		require.Len(t, ls, 1)
		assert.Equal(t, queue.ReasonTimeout, ls[0].Reason)
		assert.Contains(t, ls[0].Error, "handler exceeded 3s")
	})
}

func TestTooManyDeliveriesDieUntried(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		publish(t, q, "t", queue.Event{ID: "killer"})
		for range 3 { // three processes took it and ended
			s, err := q.Subscribe(t.Context(), "t", "g")
			require.NoError(t, err)
			_, err = s.Receive(t.Context(), 1)
			require.NoError(t, err)
			require.NoError(t, s.Close(t.Context()))
		}
		r := queue.NewRouter(q, &queue.RouterConfig{MaxDeliveries: 3})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			t.Error("handled")
			return nil
		})
		require.NoError(t, r.Drain(t.Context()))
		ls := letters(t, r, "t", "g")
		require.Len(t, ls, 1)
		assert.Equal(t, queue.ReasonDeliveries, ls[0].Reason)
		assert.Zero(t, ls[0].Attempts)
	})
}

func TestBreakerPausesAndProbes(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var up atomic.Bool
		var calls, handled atomic.Int64
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1, BreakerFailures: 3, BreakerPause: 10 * time.Second, MaxAttempts: 1})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			calls.Add(1)
			if !up.Load() {
				return queue.Unavailable(errOops)
			}
			handled.Add(1)
			return nil
		})
		for i := range 10 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint(i)})
		}
		stop := start(t, r)
		assert.EqualValues(t, 3, calls.Load(), "three failures open the breaker")
		assert.True(t, r.Stats()[0].Paused)
		pass(9 * time.Second)
		assert.EqualValues(t, 3, calls.Load(), "an open breaker lets nothing through")
		pass(2 * time.Second)
		assert.EqualValues(t, 4, calls.Load(), "one probe after the pause")
		pass(10 * time.Second)
		assert.EqualValues(t, 5, calls.Load(), "another one after the next pause")
		up.Store(true)
		pass(20 * time.Second)
		s := r.Stats()[0]
		assert.EqualValues(t, 10, handled.Load())
		assert.False(t, s.Paused)
		assert.EqualValues(t, 3, s.Pauses)
		assert.EqualValues(t, 5, s.Unavailable)
		assert.Zero(t, s.Dead, "a dependency that is down costs no attempt")
		require.NoError(t, stop())
	})
}

func TestOutagesLeaveAllAttempts(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		calls := 0
		r := queue.NewRouter(q, &queue.RouterConfig{MaxAttempts: 2})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			if calls++; calls <= 3 {
				return queue.Unavailable(errOops)
			}
			return errOops
		})
		publish(t, q, "t", queue.Event{ID: "1"})
		require.NoError(t, r.Drain(t.Context()))
		assert.Equal(t, 5, calls)
		assert.Equal(t, 2, letters(t, r, "t", "g")[0].Attempts)
	})
}

func TestProbeReceivesOne(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 10, BreakerFailures: 1, BreakerPause: time.Second})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			return queue.RetryAfter(queue.Unavailable(errOops), time.Minute)
		})
		for i := range 50 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint(i)})
		}
		stop := start(t, r)
		assert.EqualValues(t, 10, r.Stats()[0].Received)
		pass(1500 * time.Millisecond)
		assert.EqualValues(t, 11, r.Stats()[0].Received)
		require.NoError(t, stop())
	})
}

// TestOneMerchantDownStopsNoOther has every second event find its own
// dependency down: that never makes several failures in a row.
func TestOneMerchantDownStopsNoOther(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1})
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			if e.Merchant == "down" && e.Time.After(time.Now()) {
				return queue.Unavailable(errOops)
			}
			return nil
		})
		up := time.Now().Add(time.Minute)
		for i := range 50 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint("u", i)}, queue.Event{ID: fmt.Sprint("d", i), Merchant: "down", Key: "down", Time: up})
		}
		stop := start(t, r)
		synctest.Wait()
		assert.EqualValues(t, 50, r.Stats()[0].Handled)
		pass(2 * time.Minute)
		assert.EqualValues(t, 100, r.Stats()[0].Handled)
		require.NoError(t, stop())
	})
}
