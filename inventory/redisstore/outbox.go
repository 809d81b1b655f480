package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

const (
	// parkedFor is how long a refused level is left alone if nobody says.
	parkedFor = time.Hour
	// mostPushes of one batch; no channel takes as many.
	mostPushes = 1000
)

// Claim implements [inventory.Outbox].
func (s *Store) Claim(ctx context.Context, name, channel string, most int, lease time.Duration) (inventory.Batch, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return inventory.Batch{}, err
	}
	if most < 1 {
		return inventory.Batch{}, &inventory.InvalidError{Field: "max", Problem: "must be above zero"}
	}
	if _, err := s.channel(ctx, m, channel); err != nil {
		return inventory.Batch{}, err
	}
	once := nonce() // the same for every try, so all get the same batch
	r, err := s.outbox(ctx, m, claimScript, channel, min(most, mostPushes), lease.Microseconds(), once)
	if err != nil || len(r.rest) == 0 {
		return inventory.Batch{}, err
	}
	return handed(m, channel, &answer{raw: r.rest})
}

// channel returns the channel's settings as of now.
func (s *Store) channel(ctx context.Context, m *merchant, name string) (inventory.Channel, error) {
	v, err := m.view()
	if err != nil {
		return inventory.Channel{}, err
	}
	if c, ok := v.shape.settings.Channel(name); ok {
		return c, nil // channels are never removed, and scripts refuse old settings
	}
	sh, err := s.present(ctx, m)
	if err != nil {
		return inventory.Channel{}, err
	}
	c, ok := sh.settings.Channel(name)
	if !ok {
		return c, &inventory.InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured", name)}
	}
	return c, nil
}

// outbox runs one of the scripts that follow outbox.lua.
func (s *Store) outbox(ctx context.Context, m *merchant, script *redis.Script, channel string, args ...any) (reply, error) {
	return s.write(ctx, m, script, func(c *call, sh *shape) error {
		s.header(c, m, sh, nil)
		c.key(m.places.outbox(channel)...)
		c.arg(sh.id(channel))
		c.arg(args...)
		return nil
	})
}

// handed reads a batch that a script hands out.
func handed(m *merchant, channel string, a *answer) (inventory.Batch, error) {
	b, ok := decodeBatch(a.text(), a.text())
	if !ok || a.bad {
		return inventory.Batch{}, &CorruptError{Merchant: m.name, Record: "batch " + b.ID}
	}
	b.Merchant, b.Channel = m.name, channel
	if !a.done() {
		b.Request = []byte(a.text())
	}
	return b, nil
}

// Seal implements [inventory.Outbox].
func (s *Store) Seal(ctx context.Context, b inventory.Batch, refused []inventory.Result) (inventory.Batch, error) {
	if refused != nil && len(refused) != len(b.Pushes) {
		return b, &inventory.InvalidError{Field: "refused", Problem: "must have one result per push"}
	}
	if refused == nil {
		refused = make([]inventory.Result, len(b.Pushes))
	}
	m, err := s.open(ctx, b.Merchant)
	if err != nil {
		return b, err
	}
	args := []any{nonce(), b.ID, b.Attempt, b.Request != nil, b.Request}
	r, err := s.outbox(ctx, m, sealScript, b.Channel, append(args, encodeResults(refused, true)...)...)
	if err != nil {
		return b, err
	}
	a := &answer{raw: r.rest}
	switch a.text() {
	case "SEALED":
		sealed, err := handed(m, b.Channel, a)
		if err != nil {
			return b, err
		}
		return sealed, nil
	case "EMPTY":
		return inventory.Batch{}, nil
	case "LENGTH":
		return b, &inventory.InvalidError{Field: "Batch.Pushes", Problem: "must be those that were claimed"}
	}
	return b, inventory.ErrConflict
}

// encodeResults writes results as outbox.lua reads them. While a batch is
// sealed, one without status stays in it.
func encodeResults(results []inventory.Result, sealing bool) []any {
	args := []any{len(results)}
	for _, r := range results {
		mode, wait, reason := "n", r.RetryIn, ""
		switch {
		case sealing && r.Status == "":
			mode = "k"
		case r.Status == inventory.Applied:
			mode, wait = "a", 0
		case r.Status == inventory.Lapsed:
			mode, wait = "l", cmp.Or(wait, parkedFor)
		case r.Status == inventory.Refused:
			wait = cmp.Or(wait, parkedFor)
		}
		if wait > 0 {
			reason = string(r.Status)
			if r.Err != nil {
				reason = r.Err.Error()
			}
		}
		args = append(args, mode, wait.Microseconds(), r.Status == inventory.Deferred, reason)
	}
	return args
}

// Settle implements [inventory.Outbox].
func (s *Store) Settle(ctx context.Context, b inventory.Batch, results []inventory.Result) error {
	m, err := s.open(ctx, b.Merchant)
	if err != nil {
		return err
	}
	r, err := s.outbox(ctx, m, settleScript, b.Channel, append([]any{b.ID, b.Epoch}, encodeResults(results, false)...)...)
	if err == nil && len(r.rest) > 0 {
		err = &inventory.InvalidError{Field: "results", Problem: "must have one entry per push"}
	}
	return err
}

// Postpone implements [inventory.Outbox].
func (s *Store) Postpone(ctx context.Context, b inventory.Batch, wait time.Duration) error {
	m, err := s.open(ctx, b.Merchant)
	if err != nil {
		return err
	}
	_, err = s.outbox(ctx, m, postponeScript, b.Channel, b.ID, b.Attempt, wait.Microseconds())
	return err
}

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
	rd, r, err := s.read(ctx, m, func(r *reading) error {
		names := make([]string, len(keys))
		for i, k := range keys {
			names[i] = field(k)
			r.add("HGET", p.level(bucket(k.SKU, r.shape.buckets)), names[i])
		}
		r.hmget(p.of("pk", channel), names)
		return nil
	})
	if err != nil {
		return nil, err
	}
	c, ok := rd.shape.settings.Channel(channel)
	reasons, isList := r.rest[len(keys)].([]any)
	if !ok || !isList || len(reasons) != len(keys) {
		return nil, unreadable(m)
	}
	var out []inventory.Belief
	for i, k := range keys {
		text, ok := r.rest[i].(string)
		if !ok {
			continue
		}
		l, ok := decodeLevel(k, text, rd.shape.names)
		if !ok {
			return nil, corruptLevel(m, k)
		}
		b := inventory.Belief{Key: k, Channel: channel, Target: inventory.Target(l.Level, c)}
		for _, g := range l.groups {
			if g.name == channel {
				b.Known, b.Believed, b.InFlight = g.known, g.believed, g.batch
				b.Pending, b.Since = g.since != 0, stamp(g.since)
				if g.parked != 0 {
					b.Since = stamp(g.parked)
					b.Parked, _ = reasons[i].(string)
					b.Parked = cmp.Or(b.Parked, "parked")
				}
			}
		}
		out = append(out, b)
	}
	return out, nil
}
