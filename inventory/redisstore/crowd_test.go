package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// crowd lets 200 callers of two processes sell one unit each, each twice.
func crowd(t *testing.T, stores [2]*redisstore.Store, merchant string, sku func(i int) string) (sold, short int64) {
	t.Helper()
	var wg sync.WaitGroup
	var yes, no atomic.Int64
	for i := range 200 {
		wg.Go(func() {
			sell := with(merchant, inventory.Sell(fmt.Sprintf("s%d", i), line(sku(i), 1)))
			for try := range 2 {
				o := stores[(i+try)%2].Apply(context.Background(), []inventory.Change{sell})[0]
				switch {
				case o.Err == nil && !o.Duplicate:
					yes.Add(1)
				case errors.Is(o.Err, inventory.ErrInsufficient):
					no.Add(1)
				case o.Err != nil:
					t.Errorf("%d: %v", i, o.Err)
				}
			}
		})
	}
	wg.Wait()
	return yes.Load(), no.Load()
}

func TestCrowdOnOneSKU(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		stores, merchant := [2]*redisstore.Store{srv.open(t, nil), srv.open(t, nil)}, merchantName()
		must(t, stores[0], merchant, inventory.Track("t", line("a", 37)))
		sold, short := crowd(t, stores, merchant, func(int) string { return "a" })
		require.EqualValues(t, 37, sold)
		require.EqualValues(t, 2*(200-37), short)
		l := level(t, stores[1], merchant, "a")
		require.EqualValues(t, []int64{0, 37, 38}, []int64{l.Available, l.Committed, l.Version})
	})
}

func TestCrowdOnManySKUs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		stores, merchant := [2]*redisstore.Store{srv.open(t, nil), srv.open(t, nil)}, merchantName()
		for i := range 50 {
			must(t, stores[i%2], merchant, inventory.Track(fmt.Sprintf("t%d", i), line(fmt.Sprintf("sku-%d", i), 3)))
		}
		sold, short := crowd(t, stores, merchant, func(i int) string { return fmt.Sprintf("sku-%d", i%50) })
		require.EqualValues(t, 150, sold)
		require.EqualValues(t, 100, short)
	})
}

// A fresh merchant gets one epoch, though many write first.
func TestCrowdOnANewMerchant(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		stores, merchant := [2]*redisstore.Store{srv.open(t, nil), srv.open(t, nil)}, merchantName()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				c := with(merchant, inventory.Track(fmt.Sprintf("t%d", i), line(fmt.Sprintf("sku-%d", i), 1)))
				if o := stores[i%2].Apply(context.Background(), []inventory.Change{c})[0]; o.Err != nil {
					t.Errorf("%d: %v", i, o.Err)
				}
			})
		}
		wg.Wait()
		n := 0
		for _, err := range stores[0].AllLevels(context.Background(), merchant) {
			require.NoError(t, err)
			n++
		}
		require.Equal(t, 100, n)
	})
}

// A long vector goes in several calls, and its outcomes are in order.
func TestLongVector(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant, other := srv.open(t, nil), merchantName(), merchantName()
		must(t, s, merchant, inventory.Track("t", line("a", 5000)))
		must(t, s, other, inventory.Track("t", line("a", 5000)))
		var changes []inventory.Change
		for i := range 2500 {
			m := merchant
			if i%5 == 4 {
				m = other
			}
			c := with(m, inventory.Sell(fmt.Sprintf("s%d", i), line("a", 1)))
			if i%100 == 7 {
				c.Lines[0].Quantity = 0 // invalid
			}
			if i%100 == 8 {
				c.Lines[0].SKU = "unknown"
			}
			changes = append(changes, c)
		}
		big := inventory.Sell("big", line("a", 1))
		big.Kind, big.Document = inventory.KindOrder, &inventory.Document{Name: "o", Body: []byte(strings.Repeat("x", 1<<20))}
		big.Recorded = true
		changes = append(changes, with(merchant, big))
		outs := s.Apply(context.Background(), changes)
		require.Len(t, outs, len(changes))
		left := map[string]int64{merchant: 5000, other: 5000}
		for i, o := range outs {
			require.Equal(t, changes[i].ID, o.ID)
			switch {
			case i%100 == 7 && i < 2500:
				require.ErrorIs(t, o.Err, inventory.ErrInvalid)
			case i%100 == 8 && i < 2500:
				require.ErrorIs(t, o.Err, inventory.ErrUntracked)
			default:
				require.NoError(t, o.Err)
				left[changes[i].Merchant]--
				require.Equal(t, left[changes[i].Merchant], o.Levels[0].Available, "as of that Change")
			}
		}
		docs, err := s.Documents(context.Background(), merchant, []string{"o"})
		require.NoError(t, err)
		require.Len(t, docs[0].Body, 1<<20)
	})
}
