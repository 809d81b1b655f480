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

// A Queue is a queue.Queue in RabbitMQ. It is safe for concurrent use. Make one
// with New, and close it.
type Queue struct {
	cfg  Config
	topo *topology
	// A broker that is short of memory or disk stops reading from connections
	// that publish. Acknowledgements must get through, so they have their own.
	publishing, consuming *link
	pub                   *publisher
	shelves               shelves
	asking                sync.WaitGroup // requests that are under way, and end with the connection

	mu     sync.Mutex
	closed bool
	subs   map[*subscription]bool
}

var (
	_ queue.Queue  = (*Queue)(nil)
	_ queue.Lagger = (*Queue)(nil)
)

// New connects to the broker at a URL such as
// amqps://user:password@host:5671/vhost. A nil cfg means the defaults. The
// context bounds the call, not the Queue. Errors are ErrAccess, ErrDisconnected
// if nothing answers there, the context's, and those of a URL that cannot be
// read; none of them has the password in it.
func New(ctx context.Context, url string, cfg *Config) (*Queue, error) {
	q := &Queue{cfg: cfg.withDefaults(), subs: map[*subscription]bool{}}
	at, err := parse(url)
	if err != nil {
		return nil, err
	}
	q.topo = &topology{names: names{q.cfg.Prefix}, competing: q.cfg.Competing, groups: q.cfg.Groups}
	for topic, groups := range q.cfg.Groups {
		if err := q.topo.names.check(topic, groups...); err != nil {
			return nil, fmt.Errorf("rabbitqueue: Config.Groups: %w", err)
		}
	}
	if q.publishing, err = newLink(ctx, at, "publish", &q.cfg); err != nil {
		return nil, err
	}
	if q.consuming, err = newLink(ctx, at, "consume", &q.cfg); err != nil {
		q.publishing.close()
		return nil, err
	}
	q.pub = &publisher{link: q.publishing}
	q.shelves.queue = q
	return q, nil
}

// Publish implements queue.Publisher. It waits up to Config.Timeout for a
// connection and for the confirmations. When they do not come, the error is
// ErrDisconnected and the outcome is unknown; it steers a Router as
// queue.Unavailable does.
func (q *Queue) Publish(ctx context.Context, topic string, events ...queue.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.topo.names.check(topic); err != nil {
		return err
	}
	if q.isClosed() {
		return queue.ErrClosed
	}
	messages := make([]amqp.Publishing, len(events))
	for i, e := range events {
		if len(e.Body) > q.cfg.MaxBody {
			return fmt.Errorf("rabbitqueue: event %q has %d bytes of %d: %w", e.ID, len(e.Body), q.cfg.MaxBody, queue.ErrTooLarge)
		}
		body, err := queue.Marshal(e)
		if err != nil {
			return err
		}
		messages[i] = message(body, e)
	}
	bounded, cancel := context.WithTimeout(ctx, q.cfg.Timeout)
	defer cancel()
	err := q.publish(bounded, topic, messages)
	switch {
	case err == nil:
		return nil
	case q.isClosed():
		return queue.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrDisconnected):
		return fmt.Errorf("%w: publish to %q: no confirmation within %s", ErrDisconnected, topic, q.cfg.Timeout)
	}
	return err
}

func (q *Queue) publish(ctx context.Context, topic string, messages []amqp.Publishing) error {
	err := q.publishOnce(ctx, topic, messages)
	if c := code(err); c == amqp.NotFound || errors.Is(err, errUnrouted) {
		q.topo.forget() // someone has deleted an exchange or a queue
		err = q.publishOnce(ctx, topic, messages)
	}
	return err
}

func (q *Queue) publishOnce(ctx context.Context, topic string, messages []amqp.Publishing) error {
	conn, err := q.publishing.wait(ctx)
	if err != nil {
		return err
	}
	if err := q.topo.topic(conn, topic); err != nil {
		return err
	}
	return q.pub.publish(ctx, q.topo.names.topic(topic), topic, messages)
}

// Subscribe implements queue.Subscriber. The group and its queue exist from then
// on, whether or not anyone subscribes.
func (q *Queue) Subscribe(ctx context.Context, topic, group string) (queue.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := q.topo.names.check(topic, group); err != nil {
		return nil, err
	}
	s := &subscription{
		queue: q, topic: topic, group: group, in: newInbox(), ended: make(chan struct{}), changed: make(chan struct{}),
	}
	if q.isClosed() {
		return nil, queue.ErrClosed
	}
	deliveries, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed { // meanwhile
		s.lost()
		return nil, queue.ErrClosed
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	q.subs[s] = true
	go s.run(ctx, deliveries)
	return s, nil
}

// left forgets a subscription that is closed.
func (q *Queue) left(s *subscription) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.subs, s)
}

func (q *Queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Close implements queue.Queue. A second Close does nothing.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	subs := make([]*subscription, 0, len(q.subs))
	for s := range q.subs {
		subs = append(subs, s)
	}
	q.mu.Unlock()
	ended := make(chan error, 1)
	go func() {
		var errs []error
		for _, s := range subs {
			errs = append(errs, s.Close(ctx))
		}
		q.shelves.close()
		q.publishing.close()
		q.consuming.close()
		q.asking.Wait()
		ended <- errors.Join(errs...)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Lag implements queue.Lagger. Waiting is exact; what other processes have in
// hand is counted only if none but this one subscribes, because RabbitMQ does not tell it
// over AMQP; so Exact is never true. Oldest is known from what this process has
// in hand.
func (q *Queue) Lag(ctx context.Context, topic, group string) (queue.Lag, error) {
	if err := ctx.Err(); err != nil {
		return queue.Lag{}, err
	}
	if err := q.topo.names.check(topic, group); err != nil {
		return queue.Lag{}, err
	}
	if q.isClosed() {
		return queue.Lag{}, queue.ErrClosed
	}
	conn, err := q.consuming.wait(ctx)
	if err != nil {
		return queue.Lag{}, err
	}
	var l queue.Lag
	for _, name := range []string{q.topo.names.group(topic, group), q.topo.names.topic(topic)} {
		n, err := waiting(conn, name)
		if code(err) == amqp.NotFound { // a new group gets what the topic keeps
			continue
		}
		if err != nil {
			return queue.Lag{}, err
		}
		l.Waiting = n
		break
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range q.subs {
		if s.topic == topic && s.group == group {
			l = sum(l, s.lag())
		}
	}
	return l, nil
}

func (s *subscription) lag() queue.Lag {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.lag(time.Now())
}

func sum(a, b queue.Lag) queue.Lag {
	a.Waiting, a.Delayed, a.InFlight = a.Waiting+b.Waiting, a.Delayed+b.Delayed, a.InFlight+b.InFlight
	if a.Oldest.IsZero() || (!b.Oldest.IsZero() && b.Oldest.Before(a.Oldest)) {
		a.Oldest = b.Oldest
	}
	return a
}

// waiting counts what a queue could deliver. Asking for one that does not exist
// costs a channel.
func waiting(conn *amqp.Connection, name string) (int, error) {
	ch, err := conn.Channel()
	if err != nil {
		return 0, explain(err, "open a channel")
	}
	defer func() { _ = ch.Close() }()
	state, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
	return state.Messages, explain(err, fmt.Sprintf("look at queue %q", name))
}
