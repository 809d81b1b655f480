package lock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/lock"
)

// store is a memstore whose calls tests count, slow down and make fail.
type store struct {
	*memstore.Store
	mu                      sync.Mutex
	applies, reads, renewed int
	delay, leaseDelay       time.Duration
	leaseErr, renewErr      error
	unlease                 func() // before each
}

func open(t *testing.T, n int64, skus ...string) *store {
	t.Helper()
	s := &store{Store: memstore.New(nil)}
	for _, sku := range skus {
		require.NoError(t, s.Store.Apply(t.Context(), of(inventory.Track("track-"+sku, line(sku, n))))[0].Err)
	}
	return s
}

func (s *store) call(count *int) {
	s.mu.Lock()
	*count++
	s.mu.Unlock()
	time.Sleep(s.delay)
}

func (s *store) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	s.call(&s.applies)
	return s.Store.Apply(ctx, changes)
}

func (s *store) Levels(ctx context.Context, merchant string, keys []inventory.Key) ([]inventory.Level, error) {
	s.call(&s.reads)
	return s.Store.Levels(ctx, merchant, keys)
}

func (s *store) Lease(ctx context.Context, merchant string, keys []inventory.Key, ttl time.Duration) (inventory.Lease, error) {
	if s.leaseErr != nil {
		return inventory.Lease{}, s.leaseErr
	}
	time.Sleep(s.leaseDelay)
	return s.Store.Lease(ctx, merchant, keys, ttl)
}

func (s *store) Renew(ctx context.Context, l inventory.Lease, ttl time.Duration) (inventory.Lease, error) {
	s.call(&s.renewed)
	if s.renewErr != nil {
		return l, s.renewErr
	}
	return s.Store.Renew(ctx, l, ttl)
}

func (s *store) Unlease(ctx context.Context, l inventory.Lease) error {
	if s.unlease != nil {
		s.unlease()
	}
	return s.Store.Unlease(ctx, l)
}

func (s *store) available(t *testing.T, sku string) int64 {
	t.Helper()
	levels, err := s.Store.Levels(context.Background(), "acme", []inventory.Key{key(sku)})
	require.NoError(t, err)
	return levels[0].Available
}

func of(changes ...inventory.Change) []inventory.Change {
	for i := range changes {
		changes[i].Merchant = "acme"
	}
	return changes
}

func key(sku string) inventory.Key { return inventory.Key{SKU: sku, Location: "berlin"} }

func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: "berlin", Quantity: n}
}

func sell(id, sku string) inventory.Change { return inventory.Sell(id, line(sku, 1)) }

// deciding takes d to sell one unit.
func deciding(d time.Duration, id, sku string) lock.Decide {
	return func(ctx context.Context, _ []inventory.Level) (inventory.Change, error) {
		select {
		case <-time.After(d):
			return sell(id, sku), nil
		case <-ctx.Done():
			return inventory.Change{}, ctx.Err()
		}
	}
}

func TestWaitingCallersAreServedInOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a", "b", "c")
		p := lock.NewPessimistic(s, &lock.PessimisticConfig{Wait: time.Minute})
		skus := [][]string{{"a"}, {"a", "b"}, {"b"}, {"c", "a"}, {"b", "c"}, {"a", "a"}, {"c"}}
		var mu sync.Mutex
		var served []int
		var all sync.WaitGroup
		for i, keys := range skus {
			all.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				var want []inventory.Key
				for _, sku := range keys {
					want = append(want, key(sku))
				}
				_, err := p.Update(t.Context(), "acme", want, func(ctx context.Context, l []inventory.Level) (inventory.Change, error) {
					mu.Lock()
					served = append(served, i)
					mu.Unlock()
					return deciding(time.Second, fmt.Sprint(i), keys[0])(ctx, l)
				})
				assert.NoError(t, err)
			})
		}
		start := time.Now()
		all.Wait()
		// 0: a. 1 waits for a. 2 for b behind 1. 3 for a behind 1, 4 for b and c
		// behind 2 and 3, 5 for a behind 3, 6 for c behind 4.
		require.Equal(t, []int{0, 1}, served[:2])
		require.ElementsMatch(t, []int{2, 3}, served[2:4])
		require.ElementsMatch(t, []int{4, 5}, served[4:6])
		require.Equal(t, 6, served[6])
		require.Less(t, time.Since(start), 5100*time.Millisecond, "those who do not meet are not kept waiting")
	})
}

func TestTheWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a")
		p := lock.NewPessimistic(s, &lock.PessimisticConfig{Wait: time.Second})
		other := lock.NewPessimistic(s, &lock.PessimisticConfig{Wait: time.Second}) // in another process
		var all sync.WaitGroup
		all.Go(func() {
			_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a")}, deciding(3*time.Second, "long", "a"))
			assert.NoError(t, err)
		})
		synctest.Wait()
		for _, l := range []lock.Locker{p, other} {
			start := time.Now()
			o := l.Apply(t.Context(), of(sell("s", "a")))[0]
			require.ErrorIs(t, o.Err, lock.ErrNotAcquired)
			require.ErrorIs(t, o.Err, inventory.ErrLeased)
			require.Equal(t, "s", o.ID)
			require.InDelta(t, time.Second, time.Since(start), float64(100*time.Millisecond))
		}
		all.Wait()
		require.NoError(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Err, "who gave up left the line")
	})
}

func TestALeaseIsRenewedWhileDecideRunsAndNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a")
		p := lock.NewPessimistic(s, &lock.PessimisticConfig{TTL: time.Second})
		var all sync.WaitGroup
		all.Go(func() {
			time.Sleep(20 * time.Second)
			o := s.Store.Apply(context.Background(), of(sell("thief", "a")))[0]
			assert.ErrorIs(t, o.Err, inventory.ErrLeased)
		})
		_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a")}, deciding(30*time.Second, "s", "a"))
		require.NoError(t, err)
		all.Wait()
		require.InDelta(t, 90, s.renewed, 2)
		time.Sleep(time.Minute)
		require.InDelta(t, 90, s.renewed, 2)
		p.Apply(t.Context(), of(sell("s2", "a")))
		require.InDelta(t, 90, s.renewed, 2, "Apply decides nothing")
	})
}

func TestALeaseThatCannotBeRenewedIsLost(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		when time.Duration
	}{
		"taken":     {inventory.ErrFenced, time.Second},
		"no answer": {errors.New("connection refused"), 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, 99, "a")
				s.renewErr = tt.err
				p := lock.NewPessimistic(s, &lock.PessimisticConfig{TTL: 3 * time.Second})
				start := time.Now()
				_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a")}, deciding(time.Minute, "s", "a"))
				require.ErrorIs(t, err, lock.ErrLeaseLost)
				require.ErrorIs(t, err, context.Canceled)
				require.InDelta(t, tt.when, time.Since(start), float64(50*time.Millisecond))
				require.Equal(t, int64(99), s.available(t, "a"))
				// Also if decide does not look at its context.
				_, err = p.Update(t.Context(), "acme", []inventory.Key{key("a")}, func(context.Context, []inventory.Level) (inventory.Change, error) {
					time.Sleep(time.Minute)
					return sell("s", "a"), nil
				})
				require.ErrorIs(t, err, lock.ErrLeaseLost)
				require.Equal(t, int64(99), s.available(t, "a"))
			})
		})
	}
}

func TestALateWriteOfApplyIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a")
		s.delay = 2 * time.Second // longer than the lease
		o := lock.NewPessimistic(s, &lock.PessimisticConfig{TTL: time.Second, Wait: time.Minute}).Apply(t.Context(), of(sell("s", "a")))[0]
		require.ErrorIs(t, o.Err, lock.ErrLeaseLost)
		require.ErrorIs(t, o.Err, inventory.ErrFenced)
		require.Equal(t, int64(99), s.available(t, "a"))
	})
}

func TestNoLeaseStaysBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a")
		p := lock.NewPessimistic(s, nil)
		free := func() {
			t.Helper()
			l, err := s.Store.Lease(context.Background(), "acme", []inventory.Key{key("a")}, time.Second)
			require.NoError(t, err)
			require.NoError(t, s.Store.Unlease(context.Background(), l))
		}
		s.leaseDelay = 100 * time.Millisecond
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond) // while the lease is on its way
		defer cancel()
		require.ErrorIs(t, p.Apply(ctx, of(sell("s", "a")))[0].Err, context.DeadlineExceeded)
		free()
		require.Panics(t, func() {
			_, _ = p.Update(t.Context(), "acme", []inventory.Key{key("a")}, func(context.Context, []inventory.Level) (inventory.Change, error) {
				panic("in decide")
			})
		})
		free()
		_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a"), key("unknown")}, nil)
		require.ErrorIs(t, err, inventory.ErrUntracked)
		free()
		require.NoError(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Err)
	})
}

func TestErrorsOfTheStoreWhileLeasing(t *testing.T) {
	t.Parallel()
	s := open(t, 99, "a")
	p := lock.NewPessimistic(s, nil)
	s.leaseErr = fmt.Errorf("%w: connection reset", inventory.ErrUnknown)
	o := p.Apply(t.Context(), of(sell("s", "a"), sell("fact", "a").ReportedBy("till")))
	require.ErrorIs(t, o[0].Err, lock.ErrNotAcquired)
	require.NotErrorIs(t, o[0].Err, inventory.ErrUnknown, "of the Change it is known: nothing was applied")
	require.False(t, inventory.Answered(o[0].Err))
	require.NoError(t, o[1].Err)
	s.leaseErr = inventory.ErrDataLoss
	require.ErrorIs(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Err, inventory.ErrDataLoss)
	_, err := p.Update(t.Context(), "acme", nil, nil)
	require.ErrorIs(t, err, inventory.ErrDataLoss)
	s.leaseErr = nil
	_, err = p.Update(t.Context(), "acme", nil, nil)
	require.ErrorIs(t, err, inventory.ErrInvalid)
}

func TestAStoreThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 99, "a")
		s.leaseDelay = time.Minute
		o := lock.NewPessimistic(s, &lock.PessimisticConfig{Wait: time.Second}).Apply(t.Context(), of(sell("s", "a")))[0]
		require.ErrorIs(t, o.Err, lock.ErrNotAcquired)
		require.NotErrorIs(t, o.Err, context.DeadlineExceeded, "it was not the caller's")
	})
}

func TestAVectorIsLeasedAndAppliedInOneStep(t *testing.T) {
	t.Parallel()
	s := open(t, 9, "a", "b", "c")
	p := lock.NewPessimistic(s, nil)
	out := p.Apply(t.Context(), of(sell("1", "a"), sell("2", "b"), sell("3", "a"), sell("4", "c")))
	for _, o := range out {
		require.NoError(t, o.Err)
	}
	require.Equal(t, 1, s.applies)

	// What one lease can't have goes in several.
	var large []inventory.Change
	for i := range 3 {
		var lines []inventory.Line
		for j := range 600 {
			lines = append(lines, line(fmt.Sprint(i, "/", j), 1))
		}
		large = append(large, inventory.Track(fmt.Sprint("large", i), lines...))
	}
	s.applies = 0
	for _, o := range p.Apply(t.Context(), of(large...)) {
		require.NoError(t, o.Err)
	}
	require.Equal(t, 3, s.applies)

	// Merchants do not share a lease.
	two := of(sell("5", "a"), sell("6", "a"))
	two[1].Merchant = "other"
	out = p.Apply(t.Context(), two)
	require.NoError(t, out[0].Err)
	require.ErrorIs(t, out[1].Err, inventory.ErrUntracked)
}

func TestALateCommitLeasesWhatTheStoreNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 9, "a", "b")
		require.NoError(t, s.Store.Apply(t.Context(), of(inventory.Reserve("h", time.Second, line("a", 1), line("b", 1))))[0].Err)
		time.Sleep(time.Second)
		p := lock.NewPessimistic(s, nil)
		var all sync.WaitGroup
		for _, sku := range []string{"a", "b"} {
			all.Go(func() {
				_, err := p.Update(t.Context(), "acme", []inventory.Key{key(sku)}, deciding(time.Second, "s"+sku, sku))
				assert.NoError(t, err)
			})
		}
		synctest.Wait()
		o := p.Apply(t.Context(), of(inventory.Commit("h", "o1")))[0]
		require.NoError(t, o.Err)
		require.True(t, o.Late)
		require.Equal(t, 3+1, s.applies, "in line, and not by trying at random: once refused, once applied")
		all.Wait()
	})
}
