package redisstore_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/internal/histories"
	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
	"github.com/onhand-dev/onhand/lock"
)

// What many callers see at once could have come about with one call after the
// other: by several stores, each with its own idea of the merchant's settings,
// through every strategy, while replies are lost and scripts are forgotten.
func TestHistories(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		for name, ways := range map[string]func(*testing.T, *server, *histories.History, string) []histories.Way{
			"stores": func(t *testing.T, srv *server, _ *histories.History, merchant string) []histories.Way {
				return []histories.Way{histories.Direct(srv.open(t, nil), merchant), histories.Direct(srv.open(t, nil), merchant)}
			},
			"replies lost, sent again": func(t *testing.T, srv *server, h *histories.History, merchant string) []histories.Way {
				h.Resent = true
				return []histories.Way{losing(t, srv, merchant, 0), losing(t, srv, merchant, 0)}
			},
			"replies lost, unknown": func(t *testing.T, srv *server, _ *histories.History, merchant string) []histories.Way {
				return []histories.Way{losing(t, srv, merchant, -1), histories.Direct(srv.open(t, nil), merchant)}
			},
			"strategies": func(t *testing.T, srv *server, h *histories.History, merchant string) []histories.Way {
				var out []histories.Way
				for range 2 { // processes
					s := h.Expiries(srv.open(t, nil))
					for _, l := range []inventory.Applier{nil, lock.NewAtomic(s, nil), lock.NewOptimistic(s, nil), lock.NewPessimistic(s, nil)} {
						stock, err := inventory.New(s, merchant, &inventory.Config{Locker: l})
						require.NoError(t, err)
						out = append(out, histories.ByStock(stock))
					}
				}
				return out
			},
		} {
			for seed := range uint64(2) {
				t.Run(fmt.Sprint(name, " by SKU ", seed), func(t *testing.T) {
					t.Parallel()
					history(t, srv, &histories.History{Seed: seed, Clients: 8, Calls: 60, SKUs: []string{"a", "b", "c", "d", "e", "f"}, Units: 10}, ways)
				})
				t.Run(fmt.Sprint(name, " whole ", seed), func(t *testing.T) {
					t.Parallel()
					history(t, srv, &histories.History{Seed: seed, Clients: 4, Calls: 24, SKUs: []string{"a", "b", "c"}, Units: 6, Several: true}, ways)
				})
			}
		}
	})
}

func history(t *testing.T, srv *server, h *histories.History, ways func(*testing.T, *server, *histories.History, string) []histories.Way) {
	ctx, merchant := context.Background(), merchantName()
	if srv.mini != nil { // a server of its own, as its clock is moved
		srv = newMini(t)
		var mu sync.Mutex
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		h.Advance = func(d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			srv.advance(d, &now)
		}
	}
	first := srv.open(t, nil)
	ops, err := h.Run(ctx, histories.Direct(first, merchant), func(set inventory.Settings) error {
		return first.Configure(ctx, merchant, set)
	}, ways(t, srv, h, merchant)...)
	require.NoError(t, err)
	require.Greater(t, len(ops), h.Clients*h.Calls*2/3)
	require.NoError(t, h.Judge(ops, time.Minute))
}

// losing is a store of which some replies are lost, and some scripts forgotten
// by the server. Reads go another way: they have nothing to lose.
func losing(t *testing.T, srv *server, merchant string, retries int) histories.Way {
	t.Helper()
	p := newProxy(t, srv.opt.Addr)
	opt := *srv.opt
	opt.Addr, opt.MaxRetries = p.addr(), retries
	c := redis.NewClient(&opt)
	t.Cleanup(func() { _ = c.Close() })
	way := histories.Direct(srv.open(t, nil), merchant)
	lossy := histories.Direct(openStore(t, c, &redisstore.Config{}), merchant).Apply
	raw := srv.raw(t)
	var calls atomic.Int64
	way.Apply = func(ctx context.Context, ch inventory.Change) inventory.Outcome {
		switch n := calls.Add(1); {
		case n%30 == 0:
			p.lose.Add(1)
		case n%50 == 7:
			_ = raw.ScriptFlush(ctx).Err()
		}
		return lossy(ctx, ch)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			require.Positive(t, p.lost.Load(), "no reply was lost")
		}
	})
	return way
}
