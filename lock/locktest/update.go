package locktest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

func (f *fixture) update(decide lock.Decide, skus ...string) (inventory.Outcome, error) {
	keys := make([]inventory.Key, len(skus))
	for i, sku := range skus {
		keys[i] = key(sku)
	}
	return f.locker.Update(f.Context(), f.merchant, keys, decide)
}

var errNo = errors.New("no")

var updateTests = []test{
	{"decide sees current levels, and what it decides is applied once", func(f *fixture) {
		f.track(0, "a", "b")
		var mu sync.Mutex
		seen := map[int64]bool{}
		all(30, func(i int) {
			for {
				var saw int64
				o, err := f.update(func(_ context.Context, now []inventory.Level) (inventory.Change, error) {
					saw = now[0].Available
					// Who reads n, writes n+1: two who read the same lose one.
					n := now[1].Available - now[0].Available + 1
					return inventory.Receive(fmt.Sprint("r", i), line("a", 1), line("b", n)), nil
				}, "b", "a")
				if retried(err) {
					continue
				}
				assert.NoError(f, err)
				assert.False(f, o.Duplicate)
				mu.Lock()
				assert.True(f, f.h.Hint || !seen[saw], "two decided on the same level")
				seen[saw] = true
				mu.Unlock()
				return
			}
		})
		require.Equal(f, int64(30), f.level("a").Available)
		require.Equal(f, int64(31), f.level("a").Version)
		if !f.h.Hint {
			require.Equal(f, int64(30), f.level("b").Available)
		}
	}},
	{"no update oversells", func(f *fixture) {
		f.track(20, "a")
		all(40, func(i int) {
			for {
				_, err := f.update(func(_ context.Context, now []inventory.Level) (inventory.Change, error) {
					n := min(2, now[0].Sellable())
					if n <= 0 {
						return inventory.Change{}, inventory.ErrInsufficient
					}
					return inventory.Sell(fmt.Sprint("s", i), line("a", n)), nil
				}, "a")
				if !retried(err) {
					assert.True(f, err == nil || errors.Is(err, inventory.ErrInsufficient), "%v", err)
					return
				}
			}
		})
		f.stock("a", 0, 0, 20)
	}},
	{"tries are bounded", func(f *fixture) {
		f.track(10, "a")
		calls := 0
		_, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			calls++ // and every time somebody is faster
			require.NoError(f, f.direct(inventory.Sell(fmt.Sprint("r", calls), line("a", 1)).ReportedBy("till"))[0].Err)
			return inventory.Sell("s", line("a", 1)), nil
		}, "a")
		require.Equal(f, f.h.MaxTries, calls)
		sold := int64(calls)
		if f.h.MaxTries > 1 {
			require.ErrorIs(f, err, lock.ErrContended)
			require.ErrorIs(f, err, inventory.ErrConflict)
		} else {
			require.NoError(f, err)
			sold++
		}
		f.stock("a", 10-sold, 0, sold)
	}},
	{"decide may say no", func(f *fixture) {
		f.track(10, "a")
		_, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Sell("s", line("a", 1)), errNo
		}, "a")
		require.ErrorIs(f, err, errNo)
		_, err = f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Sell("s", line("a", 0)), nil
		}, "a")
		require.ErrorIs(f, err, inventory.ErrInvalid)
		_, err = f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			c := inventory.Sell("s", line("a", 1))
			c.Merchant = "other"
			return c, nil
		}, "a")
		require.ErrorIs(f, err, inventory.ErrInvalid)
		_, err = f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Sell("s", line("a", 11)), nil
		}, "a")
		require.ErrorIs(f, err, inventory.ErrInsufficient)
		f.stock("a", 10, 0, 0)
		f.other(1e9, "a")
	}},
	{"nobody is asked about what is not tracked", func(f *fixture) {
		f.track(10, "a")
		_, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			f.Error("asked")
			return inventory.Change{}, errNo
		}, "a", "unknown")
		require.ErrorIs(f, err, inventory.ErrUntracked)
	}},
	{"every location of a SKU", func(f *fixture) {
		f.track(10, "a")
		require.NoError(f, f.direct(inventory.Track("t2", inventory.Line{SKU: "a", Location: "lyon", Quantity: 5}))[0].Err)
		o, err := f.locker.Update(f.Context(), f.merchant, []inventory.Key{{SKU: "a"}}, func(_ context.Context, now []inventory.Level) (inventory.Change, error) {
			assert.Len(f, now, 2)
			return inventory.Sell("s", line("a", now[0].Available), inventory.Line{SKU: "a", Location: "lyon", Quantity: now[1].Available}), nil
		})
		require.NoError(f, err)
		require.Len(f, o.Levels, 2)
		f.stock("a", 0, 0, 10)
	}},
	{"an old hold's units are there for who needs them", func(f *fixture) {
		f.track(2, "a")
		require.NoError(f, f.direct(inventory.Reserve("old", 1e6, line("a", 2)))[0].Err)
		f.sleep(5)
		o, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Sell("s", line("a", 2)), nil
		}, "a")
		require.NoError(f, err)
		require.False(f, o.Duplicate)
		f.stock("a", 0, 0, 2)
	}},
	{"the context of decide ends with the caller's", func(f *fixture) {
		f.track(10, "a")
		ctx, cancel := context.WithCancel(f.Context())
		_, err := f.locker.Update(ctx, f.merchant, []inventory.Key{key("a")}, func(ctx context.Context, _ []inventory.Level) (inventory.Change, error) {
			cancel()
			<-ctx.Done()
			return inventory.Sell("s", line("a", 1)), nil // and decides all the same
		})
		require.ErrorIs(f, err, context.Canceled)
		f.stock("a", 10, 0, 0)
	}},
	{"a lost lease ends the context of decide", func(f *fixture) {
		if !f.h.Leases {
			f.Skip("the Locker leases nothing")
		}
		f.track(10, "a")
		_, err := f.update(func(ctx context.Context, _ []inventory.Level) (inventory.Change, error) {
			f.steal()
			<-ctx.Done()
			assert.ErrorIs(f, context.Cause(ctx), lock.ErrLeaseLost)
			return inventory.Change{}, ctx.Err()
		}, "a")
		require.ErrorIs(f, err, lock.ErrLeaseLost)
		f.stock("a", 10, 0, 0)
	}},
	{"a late write is refused", func(f *fixture) {
		if !f.h.Leases {
			f.Skip("the Locker leases nothing")
		}
		f.track(10, "a")
		_, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
			f.steal() // while this goroutine was held up
			return inventory.Sell("s", line("a", 1)), nil
		}, "a")
		require.ErrorIs(f, err, lock.ErrLeaseLost)
		require.ErrorIs(f, err, inventory.ErrFenced)
		f.stock("a", 10, 0, 0)
	}},
	{"nobody else decides meanwhile", func(f *fixture) {
		if !f.h.Leases {
			f.Skip("the Locker leases nothing")
		}
		f.track(100, "a")
		var inside atomic.Int64
		all(10, func(i int) {
			_, err := f.update(func(context.Context, []inventory.Level) (inventory.Change, error) {
				assert.Equal(f, int64(1), inside.Add(1), "two at once")
				defer inside.Add(-1)
				o := f.direct(inventory.Sell(fmt.Sprint("thief", i), line("a", 1)))[0]
				assert.ErrorIs(f, o.Err, inventory.ErrLeased)
				o = f.direct(inventory.Sell(fmt.Sprint("fact", i), line("a", 1)).ReportedBy("till"))[0]
				assert.NoError(f, o.Err)
				return inventory.Sell(fmt.Sprint("s", i), line("a", 1)), nil
			}, "a")
			assert.NoError(f, err)
		})
		f.stock("a", 80, 0, 20)
	}},
}
