package locktest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

// retried reports whether the strategy gave up, so that the same Change may be
// submitted again.
func retried(err error) bool {
	return errors.Is(err, lock.ErrContended) || errors.Is(err, lock.ErrNotAcquired) || errors.Is(err, lock.ErrLeaseLost) ||
		errors.Is(err, inventory.ErrLeased)
}

var applyTests = []test{
	{"one SKU is sold out exactly", func(f *fixture) {
		f.track(100, "hot")
		var sold, refused atomic.Int64
		all(60, func(i int) {
			for n := range 3 { // each sale by two goroutines
				c := f.own([]inventory.Change{inventory.Sell(fmt.Sprintf("order/%d/%d", i/2, n), line("hot", 2))})[0]
				switch o := settled(f.Context(), f.locker, c); {
				case o.Err == nil && !o.Duplicate:
					sold.Add(1)
				case errors.Is(o.Err, inventory.ErrInsufficient):
					refused.Add(1)
				default:
					assert.NoError(f, o.Err)
				}
			}
		})
		require.Equal(f, int64(50), sold.Load(), "100 units are 50 sales of 2")
		require.NotZero(f, refused.Load())
		f.stock("hot", 0, 0, 100)
	}},
	{"several SKUs: all lines or none", func(f *fixture) {
		skus := []string{"a", "b", "c", "d", "e"}
		f.track(20, skus...)
		var took [5]atomic.Int64
		all(40, func(i int) {
			a, b := i%5, (i+1+i/5%4)%5
			lines := []inventory.Line{line(skus[a], 1), line(skus[b], 2)}
			if i%2 == 0 { // in either order, which can't block
				lines[0], lines[1] = lines[1], lines[0]
			}
			c := f.own([]inventory.Change{inventory.Sell(fmt.Sprint("order/", i), lines...)})[0]
			o := settled(f.Context(), f.locker, c)
			if errors.Is(o.Err, inventory.ErrInsufficient) {
				return
			}
			assert.NoError(f, o.Err)
			took[a].Add(1)
			took[b].Add(2)
		})
		for i, sku := range skus {
			f.stock(sku, 20-took[i].Load(), 0, took[i].Load())
			require.LessOrEqual(f, took[i].Load(), int64(20), "oversold")
		}
	}},
	{"a vector has an Outcome each, in order", func(f *fixture) {
		f.track(10, "a", "b", "d")
		bad := inventory.Sell("bad", line("a", 0))
		out := f.apply(
			inventory.Sell("s1", line("a", 6)),
			inventory.Sell("s2", line("a", 6)),
			bad,
			inventory.Sell("s3", line("a", 4), line("b", 1)),
			inventory.Sell("s4", line("a", 1), line("b", 1)),
			inventory.Sell("s5", line("unknown", 1)),
			inventory.Sell("s1", line("a", 6)),
			inventory.Sell("s6", line("d", 13)).ReportedBy("till"),
			inventory.Receive("r", line("b", 5)),
			inventory.Sell("s7", line("b", 14)),
			inventory.Track("t", line("c", 3)),
			inventory.Track("t2", line("a", 3)),
			inventory.Sell("s3", line("a", 5)),
		)
		for i, want := range []error{
			nil, inventory.ErrInsufficient, inventory.ErrInvalid, nil, inventory.ErrInsufficient, inventory.ErrUntracked, nil, nil, nil, nil,
			nil, inventory.ErrConflict, inventory.ErrReusedID,
		} {
			assert.ErrorIs(f, out[i].Err, want, "%d", i)
			assert.False(f, retried(out[i].Err), "neighbours are no others: %v", out[i].Err)
		}
		require.True(f, out[6].Duplicate)
		require.NotEmpty(f, out[1].Levels)
		f.stock("a", 0, 0, 10)
		f.stock("d", -3, 0, 13)
		f.stock("b", 0, 0, 15)
		f.stock("c", 3, 0, 0)
	}},
	{"many on one SKU in one vector", func(f *fixture) {
		f.track(50, "a")
		var changes []inventory.Change
		for i := range 100 {
			changes = append(changes, inventory.Sell(fmt.Sprint("order/", i), line("a", 1)))
		}
		for i, o := range f.apply(changes...) {
			if i < 50 {
				assert.NoError(f, o.Err)
			} else {
				assert.ErrorIs(f, o.Err, inventory.ErrInsufficient)
			}
		}
		f.stock("a", 0, 0, 50)
		require.Empty(f, f.apply())
	}},
	{"reservations in each state", func(f *fixture) {
		f.track(10, "a")
		for _, id := range []string{"sold", "back", "both"} {
			require.NoError(f, f.apply(inventory.Reserve(id, time.Hour, line("a", 2)))[0].Err)
		}
		out := f.apply(inventory.Extend("sold", 2*time.Hour), inventory.Commit("sold", "o1"), inventory.Release("back"),
			inventory.Reserve("new", time.Hour, line("a", 1)), inventory.Commit("new", "o2"), inventory.Expire("both"),
			inventory.Commit("none", "o3"))
		for i, o := range out[:6] {
			assert.NoError(f, o.Err, "%d", i)
		}
		require.ErrorIs(f, out[6].Err, inventory.ErrNotFound)
		require.Equal(f, inventory.CommittedHold, out[4].Reservation.Status)
		f.stock("a", 5, 2, 3)
		require.True(f, f.apply(inventory.Reserve("new", time.Hour, line("a", 1)))[0].Duplicate)
	}},
	{"a paid order and its document pass", func(f *fixture) {
		f.track(1, "a")
		stock, err := inventory.New(f.spy, f.merchant, &inventory.Config{Locker: f.locker})
		require.NoError(f, err)
		o := inventory.Order{Channel: "shop", ID: "1", Full: true, Lines: []inventory.OrderLine{{ID: "1", SKU: "a", Ordered: 3}}, Location: here}
		require.NoError(f, stock.Emit(f.Context(), inventory.Ordered(o)))
		require.NoError(f, stock.Emit(f.Context(), inventory.Ordered(o)))
		f.stock("a", -2, 0, 3)
	}},
	{"a lost reply is an unknown outcome, and the same again settles it", func(f *fixture) {
		f.track(10, "a")
		sell := func() inventory.Change { return inventory.Sell("s", line("a", 3)) }
		f.spy.lose = 1
		require.ErrorIs(f, f.apply(sell())[0].Err, inventory.ErrUnknown)
		o := f.apply(sell())[0]
		require.NoError(f, o.Err)
		require.True(f, o.Duplicate)
		f.spy.lose = 1
		decide := func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Sell("u", line("a", 3)), nil
		}
		_, err := f.locker.Update(f.Context(), f.merchant, []inventory.Key{key("a")}, decide)
		require.ErrorIs(f, err, inventory.ErrUnknown)
		o, err = f.locker.Update(f.Context(), f.merchant, []inventory.Key{key("a")}, decide)
		require.NoError(f, err)
		require.True(f, o.Duplicate)
		f.stock("a", 4, 0, 6)
	}},
	{"a context that is over", func(f *fixture) {
		f.track(10, "a")
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		out := f.locker.Apply(ctx, f.own([]inventory.Change{inventory.Sell("s", line("a", 1)), inventory.Sell("s2", line("a", 1)).ReportedBy("till")}))
		for _, o := range out {
			require.ErrorIs(f, o.Err, context.Canceled)
		}
		f.stock("a", 10, 0, 0)
	}},
}
