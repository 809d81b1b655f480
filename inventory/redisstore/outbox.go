package redisstore

import (
	"cmp"
	"context"
	"fmt"
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
	if len(r.rest) == 1 {
		return inventory.Batch{}, notConfigured(channel)
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
		return c, nil // or it was removed since: scripts refuse old settings
	}
	sh, err := s.present(ctx, m)
	if err != nil {
		return inventory.Channel{}, err
	}
	c, ok := sh.settings.Channel(name)
	if !ok {
		return c, notConfigured(name)
	}
	return c, nil
}

func notConfigured(channel string) error {
	return &inventory.InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured", channel)}
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
		case r.Status == inventory.Replaced:
			mode, wait = "s", 0
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

// Unpark implements [inventory.Outbox].
func (s *Store) Unpark(ctx context.Context, name, channel string, keys []inventory.Key) error {
	return s.revise(ctx, name, channel, keys, false)
}

// Forget implements [inventory.Outbox].
func (s *Store) Forget(ctx context.Context, name, channel string, keys []inventory.Key) error {
	return s.revise(ctx, name, channel, keys, true)
}

func (s *Store) revise(ctx context.Context, name, channel string, keys []inventory.Key, forget bool) error {
	m, err := s.open(ctx, name)
	if err != nil {
		return err
	}
	if _, err := s.channel(ctx, m, channel); err != nil {
		return err
	}
	for part := range slices.Chunk(keys, chunk) {
		r, err := s.write(ctx, m, reviseScript, func(c *call, sh *shape) error {
			s.header(c, m, sh, nil)
			c.key(m.places.outbox(channel)...)
			c.arg(sh.id(channel), forget, len(part))
			at, _ := sh.settings.Channel(channel)
			for _, k := range part {
				c.arg(field(at.Place(k)))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(r.rest) > 0 {
			return notConfigured(channel)
		}
	}
	return nil
}
