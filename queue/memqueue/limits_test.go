package memqueue_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

func subscribe(t *testing.T, q *memqueue.Queue, topic, group string) queue.Subscription {
	t.Helper()
	s, err := q.Subscribe(t.Context(), topic, group)
	require.NoError(t, err)
	return s
}

func receive(t *testing.T, s queue.Subscription, n int) []queue.Delivery {
	t.Helper()
	ds, err := s.Receive(t.Context(), n)
	require.NoError(t, err)
	return ds
}

func TestFullTakesNothingUntilAcknowledged(t *testing.T) {
	q, ctx := memqueue.New(&memqueue.Config{MaxBytes: 10_000}), t.Context()
	s := subscribe(t, q, "t", "g")
	body := make([]byte, 2000)
	for i := range 4 {
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(i), Body: body}))
	}
	require.ErrorIs(t, q.Publish(ctx, "u", queue.Event{ID: "x"}, queue.Event{ID: "y", Body: body}), memqueue.ErrFull)
	l, err := q.Lag(ctx, "u", "g")
	require.NoError(t, err)
	require.Zero(t, l.Waiting, "a refused Publish left something")
	require.NoError(t, receive(t, s, 1)[0].Ack(ctx))
	require.NoError(t, q.Publish(ctx, "u", queue.Event{ID: "x"}, queue.Event{ID: "y", Body: body}), "finished events make room")
}

func TestHistoryIsBounded(t *testing.T) {
	q, ctx := memqueue.New(&memqueue.Config{History: 3}), t.Context()
	first := subscribe(t, q, "t", "g1")
	for i := range 10 {
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(i)}))
	}
	for _, d := range receive(t, first, 8) {
		require.NoError(t, d.Ack(ctx))
	}
	second := subscribe(t, q, "t", "g2")
	var got []string
	for _, d := range receive(t, second, 100) {
		got = append(got, d.Event.ID)
	}
	require.Equal(t, []string{"5", "6", "7", "8", "9"}, got, "three finished ones and what is still waited for")
}

func TestSettlingTwiceIsAnError(t *testing.T) {
	q, ctx := memqueue.New(nil), t.Context()
	s := subscribe(t, q, "t", "g")
	require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: "1"}))
	d := receive(t, s, 1)[0]
	require.NoError(t, d.Nack(ctx, 0))
	require.Error(t, d.Ack(ctx), "it has gone back")
	again := receive(t, s, 1)[0]
	require.Error(t, d.Ack(ctx), "the old delivery must not settle the new one")
	require.NoError(t, again.Ack(ctx))
	require.Error(t, again.Ack(ctx))
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, again.Nack(cancelled, time.Second), context.Canceled)
}

func TestEventsAreCopied(t *testing.T) {
	q, ctx := memqueue.New(nil), t.Context()
	body := []byte("body")
	require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: "1", Body: body}))
	body[0] = 'x'
	for _, group := range []string{"g1", "g2"} {
		d := receive(t, subscribe(t, q, "t", group), 1)[0]
		require.Equal(t, "body", string(d.Event.Body))
		d.Event.Body[0] = 'y'
	}
}

// TestBrowsedEventIsRemovedForAllGroups removes events in every state.
func TestBrowsedEventIsRemovedForAllGroups(t *testing.T) {
	q, ctx := memqueue.New(nil), t.Context()
	a, b := subscribe(t, q, "t", "a"), subscribe(t, q, "t", "b")
	for i := range 4 {
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(i), Key: "k", Time: time.Unix(int64(i), 0)}))
	}
	flying := receive(t, a, 2)
	require.NoError(t, flying[1].Nack(ctx, time.Hour)) // "1" is delayed, "2" and "3" wait behind it
	for d, err := range q.Browse(ctx, "t") {
		require.NoError(t, err)
		if d.Event.ID != "3" {
			require.NoError(t, d.Ack(ctx))
		}
	}
	require.NoError(t, flying[0].Ack(ctx), "what was being handled goes on")
	for _, s := range []queue.Subscription{a, b} {
		ds := receive(t, s, 10)
		require.Len(t, ds, 1)
		require.Equal(t, "3", ds[0].Event.ID)
		require.NoError(t, ds[0].Ack(ctx))
	}
	for _, group := range []string{"a", "b"} {
		l, err := q.Lag(ctx, "t", group)
		require.NoError(t, err)
		require.Equal(t, queue.Lag{Exact: true}, l)
	}
	for range q.Browse(ctx, "t") {
		t.Error("browsed a finished event")
	}
}

// TestReceiveIsToldWhatOthersDo waits for events that become available by what
// happens elsewhere.
func TestReceiveIsToldWhatOthersDo(t *testing.T) {
	k := queue.Event{ID: "2", Key: "k"}
	for name, c := range map[string]func(ctx context.Context, q *memqueue.Queue, a queue.Subscription, first queue.Delivery) error{
		"published": func(ctx context.Context, q *memqueue.Queue, _ queue.Subscription, _ queue.Delivery) error {
			return q.Publish(ctx, "t", queue.Event{ID: "other"})
		},
		"nacked": func(ctx context.Context, _ *memqueue.Queue, _ queue.Subscription, d queue.Delivery) error {
			return d.Nack(ctx, 0)
		},
		"nacked later": func(ctx context.Context, _ *memqueue.Queue, _ queue.Subscription, d queue.Delivery) error {
			return d.Nack(ctx, time.Hour)
		},
		"acked": func(ctx context.Context, _ *memqueue.Queue, _ queue.Subscription, d queue.Delivery) error {
			return d.Ack(ctx)
		},
		"closed": func(ctx context.Context, _ *memqueue.Queue, a queue.Subscription, _ queue.Delivery) error {
			return a.Close(ctx)
		},
		"purged": func(ctx context.Context, q *memqueue.Queue, _ queue.Subscription, d queue.Delivery) error {
			if err := d.Nack(ctx, 1000*time.Hour); err != nil {
				return err
			}
			synctest.Wait()
			for b, err := range q.Browse(ctx, "t") {
				if err != nil {
					return err
				}
				if b.Event.ID == "1" {
					return b.Ack(ctx)
				}
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := memqueue.New(nil)
				a, b := subscribe(t, q, "t", "g"), subscribe(t, q, "t", "g")
				require.NoError(t, q.Publish(t.Context(), "t", queue.Event{ID: "1", Key: "k"}))
				first := receive(t, a, 1)[0]
				got := make(chan error, 1)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				go func() {
					_, err := b.Receive(ctx, 1)
					got <- err
				}()
				synctest.Wait()
				require.NoError(t, q.Publish(t.Context(), "t", k))
				synctest.Wait()
				require.Empty(t, got, "the key is taken")
				require.NoError(t, c(t.Context(), q, a, first))
				require.NoError(t, <-got)
			})
		})
	}
}

// TestPurgeLetsTheOwnerGoOn removes a delayed event in front of one that its own
// consumer may have.
func TestPurgeLetsTheOwnerGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ctx := memqueue.New(nil), t.Context()
		s := subscribe(t, q, "t", "g")
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: "1", Key: "k"}, queue.Event{ID: "2", Key: "k"}))
		require.NoError(t, receive(t, s, 2)[0].Nack(ctx, time.Hour))
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: "3", Key: "k"}))
		got := make(chan string, 1)
		go func() {
			ds, _ := s.Receive(ctx, 1)
			got <- ds[0].Event.ID
		}()
		synctest.Wait()
		require.Empty(t, got)
		for d, err := range q.Browse(ctx, "t") {
			require.NoError(t, err)
			require.NoError(t, d.Ack(ctx))
			break
		}
		synctest.Wait()
		require.Len(t, got, 1)
		require.Equal(t, "3", <-got)
	})
}

// TestOrderBehindTwoDelayed has events set aside while nobody owns their key.
func TestOrderBehindTwoDelayed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, ctx := memqueue.New(nil), t.Context()
		s := subscribe(t, q, "t", "g")
		for i := range 4 {
			require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(i), Key: "k"}))
		}
		ds := receive(t, s, 2)
		require.NoError(t, ds[0].Nack(ctx, time.Second))
		require.NoError(t, ds[1].Nack(ctx, 2*time.Second))
		var got []string
		got = append(got, receive(t, s, 1)[0].Event.ID) // sets 2 and 3 aside
		time.Sleep(2 * time.Second)
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: "4", Key: "k"}))
		for range 4 {
			got = append(got, receive(t, s, 1)[0].Event.ID)
		}
		require.Equal(t, []string{"0", "1", "2", "3", "4"}, got)
	})
}

func TestLag(t *testing.T) {
	q, ctx := memqueue.New(nil), t.Context()
	for i := range 5 {
		require.NoError(t, q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(i), Time: time.Unix(int64(100-i), 0)}))
	}
	l, err := q.Lag(ctx, "t", "g")
	require.NoError(t, err)
	require.Equal(t, queue.Lag{Waiting: 5, Oldest: time.Unix(96, 0), Exact: true}, l)
	ds := receive(t, subscribe(t, q, "t", "g"), 3)
	require.NoError(t, ds[0].Nack(ctx, time.Hour))
	require.NoError(t, ds[1].Ack(ctx))
	l, err = q.Lag(ctx, "t", "g")
	require.NoError(t, err)
	require.Equal(t, queue.Lag{Waiting: 2, Delayed: 1, InFlight: 1, Oldest: time.Unix(96, 0), Exact: true}, l)
}
