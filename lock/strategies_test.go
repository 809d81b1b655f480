package lock_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

func TestAtomicIsOneCall(t *testing.T) {
	t.Parallel()
	s := open(t, 1, "a")
	for _, o := range lock.NewAtomic(s, nil).Apply(t.Context(), of(inventory.Reserve("h", time.Hour, line("a", 1)), inventory.Commit("h", "o1"))) {
		require.NoError(t, o.Err)
	}
	require.Equal(t, 1, s.applies)
	require.Zero(t, s.reads)
}

func TestAtomicWaitsForLeasesAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 9, "a", "b")
		_, err := s.Store.Lease(t.Context(), "acme", []inventory.Key{key("a")}, time.Hour)
		require.NoError(t, err)
		start := time.Now()
		out := lock.NewAtomic(s, &lock.AtomicConfig{Wait: 5 * time.Second}).Apply(t.Context(), of(
			inventory.Reserve("h", time.Hour, line("a", 1)), inventory.Commit("h", "o1"), sell("s", "b")))
		require.Equal(t, 5*time.Second, time.Since(start))
		require.ErrorIs(t, out[0].Err, inventory.ErrLeased)
		require.Error(t, out[1].Err)
		require.NoError(t, out[2].Err)
		require.Greater(t, s.applies, 70, "it tries again")
		require.Less(t, s.applies, 1000, "and not all the time")
		require.Equal(t, int64(8), s.available(t, "b"), "once")
	})
}

// A Commit is not told that its Reserve is unknown while that one waits.
func TestACommitWaitsForItsReserve(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]func(*store) lock.Locker{
		"atomic":      func(s *store) lock.Locker { return lock.NewAtomic(s, nil) },
		"optimistic":  func(s *store) lock.Locker { return lock.NewOptimistic(s, nil) },
		"pessimistic": func(s *store) lock.Locker { return lock.NewPessimistic(s, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := open(t, 9, "a", "b")
				_, err := s.Store.Lease(t.Context(), "acme", []inventory.Key{key("a")}, 30*time.Millisecond)
				require.NoError(t, err)
				for _, o := range over(s).Apply(t.Context(), of(
					inventory.Reserve("h", time.Hour, line("a", 1)), inventory.Commit("h", "o1"), sell("s", "b"), inventory.Release("h"))) {
					if o.Reservation != nil && o.Err != nil {
						require.ErrorIs(t, o.Err, inventory.ErrCommitted) // the Release
						continue
					}
					require.NoError(t, o.Err)
				}
			})
		})
	}
}

func TestOptimisticKeepsAVectorTogether(t *testing.T) {
	t.Parallel()
	s := open(t, 30, "a", "b")
	var changes []inventory.Change
	for i := range 60 { // half of them come too late, which is foreseen
		changes = append(changes, inventory.Sell(fmt.Sprint(i), line("a", 1), line("b", 1)))
	}
	changes = append(changes, inventory.Receive("in", line("a", 2)), sell("x", "a"), sell("fact", "a").ReportedBy("till"), sell("y", "b"))
	o := lock.NewOptimistic(s, nil)
	out := o.Apply(t.Context(), of(changes...))
	require.Equal(t, [2]int{1, 1}, [2]int{s.reads, s.applies})
	for i, o := range out {
		if i < 30 || i >= 60 && i < 63 {
			require.NoError(t, o.Err, "%d", i)
		} else {
			require.ErrorIs(t, o.Err, inventory.ErrInsufficient, "%d", i)
		}
	}
	// Repeats move nothing, which can't be foreseen; it costs calls, and no try.
	out = o.Apply(t.Context(), of(append(changes[:30:30], inventory.Receive("in2", line("a", 7)))...))
	for _, o := range out {
		require.NoError(t, o.Err)
	}
	require.Equal(t, int64(7), s.available(t, "a"))
}

func TestNeighboursAreNoOthers(t *testing.T) {
	t.Parallel()
	s := open(t, 30, "a", "b")
	o := lock.NewOptimistic(s, &lock.OptimisticConfig{MaxTries: 1})
	require.NoError(t, o.Apply(t.Context(), of(sell("1", "a")))[0].Err)
	require.NoError(t, o.Apply(t.Context(), of(inventory.Reserve("h", time.Hour, line("a", 1), line("b", 1))))[0].Err)
	for i, o := range o.Apply(t.Context(), of( // none of the first two does what could be foreseen
		sell("1", "a"), inventory.Release("h"), sell("2", "a"), sell("3", "b"), inventory.Sell("4", line("a", 1), line("b", 1)))) {
		require.NoError(t, o.Err, "%d", i)
	}
	require.Equal(t, int64(27), s.available(t, "a"))
	require.Equal(t, int64(28), s.available(t, "b"))
}

// racing moves the level before each of the first n writes of others.
type racing struct {
	*store
	n     int
	moved int
}

func (r *racing) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	if r.moved < r.n {
		r.moved++
		r.Store.Apply(ctx, of(sell(fmt.Sprint("racer", r.moved), "a").ReportedBy("till")))
	}
	return r.store.Apply(ctx, changes)
}

func TestOptimisticTriesAreBounded(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]error{0: nil, 1: nil, 3: nil, 4: lock.ErrContended, 9: lock.ErrContended} {
		synctest.Test(t, func(t *testing.T) {
			s := &racing{store: open(t, 99, "a"), n: n}
			o := lock.NewOptimistic(s, &lock.OptimisticConfig{MaxTries: 4, Backoff: time.Second})
			start := time.Now()
			out := o.Apply(t.Context(), of(sell("s", "a"), sell("s2", "a")))
			require.ErrorIs(t, out[0].Err, want)
			require.Equal(t, min(n+1, 4), s.reads)
			if want != nil {
				require.ErrorIs(t, out[0].Err, inventory.ErrConflict)
				require.Equal(t, "s", out[0].ID)
				require.GreaterOrEqual(t, s.applies, 4)
			} else {
				require.NoError(t, out[1].Err)
				require.Equal(t, n+1, s.applies)
			}
			require.LessOrEqual(t, time.Since(start), 255*time.Second)
			if n > 0 {
				require.Positive(t, time.Since(start), "nobody runs without a pause")
			}
		})
	}
}

func TestGuardsOfACallerAreHisOwn(t *testing.T) {
	t.Parallel()
	s := open(t, 9, "a")
	for _, l := range []lock.Locker{lock.NewAtomic(s, nil), lock.NewOptimistic(s, nil), lock.NewPessimistic(s, nil)} {
		c := sell("s", "a")
		c.Guards = []inventory.Guard{{Key: key("a"), Version: 7}}
		before := s.applies
		require.Equal(t, inventory.ErrConflict, l.Apply(t.Context(), of(c))[0].Err)
		require.Equal(t, before+1, s.applies, "nobody else can read again for him")
		require.Len(t, c.Guards, 1)
	}
}

func TestAContextEndsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &racing{store: open(t, 99, "a"), n: 99}
		o := lock.NewOptimistic(s, &lock.OptimisticConfig{MaxTries: 50, Backoff: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		out := o.Apply(ctx, of(sell("s", "a")))
		require.ErrorIs(t, out[0].Err, context.DeadlineExceeded)
		require.ErrorIs(t, out[0].Err, inventory.ErrConflict)
	})
}
