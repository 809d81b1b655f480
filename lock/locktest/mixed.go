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

func (f *fixture) sleep(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

// strategies are the Locker under test and all of package lock, on one store.
func (f *fixture) strategies() []lock.Locker {
	return []lock.Locker{
		f.locker,
		lock.NewAtomic(f.spy, nil),
		lock.NewOptimistic(f.spy, nil),
		lock.NewPessimistic(f.spy, nil),
		lock.NewPessimistic(f.spy, nil), // of another process
	}
}

// traffic is a sale, a cart, a delivery or a decision through l, until it has
// an answer; it returns what it took from available.
func (f *fixture) traffic(l lock.Locker, i int) (took int64) {
	id := fmt.Sprint("c/", i)
	var c inventory.Change
	switch i % 5 {
	case 0:
		c = inventory.Sell(id, line("a", 2))
	case 1:
		c = inventory.Receive(id, line("a", 1))
	case 2:
		c = inventory.Sell(id, line("a", 1)).ReportedBy("till")
	case 3:
		c = inventory.Reserve(id, time.Hour, line("a", 3))
	case 4:
		for {
			_, err := l.Update(f.Context(), f.merchant, []inventory.Key{key("a")}, func(_ context.Context, now []inventory.Level) (inventory.Change, error) {
				took = min(2, now[0].Sellable())
				if took <= 0 {
					return inventory.Change{}, inventory.ErrInsufficient
				}
				return inventory.Sell(id, line("a", took)), nil
			})
			switch {
			case err == nil:
				return took
			case errors.Is(err, inventory.ErrInsufficient):
				return 0
			case !retried(err):
				f.Error(err)
				return 0
			}
		}
	}
	o := settled(f.Context(), l, f.own([]inventory.Change{c})[0])
	if o.Err != nil {
		assert.ErrorIs(f, o.Err, inventory.ErrInsufficient)
		return 0
	}
	switch i % 5 {
	case 1:
		return -1
	case 3:
		if i%2 == 0 {
			assert.NoError(f, settled(f.Context(), l, f.own([]inventory.Change{inventory.Release(id)})[0]).Err)
			return 0
		}
		assert.NoError(f, settled(f.Context(), l, f.own([]inventory.Change{inventory.Commit(id, "o"+id)})[0]).Err)
	}
	return c.Lines[0].Quantity
}

// balance checks that nothing was lost: took has left available since there
// were n units, and safety stock was not touched but by recorded sales.
func (f *fixture) balance(n, took int64) {
	f.Helper()
	l := f.level("a")
	require.Equal(f, n-took, l.Available, "%s", l)
	require.Zero(f, l.Reserved, "%s", l)
}

var mixedTests = []test{
	{"every strategy on one SKU", func(f *fixture) {
		f.track(60, "a")
		strategies := f.strategies()
		var took atomic.Int64
		all(25, func(i int) {
			for n := range 4 {
				took.Add(f.traffic(strategies[(i+n)%len(strategies)], 25*n+i))
			}
		})
		f.balance(60, took.Load())
	}},
	{"switched in mid-traffic", func(f *fixture) {
		f.track(60, "a")
		strategies := f.strategies()
		classes := func(i int) []lock.Class {
			return []lock.Class{{Name: "all", Match: func(string) bool { return true }, Locker: strategies[i%len(strategies)]}}
		}
		policy, err := lock.NewPolicy(f.locker, classes(0), nil)
		require.NoError(f, err)
		var took, calls atomic.Int64
		counted := countedLocker{policy, &calls}
		all(25, func(i int) {
			for n := range 4 {
				assert.NoError(f, policy.Replace(classes(i+n)))
				took.Add(f.traffic(counted, 25*n+i))
			}
		})
		f.balance(60, took.Load())
		var sum int64
		for _, s := range policy.Stats() {
			require.Equal(f, s.Changes, s.Applied+s.Duplicates+s.Refused+s.GaveUp+s.Failed, "%+v", s)
			require.Zero(f, s.Failed, "%+v", s)
			sum += s.Changes
		}
		require.Equal(f, calls.Load(), sum, "every Change is counted, once")
	}},
}

// countedLocker counts what it is given.
type countedLocker struct {
	lock.Locker
	calls *atomic.Int64
}

func (c countedLocker) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	c.calls.Add(int64(len(changes)))
	return c.Locker.Apply(ctx, changes)
}

func (c countedLocker) Update(ctx context.Context, merchant string, keys []inventory.Key, decide lock.Decide) (inventory.Outcome, error) {
	c.calls.Add(1)
	return c.Locker.Update(ctx, merchant, keys, decide)
}
