package redisstore

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

// Lease implements [inventory.Leaser].
func (s *Store) Lease(ctx context.Context, name string, keys []inventory.Key, ttl time.Duration) (inventory.Lease, error) {
	if err := ctx.Err(); err != nil {
		return inventory.Lease{}, err
	}
	if err := inventory.ValidLease(name, keys, ttl); err != nil {
		return inventory.Lease{}, err
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, inventory.Key.Compare)
	keys = slices.Compact(keys)
	once := nonce() // the same for every try, so all get the same lease
	m, a, err := s.lease(ctx, leaseScript, inventory.Lease{Merchant: name, Keys: keys}, once, ttl.Microseconds())
	if err != nil {
		return inventory.Lease{}, err
	}
	if a.text() == "LEASED" {
		e := &inventory.LeasedError{}
		for !a.done() {
			k, _ := keyOf(a.text())
			e.Keys = append(e.Keys, k)
		}
		return inventory.Lease{}, e
	}
	l := inventory.Lease{Merchant: name, Keys: keys, Fence: a.whole(), ExpiresAt: time.UnixMilli(a.whole()).UTC()}
	if a.bad {
		return inventory.Lease{}, unreadable(m)
	}
	return l, nil
}

// Renew implements [inventory.Leaser].
func (s *Store) Renew(ctx context.Context, l inventory.Lease, ttl time.Duration) (inventory.Lease, error) {
	if err := ctx.Err(); err != nil {
		return l, err
	}
	if err := inventory.ValidLease(l.Merchant, l.Keys, ttl); err != nil {
		return l, err
	}
	m, a, err := s.lease(ctx, renewScript, l, l.Fence, ttl.Microseconds())
	if err != nil {
		return l, err
	}
	if a.text() == "FENCED" {
		return l, inventory.ErrFenced
	}
	until := time.UnixMilli(a.whole()).UTC()
	if a.bad {
		return l, unreadable(m)
	}
	l.ExpiresAt = until
	return l, nil
}

// Unlease implements [inventory.Leaser].
func (s *Store) Unlease(ctx context.Context, l inventory.Lease) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, _, err := s.lease(ctx, unleaseScript, l, l.Fence)
	return err
}

// lease runs one of the scripts that follow leases.lua, on the lease's levels.
func (s *Store) lease(ctx context.Context, script *redis.Script, l inventory.Lease, args ...any) (*merchant, *answer, error) {
	m, err := s.merchant(l.Merchant)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.write(ctx, m, script, func(c *call, sh *shape) error {
		buckets := []int{}
		if sh.number == 0 {
			buckets = nil // a first write looks whether there are levels already
		}
		s.header(c, m, sh, buckets)
		c.key(m.places.leases())
		c.arg(args...)
		c.arg(len(l.Keys))
		for _, k := range l.Keys {
			c.arg(field(k))
		}
		return nil
	})
	return m, &answer{raw: r.rest}, err
}
