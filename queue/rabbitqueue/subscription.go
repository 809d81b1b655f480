package rabbitqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/onhand-dev/onhand/queue"
)

// A subscription consumes a group's queue on a channel of its own. Its goroutine
// opens another one when that is lost, and ends with Close.
type subscription struct {
	queue        *Queue
	topic, group string
	stop         context.CancelFunc
	ended        chan struct{} // closed when run has returned

	mu      sync.Mutex
	in      *inbox
	ch      *amqp.Channel // nil while there is none
	since   time.Time     // when ch began to consume
	err     error         // why it could not
	closed  bool
	changed chan struct{} // closed when Receive should look again
}

// open declares the group and begins to consume.
func (s *subscription) open(ctx context.Context) (<-chan amqp.Delivery, error) {
	conn, err := s.queue.consuming.wait(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.queue.join(ctx, conn, s.topic, s.group); err != nil {
		return nil, err
	}
	ch, deliveries, err := s.consume(ctx, conn)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ch, s.since, s.err = ch, time.Now(), nil
	s.notify()
	return deliveries, nil
}

// answerTime is how long the broker may take to begin delivering.
const answerTime = 2 * time.Second

// consume has the broker deliver what the group's queue has. A request that
// reaches a quorum queue of RabbitMQ 3.10 while it recovers from a crash is
// answered after a minute, and then refused; so it is not waited for, and asked
// again on another channel. The old one is closed whenever its answer comes.
func (s *subscription) consume(ctx context.Context, conn *amqp.Connection) (*amqp.Channel, <-chan amqp.Delivery, error) {
	name := s.queue.topo.names.group(s.topic, s.group)
	type answer struct {
		ch         *amqp.Channel
		deliveries <-chan amqp.Delivery
		err        error
	}
	answers, gone := make(chan answer), make(chan struct{})
	defer close(gone)
	s.queue.asking.Go(func() {
		a := answer{}
		if a.ch, a.err = conn.Channel(); a.err == nil {
			if a.err = a.ch.Qos(s.queue.cfg.Prefetch, 0, false); a.err == nil {
				a.deliveries, a.err = a.ch.Consume(name, "", false, false, false, false, nil)
			}
		}
		select {
		case answers <- a:
		case <-gone:
			if a.ch != nil {
				_ = a.ch.Close()
			}
		}
	})
	t := time.NewTimer(answerTime)
	defer t.Stop()
	select {
	case a := <-answers:
		if a.err != nil && a.ch != nil {
			_ = a.ch.Close()
		}
		return a.ch, a.deliveries, explain(a.err, fmt.Sprintf("consume queue %q", name))
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-t.C:
		return nil, nil, fmt.Errorf("%w: queue %q does not answer", ErrDisconnected, name)
	}
}

// run takes deliveries in until ctx ends.
func (s *subscription) run(ctx context.Context, deliveries <-chan amqp.Delivery) {
	defer close(s.ended)
	for {
		s.pump(ctx, deliveries)
		s.lost()
		for pause := firstPause; ; pause = min(2*pause, lastPause) {
			if ctx.Err() != nil {
				return
			}
			var err error
			if deliveries, err = s.open(ctx); err == nil {
				break
			}
			s.failed(err)
			wait(ctx, pause)
		}
	}
}

func (s *subscription) pump(ctx context.Context, deliveries <-chan amqp.Delivery) {
	for {
		select {
		case <-ctx.Done():
			return
		case d, ok := <-deliveries:
			if !ok {
				return
			}
			s.arrived(d)
		}
	}
}

// arrived takes a delivery in. Headers that are not from here may have any type
// and are left alone.
func (s *subscription) arrived(d amqp.Delivery) {
	it := &item{event: queue.Unmarshal(d.Body), mark: mark(d.Headers), tag: d.DeliveryTag, before: deliveries(d.Headers)}
	s.mu.Lock()
	acknowledge := s.in.add(it)
	s.notify()
	s.mu.Unlock()
	if acknowledge {
		_ = d.Ack(false) // or it comes once more
	}
}

// deliveries is how often the broker has delivered a message before.
func deliveries(h amqp.Table) int {
	n, _ := h["x-delivery-count"].(int64)
	return int(max(n, 0))
}

// flush waits until the acknowledgements on a channel are in its queue. RabbitMQ
// holds back what comes faster than a quorum queue writes it, more than some 32
// commands, and loses that when the channel closes. To begin and to end
// consuming goes through the queue's log behind what it has had before, and then
// it is sent the rest.
func flush(ch *amqp.Channel, name string) {
	const tag = "flush"
	if ch.Qos(1, 0, false) != nil {
		return // the channel is gone, and what it held with it
	}
	if _, err := ch.Consume(name, tag, false, false, false, false, nil); err != nil {
		return
	}
	_ = ch.Cancel(tag, false)
	_ = ch.Qos(1, 0, false)
}

// lost closes the channel; what is unsettled on it goes back to the queue.
func (s *subscription) lost() {
	s.mu.Lock()
	ch := s.ch
	s.ch = nil
	s.in.lost()
	s.notify()
	s.mu.Unlock()
	flush(ch, s.queue.topo.names.group(s.topic, s.group))
	_ = ch.Close()
}

// failed has Receive tell why nothing comes, unless that is just a broker that
// is away: that passes.
func (s *subscription) failed(err error) {
	if errors.Is(err, ErrDisconnected) || errors.Is(err, context.Canceled) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	s.notify()
}

func (s *subscription) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Receive implements queue.Subscription. While there is no connection it waits
// for one; only if its context has a deadline and that passes meanwhile does it
// return ErrDisconnected, so that nobody takes an outage for an empty queue.
func (s *subscription) Receive(ctx context.Context, limit int) ([]queue.Delivery, error) {
	began := time.Now()
	for {
		got, changed, due, err := s.take(ctx, limit)
		if err != nil || len(got) > 0 {
			return got, err
		}
		var timer *time.Timer
		var wake <-chan time.Time
		if !due.IsZero() {
			timer = time.NewTimer(time.Until(due))
			wake = timer.C
		}
		select {
		case <-ctx.Done():
			err = s.silence(ctx, began)
		case <-changed:
		case <-wake:
		}
		if timer != nil {
			timer.Stop()
		}
		if err != nil {
			return nil, err
		}
	}
}

// take returns what is there or, if nothing is, what to wait for.
func (s *subscription) take(ctx context.Context, limit int) (got []queue.Delivery, changed <-chan struct{}, due time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, nil, time.Time{}, err
	}
	if s.closed {
		return nil, nil, time.Time{}, queue.ErrClosed
	}
	for _, it := range s.in.take(max(limit, 1), time.Now()) {
		got = append(got, s.delivery(it))
	}
	if len(got) == 0 && s.err != nil {
		return nil, nil, time.Time{}, s.err
	}
	return got, s.changed, s.in.next(), nil
}

// silence is what nothing until the end of ctx means.
func (s *subscription) silence(ctx context.Context, began time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && (s.ch == nil || s.since.After(began)) {
		return ErrDisconnected
	}
	return ctx.Err()
}

func (s *subscription) delivery(it *item) queue.Delivery {
	e := it.event.Clone()
	e.Attempt = it.attempt
	attempt := it.attempt
	begin := func(ctx context.Context) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case s.closed && it.channel != s.in.channel:
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
			ch, tag := s.ch, it.tag
			heard := s.in.ack(it)
			s.mu.Unlock()
			if !heard {
				return errGone
			}
			if err := ch.Ack(tag, false); err != nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.in.unheard(it)
				return explain(err, fmt.Sprintf("acknowledge %q", e.ID))
			}
			return nil
		},
		Nack: func(ctx context.Context, after time.Duration) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := begin(ctx); err != nil {
				return err
			}
			s.in.nack(it, after, time.Now())
			s.notify()
			return nil
		},
	}
}

// Close implements queue.Subscription. A second Close does nothing.
func (s *subscription) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.notify()
	s.mu.Unlock()
	s.stop()
	select {
	case <-s.ended:
		s.queue.left(s)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait returns after d, or earlier when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
