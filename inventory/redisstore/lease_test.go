package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
	"github.com/onhand-dev/onhand/lock/locktest"
)

// The strategies of package lock do over Redis what they do in memory.
func TestStrategies(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]locktest.Harness{
		"atomic":      {Hint: true, Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewAtomic(s, nil) }},
		"optimistic":  {MaxTries: 8, Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewOptimistic(s, nil) }},
		"pessimistic": {Leases: true, Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewPessimistic(s, nil) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, srv *server) {
				if srv.mini != nil {
					srv.mini.SetTime(time.Time{}) // its clock runs
				}
				h := h
				h.Store = func(t *testing.T) locktest.Store { return srv.open(t, nil) }
				locktest.Run(t, h)
			})
		})
	}
}

// What crashed holders leave goes, tokens go on, and a merchant without leases
// in force is not asked for any.
func TestLeasesThatAreOverGo(t *testing.T) {
	t.Parallel()
	ctx, srv, merchant := context.Background(), newMini(t), merchantName()
	s, c := srv.open(t, nil), srv.raw(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	until := func() string { return c.HGet(ctx, "{"+merchant+"}:meta", "leased").Val() }
	lease := func(ttl time.Duration, skus ...string) inventory.Lease {
		var keys []inventory.Key
		for _, sku := range skus {
			keys = append(keys, at(sku))
		}
		l, err := s.Lease(ctx, merchant, keys, ttl)
		require.NoError(t, err)
		return l
	}
	lease(time.Minute, "a", "b")
	long := lease(time.Hour, "c")
	srv.advance(2*time.Minute, &now)
	lease(time.Minute, "d")
	require.EqualValues(t, 4, c.HLen(ctx, "{"+merchant+"}:ls").Val())
	srv.advance(time.Hour, &now)
	last := lease(time.Minute, "e")
	require.EqualValues(t, 4, last.Fence)
	require.EqualValues(t, 1, c.HLen(ctx, "{"+merchant+"}:ls").Val())
	require.NoError(t, s.Unlease(ctx, long))
	require.NotEqual(t, "0", until())
	require.NoError(t, s.Unlease(ctx, last))
	require.Equal(t, "0", until())
	require.EqualValues(t, 5, lease(time.Minute, "e").Fence)
}
