package memqueue_test

import (
	"context"
	"fmt"
	"testing"
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
