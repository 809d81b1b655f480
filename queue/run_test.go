package queue_test

import (
	"context"
	"errors"
	"fmt"
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

func nothing(context.Context, queue.Event) error { return nil }

func TestRunRefusesWhatCannotWork(t *testing.T) {
	q := memqueue.New(nil)
	for want, register := range map[string]func(r *queue.Router){
		"call Handle before Run": func(*queue.Router) {},
		"no such topic":          func(r *queue.Router) { r.Handle("", "g", nothing) },
		"is nil":                 func(r *queue.Router) { r.Handle("t", "g", nil) },
		"has two handlers": func(r *queue.Router) {
			r.Handle("t", "g", nothing)
			r.HandleBatch("t", "g", func(context.Context, []queue.Event) []error { return nil })
		},
	} {
		r := queue.NewRouter(q, nil)
		register(r)
		assert.ErrorContains(t, r.Run(t.Context()), want)
	}
	require.NoError(t, q.Close(t.Context()))
	r := queue.NewRouter(q, nil)
	r.Handle("t", "g", nothing)
	assert.ErrorIs(t, r.Run(t.Context()), queue.ErrClosed)
}

func TestRunFinishesWhatHasBegun(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m}
		var finished, cancelled atomic.Int64
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 2})
		r.Handle("t", "g", func(ctx context.Context, e queue.Event) error {
			select {
			case <-time.After(10 * time.Second):
				finished.Add(1)
			case <-ctx.Done():
				cancelled.Add(1)
			}
			return ctx.Err()
		})
		publish(t, m, "t", queue.Event{ID: "1", Key: "a"}, queue.Event{ID: "2", Key: "a"}, queue.Event{ID: "3", Key: "b"})
		stop := start(t, r)
		assert.Equal(t, 2, r.Stats()[0].InFlight)
		began := time.Now()
		require.NoError(t, stop())
		assert.Equal(t, 10*time.Second, time.Since(began))
		assert.EqualValues(t, 2, finished.Load())
		assert.Zero(t, cancelled.Load(), "the end of Run's context reached a handler")
		assert.ElementsMatch(t, []string{"nack 2", "ack 1", "ack 3"}, q.lines())

		var again []string
		r = queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1})
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			again = append(again, e.ID)
			return nil
		})
		require.NoError(t, drainSoon(t, r))
		assert.Equal(t, []string{"2"}, again)
	})
}

func drainSoon(t *testing.T, r *queue.Router) error {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	return r.Drain(ctx)
}

func TestRunGivesRetriesBack(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error { return queue.RetryAfter(errOops, time.Minute) })
		publish(t, q, "t", queue.Event{ID: "1", Key: "k"}, queue.Event{ID: "2", Key: "k"})
		stop := start(t, r)
		began := time.Now()
		require.NoError(t, stop())
		assert.Zero(t, time.Since(began), "shutdown waits for no retry")
		l, err := q.Lag(t.Context(), "t", "g")
		require.NoError(t, err)
		assert.Equal(t, queue.Lag{Waiting: 2, Exact: true}, l)
	})
}

func TestRunCancelsWhatTakesTooLong(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, &queue.RouterConfig{DrainTimeout: 5 * time.Second, Timeout: time.Hour})
		r.Handle("t", "g", func(ctx context.Context, e queue.Event) error {
			<-ctx.Done()
			return fmt.Errorf("interrupted: %w", ctx.Err())
		})
		publish(t, q, "t", queue.Event{ID: "1"})
		stop := start(t, r)
		began := time.Now()
		require.NoError(t, stop(), "what obeys its context is given back in order")
		assert.Equal(t, 5*time.Second, time.Since(began))
		l, err := q.Lag(t.Context(), "t", "g")
		require.NoError(t, err)
		assert.Equal(t, 1, l.Waiting)
		assert.Zero(t, r.Stats()[0].Retried, "an interruption costs no attempt")
	})
}

func TestRunLeavesHandlersThatIgnoreTheirContext(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		release := make(chan struct{})
		r := queue.NewRouter(q, &queue.RouterConfig{DrainTimeout: 5 * time.Second})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			<-release
			return nil
		})
		publish(t, q, "t", queue.Event{ID: "1"})
		stop := start(t, r)
		began := time.Now()
		err := stop()
		assert.Equal(t, 7*time.Second, time.Since(began))
		var left *queue.LeftError
		require.ErrorAs(t, err, &left)
		require.Len(t, left.Left, 1)
		assert.Equal(t, 1, left.Left[0].InFlight)
		assert.ErrorContains(t, err, "t/g: 1 in flight")
		close(release)
		synctest.Wait()
		l, err := q.Lag(t.Context(), "t", "g")
		require.NoError(t, err)
		assert.Equal(t, 1, l.Waiting, "what was left comes back")
	})
}

func TestRunOutlastsTroubleWithTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		var receives, acks atomic.Int64
		var handled atomic.Int64
		q := &faulty{q: m}
		q.receive = func(string) error {
			if receives.Add(1) <= 3 {
				return errors.New("connection refused")
			}
			return nil
		}
		q.ack = func(string) error {
			if acks.Add(1) == 1 {
				return errors.New("connection reset")
			}
			return nil
		}
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			handled.Add(1)
			return nil
		})
		publish(t, m, "t", queue.Event{ID: "1"})
		stop := start(t, r)
		pass(time.Minute)
		assert.EqualValues(t, 1, handled.Load())
		s := r.Stats()[0]
		assert.EqualValues(t, 4, s.QueueErrors, "three receives and an acknowledgement")
		assert.Zero(t, s.Handled)
		require.NoError(t, stop())
		require.NoError(t, drainSoon(t, r))
		assert.EqualValues(t, 2, handled.Load(), "what could not be acknowledged comes again")
		assert.EqualValues(t, 1, r.Stats()[0].Handled)
		assert.EqualValues(t, 1, r.Stats()[0].Redelivered)
	})
}

func TestRunEndsWhenTheQueueIsClosed(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", nothing)
		r.Handle("u", "g", nothing)
		ended := make(chan error, 1)
		go func() { ended <- r.Run(t.Context()) }()
		synctest.Wait()
		assert.ErrorContains(t, r.Run(t.Context()), "running already")
		require.NoError(t, q.Close(t.Context()))
		assert.ErrorIs(t, <-ended, queue.ErrClosed)
	})
}

// TestNothingDiesUnrecorded has the queue refuse dead letters for a while.
func TestNothingDiesUnrecorded(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m}
		refused := 0
		q.publish = func(topic string) error {
			if strings.Contains(topic, ".dead.") {
				if refused++; refused <= 3 {
					return errors.New("broker is full")
				}
			}
			return nil
		}
		calls := 0
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			if e.ID == "bad" {
				calls++
				return queue.Permanent(errOops)
			}
			return nil
		})
		publish(t, m, "t", queue.Event{ID: "bad", Key: "k"}, queue.Event{ID: "next", Key: "k"}, queue.Event{ID: "other"})
		require.NoError(t, drainSoon(t, r))
		assert.Equal(t, 1, calls, "the handler is not called again while the letter is stuck")
		assert.Equal(t, []string{"ack other", "publish t.dead.g bad", "ack bad", "ack next"}, q.lines())
		assert.EqualValues(t, 3, r.Stats()[0].QueueErrors)
	})
}

func TestNothingDiesUnrecordedAtShutdown(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m, publish: func(string) error { return errors.New("broker is full") }}
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error { return queue.Permanent(errOops) })
		publish(t, m, "t", queue.Event{ID: "bad"})
		stop := start(t, r)
		pass(time.Minute)
		require.NoError(t, stop())
		assert.Equal(t, []string{"nack bad"}, q.lines())
	})
}

func TestDrainOfAQueueThatCannotTell(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m}
		handled := 0
		r := queue.NewRouter(q, &queue.RouterConfig{Idle: 2 * time.Second})
		r.Handle("t", "g", func(ctx context.Context, e queue.Event) error {
			if e.Attempt < 3 {
				return errOops
			}
			time.Sleep(5 * time.Second) // longer than Idle
			return q.Publish(ctx, "u", e)
		})
		r.Handle("u", "g", func(context.Context, queue.Event) error {
			handled++
			return nil
		})
		publish(t, m, "t", queue.Event{ID: "1"})
		require.NoError(t, drainSoon(t, r))
		assert.Equal(t, 1, handled)
		require.NoError(t, drainSoon(t, r), "an empty queue drains, too")
	})
}

func TestDrainOfAQueueThatCanTellWaitsForNothing(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, nil)
		for i := range 5 {
			r.Handle(fmt.Sprint("t", i), "g", func(ctx context.Context, e queue.Event) error {
				return q.Publish(ctx, fmt.Sprint("t", i+1), e)
			})
		}
		publish(t, q, "t0", queue.Event{ID: "1"})
		began := time.Now()
		require.NoError(t, drainSoon(t, r))
		assert.Zero(t, time.Since(began))
		assert.EqualValues(t, 1, r.Stats()[4].Handled)
	})
}

// TestDrainSeesWhatHandlersPublish has a topic be found empty while the handler
// that is about to publish to it works.
func TestDrainSeesWhatHandlersPublish(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := telling{&faulty{q: m, receive: func(topic string) error {
			if topic == "u" {
				time.Sleep(10 * time.Second)
			}
			return nil
		}}}
		var handled atomic.Int64
		r := queue.NewRouter(q, &queue.RouterConfig{Idle: time.Minute})
		r.Handle("t", "g", func(ctx context.Context, e queue.Event) error {
			time.Sleep(time.Second)
			if err := q.Publish(ctx, "other", e); err != nil {
				return err
			}
			time.Sleep(4 * time.Second)
			return q.Publish(ctx, "u", e)
		})
		r.Handle("other", "g", nothing)
		r.Handle("u", "g", func(context.Context, queue.Event) error {
			handled.Add(1)
			return nil
		})
		publish(t, m, "t", queue.Event{ID: "1"})
		require.NoError(t, drainSoon(t, r))
		assert.EqualValues(t, 1, handled.Load())
	})
}

// TestRunGivesBackWhatArrivesLate ends Run while a Receive has events in hand.
func TestRunGivesBackWhatArrivesLate(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m, late: time.Second}
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			t.Error("handled after the end")
			return nil
		})
		publish(t, m, "t", queue.Event{ID: "1"}, queue.Event{ID: "2"})
		require.NoError(t, start(t, r)())
		assert.Equal(t, []string{"nack 2", "nack 1"}, q.lines())
	})
}

func TestDrainSaysWhatIsLeft(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error { return queue.RetryAfter(errOops, 10*time.Minute) })
		publish(t, q, "t", queue.Event{ID: "1", Key: "k"}, queue.Event{ID: "2", Key: "k"}, queue.Event{ID: "3"})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := r.Drain(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var left *queue.LeftError
		require.ErrorAs(t, err, &left)
		require.Len(t, left.Left, 1)
		assert.Equal(t, 3, left.Left[0].HeldBack)
		assert.ErrorContains(t, err, "t/g: 0 in flight, 0 waiting, 3 held back")
	})
}

// TestReplayDoesNotChaseItsOwnTail replays while the Router kills again, from a
// queue whose Browse yields what comes meanwhile.
func TestReplayDoesNotChaseItsOwnTail(t *testing.T) {
	bubble(t, func(t *testing.T, m *memqueue.Queue) {
		q := &faulty{q: m, passes: 3}
		r := queue.NewRouter(q, nil)
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			time.Sleep(time.Millisecond)
			return queue.Permanent(errOops)
		})
		for i := range 300 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint(i)})
		}
		stop := start(t, r)
		pass(time.Second)
		done, err := r.DeadLetters("t", "g").Replay(t.Context(), queue.Filter{})
		require.NoError(t, err)
		assert.Equal(t, queue.Replayed{Sent: 300}, done)
		pass(time.Second)
		q.passes = 0
		assert.Equal(t, 300, len(letters(t, r, "t", "g")), "they died again, each once")
		require.NoError(t, stop())
		_, err = r.DeadLetters("", "g").Purge(t.Context(), queue.Filter{})
		require.ErrorIs(t, err, queue.ErrNoTopic)
	})
}

func TestConcurrencyIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var now, most atomic.Int64
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 7})
		r.Handle("t", "g", func(context.Context, queue.Event) error {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return nil
		})
		for i := range 70 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint(i), Key: fmt.Sprint(i)})
		}
		began := time.Now()
		require.NoError(t, drainSoon(t, r))
		assert.EqualValues(t, 7, most.Load())
		assert.Equal(t, 10*time.Second, time.Since(began))
	})
}

// TestConcurrencyIsBoundedForBatches has batches of one, because events trickle in.
func TestConcurrencyIsBoundedForBatches(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var calls atomic.Int64
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 2, BatchSize: 8})
		r.HandleBatch("t", "g", func(context.Context, []queue.Event) []error {
			calls.Add(1)
			time.Sleep(time.Second)
			return nil
		})
		stop := start(t, r)
		for i := range 10 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprint(i)})
			synctest.Wait()
		}
		assert.EqualValues(t, 2, calls.Load())
		pass(1500 * time.Millisecond)
		assert.EqualValues(t, 3, calls.Load(), "the other eight in one batch")
		require.NoError(t, stop())
	})
}
