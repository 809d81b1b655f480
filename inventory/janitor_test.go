package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

func TestJanitorRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(nil)
		stock, err := inventory.New(store, "acme", nil)
		require.NoError(t, err)
		mug := inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 1}
		many := mug
		many.Quantity = 1000
		apply := func(c inventory.Change) {
			_, err := stock.Apply(t.Context(), c)
			require.NoError(t, err, "%s %s", c.Kind, c.ID)
		}
		apply(inventory.Track("t", many))
		for i := range 350 {
			_, err := stock.Reserve(t.Context(), fmt.Sprint("cart-", i), time.Minute, mug)
			require.NoError(t, err)
		}
		janitor := inventory.NewJanitor(stock, &inventory.JanitorConfig{Every: 10 * time.Second})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- janitor.Run(ctx) }()
		time.Sleep(59 * time.Second)
		require.Zero(t, janitor.Stats().Expired)
		time.Sleep(11 * time.Second)
		stats := janitor.Stats()
		require.EqualValues(t, 350, stats.Expired, "a full round is followed by another at once")
		require.Empty(t, stats.Stuck)
		time.Sleep(16 * 24 * time.Hour)
		require.EqualValues(t, 350, janitor.Stats().Forgotten)

		_, err = stock.Reserve(t.Context(), "stuck", time.Minute, mug)
		require.NoError(t, err)
		apply(inventory.Move("by hand", inventory.Reserved, inventory.Available, mug))
		time.Sleep(2 * time.Minute)
		stuck := janitor.Stats().Stuck
		require.Len(t, stuck, 1)
		require.Equal(t, "stuck", stuck[0].Reservation)
		require.ErrorIs(t, stuck[0].Err, inventory.ErrInsufficient)
		apply(inventory.Move("back", inventory.Available, inventory.Reserved, mug))
		time.Sleep(4 * time.Hour)
		require.Empty(t, janitor.Stats().Stuck)
		require.EqualValues(t, 351, janitor.Stats().Expired)
		stop()
		require.NoError(t, <-done)
	})
}

// untidy is a store whose Tidy fails.
type untidy struct {
	inventory.Store
	calls int
}

var errUntidy = errors.New("no")

func (s *untidy) Tidy(context.Context, string, int) (inventory.Tidied, error) {
	s.calls++
	return inventory.Tidied{Expired: 2, More: true}, errUntidy
}

func TestJanitorWaitsOutErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &untidy{Store: memstore.New(nil)}
		stock, err := inventory.New(store, "acme", nil)
		require.NoError(t, err)
		janitor := inventory.NewJanitor(stock, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 9500*time.Millisecond)
		defer cancel()
		require.NoError(t, janitor.Run(ctx))
		require.Equal(t, 10, store.calls, "a round a second, though there is more to do")
		require.Equal(t, inventory.JanitorStats{Rounds: 10, Failed: 10, Expired: 20}, janitor.Stats())
	})
}

// What a life of reservations ends with does not depend on a Janitor: whoever
// wants a unit of an old hold gets it.
func TestStockIsRightWithoutAJanitor(t *testing.T) {
	t.Parallel()
	for _, janitors := range []int{0, 1, 4} {
		synctest.Test(t, func(t *testing.T) {
			stock, err := inventory.New(memstore.New(nil), "acme", nil)
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			ends := make(chan error)
			for range janitors {
				go func() { ends <- inventory.NewJanitor(stock, &inventory.JanitorConfig{Steps: 3}).Run(ctx) }()
			}
			mug := inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 1}
			stocked := mug
			stocked.Quantity = 25
			_, err = stock.Apply(t.Context(), inventory.Track("t", stocked))
			require.NoError(t, err)
			for round := range 20 {
				for i := range 25 { // all that there is is held, and let go of
					_, err := stock.Reserve(t.Context(), fmt.Sprintf("cart-%d-%d", round, i), time.Minute, mug)
					require.NoError(t, err, "round %d, hold %d, %d janitors", round, i, janitors)
				}
				_, err := stock.Reserve(t.Context(), "one more", time.Minute, mug)
				require.ErrorIs(t, err, inventory.ErrInsufficient)
				time.Sleep(time.Minute)
				synctest.Wait()
			}
			all := stocked
			_, err = stock.Apply(t.Context(), inventory.Sell("all", all))
			require.NoError(t, err)
			level, err := stock.Levels(t.Context(), mug.Key())
			require.NoError(t, err)
			require.Equal(t, []int64{0, 0, 25}, []int64{level[0].Available, level[0].Reserved, level[0].Committed})
			stop()
			for range janitors {
				require.NoError(t, <-ends)
			}
		})
	}
}
