package storetest_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// counting is a store around another one. What it does not say itself is the
// other's. Optional powers are not: a decorator has those that it names.
type counting struct {
	inventory.Store
	inventory.Leaser

	applied atomic.Int64
}

// Both have what they need, or it does not compile.
var (
	_ inventory.Store  = (*counting)(nil)
	_ inventory.Leaser = (*counting)(nil)
)

func newCounting(s *memstore.Store) *counting { return &counting{Store: s, Leaser: s} }

// Apply implements [inventory.Applier].
func (s *counting) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	out := s.Store.Apply(ctx, changes)
	for _, o := range out {
		if o.Err == nil && !o.Duplicate {
			s.applied.Add(1)
		}
	}
	return out
}

// A store of your own, or one around another, is tested by a function like this
// one in a file of its own.
func Example() {
	TestCountingStore := func(t *testing.T) {
		storetest.Run(t, storetest.Harness{
			Open: func(*testing.T) inventory.Store { return newCounting(memstore.New(nil)) },
			// One process: its second one is the same.
			Reopen: func(_ *testing.T, s inventory.Store) inventory.Store { return s },
		})
	}
	_ = TestCountingStore
}

// The example's store is one.
func TestDecoratedStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:   func(*testing.T) inventory.Store { return newCounting(memstore.New(nil)) },
		Reopen: func(_ *testing.T, s inventory.Store) inventory.Store { return s },
	})
}
