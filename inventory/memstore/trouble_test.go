package memstore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// store is a memstore with a clock that tests move, and replies that they lose.
type store struct {
	*memstore.Store
	clock *clock
	lose  atomic.Int32
}

func open() *store {
	c := &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	return &store{Store: memstore.New(&memstore.Config{Now: c.time}), clock: c}
}

// What becomes of the next write's reply.
const (
	keep   = iota
	report // it is lost, and the caller is told so
	again  // it is lost, and the client sends the same again
)

// lost runs a write, and says whether its caller gets no answer.
func (s *store) lost(write func()) bool {
	write()
	switch s.lose.Swap(keep) {
	case report:
		return true
	case again:
		write()
	}
	return false
}

func (s *store) Apply(ctx context.Context, changes []inventory.Change) (out []inventory.Outcome) {
	if s.lost(func() { out = s.Store.Apply(ctx, changes) }) {
		for i := range out {
			out[i] = inventory.Outcome{ID: changes[i].ID, Err: inventory.ErrUnknown}
		}
	}
	return out
}

func (s *store) Configure(ctx context.Context, merchant string, set inventory.Settings) (err error) {
	if s.lost(func() { err = s.Store.Configure(ctx, merchant, set) }) {
		return inventory.ErrUnknown
	}
	return err
}

func (s *store) Claim(ctx context.Context, merchant, channel string, most int, lease time.Duration) (b inventory.Batch, err error) {
	if s.lost(func() { b, err = s.Store.Claim(ctx, merchant, channel, most, lease) }) {
		return inventory.Batch{}, inventory.ErrUnknown
	}
	return b, err
}

func (s *store) Seal(ctx context.Context, b inventory.Batch, refused []inventory.Result) (sealed inventory.Batch, err error) {
	if s.lost(func() { sealed, err = s.Store.Seal(ctx, b, refused) }) {
		return b, inventory.ErrUnknown
	}
	return sealed, err
}

func (s *store) Settle(ctx context.Context, b inventory.Batch, results []inventory.Result) (err error) {
	if s.lost(func() { err = s.Store.Settle(ctx, b, results) }) {
		return inventory.ErrUnknown
	}
	return err
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
