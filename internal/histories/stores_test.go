package histories_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/internal/histories"
	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/lock"
)

// memory is a store in memory and its clock.
type memory struct {
	*memstore.Store
	mu  sync.Mutex
	now time.Time
}

func newMemory() *memory {
	m := &memory{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m.Store = memstore.New(&memstore.Config{Now: func() time.Time {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.now
	}})
	return m
}

func (m *memory) advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}

// lossy loses some calls, and the answers of some others.
type lossy struct {
	histories.LeasingStore
	mu sync.Mutex
	*rand.Rand
}

func (l *lossy) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	l.mu.Lock()
	n := l.IntN(50)
	l.mu.Unlock()
	if n > 1 {
		return l.LeasingStore.Apply(ctx, changes)
	}
	if n == 1 {
		l.LeasingStore.Apply(ctx, changes)
	}
	out := make([]inventory.Outcome, len(changes))
	for i, c := range changes {
		out[i] = inventory.Outcome{ID: c.ID, Err: inventory.ErrUnknown}
	}
	return out
}

// strategies are Stocks with each strategy over one store.
func strategies(t *testing.T, s histories.LeasingStore, merchant string) []histories.Way {
	t.Helper()
	never := func(string) bool { return false }
	policy, err := lock.NewPolicy(lock.NewAtomic(s, nil), []lock.Class{
		{Name: "a", Match: func(sku string) bool { return sku == "a" }, Locker: lock.NewOptimistic(s, nil)},
		{Name: "b", Match: func(sku string) bool { return sku == "b" }, Locker: lock.NewPessimistic(s, nil)},
		{Name: "none", Match: never, Locker: lock.NewAtomic(s, nil)},
	}, nil)
	require.NoError(t, err)
	var ways []histories.Way
	for _, l := range []inventory.Applier{nil, lock.NewAtomic(s, nil), lock.NewOptimistic(s, nil), lock.NewPessimistic(s, nil), policy} {
		stock, err := inventory.New(s, merchant, &inventory.Config{Locker: l})
		require.NoError(t, err)
		ways = append(ways, histories.ByStock(stock))
	}
	return ways
}

// judge demands that the history is as if one call came after the other.
func judge(t *testing.T, h *histories.History, ops []porcupine.Operation) {
	t.Helper()
	require.NoError(t, h.Judge(ops, time.Minute))
}

// sizes are a history that is split by SKU, and a small one that is not.
func sizes(t *testing.T, run func(t *testing.T, h *histories.History)) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("by SKU ", seed), func(t *testing.T) {
			t.Parallel()
			run(t, &histories.History{Seed: seed, Clients: 10, Calls: 100, SKUs: []string{"a", "b", "c", "d", "e", "f"}, Units: 12})
		})
		t.Run(fmt.Sprint("whole ", seed), func(t *testing.T) {
			t.Parallel()
			run(t, &histories.History{Seed: seed, Clients: 5, Calls: 24, SKUs: []string{"a", "b", "c"}, Units: 8, Several: true})
		})
	}
}

func TestMemstore(t *testing.T) {
	t.Parallel()
	for _, loses := range []bool{false, true} {
		t.Run(fmt.Sprint("loses ", loses), func(t *testing.T) {
			t.Parallel()
			sizes(t, func(t *testing.T, h *histories.History) {
				m := newMemory()
				h.Advance = m.advance
				var s inventory.Store = m
				if loses {
					s = &lossy{LeasingStore: m, Rand: rand.New(rand.NewPCG(h.Seed, 9))}
				}
				judge(t, h, run(t, h, m, histories.Direct(s, "acme")))
			})
		})
	}
}

func TestStrategies(t *testing.T) {
	t.Parallel()
	for _, loses := range []bool{false, true} {
		t.Run(fmt.Sprint("loses ", loses), func(t *testing.T) {
			t.Parallel()
			sizes(t, func(t *testing.T, h *histories.History) {
				m := newMemory()
				h.Advance = m.advance
				var s histories.LeasingStore = m
				if loses {
					s = &lossy{LeasingStore: m, Rand: rand.New(rand.NewPCG(h.Seed, 9))}
				}
				judge(t, h, run(t, h, m, strategies(t, h.Expiries(s), "acme")...))
			})
		})
	}
}

// run lets the clients of a history call; m is where the levels are started.
func run(t *testing.T, h *histories.History, m inventory.Store, ways ...histories.Way) []porcupine.Operation {
	t.Helper()
	ops, err := h.Run(t.Context(), histories.Direct(m, "acme"), func(set inventory.Settings) error {
		return m.Configure(t.Context(), "acme", set)
	}, ways...)
	require.NoError(t, err)
	require.Greater(t, len(ops), h.Clients*h.Calls*2/3, "most calls tell something")
	return ops
}
