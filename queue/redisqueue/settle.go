package redisqueue

import (
	"context"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// An ackBatch is acknowledgements that go to the server together: those that
// come while an earlier batch is under way.
type ackBatch struct {
	items []*item
	done  chan struct{} // closed when err is set
	err   error
}

// ackCount is how many acknowledgements one script call has at most.
const ackCount = 500

func (s *subscription) delivery(it *item) queue.Delivery {
	e := it.event.Clone()
	e.Attempt = it.attempt
	attempt := it.attempt
	begin := func(ctx context.Context) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.closed:
			return queue.ErrClosed
		case it.state != flying || it.attempt != attempt:
			return errGone
		}
		return nil
	}
	return queue.Delivery{
		Event: e,
		Ack: func(ctx context.Context) error {
			s.mu.Lock()
			if err := begin(ctx); err != nil {
				s.mu.Unlock()
				return err
			}
			b := s.ack(it)
			s.mu.Unlock()
			select {
			case <-b.done:
				return b.err
			case <-ctx.Done():
				return ctx.Err()
			}
		},
		Nack: func(ctx context.Context, after time.Duration) error {
			s.mu.Lock()
			if err := begin(ctx); err != nil {
				s.mu.Unlock()
				return err
			}
			s.in.nack(it, after, time.Now())
			keep := it.state == delayed
			s.notify()
			s.mu.Unlock()
			if keep {
				s.delay(ctx, it.id, after)
			}
			return nil
		},
	}
}

// ack adds an item to the batch that gathers.
func (s *subscription) ack(it *item) *ackBatch {
	it.state = settling
	if s.acks == nil {
		s.acks = &ackBatch{done: make(chan struct{})}
	}
	b := s.acks
	b.items = append(b.items, it)
	if !s.flush {
		s.flush = true
		s.acking.Go(s.sendAcks)
	}
	return b
}

// sendAcks sends one batch after the other until there is none.
func (s *subscription) sendAcks() {
	for {
		s.mu.Lock()
		b := s.acks
		s.acks = nil
		if b == nil {
			s.flush = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		b.err = s.queue.insist(s.life, func(ctx context.Context) error { return s.acknowledge(ctx, b.items) })
		s.acked(b)
		close(b.done)
	}
}

func (s *subscription) acked(b *ackBatch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.err != nil {
		s.owed = append(s.owed, b.items...)
		return
	}
	s.settled(b.items)
}

// settled forgets items of which the server knows.
func (s *subscription) settled(its []*item) {
	for _, it := range its {
		s.in.forget(it)
	}
	if s.hungry > 0 { // there may have been no room
		s.look()
	}
}

func (s *subscription) acknowledge(ctx context.Context, its []*item) error {
	for len(its) > 0 {
		n := min(len(its), ackCount)
		args := []any{s.group}
		for _, it := range its[:n] {
			args = append(args, it.id)
		}
		if _, err := s.queue.call(ctx, s.doing("acknowledge in"), ackScript, []string{s.stream, s.kept, s.due}, args...); err != nil {
			return err
		}
		its = its[n:]
	}
	return nil
}

// payOwed tells the server what it could not be told before.
func (s *subscription) payOwed(ctx context.Context) error {
	s.mu.Lock()
	owed := s.owed
	s.owed = nil
	s.mu.Unlock()
	if len(owed) == 0 {
		return nil
	}
	err := s.acknowledge(ctx, owed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.owed = append(owed, s.owed...)
		return err
	}
	s.settled(owed)
	return nil
}

// delay has the server remember a delay, for when this process ends. If it
// cannot be told, the event comes sooner then, and that is all.
func (s *subscription) delay(ctx context.Context, id string, after time.Duration) {
	_ = s.queue.await(ctx, func(ctx context.Context) error {
		_, err := s.queue.call(ctx, s.doing("delay in"), delayScript, []string{s.due}, id, after.Milliseconds())
		return err
	})
}
