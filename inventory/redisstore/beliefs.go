package redisstore

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// Beliefs implements [inventory.Outbox].
func (s *Store) Beliefs(ctx context.Context, name, channel string, keys []inventory.Key) iter.Seq2[inventory.Belief, error] {
	return func(yield func(inventory.Belief, error) bool) {
		fail := func(err error) { yield(inventory.Belief{}, err) }
		m, err := s.open(ctx, name)
		if err != nil {
			fail(err)
			return
		}
		if _, err := s.channel(ctx, m, channel); err != nil {
			fail(err)
			return
		}
		all, these := keys == nil, keys
		if all {
			if these, err = s.told(ctx, m, channel); err != nil {
				fail(err)
				return
			}
		}
		for part := range slices.Chunk(these, chunk) {
			beliefs, err := s.beliefs(ctx, m, channel, part)
			if err != nil {
				fail(err)
				return
			}
			for _, b := range beliefs {
				if all && !b.Pending && b.InFlight == "" && b.Parked == "" {
					continue // told meanwhile
				}
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

// told lists the levels that are pending, under way or parked, sorted.
func (s *Store) told(ctx context.Context, m *merchant, channel string) ([]inventory.Key, error) {
	p := m.places
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add("ZRANGE", p.falling(channel), 0, -1)
		r.add("ZRANGE", p.rising(channel), 0, -1)
		r.add("HKEYS", p.of("pk", channel))
		r.add("HVALS", p.of("b", channel))
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []inventory.Key
	for i, v := range r.rest {
		values, ok := v.([]any)
		if !ok {
			return nil, unreadable(m)
		}
		for _, v := range values {
			text, _ := v.(string)
			if i == 3 {
				b, ok := decodeBatch("", text)
				if !ok {
					return nil, &CorruptError{Merchant: m.name, Record: "a batch of " + channel}
				}
				for _, p := range b.Pushes {
					out = append(out, p.Key)
				}
				continue
			}
			k, ok := keyOf(text)
			if !ok {
				return nil, unreadable(m)
			}
			out = append(out, k)
		}
	}
	slices.SortFunc(out, inventory.Key.Compare)
	return slices.Compact(out), nil
}

// beliefs tells how these levels stand with a channel, in their order.
func (s *Store) beliefs(ctx context.Context, m *merchant, channel string, keys []inventory.Key) ([]inventory.Belief, error) {
	p := m.places
	var c inventory.Channel
	var read []wanted
	_, r, err := s.read(ctx, m, func(r *reading) error {
		var ok bool
		if c, ok = r.shape.settings.Channel(channel); !ok {
			return notConfigured(channel)
		}
		read = want(c, keys, r.shape.settings.Locations)
		names := make([]string, len(read))
		for i, w := range read {
			names[i] = field(w.place)
			all := []string{names[i]}
			for _, k := range w.levels {
				all = append(all, field(k))
			}
			r.hmget(p.level(bucket(w.place.SKU, r.shape.buckets)), all)
		}
		r.hmget(p.of("pk", channel), names)
		return nil
	})
	if err != nil {
		return nil, err
	}
	reasons, isList := r.rest[len(read)].([]any)
	if !isList || len(reasons) != len(read) {
		return nil, unreadable(m)
	}
	var out []inventory.Belief
	for i, w := range read {
		values, ok := r.rest[i].([]any)
		if !ok || len(values) != 1+len(w.levels) {
			return nil, unreadable(m)
		}
		own, levels, err := w.decode(m, r.shape.names, values)
		if err != nil {
			return nil, err
		}
		if len(levels) == 0 {
			continue
		}
		b := inventory.Belief{Key: w.place, Channel: channel, Target: inventory.Target(levels[0], c)}
		if c.Pooled {
			b.Target = inventory.PooledTarget(levels, c)
		}
		g := own.group(channel)
		b.Known, b.Believed, b.InFlight = g.known, g.believed, g.batch
		b.Pending, b.Since = g.since != 0, stamp(g.since)
		if g.parked != 0 {
			b.Since = stamp(g.parked)
			b.Parked, _ = reasons[i].(string)
			b.Parked = cmp.Or(b.Parked, "parked")
		}
		out = append(out, b)
	}
	return out, nil
}

// wanted is what has to be read of a number that a channel shows: its own record,
// and of a pool its levels.
type wanted struct {
	place  inventory.Key
	levels []inventory.Key
}

// want lists the numbers that keys belong to; of a pool each once.
func want(c inventory.Channel, keys []inventory.Key, locations []string) []wanted {
	var out []wanted
	seen := map[inventory.Key]bool{}
	for _, k := range keys {
		w := wanted{place: c.Place(k)}
		if c.Pooled {
			if seen[w.place] {
				continue
			}
			seen[w.place] = true
			for _, location := range locations {
				w.levels = append(w.levels, inventory.Key{SKU: k.SKU, Location: location})
			}
		}
		out = append(out, w)
	}
	return out
}

// decode reads the records of what is wanted: that of the number, and the levels
// that are tracked.
func (w wanted) decode(m *merchant, names []string, values []any) (own levelRecord, levels []inventory.Level, err error) {
	for i, k := range append([]inventory.Key{w.place}, w.levels...) {
		text, ok := values[i].(string)
		if !ok {
			continue
		}
		l, ok := decodeLevel(k, text, names)
		if !ok {
			return own, nil, corruptLevel(m, k)
		}
		if i == 0 {
			own = l
		}
		if k.Location != "" {
			levels = append(levels, l.Level)
		}
	}
	return own, levels, nil
}
