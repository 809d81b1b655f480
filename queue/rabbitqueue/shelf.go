package rabbitqueue

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/onhand-dev/onhand/queue"
)

// A shelf is a topic's own queue, where events lie that no group was there for:
// dead letters above all. RabbitMQ can look at a queue only by taking from it,
// so whoever reads it has it for himself: within the process by the shelf's
// turn, among processes by a queue that only one connection can hold.
type shelf struct {
	queue *Queue
	topic string
	turn  chan struct{} // holds one token

	mu   sync.Mutex
	last *reading // that ended and lingers, so that its events can still be removed
}

// shelves are those that have been used.
type shelves struct {
	queue *Queue

	mu  sync.Mutex
	all map[string]*shelf
}

func (s *shelves) of(topic string) *shelf {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*shelf{}
	}
	sh := s.all[topic]
	if sh == nil {
		sh = &shelf{queue: s.queue, topic: topic, turn: make(chan struct{}, 1)}
		sh.turn <- struct{}{}
		s.all[topic] = sh
	}
	return sh
}

func (s *shelves) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sh := range s.all {
		sh.settle(nil)
	}
}

// linger is how long a reading that has ended keeps its events for being
// removed, and the shelf for its process.
const linger = 2 * time.Second

// A reading is one pass over a shelf. What it has read is unsettled at the
// broker until it is over; then what was not removed is back in its place.
type reading struct {
	shelf *shelf
	ch    *amqp.Channel // of what is read
	lock  *amqp.Channel // it holds the lock
	timer *time.Timer   // of the lingering

	batches int

	mu   sync.Mutex
	left int // read and not removed
	over bool
}

// read begins a reading. The caller ends it with done.
func (sh *shelf) read(ctx context.Context) (*reading, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-sh.turn:
	}
	r, err := sh.begin(ctx)
	if err != nil {
		sh.turn <- struct{}{}
	}
	return r, err
}

func (sh *shelf) begin(ctx context.Context) (*reading, error) {
	back := sh.settle(nil)
	conn, err := sh.queue.consuming.wait(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{shelf: sh}
	if r.lock, err = sh.lock(ctx, conn); err != nil {
		return nil, err
	}
	if r.ch, err = conn.Channel(); err != nil {
		r.end()
		return nil, explain(err, "open a channel")
	}
	return r, sh.returned(ctx, r, back)
}

// lock waits until nobody reads.
func (sh *shelf) lock(ctx context.Context, conn *amqp.Connection) (*amqp.Channel, error) {
	name := sh.queue.topo.names.lock(sh.topic)
	for {
		ch, err := conn.Channel()
		if err != nil {
			return nil, explain(err, "open a channel")
		}
		_, err = ch.QueueDeclare(name, false, true, true, false, nil)
		if err == nil {
			return ch, nil
		}
		if code(err) != amqp.ResourceLocked {
			_ = ch.Close()
			return nil, explain(err, fmt.Sprintf("lock topic %q for reading", sh.topic))
		}
		if wait(ctx, 100*time.Millisecond); ctx.Err() != nil {
			return nil, fmt.Errorf("rabbitqueue: someone else reads topic %q: %w", sh.topic, ctx.Err())
		}
	}
}

// returned waits until what earlier readings had is back: the broker does that a
// moment after their channels are gone.
func (sh *shelf) returned(ctx context.Context, r *reading, back int) error {
	last := -1
	for range 100 {
		n, err := r.count()
		if code(err) == amqp.NotFound {
			r.ch = nil // nobody has ever used the topic
			return nil
		}
		if err != nil {
			r.end()
			return err
		}
		if n == last && n >= back {
			return nil
		}
		last = n
		wait(ctx, 20*time.Millisecond)
	}
	return nil
}

func (r *reading) count() (int, error) {
	name := r.shelf.queue.topo.names.topic(r.shelf.topic)
	state, err := r.ch.QueueDeclarePassive(name, true, false, false, false, nil)
	return state.Messages, explain(err, fmt.Sprintf("look at queue %q", name))
}

// readBatch is how many messages are asked for at a time.
const readBatch = 100

// all yields what the shelf had when it was called, oldest first.
func (r *reading) all(ctx context.Context) iter.Seq2[amqp.Delivery, error] {
	return func(yield func(amqp.Delivery, error) bool) {
		if r.ch == nil {
			return
		}
		n, err := r.count()
		for n > 0 && err == nil {
			var more bool
			if more, err = r.batch(ctx, min(n, readBatch), yield); !more {
				return
			}
			n -= readBatch
		}
		if err != nil {
			yield(amqp.Delivery{}, err)
		}
	}
}

// batch yields n messages. It asks for no more than these, and cancelling leaves
// them unsettled; so a long shelf is never in memory as a whole.
func (r *reading) batch(ctx context.Context, n int, yield func(amqp.Delivery, error) bool) (more bool, err error) {
	r.batches++ // a tag of its own: to the broker, one used again is the same consumer, with all it has
	name, tag := r.shelf.queue.topo.names.topic(r.shelf.topic), fmt.Sprintf("browse-%d", r.batches)
	if err := r.ch.Qos(n, 0, false); err != nil {
		return true, explain(err, "set the prefetch")
	}
	ds, err := r.ch.Consume(name, tag, false, false, false, false, nil)
	if err != nil {
		return true, explain(err, fmt.Sprintf("read queue %q", name))
	}
	got := make([]amqp.Delivery, 0, n)
	for len(got) < n && err == nil {
		t := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case d, ok := <-ds:
			if !ok {
				err = disconnected()
				break
			}
			got = append(got, d)
		case <-t.C: // has someone purged it, or has it expired?
			if left, cerr := r.count(); cerr != nil || left == 0 {
				n, err = len(got), cerr
			}
		}
		t.Stop()
	}
	if cerr := r.ch.Cancel(tag, false); err == nil && cerr != nil {
		err = explain(cerr, fmt.Sprintf("read queue %q", name))
	}
	r.mu.Lock()
	r.left += len(got)
	r.mu.Unlock()
	for _, d := range got {
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
		if !yield(d, nil) {
			return false, nil
		}
	}
	return true, err
}

// remove acknowledges a message of this reading; false if it is over.
func (r *reading) remove(d amqp.Delivery) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false, nil
	}
	if err := d.Ack(false); err != nil {
		return false, explain(err, "remove an event")
	}
	r.left--
	return true, nil
}

// done ends the reading; it lingers if something can still be removed.
func (r *reading) done() {
	sh := r.shelf
	sh.mu.Lock()
	r.mu.Lock()
	left := r.left
	r.mu.Unlock()
	if left == 0 {
		r.end()
	} else {
		sh.last = r
		r.timer = time.AfterFunc(linger, func() { sh.settle(r) })
	}
	sh.mu.Unlock()
	sh.turn <- struct{}{}
}

// settle ends the lingering of a reading, or with nil of any, and returns how
// many events it gives back.
func (sh *shelf) settle(only *reading) (back int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r := sh.last
	if r == nil || (only != nil && only != r) {
		return 0
	}
	sh.last = nil
	r.timer.Stop()
	return r.end()
}

// end gives back what was read and not removed, and lets others read.
func (r *reading) end() (back int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	if r.ch != nil {
		flush(r.ch, r.shelf.queue.topo.names.topic(r.shelf.topic))
		_ = r.ch.Close()
	}
	if r.lock != nil {
		_, _ = r.lock.QueueDelete(r.shelf.queue.topo.names.lock(r.shelf.topic), false, false, false)
		_ = r.lock.Close()
	}
	return r.left
}

// Browse implements queue.Browser. It yields what was published while the topic
// had no group, as dead letters are. One reads at a time, in all processes
// together; another Browse of the topic waits until the first one ends, so do
// not call it inside the loop of another.
func (q *Queue) Browse(ctx context.Context, topic string) iter.Seq2[queue.Delivery, error] {
	return func(yield func(queue.Delivery, error) bool) {
		if err := q.topo.names.check(topic); err != nil {
			yield(queue.Delivery{}, err)
			return
		}
		if q.isClosed() {
			yield(queue.Delivery{}, queue.ErrClosed)
			return
		}
		r, err := q.shelves.of(topic).read(ctx)
		if err != nil {
			yield(queue.Delivery{}, err)
			return
		}
		defer r.done()
		for d, err := range r.all(ctx) {
			if err != nil {
				yield(queue.Delivery{}, err)
				return
			}
			if !yield(r.delivery(d), nil) {
				return
			}
		}
	}
}

func (r *reading) delivery(d amqp.Delivery) queue.Delivery {
	e := queue.Unmarshal(d.Body)
	e.Attempt = 0
	return queue.Delivery{
		Event: e,
		Ack: func(ctx context.Context) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			ok, err := r.remove(d)
			if ok || err != nil {
				return err
			}
			return r.shelf.remove(ctx, mark(d.Headers), e.ID)
		},
		Nack: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// remove looks for one event again, long after it was read. One that is not
// there any more is removed.
func (sh *shelf) remove(ctx context.Context, m, id string) error {
	if sh.queue.isClosed() {
		return queue.ErrClosed
	}
	r, err := sh.read(ctx)
	if err != nil {
		return err
	}
	defer r.done()
	for d, err := range r.all(ctx) {
		if err != nil {
			return err
		}
		if mark(d.Headers) == m && (m != "" || queue.Unmarshal(d.Body).ID == id) {
			_, err := r.remove(d)
			return err
		}
	}
	return nil
}

// join declares a topic and a group. If the topic has kept events because it had
// no group, this one gets them, before what is published from now on.
func (q *Queue) join(ctx context.Context, conn *amqp.Connection, topic, group string) error {
	if err := q.topo.topic(conn, topic); err != nil {
		return err
	}
	// First what lies there, then the binding, then what has come in between.
	if err := q.topo.group(conn, topic, group, false); err != nil {
		return err
	}
	if err := q.moveKept(ctx, conn, topic, group); err != nil {
		return err
	}
	if err := q.topo.group(conn, topic, group, true); err != nil {
		return err
	}
	return q.moveKept(ctx, conn, topic, group)
}

// moveKept moves what a topic has kept, if anything, to a group.
func (q *Queue) moveKept(ctx context.Context, conn *amqp.Connection, topic, group string) error {
	n, err := waiting(conn, q.topo.names.topic(topic))
	if err != nil || n == 0 {
		return err
	}
	r, err := q.shelves.of(topic).read(ctx)
	if err != nil {
		return err
	}
	defer r.done()
	return q.move(ctx, r, group)
}

// move puts what is on a shelf into a group's queue.
func (q *Queue) move(ctx context.Context, r *reading, group string) error {
	to := q.topo.names.group(r.shelf.topic, group)
	for {
		var batch []amqp.Delivery
		flush := func() error {
			messages := make([]amqp.Publishing, len(batch))
			for i, d := range batch {
				messages[i] = again(d)
			}
			if err := q.pub.publish(ctx, "", to, messages); err != nil {
				return err
			}
			for _, d := range batch {
				if _, err := r.remove(d); err != nil {
					return err
				}
			}
			batch = batch[:0]
			return nil
		}
		n := 0
		for d, err := range r.all(ctx) {
			if err != nil {
				return err
			}
			n++
			if batch = append(batch, d); len(batch) == readBatch {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		if n == 0 {
			return nil
		}
		if err := flush(); err != nil {
			return err
		}
	}
}

// again is a message as it was published, without what the broker has added.
func again(d amqp.Delivery) amqp.Publishing {
	p := amqp.Publishing{
		ContentType: d.ContentType, DeliveryMode: amqp.Persistent, MessageId: d.MessageId, Type: d.Type,
		Timestamp: d.Timestamp, Body: d.Body,
	}
	if m := mark(d.Headers); m != "" {
		p.Headers = amqp.Table{headerMark: m}
	}
	return p
}
