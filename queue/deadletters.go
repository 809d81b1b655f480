package queue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// DeadLetters are the events of one topic and group that could not be handled.
// They stay until someone replays or purges them. It is safe for concurrent
// use, and also while the Router runs.
type DeadLetters struct {
	queue        Queue
	topic, group string
	superseded   SupersededFunc
}

// A SupersededFunc says whether what a letter reports has been overtaken.
type SupersededFunc func(ctx context.Context, l Letter) (bool, error)

// A Filter selects letters. What is empty selects all.
type Filter struct {
	ID, Reason, Merchant string
	// Before selects what died before it.
	Before time.Time
	// Limit bounds how many are selected, oldest first; 0 or less means all.
	Limit int
}

// Replayed counts what became of the letters that a Replay selected.
type Replayed struct {
	Sent       int // published again and removed
	Superseded int // removed without being published
	Failed     int // still there
}

// DeadLetters returns those of a topic and group, which need not have a handler
// here. It does no I/O.
func (r *Router) DeadLetters(topic, group string) *DeadLetters {
	return &DeadLetters{queue: r.queue, topic: topic, group: group, superseded: r.cfg.Superseded}
}

// List yields the selected letters, oldest first. They stay where they are. An
// error ends the iteration.
func (d *DeadLetters) List(ctx context.Context, f Filter) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		for s, err := range d.selected(ctx, f) {
			if !yield(s.letter, err) || err != nil {
				return
			}
		}
	}
}

// A replay publishes so many letters in one call, or fewer once their bodies
// come to so many bytes.
const (
	replayBatch = 100
	replayBytes = 1 << 20
)

// Replay publishes the selected letters to their topic again, for their group
// alone, and removes each once its publication is confirmed. Interrupted, it
// leaves what it has not done and may publish some events twice: handlers take
// repeats for what they are. Letters that die while it runs are not selected.
//
// It stops at an error of the queue and returns what it has done until then.
// A letter that the Superseded hook has an error for, or that still cannot be
// read (see Unmarshal), stays and counts as Failed; Replay goes on and returns
// the first such error at the end.
func (d *DeadLetters) Replay(ctx context.Context, f Filter) (Replayed, error) {
	var (
		done  Replayed
		doubt error
		batch []selected
		size  int
	)
	flush := func() error {
		n, err := d.resend(ctx, batch)
		done.Sent += n
		done.Failed += len(batch) - n
		batch, size = batch[:0], 0
		return err
	}
	for s, err := range d.selected(ctx, f) {
		if err != nil {
			return done, errors.Join(err, flush())
		}
		var old bool
		if s.letter.Event, err = reread(s.letter); err == nil {
			old, err = d.isSuperseded(ctx, s.letter)
		}
		if err == nil && old {
			if err = s.delivery.Ack(ctx); err == nil {
				done.Superseded++
				continue
			}
		}
		if err != nil {
			done.Failed++
			doubt = cmp.Or(doubt, err)
			continue
		}
		batch = append(batch, s)
		if size += len(s.letter.Event.Body); len(batch) == replayBatch || size >= replayBytes {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	return done, cmp.Or(flush(), doubt)
}

// resend publishes letters and removes them; it returns how many are done.
func (d *DeadLetters) resend(ctx context.Context, batch []selected) (int, error) {
	if len(batch) == 0 {
		return 0, nil
	}
	events := make([]Event, len(batch))
	for i, s := range batch {
		events[i] = s.letter.Event.forGroup(d.group)
	}
	if err := d.queue.Publish(ctx, d.topic, events...); err != nil {
		return 0, fmt.Errorf("queue: replay to %q: %w", d.topic, err)
	}
	for i, s := range batch {
		if err := s.delivery.Ack(ctx); err != nil {
			return i, fmt.Errorf("queue: remove dead letter %q, which was replayed: %w", s.letter.Event.ID, err)
		}
	}
	return len(batch), nil
}

// Purge removes the selected letters for good and returns how many. The empty
// Filter removes all. It stops at the first error.
func (d *DeadLetters) Purge(ctx context.Context, f Filter) (int, error) {
	n := 0
	for s, err := range d.selected(ctx, f) {
		if err != nil {
			return n, err
		}
		if err := s.delivery.Ack(ctx); err != nil {
			return n, fmt.Errorf("queue: remove dead letter %q: %w", s.letter.Event.ID, err)
		}
		n++
	}
	return n, nil
}

type selected struct {
	letter   Letter
	delivery Delivery
}

// selected walks over the letters that f selects, as of now.
func (d *DeadLetters) selected(ctx context.Context, f Filter) iter.Seq2[selected, error] {
	return func(yield func(selected, error) bool) {
		if d.topic == "" || d.group == "" {
			yield(selected{}, ErrNoTopic)
			return
		}
		began, n := time.Now(), 0
		for del, err := range d.queue.Browse(ctx, DeadTopic(d.topic, d.group)) {
			if err != nil {
				yield(selected{}, fmt.Errorf("queue: browse dead letters of %q, group %q: %w", d.topic, d.group, err))
				return
			}
			l := letterOf(del.Event)
			if l.Died.After(began) || !f.selects(l) {
				continue
			}
			if !yield(selected{l, del}, nil) {
				return
			}
			if n++; n == f.Limit {
				return
			}
		}
	}
}

func (f Filter) selects(l Letter) bool {
	return (f.ID == "" || f.ID == l.Event.ID) &&
		(f.Reason == "" || f.Reason == l.Reason) &&
		(f.Merchant == "" || f.Merchant == l.Event.Merchant) &&
		(f.Before.IsZero() || l.Died.Before(f.Before))
}

func (d *DeadLetters) isSuperseded(ctx context.Context, l Letter) (bool, error) {
	if d.superseded == nil {
		return false, nil
	}
	old, err := d.superseded(ctx, l)
	if err != nil {
		return false, fmt.Errorf("queue: is dead letter %q superseded: %w", l.Event.ID, err)
	}
	return old, nil
}
