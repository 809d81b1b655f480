package memstore_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(*testing.T) inventory.Store { return open() },
		// It has one process: its second one is the same.
		Reopen: func(_ *testing.T, s inventory.Store) inventory.Store { return s },
		Advance: func(_ *testing.T, s inventory.Store, d time.Duration) {
			s.(*store).clock.advance(d)
		},
		ClockBack: func(_ *testing.T, s inventory.Store, d time.Duration) { s.(*store).clock.advance(-d) },
		LoseReply: func(_ *testing.T, s inventory.Store) { s.(*store).lose.Store(report) },
	})
}

// A client that sends the same again by itself is the other way to go on after
// a lost reply.
func TestStoreSendsAgain(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:      func(*testing.T) inventory.Store { return open() },
		LoseReply: func(_ *testing.T, s inventory.Store) { s.(*store).lose.Store(again) },
		Advance: func(_ *testing.T, s inventory.Store, d time.Duration) {
			s.(*store).clock.advance(d)
		},
		ClockBack: func(_ *testing.T, s inventory.Store, d time.Duration) { s.(*store).clock.advance(-d) },
	})
}

func BenchmarkStore(b *testing.B) {
	storetest.Benchmark(b, func(testing.TB) inventory.Store { return memstore.New(nil) })
}

func BenchmarkExpiry(b *testing.B) {
	storetest.BenchmarkExpiry(b, func(testing.TB) inventory.Store { return memstore.New(nil) })
}
