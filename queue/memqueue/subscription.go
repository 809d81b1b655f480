package memqueue

import (
	"context"
	"errors"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

var errGone = errors.New("memqueue: the delivery was settled before, or its subscription closed")

// A subscription is one consumer in a group; Queue.mu guards it.
type subscription struct {
	queue  *Queue
	group  *group
	flying map[*item]bool
	aside  map[*lane]bool // own lanes with items set aside
	closed bool
}

// Receive implements queue.Subscription.
func (s *subscription) Receive(ctx context.Context, limit int) ([]queue.Delivery, error) {
	for {
		got, changed, due, err := s.take(ctx, limit)
		if err != nil || len(got) > 0 {
			return got, err
		}
		var timer <-chan time.Time
		if !due.IsZero() {
			timer = time.After(time.Until(due))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changed:
		case <-timer:
		}
	}
}

// take returns what is there or, if nothing is, what to wait for.
func (s *subscription) take(ctx context.Context, limit int) (got []queue.Delivery, changed <-chan struct{}, due time.Time, err error) {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, time.Time{}, err
	}
	if s.closed || s.queue.closed {
		return nil, nil, time.Time{}, queue.ErrClosed
	}
	for _, it := range s.group.take(s, max(limit, 1), time.Now()) {
		got = append(got, s.delivery(it))
	}
	if next := s.group.delayed.peek(); next != nil {
		due = next.due
	}
	return got, s.group.changed, due, nil
}

func (s *subscription) delivery(it *item) queue.Delivery {
	e := it.event.Clone()
	e.Attempt = it.attempt
	attempt := it.attempt
	settle := func(ctx context.Context, how func()) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.queue.mu.Lock()
		defer s.queue.mu.Unlock()
		if s.queue.closed {
			return queue.ErrClosed
		}
		if it.sub != s || it.attempt != attempt {
			return errGone
		}
		how()
		return nil
	}
	return queue.Delivery{
		Event: e,
		Ack: func(ctx context.Context) error {
			return settle(ctx, func() { s.group.ack(it) })
		},
		Nack: func(ctx context.Context, after time.Duration) error {
			return settle(ctx, func() { s.group.nack(it, after, time.Now()) })
		},
	}
}

// oldestAside is the oldest item that was set aside for s and that it may have.
func (s *subscription) oldestAside() *item {
	var best *item
	for ln := range s.aside {
		it := ln.blocked.peek()
		if it != nil && ln.open(it, s) && (best == nil || it.seq < best.seq) {
			best = it
		}
	}
	return best
}

// Close implements queue.Subscription. A second Close does nothing.
func (s *subscription) Close(context.Context) error {
	s.queue.mu.Lock()
	defer s.queue.mu.Unlock()
	if s.closed || s.queue.closed {
		s.closed = true
		return nil
	}
	s.closed = true
	delete(s.group.subs, s)
	for it := range s.flying {
		s.group.nack(it, 0, time.Now())
	}
	s.group.notify()
	return nil
}
