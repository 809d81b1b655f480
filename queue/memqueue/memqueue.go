// Package memqueue is a queue inside the process: for tests, demos, and services
// that can bear to lose what is queued. What is queued is lost with the process.
//
// # Semantics
//
// Every group of a topic gets every event; the subscriptions of one group share
// them. Events of one key reach a group in order: while one is unsettled, later
// ones of its key go only to the subscription that has it, and while one waits
// out a Nack, they wait behind it. Events that are given back take their old
// place. Event.Attempt counts deliveries to the group.
//
// A topic keeps its events until every group has acknowledged them, and the last
// Config.History of those even longer. So a group gets what was published before
// it first subscribed, all of it if no more than History events had been
// finished by then. A topic without groups keeps everything.
//
// Browse yields the events that some group has not acknowledged or, in a topic
// without groups, all. Ack of a browsed delivery removes the event for all
// groups; if one of them is handling it then, that goes on and its Ack is fine.
//
// # Limits
//
// Events larger than Config.MaxBody are refused with queue.ErrTooLarge. When
// unacknowledged events come to Config.MaxBytes, Publish answers ErrFull and
// takes nothing.
//
// A Queue has no goroutines and no files. All timing uses package time, so it
// works in a testing/synctest bubble.
package memqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// ErrFull is returned by Publish when the queue holds as many bytes as it may.
// Nothing of that call was published.
var ErrFull = errors.New("memqueue: full; acknowledge or purge events, or raise Config.MaxBytes")

// Config bounds a Queue. Nil and the zero value mean the defaults, and so does
// any number that is not positive.
type Config struct {
	// MaxBody is the longest body of an event, in bytes. Default 1 MiB.
	MaxBody int
	// MaxBytes bounds what all topics hold together, counting bodies, names and
	// 200 bytes per event. Finished events are dropped to stay within it, others
	// never. Default 256 MiB.
	MaxBytes int64
	// History is how many finished events a topic keeps for groups that have not
	// subscribed yet. Default 10,000.
	History int
}

// A Queue is an in-process queue.Queue. It is safe for concurrent use. Make one
// with New.
type Queue struct {
	cfg Config

	mu     sync.Mutex
	topics map[string]*topic
	bytes  int64
	closed bool
}

var (
	_ queue.Queue  = (*Queue)(nil)
	_ queue.Lagger = (*Queue)(nil)
)

// New returns an empty Queue. A nil cfg means the defaults.
func New(cfg *Config) *Queue {
	var c Config
	if cfg != nil {
		c = *cfg
	}
	if c.MaxBody <= 0 {
		c.MaxBody = 1 << 20
	}
	if c.MaxBytes <= 0 {
		c.MaxBytes = 256 << 20
	}
	if c.History <= 0 {
		c.History = 10_000
	}
	return &Queue{cfg: c, topics: map[string]*topic{}}
}

// Publish adds events to a topic, all of them or none. Besides the errors of
// queue.Publisher it returns ErrFull. Its outcome is never unknown.
func (q *Queue) Publish(ctx context.Context, topic string, events ...queue.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if topic == "" {
		return fmt.Errorf("memqueue: publish: %w", queue.ErrNoTopic)
	}
	var size int64
	for _, e := range events {
		if len(e.Body) > q.cfg.MaxBody {
			return fmt.Errorf("memqueue: event %q has %d bytes of %d: %w", e.ID, len(e.Body), q.cfg.MaxBody, queue.ErrTooLarge)
		}
		size += sizeOf(e)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return queue.ErrClosed
	}
	if !q.makeRoom(size) {
		return fmt.Errorf("memqueue: %d bytes held, %d to come, %d allowed: %w", q.bytes, size, q.cfg.MaxBytes, ErrFull)
	}
	t := q.topic(topic)
	for _, e := range events {
		e = e.Clone()
		e.Attempt = 0
		t.publish(e)
	}
	t.notify()
	return nil
}

// Subscribe joins a group, which exists from then on for as long as the Queue.
func (q *Queue) Subscribe(ctx context.Context, topic, group string) (queue.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if topic == "" || group == "" {
		return nil, fmt.Errorf("memqueue: subscribe to %q, group %q: %w", topic, group, queue.ErrNoTopic)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, queue.ErrClosed
	}
	s := &subscription{queue: q, group: q.topic(topic).join(group), flying: map[*item]bool{}, aside: map[*lane]bool{}}
	s.group.subs[s] = true
	return s, nil
}

// Browse implements queue.Browser; see the package documentation for a topic
// with groups. Events published after the call are left out.
func (q *Queue) Browse(ctx context.Context, topic string) iter.Seq2[queue.Delivery, error] {
	return func(yield func(queue.Delivery, error) bool) {
		records, err := q.snapshot(topic)
		for _, r := range records {
			if err = ctx.Err(); err != nil {
				break
			}
			if d, ok := q.browsed(r); ok && !yield(d, nil) {
				return
			}
		}
		if err != nil {
			yield(queue.Delivery{}, err)
		}
	}
}

// snapshot returns the records of a topic that someone still waits for.
func (q *Queue) snapshot(name string) ([]*record, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil, queue.ErrClosed
	}
	if name == "" {
		return nil, fmt.Errorf("memqueue: browse: %w", queue.ErrNoTopic)
	}
	t := q.topics[name]
	if t == nil {
		return nil, nil
	}
	return t.unfinished(), nil
}

// browsed makes a delivery of a record unless it has been finished meanwhile.
func (q *Queue) browsed(r *record) (queue.Delivery, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r.finished || r.removed {
		return queue.Delivery{}, false
	}
	return queue.Delivery{
		Event: r.event.Clone(),
		Ack: func(ctx context.Context) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			q.mu.Lock()
			defer q.mu.Unlock()
			if q.closed {
				return queue.ErrClosed
			}
			r.topic.remove(r)
			return nil
		},
		Nack: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}, true
}

// Lag implements queue.Lagger; it is exact. A group that does not exist yet lags
// by everything that the topic keeps.
func (q *Queue) Lag(ctx context.Context, topic, group string) (queue.Lag, error) {
	if err := ctx.Err(); err != nil {
		return queue.Lag{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return queue.Lag{}, queue.ErrClosed
	}
	t := q.topics[topic]
	if t == nil {
		return queue.Lag{Exact: true}, nil
	}
	return t.lag(group, time.Now()), nil
}

// Close ends all subscriptions and forgets every event. It never waits. A
// second Close does nothing.
func (q *Queue) Close(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for _, t := range q.topics {
		t.notify()
	}
	q.topics, q.bytes = map[string]*topic{}, 0
	return nil
}

// sizeOf is what an event counts for towards MaxBytes.
func sizeOf(e queue.Event) int64 {
	n := 200 + len(e.ID) + len(e.Key) + len(e.Type) + len(e.Merchant) + len(e.Origin) + len(e.TraceID) + len(e.Body)
	for name, value := range e.Headers {
		n += len(name) + len(value)
	}
	return int64(n)
}

// makeRoom drops finished events until size fits.
func (q *Queue) makeRoom(size int64) bool {
	for _, t := range q.topics {
		if q.bytes+size <= q.cfg.MaxBytes {
			return true
		}
		t.forget(0, func() bool { return q.bytes+size <= q.cfg.MaxBytes })
	}
	return q.bytes+size <= q.cfg.MaxBytes
}

func (q *Queue) topic(name string) *topic {
	t := q.topics[name]
	if t == nil {
		t = &topic{queue: q, groups: map[string]*group{}}
		q.topics[name] = t
	}
	return t
}
