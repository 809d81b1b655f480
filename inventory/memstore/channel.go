package memstore

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

func (m *merchant) channel(name string) *channel {
	ch := m.channels[name]
	if ch == nil {
		ch = &channel{beliefs: map[inventory.Key]*belief{}, batches: map[string]*batch{}}
		m.channels[name] = ch
	}
	return ch
}

// configured returns a channel that there is.
func (m *merchant) configured(name string) (inventory.Channel, *channel, error) {
	c, ok := m.settings.Channel(name)
	if !ok {
		return c, nil, &inventory.InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured", name)}
	}
	return c, m.channel(name), nil
}

// belief is what is known of the number at a place, see [inventory.Channel.Place].
func (ch *channel) belief(place inventory.Key) *belief {
	b := ch.beliefs[place]
	if b == nil {
		b = &belief{}
		ch.beliefs[place] = b
	}
	return b
}

// target is what the channel should show at a place; ok is that it sells there.
func (m *merchant) target(place inventory.Key, c inventory.Channel) (n int64, ok bool) {
	if !c.Pooled {
		l := m.levels[place]
		return inventory.Target(*l, c), c.Sells(place.Location)
	}
	levels := m.levelsOf(place.SKU)
	return inventory.PooledTarget(levels, c), slices.ContainsFunc(levels, func(l inventory.Level) bool { return c.Sells(l.Location) })
}

// tracked reports whether there is a level at a place.
func (m *merchant) tracked(place inventory.Key, c inventory.Channel) bool {
	if c.Pooled {
		return len(m.levelsOf(place.SKU)) > 0
	}
	return m.levels[place] != nil
}

// levelsOf are the levels of a SKU.
func (m *merchant) levelsOf(sku string) (levels []inventory.Level) {
	for _, location := range m.settings.Locations {
		if l := m.levels[inventory.Key{SKU: sku, Location: location}]; l != nil {
			levels = append(levels, *l)
		}
	}
	return levels
}

// shown moves what is believed of the Change's origin, in the same step.
func (st *step) shown() {
	c, ok := st.m.settings.Channel(st.c.Origin)
	if !ok {
		return
	}
	read := st.c.Kind == inventory.KindTrack || st.c.Kind == inventory.KindBelieve
	ch, first := st.m.channel(c.Name), map[inventory.Key]bool{}
	for _, l := range st.lines {
		if l.Location != "" {
			level := st.m.levels[l.Key()]
			if level == nil || !c.Sells(l.Location) || l.ShownOnly() && !level.Kit {
				continue
			}
		}
		k := c.Place(l.Key())
		b := ch.belief(k)
		if read && !b.known && b.batch == "" {
			b.known, first[k] = true, true
		}
		if b.known && (!read || first[k]) {
			b.believed += l.Shown
		}
	}
}

// mark makes the numbers that a key belongs to pending for each channel where a
// push is due, and only there.
func (m *merchant) mark(k inventory.Key, now time.Time) {
	for _, c := range m.settings.Channels {
		place := c.Place(k)
		if !m.tracked(place, c) {
			continue
		}
		b := m.channel(c.Name).belief(place)
		target, sells := m.target(place, c)
		owed := inventory.Owed(target, b.believed)
		if b.known && sells && owed < 0 && b.rise {
			b.parked = "" // a rise that was refused must not hide a fall
		}
		due := b.known && b.batch == "" && b.parked == "" && sells && owed != 0
		switch {
		case !due:
			b.since = time.Time{}
		case b.since.IsZero():
			b.since = now
		}
	}
}

// markMoved marks what the Changes of one call have moved, once, at its end: only
// what they come to together makes a level pending.
func (m *merchant) markMoved(now time.Time) {
	for k := range m.moved {
		m.mark(k, now)
	}
	clear(m.moved)
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
	set.Channels = copiedChannels(set.Channels)
	next, err := m.settings.Merge(set)
	if err != nil {
		return err
	}
	for k, r := range set.Levels {
		r.Buffers = maps.Clone(r.Buffers)
		m.levels[k].Rules = r
		m.levels[k].Version++
		m.kits.mark(k)
	}
	for _, gone := range set.Remove {
		m.remove(gone)
	}
	m.settings = next
	m.settings.Version++
	now := s.now()
	for k := range m.levels {
		m.mark(k, now)
	}
	m.tick(now)
	e := inventory.Entry{Time: now, Kind: inventory.KindConfigure}
	for k := range set.Levels {
		if l := m.levels[k]; !l.Kit {
			e.Levels = append(e.Levels, plain(l))
		}
	}
	if e.Levels != nil {
		s.note(m, e)
	}
	return nil
}

// remove drops all that is known of a channel.
func (m *merchant) remove(name string) {
	delete(m.channels, name)
	for _, l := range m.levels {
		delete(l.Rules.Buffers, name)
		if len(l.Rules.Buffers) == 0 {
			l.Rules.Buffers = nil
		}
	}
}

// Unpark implements [inventory.Outbox].
func (s *Store) Unpark(ctx context.Context, name, channelName string, keys []inventory.Key) error {
	return s.revise(ctx, name, channelName, keys, func(b *belief) {})
}

// Forget implements [inventory.Outbox].
func (s *Store) Forget(ctx context.Context, name, channelName string, keys []inventory.Key) error {
	return s.revise(ctx, name, channelName, keys, func(b *belief) { b.known, b.believed = false, 0 })
}

// revise ends the parking of levels and does something to what is known of them.
func (s *Store) revise(ctx context.Context, name, channelName string, keys []inventory.Key, do func(*belief)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	c, ch, err := m.configured(channelName)
	if err != nil {
		return err
	}
	for _, k := range keys {
		k = c.Place(k)
		if b := ch.beliefs[k]; b != nil && m.tracked(k, c) {
			now, before := s.now(), *b
			b.parked = ""
			if do(b); *b != before {
				m.tick(now)
			}
			m.mark(k, now)
		}
	}
	return nil
}
