package memstore

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// parkedFor is how long a refused level is left alone if nobody says.
const parkedFor = time.Hour

// channel is what is known of one place that shows stock.
type channel struct {
	beliefs map[inventory.Key]*belief
	batches map[string]*batch
}

type belief struct {
	known    bool
	believed int64
	// since is when the level became pending; zero if it is not.
	since  time.Time
	batch  string
	parked string
	// rise: what was refused was one.
	rise bool
	// parkedAt is when, and retry until when it is left alone.
	parkedAt, retry time.Time
}

type batch struct {
	inventory.Batch
	next time.Time // when it may be handed out again
}

// Claim implements [inventory.Outbox].
func (s *Store) Claim(ctx context.Context, name, channelName string, most int, lease time.Duration) (inventory.Batch, error) {
	if err := ctx.Err(); err != nil {
		return inventory.Batch{}, err
	}
	if most < 1 {
		return inventory.Batch{}, &inventory.InvalidError{Field: "max", Problem: "must be above zero"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(name), s.now()
	c, ch, err := m.configured(channelName)
	if err != nil {
		return inventory.Batch{}, err
	}
	for k, b := range ch.beliefs {
		if b.parked != "" && !now.Before(b.retry) {
			b.parked = ""
			m.mark(k, now)
		}
	}
	b := ch.waiting(now)
	if b == nil {
		b = m.newBatch(s.epoch, name, c, most, now)
	}
	if b == nil {
		return inventory.Batch{}, nil
	}
	b.Attempt++
	b.Now = now
	b.next = now.Add(lease)
	return clone(b.Batch), nil
}

// waiting finds the batch that has waited longest for another try.
func (ch *channel) waiting(now time.Time) *batch {
	var first *batch
	for _, b := range ch.batches {
		if !now.Before(b.next) && (first == nil || cmp.Or(b.next.Compare(first.next), cmp.Compare(b.ID, first.ID)) < 0) {
			first = b
		}
	}
	return first
}

func (m *merchant) newBatch(epoch, name string, c inventory.Channel, most int, now time.Time) *batch {
	ch := m.channel(c.Name)
	var pushes []inventory.Push
	for k, b := range ch.beliefs {
		if !b.since.IsZero() {
			target, _ := m.target(k, c)
			delta := inventory.Owed(target, b.believed)
			pushes = append(pushes, inventory.Push{Key: k, Target: b.believed + delta, Delta: delta, Since: b.since})
		}
	}
	if pushes == nil {
		return nil
	}
	slices.SortFunc(pushes, func(a, b inventory.Push) int {
		rising := func(p inventory.Push) int { return min(max(int(p.Delta), 0), 1) }
		return cmp.Or(rising(a)-rising(b), a.Since.Compare(b.Since), a.Key.Compare(b.Key))
	})
	pushes = slices.Clone(pushes[:min(len(pushes), most)])
	m.batches++
	b := &batch{Batch: inventory.Batch{ID: strconv.FormatInt(m.batches, 10), Epoch: epoch, Merchant: name, Channel: c.Name, Pushes: pushes}}
	for _, p := range pushes {
		x := ch.beliefs[p.Key]
		x.batch, x.since = b.ID, time.Time{}
	}
	ch.batches[b.ID] = b
	return b
}

func clone(b inventory.Batch) inventory.Batch {
	b.Pushes = slices.Clone(b.Pushes)
	b.Request = slices.Clone(b.Request)
	return b
}

// Seal implements [inventory.Outbox].
func (s *Store) Seal(ctx context.Context, b inventory.Batch, refused []inventory.Result) (inventory.Batch, error) {
	if err := ctx.Err(); err != nil {
		return b, err
	}
	if refused != nil && len(refused) != len(b.Pushes) {
		return b, &inventory.InvalidError{Field: "refused", Problem: "must have one result per push"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(b.Merchant), s.now()
	ch := m.channel(b.Channel)
	have := ch.batches[b.ID]
	switch { // a channel that was removed has no batches
	case have == nil || have.Attempt != b.Attempt:
		return b, inventory.ErrConflict
	case have.Request != nil:
		if !slices.Equal(have.Request, b.Request) {
			return b, inventory.ErrConflict
		}
		return clone(have.Batch), nil
	}
	have.Pushes = nil
	for i, p := range b.Pushes {
		if refused != nil && refused[i].Status != "" {
			m.end(ch, p, refused[i], now)
			continue
		}
		have.Pushes = append(have.Pushes, p)
	}
	if have.Pushes == nil {
		delete(ch.batches, b.ID)
		return inventory.Batch{}, nil
	}
	have.Request, have.FirstSent = slices.Clone(b.Request), now
	return clone(have.Batch), nil
}

// end takes a level out of its batch.
func (m *merchant) end(ch *channel, p inventory.Push, r inventory.Result, now time.Time) {
	b := ch.belief(p.Key)
	b.batch = ""
	wait := r.RetryIn
	switch r.Status {
	case inventory.Applied:
		b.believed += p.Delta
		wait = 0
	case inventory.Replaced:
		b.believed = p.Target
		wait = 0
	case inventory.Lapsed:
		b.believed += max(p.Delta, 0)
		wait = cmp.Or(wait, parkedFor)
	case inventory.Refused:
		wait = cmp.Or(wait, parkedFor)
	}
	if !b.known { // it was forgotten meanwhile
		b.believed = 0
	}
	if wait > 0 {
		b.parked, b.parkedAt, b.retry, b.rise = string(r.Status), now, now.Add(wait), p.Delta > 0
		if r.Err != nil {
			b.parked = r.Err.Error()
		}
	}
	m.mark(p.Key, now)
	if r.Status == inventory.Deferred && !b.since.IsZero() {
		b.since = p.Since
	}
}

// Settle implements [inventory.Outbox].
func (s *Store) Settle(ctx context.Context, b inventory.Batch, results []inventory.Result) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(b.Merchant)
	ch := m.channel(b.Channel)
	have := ch.batches[b.ID]
	if have == nil || b.Epoch != s.epoch {
		return nil
	}
	if len(results) != len(have.Pushes) {
		return &inventory.InvalidError{Field: "results", Problem: "must have one entry per push"}
	}
	delete(ch.batches, b.ID)
	now := s.now()
	m.tick(now)
	for i, p := range have.Pushes {
		m.end(ch, p, results[i], now)
	}
	return nil
}

// Postpone implements [inventory.Outbox].
func (s *Store) Postpone(ctx context.Context, b inventory.Batch, wait time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.merchant(b.Merchant).channel(b.Channel).batches[b.ID]
	if have != nil && have.Attempt == b.Attempt {
		have.next = s.now().Add(wait)
	}
	return nil
}

// Beliefs implements [inventory.Outbox].
func (s *Store) Beliefs(ctx context.Context, name, channelName string, keys []inventory.Key) iter.Seq2[inventory.Belief, error] {
	return func(yield func(inventory.Belief, error) bool) {
		beliefs, err := s.beliefs(ctx, name, channelName, keys)
		if err != nil {
			yield(inventory.Belief{}, err)
			return
		}
		for _, b := range beliefs {
			if !yield(b, nil) {
				return
			}
		}
	}
}

func (s *Store) beliefs(ctx context.Context, name, channelName string, keys []inventory.Key) ([]inventory.Belief, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	c, ch, err := m.configured(channelName)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		for k, b := range ch.beliefs {
			if !b.since.IsZero() || b.batch != "" || b.parked != "" {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, inventory.Key.Compare)
	}
	var out []inventory.Belief
	seen := map[inventory.Key]bool{}
	for _, k := range keys {
		k = c.Place(k)
		if c.Pooled && seen[k] || !m.tracked(k, c) {
			continue
		}
		seen[k] = true
		b := ch.belief(k)
		since := b.since
		if b.parked != "" {
			since = b.parkedAt
		}
		target, _ := m.target(k, c)
		out = append(out, inventory.Belief{
			Key: k, Channel: channelName, Target: target, Believed: b.believed, Known: b.known,
			Pending: !b.since.IsZero(), InFlight: b.batch, Parked: b.parked, Since: since,
		})
	}
	return out, nil
}
