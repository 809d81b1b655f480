package locktest

import (
	"context"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

// other leases levels for somebody else.
func (f *fixture) other(ttl time.Duration, skus ...string) inventory.Lease {
	f.Helper()
	var keys []inventory.Key
	for _, sku := range skus {
		keys = append(keys, key(sku))
	}
	l, err := f.spy.Store.Lease(context.Background(), f.merchant, keys, ttl)
	require.NoError(f, err)
	return l
}

func one(f *fixture) lock.Decide {
	return func(_ context.Context, levels []inventory.Level) (inventory.Change, error) {
		assert.Len(f, levels, 1)
		return inventory.Sell("u", line("a", 1)), nil
	}
}

var leaseTests = []test{
	{"somebody's lease is waited for", func(f *fixture) {
		f.track(10, "a")
		l := f.other(time.Hour, "a")
		time.AfterFunc(20*time.Millisecond, func() { _ = f.spy.Unlease(context.Background(), l) })
		require.NoError(f, f.apply(inventory.Sell("s", line("a", 1)))[0].Err)
		f.other(20*time.Millisecond, "a") // who never gives it back
		_, err := f.locker.Update(f.Context(), f.merchant, []inventory.Key{key("a")}, one(f))
		require.NoError(f, err)
		f.stock("a", 8, 0, 2)
	}},
	{"up to a bound", func(f *fixture) {
		f.track(10, "a", "b")
		f.other(time.Hour, "a")
		start, meanwhile := time.Now(), make(chan int64, 1)
		time.AfterFunc(50*time.Millisecond, func() {
			levels, _ := f.spy.Levels(context.Background(), f.merchant, []inventory.Key{key("a")})
			meanwhile <- levels[0].Available
		})
		out := f.apply(inventory.Sell("s", line("a", 1)), inventory.Sell("r", line("a", 2)).ReportedBy("till"))
		require.Equal(f, int64(8), <-meanwhile, "what has happened does not wait for its neighbour")
		require.ErrorIs(f, out[0].Err, inventory.ErrLeased)
		require.True(f, inventory.Answered(out[0].Err), "a queue is to try this one again, and not to stop")
		require.NoError(f, out[1].Err)
		_, err := f.locker.Update(f.Context(), f.merchant, []inventory.Key{key("a")}, one(f))
		require.ErrorIs(f, err, inventory.ErrLeased)
		require.Less(f, time.Since(start), time.Minute)
		require.NoError(f, f.apply(inventory.Sell("s2", line("b", 1)))[0].Err)
		f.stock("a", 8, 0, 2)
	}},
	{"what has happened and what a hold has waits for no lease", func(f *fixture) {
		f.track(10, "a")
		for _, id := range []string{"h1", "h2", "h3"} {
			require.NoError(f, f.direct(inventory.Reserve(id, time.Hour, line("a", 1)))[0].Err)
		}
		f.other(time.Hour, "a")
		start := time.Now()
		for _, o := range f.apply(
			inventory.Sell("s", line("a", 1)).ReportedBy("till"), inventory.Extend("h1", 2*time.Hour), inventory.Commit("h1", "o1"),
			inventory.Release("h2"), inventory.Expire("h3"),
		) {
			require.NoError(f, o.Err)
		}
		require.Less(f, time.Since(start), time.Second)
		f.stock("a", 7, 1, 2)
	}},
	{"a late commit gets its turn", func(f *fixture) {
		f.track(10, "a")
		require.NoError(f, f.direct(inventory.Reserve("h", time.Millisecond, line("a", 1)))[0].Err)
		time.Sleep(5 * time.Millisecond)
		l := f.other(time.Hour, "a")
		time.AfterFunc(20*time.Millisecond, func() { _ = f.spy.Unlease(context.Background(), l) })
		o := f.apply(inventory.Commit("h", "o1"))[0]
		require.NoError(f, o.Err)
		require.True(f, o.Late)
		f.stock("a", 9, 0, 1)
	}},
	{"the caller's context ends the wait", func(f *fixture) {
		f.track(10, "a")
		f.other(time.Hour, "a")
		ctx, cancel := context.WithTimeout(f.Context(), 10*time.Millisecond)
		defer cancel()
		o := f.locker.Apply(ctx, f.own([]inventory.Change{inventory.Sell("s", line("a", 1))}))[0]
		require.ErrorIs(f, o.Err, context.DeadlineExceeded)
		_, err := f.locker.Update(ctx, f.merchant, []inventory.Key{key("a")}, one(f))
		require.ErrorIs(f, err, context.DeadlineExceeded)
		f.stock("a", 10, 0, 0)
	}},
	{"leases are given back", func(f *fixture) {
		f.track(1, "a", "b")
		f.apply(inventory.Sell("s", line("a", 1), line("b", 1)), inventory.Sell("s2", line("a", 1), line("b", 1)))
		ctx, cancel := context.WithCancel(f.Context())
		_, err := f.locker.Update(ctx, f.merchant, []inventory.Key{key("a")}, func(ctx context.Context, _ []inventory.Level) (inventory.Change, error) {
			cancel()
			<-ctx.Done()
			return inventory.Change{}, ctx.Err()
		})
		require.ErrorIs(f, err, context.Canceled)
		f.other(time.Hour, "a", "b")
	}},
}
