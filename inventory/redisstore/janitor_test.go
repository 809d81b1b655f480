package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// deadline ends a context with a command: before it is sent, or when its reply
// has come and nobody hears it.
type deadline struct {
	told
	left  atomic.Int64
	after bool
	end   context.CancelFunc
}

func (h *deadline) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		last := h.left.Add(-1) == 0
		if last && !h.after {
			h.end()
		}
		err := next(ctx, cmd)
		if last && h.after {
			h.end()
		}
		return err
	}
}

// However many Janitors are killed, after whatever step, and however far each
// came: what was held comes back once, and what is to be remembered is.
func TestJanitorsThatAreKilled(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s, ctx := srv.open(t, nil), context.Background()
	stock, err := inventory.New(s, merchant, nil)
	require.NoError(t, err)
	must(t, s, merchant, inventory.Track("t", line("a", 10_000)))
	sold, killed := int64(0), 0
	for round := range 12 {
		for i := range 12 {
			must(t, s, merchant, inventory.Reserve(fmt.Sprintf("h%d-%d", round, i), 10*time.Minute, line("a", 3)))
		}
		must(t, s, merchant, inventory.Reserve(fmt.Sprintf("kept%d", round), 100*24*time.Hour, line("a", 1)))
		_, err := s.Lease(ctx, merchant, []inventory.Key{at("a"), at(fmt.Sprint("b", round))}, time.Minute)
		require.NoError(t, err)
		order := inventory.Order{
			Channel: "bazaar", ID: fmt.Sprint(round), Full: true, Created: now.Unix(), Updated: now.Unix(),
			Lines: []inventory.OrderLine{{ID: "1", SKU: "a", Ordered: 2}},
		}
		_, err = stock.Apply(ctx, inventory.Ordered(order))
		require.NoError(t, err)
		sold += 2
		srv.advance(61*24*time.Hour, &now)

		for _, after := range []bool{false, true} {
			for step := int64(1); step <= 14; step++ {
				hook := &deadline{after: after}
				hook.left.Store(step)
				c := srv.client(t, nil)
				store := openStore(t, c, nil)
				doomed, end := context.WithCancel(ctx)
				hook.end = end
				c.AddHook(hook)
				mine, err := inventory.New(store, merchant, nil)
				require.NoError(t, err)
				if _, err := inventory.NewJanitor(mine, &inventory.JanitorConfig{Steps: 2, OrdersEvery: 1}).Round(doomed); err != nil {
					killed++
				}
				end()
			}
		}
		must(t, s, merchant, inventory.Sell(fmt.Sprint("s", round), line("a", 1)))
		sold++
	}
	require.Greater(t, killed, 100, "or nobody was killed")
	janitor := inventory.NewJanitor(stock, &inventory.JanitorConfig{OrdersEvery: 1})
	for more := true; more; {
		done, err := janitor.Round(ctx)
		require.NoError(t, err)
		require.Empty(t, done.Stuck)
		more = done.More
	}
	l := level(t, s, merchant, "a")
	require.Equal(t, []int64{10_000 - sold - 1, 1, sold}, []int64{l.Available, l.Reserved, l.Committed})
	holds, err := s.Reservations(ctx, merchant, []string{"h0-0", "kept11"})
	require.NoError(t, err)
	require.Len(t, holds, 1, "ended ones are forgotten, others are not")
	docs, err := s.Documents(ctx, merchant, []string{"bazaar/0", "bazaar/11"})
	require.NoError(t, err)
	require.Zero(t, docs[0].Version)
	require.True(t, docs[1].Compact)
	exists, err := srv.raw(t).Exists(ctx, "{"+merchant+"}:ls").Result()
	require.NoError(t, err)
	require.Zero(t, exists, "leases that are over are gone")
}
