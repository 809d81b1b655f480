package memstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
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
	// parkedAt is when, and retry until when it is left alone.
	parkedAt, retry time.Time
}

type batch struct {
	inventory.Batch
	next time.Time // when it may be handed out again
}

func (m *merchant) channel(name string) *channel {
	ch := m.channels[name]
	if ch == nil {
		ch = &channel{beliefs: map[inventory.Key]*belief{}, batches: map[string]*batch{}}
		m.channels[name] = ch
	}
	return ch
}

func (ch *channel) belief(k inventory.Key) *belief {
	b := ch.beliefs[k]
	if b == nil {
		b = &belief{}
		ch.beliefs[k] = b
	}
	return b
}

// shown moves what is believed of the Change's origin, in the same step.
func (st *step) shown(after map[inventory.Key]*inventory.Level) {
	c, ok := st.m.settings.Channel(st.c.Origin)
	if !ok {
		return
	}
	read := st.c.Kind == inventory.KindTrack || st.c.Kind == inventory.KindBelieve
	ch, first := st.m.channel(c.Name), map[inventory.Key]bool{}
	for _, l := range st.lines {
		k := l.Key()
		if after[k] == nil || !c.Sells(k.Location) || l.ShownOnly() && !after[k].Kit {
			continue
		}
		b := ch.belief(k)
		if read && !b.known {
			b.known, first[k] = true, true
		}
		if b.known && (!read || first[k]) {
			b.believed += l.Shown
		}
	}
}

// mark makes the level pending for each channel where a push is due, and only
// there.
func (m *merchant) mark(k inventory.Key, now time.Time) {
	l := m.levels[k]
	for _, c := range m.settings.Channels {
		b := m.channel(c.Name).belief(k)
		due := b.known && b.batch == "" && b.parked == "" && c.Sells(k.Location) && inventory.Target(*l, c) != b.believed
		switch {
		case !due:
			b.since = time.Time{}
		case b.since.IsZero():
			b.since = now
		}
	}
}

// Configure implements [inventory.Ledger].
func (s *Store) Configure(ctx context.Context, name string, set inventory.Settings) error {
	if err := cmp.Or(ctx.Err(), inventory.ValidMerchant(name), set.Validate()); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	var missing []inventory.Key
	for k := range set.Levels {
		if m.levels[k] == nil {
			missing = append(missing, k)
		}
	}
	if missing != nil {
		slices.SortFunc(missing, inventory.Key.Compare)
		return &inventory.UntrackedError{Keys: missing}
	}
	for k, r := range set.Levels {
		r.Buffers = maps.Clone(r.Buffers)
		m.levels[k].Rules = r
		m.levels[k].Version++
		m.kits.mark(k)
	}
	set.Channels = copiedChannels(set.Channels)
	m.settings = m.settings.Merge(set)
	m.settings.Version++
	for k := range m.levels {
		m.mark(k, s.now())
	}
	return nil
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
	c, ok := m.settings.Channel(channelName)
	if !ok {
		return inventory.Batch{}, &inventory.InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured", channelName)}
	}
	ch := m.channel(channelName)
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
			target := inventory.Target(*m.levels[k], c)
			pushes = append(pushes, inventory.Push{Key: k, Target: target, Delta: target - b.believed, Since: b.since})
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
	switch {
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
	case inventory.Lapsed:
		b.believed += max(p.Delta, 0)
		wait = cmp.Or(wait, parkedFor)
	case inventory.Refused:
		wait = cmp.Or(wait, parkedFor)
	}
	if wait > 0 {
		b.parked, b.parkedAt, b.retry = string(r.Status), now, now.Add(wait)
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
	for i, p := range have.Pushes {
		m.end(ch, p, results[i], s.now())
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
	c, ok := m.settings.Channel(channelName)
	if !ok {
		return nil, &inventory.InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured", channelName)}
	}
	ch := m.channel(channelName)
	all := keys == nil
	if all {
		for k, b := range ch.beliefs {
			if !b.since.IsZero() || b.batch != "" || b.parked != "" {
				keys = append(keys, k)
			}
		}
		slices.SortFunc(keys, inventory.Key.Compare)
	}
	var out []inventory.Belief
	for _, k := range keys {
		l := m.levels[k]
		if l == nil {
			continue
		}
		b := ch.belief(k)
		since := b.since
		if b.parked != "" {
			since = b.parkedAt
		}
		out = append(out, inventory.Belief{
			Key: k, Channel: channelName, Target: inventory.Target(*l, c), Believed: b.believed, Known: b.known,
			Pending: !b.since.IsZero(), InFlight: b.batch, Parked: b.parked, Since: since,
		})
	}
	return out, nil
}
