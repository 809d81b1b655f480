package memstore_test

import (
	"context"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Lease loses its reply to the caller only: a client that sends the same again
// by itself gets the lease that it has.
func (s *store) Lease(ctx context.Context, merchant string, keys []inventory.Key, ttl time.Duration) (inventory.Lease, error) {
	l, err := s.Store.Lease(ctx, merchant, keys, ttl)
	if s.lose.Swap(keep) == report {
		return inventory.Lease{}, inventory.ErrUnknown
	}
	return l, err
}

func (s *store) Renew(ctx context.Context, l inventory.Lease, ttl time.Duration) (renewed inventory.Lease, err error) {
	if s.lost(func() { renewed, err = s.Store.Renew(ctx, l, ttl) }) {
		return l, inventory.ErrUnknown
	}
	return renewed, err
}

func (s *store) Unlease(ctx context.Context, l inventory.Lease) (err error) {
	if s.lost(func() { err = s.Store.Unlease(ctx, l) }) {
		return inventory.ErrUnknown
	}
	return err
}
