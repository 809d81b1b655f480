package lock_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

// named is a strategy that notes what it is given.
type named struct {
	lock.Locker
	mu  sync.Mutex
	got []string
}

func (n *named) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	n.mu.Lock()
	for _, c := range changes {
		n.got = append(n.got, string(c.Kind)+" "+c.Key())
	}
	n.mu.Unlock()
	return n.Locker.Apply(ctx, changes)
}

func (n *named) Update(ctx context.Context, merchant string, keys []inventory.Key, decide lock.Decide) (inventory.Outcome, error) {
	n.mu.Lock()
	n.got = append(n.got, "update "+keys[0].SKU)
	n.mu.Unlock()
	return n.Locker.Update(ctx, merchant, keys, decide)
}

func (n *named) took() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	got := n.got
	n.got = nil
	return got
}

func prefix(p string) func(string) bool {
	return func(sku string) bool { return strings.HasPrefix(sku, p) }
}

func TestTheFirstClassThatMatchesAnyLineGoverns(t *testing.T) {
	t.Parallel()
	s := open(t, 9, "drop-1", "b2b-1", "mug")
	drop, b2b, other := &named{Locker: lock.NewPessimistic(s, nil)}, &named{Locker: lock.NewOptimistic(s, nil)}, &named{Locker: lock.NewAtomic(s, nil)}
	p, err := lock.NewPolicy(other, []lock.Class{{Name: "drop", Match: prefix("drop"), Locker: drop}, {Name: "b2b", Match: prefix("b2b"), Locker: b2b}}, nil)
	require.NoError(t, err)
	out := p.Apply(t.Context(), of(
		sell("1", "mug"),
		inventory.Sell("2", line("b2b-1", 1), line("drop-1", 1)),
		inventory.Sell("3", line("mug", 1), line("b2b-1", 1)),
		inventory.Reserve("h", time.Hour, line("drop-1", 1)),
		inventory.Commit("h", "o1"),
		inventory.Release("other"),
		sell("4", "unknown"),
	))
	require.Equal(t, []string{"sell 2", "reserve h", "commit h"}, drop.took())
	require.Equal(t, []string{"sell 3"}, b2b.took())
	require.Equal(t, []string{"sell 1", "release other", "sell 4"}, other.took())
	for i, id := range []string{"1", "2", "3", "h", "", "", "4"} {
		require.Equal(t, id, out[i].ID)
	}
	require.ErrorIs(t, out[5].Err, inventory.ErrNotFound)
	_, err = p.Update(t.Context(), "acme", []inventory.Key{key("mug"), key("b2b-1")}, deciding(0, "5", "mug"))
	require.NoError(t, err)
	require.Equal(t, []string{"update mug"}, b2b.took())
	require.Equal(t, []lock.Stats{
		{Class: "drop", Changes: 3, Applied: 3},
		{Class: "b2b", Changes: 2, Applied: 2},
		{Class: lock.Fallback, Changes: 3, Applied: 1, Refused: 2},
	}, p.Stats())
}

func TestWindowsOpenAndClose(t *testing.T) {
	t.Parallel()
	s := open(t, 99, "a")
	usual, sale, second := &named{Locker: lock.NewAtomic(s, nil)}, &named{Locker: lock.NewAtomic(s, nil)}, &named{Locker: lock.NewAtomic(s, nil)}
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	now := noon
	p, err := lock.NewPolicy(usual, []lock.Class{{Name: "a", Match: prefix("a"), Locker: usual, Windows: []lock.Window{
		{Start: noon, End: noon.Add(time.Hour), Locker: sale},
		{Start: noon.Add(-time.Hour), End: noon.Add(2 * time.Hour), Locker: second},
	}}}, &lock.PolicyConfig{Now: func() time.Time { return now }})
	require.NoError(t, err)
	for _, tt := range []struct {
		at   time.Duration
		want *named
	}{
		{-time.Hour - 1, usual},
		{-time.Hour, second},
		{-1, second},
		{0, sale},
		{time.Hour - 1, sale},
		{time.Hour, second},
		{2*time.Hour - 1, second},
		{2 * time.Hour, usual},
	} {
		now = noon.Add(tt.at)
		p.Apply(t.Context(), of(sell(now.String(), "a")))
		_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a")}, deciding(0, "u"+now.String(), "a"))
		require.NoError(t, err)
		require.Len(t, tt.want.took(), 2, "at %v", tt.at)
	}
}

func TestWhatMakesNoPolicy(t *testing.T) {
	t.Parallel()
	l := lock.NewAtomic(open(t, 9), nil)
	ok := lock.Class{Name: "a", Match: prefix("a"), Locker: l}
	with := func(change func(*lock.Class)) []lock.Class {
		c := ok
		change(&c)
		return []lock.Class{{Name: "first", Match: prefix("a"), Locker: l}, c}
	}
	noon := time.Now()
	p, err := lock.NewPolicy(l, []lock.Class{ok}, nil)
	require.NoError(t, err)
	for field, classes := range map[string][]lock.Class{
		"Classes[1].Name":              with(func(c *lock.Class) { c.Name = "" }),
		"Classes[1].Name is \"first\"": with(func(c *lock.Class) { c.Name = "first" }),
		"Classes[1].Name is \"fallba":  with(func(c *lock.Class) { c.Name = lock.Fallback }),
		"Classes[1].Match":             with(func(c *lock.Class) { c.Match = nil }),
		"Classes[1].Locker":            with(func(c *lock.Class) { c.Locker = nil }),
		"Classes[1].Windows[0] must":   with(func(c *lock.Class) { c.Windows = []lock.Window{{Start: noon, End: noon, Locker: l}} }),
		"Classes[1].Windows[0].Locker": with(func(c *lock.Class) { c.Windows = []lock.Window{{Start: noon, End: noon.Add(1)}} }),
	} {
		_, err := lock.NewPolicy(l, classes, nil)
		require.ErrorIs(t, err, inventory.ErrInvalid)
		require.ErrorContains(t, err, field)
		require.ErrorIs(t, p.Replace(classes), inventory.ErrInvalid)
	}
	require.Len(t, p.Stats(), 2, "what is wrong replaces nothing")
	_, err = lock.NewPolicy(nil, nil, nil)
	require.ErrorIs(t, err, inventory.ErrInvalid)
}

func TestReplacedCallsFinishAsTheyBegan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := open(t, 9, "a")
		old, fresh := &named{Locker: lock.NewPessimistic(s, nil)}, &named{Locker: lock.NewAtomic(s, nil)}
		classes := []lock.Class{{Name: "old", Match: prefix("a"), Locker: old}}
		p, err := lock.NewPolicy(fresh, classes, nil)
		require.NoError(t, err)
		classes[0].Locker, classes[0].Name = nil, "" // which is the caller's own
		var done sync.WaitGroup
		done.Go(func() {
			_, err := p.Update(t.Context(), "acme", []inventory.Key{key("a")}, deciding(time.Second, "u", "a"))
			assert.NoError(t, err)
		})
		synctest.Wait()
		require.NoError(t, p.Replace([]lock.Class{{Name: "fresh", Match: prefix("a"), Locker: fresh}}))
		require.NoError(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Err, "the new strategy waits for the old one's lease")
		done.Wait()
		require.Equal(t, []string{"update a"}, old.took())
		require.Equal(t, []string{"sell s"}, fresh.took())
		stats := p.Stats()
		require.Equal(t, []string{"old", lock.Fallback, "fresh"}, []string{stats[0].Class, stats[1].Class, stats[2].Class})
		require.Equal(t, int64(1), stats[0].Applied)
		require.Equal(t, int64(1), stats[2].Applied)
		require.Positive(t, stats[2].Conflicts)
		require.Positive(t, stats[2].Wait)
	})
}

func TestContentionIsCountedPerClass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &racing{store: open(t, 99, "a"), n: 2}
		var mu sync.Mutex
		var told []lock.Stats
		cfg := &lock.PolicyConfig{OnContention: func(s lock.Stats) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, s)
		}}
		inner, err := lock.NewPolicy(lock.NewOptimistic(s, &lock.OptimisticConfig{MaxTries: 3}), nil, nil)
		require.NoError(t, err)
		pessimistic := lock.NewPessimistic(s, &lock.PessimisticConfig{Wait: time.Second})
		p, err := lock.NewPolicy(pessimistic, []lock.Class{{Name: "a", Match: prefix("a"), Locker: inner}}, cfg)
		require.NoError(t, err)

		require.NoError(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Err)
		require.Len(t, told, 1)
		require.Equal(t, int64(2), told[0].Conflicts, "also through a policy within")
		require.Equal(t, int64(1), told[0].Applied)
		require.Positive(t, told[0].Wait)
		s.n = 99
		require.ErrorIs(t, p.Apply(t.Context(), of(sell("s2", "a")))[0].Err, lock.ErrContended)
		require.Equal(t, lock.Stats{Class: "a", Changes: 1, GaveUp: 1, Conflicts: 3, Wait: told[1].Wait}, told[1])
		s.n = 0
		require.True(t, p.Apply(t.Context(), of(sell("s", "a")))[0].Duplicate)
		require.Len(t, told, 2, "nobody was in the way")

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p.Apply(ctx, of(sell("s3", "a").ReportedBy("till")))
		_, err = p.Update(t.Context(), "acme", []inventory.Key{key("a")}, func(context.Context, []inventory.Level) (inventory.Change, error) {
			return inventory.Change{}, inventory.ErrInsufficient
		})
		require.ErrorIs(t, err, inventory.ErrInsufficient)
		a := p.Stats()[0]
		require.Equal(t, lock.Stats{Class: "a", Changes: 5, Applied: 1, Duplicates: 1, Refused: 1, GaveUp: 1, Failed: 1, Conflicts: 5, Wait: a.Wait}, a)

		// In a queue there is a wait and no conflict, until somebody gives up.
		s2 := open(t, 9, "q")
		p, err = lock.NewPolicy(lock.NewPessimistic(s2, &lock.PessimisticConfig{Wait: 3 * time.Second}), nil, cfg)
		require.NoError(t, err)
		told = nil
		var all sync.WaitGroup
		for _, id := range []string{"1", "2"} {
			all.Go(func() {
				_, err := p.Update(t.Context(), "acme", []inventory.Key{key("q")}, deciding(2*time.Second, id, "q"))
				assert.NoError(t, err)
			})
		}
		all.Wait()
		require.Equal(t, []lock.Stats{{Class: lock.Fallback, Changes: 1, Applied: 1, Wait: 2 * time.Second}}, told)
	})
}
