package memstore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/inventory/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(*testing.T) inventory.Store { return open() },
		// The model has one process: its second one is the same.
		Reopen: func(_ *testing.T, s inventory.Store) inventory.Store { return s },
		Advance: func(_ *testing.T, s inventory.Store, d time.Duration) {
			s.(store).clock.advance(d)
		},
	})
}

// store is a memstore with a clock that tests can move.
type store struct {
	*memstore.Store
	clock *clock
}

func open() store {
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return store{Store: memstore.New(&memstore.Config{Now: c.time}), clock: c}
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
