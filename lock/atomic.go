package lock

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Atomic leaves everything to the store: relative lines, floors checked in the
// step that applies them, no read before and no retry, but for levels that
// others have leased. It is what a [inventory.Stock] without a Locker does,
// with patience.
type Atomic struct {
	ledger inventory.Ledger
	wait   time.Duration
}

// AtomicConfig of an Atomic. Nil and zero values mean defaults.
type AtomicConfig struct {
	// Wait is how long a Change that was refused because of somebody's lease is
	// submitted again; then the Outcome is the [inventory.LeasedError].
	// Default: 2 s.
	Wait time.Duration
}

// NewAtomic returns the strategy over a ledger.
func NewAtomic(l inventory.Ledger, cfg *AtomicConfig) *Atomic {
	var c AtomicConfig
	if cfg != nil {
		c = *cfg
	}
	return &Atomic{ledger: l, wait: cmp.Or(max(c.Wait, 0), 2*time.Second)}
}

// between tries to get at a level that is leased: random, at first within the
// one, at last within the other.
const leasedFirst, leasedMost = time.Millisecond, 64 * time.Millisecond

// Apply implements [inventory.Applier]: one call to the store, and further
// ones for what was refused because of a lease.
func (a *Atomic) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	v := newVector(changes)
	p := &patience{bound: leasedFirst, most: leasedMost, end: time.Now().Add(a.wait)}
	for len(v.open) > 0 {
		out := a.ledger.Apply(ctx, v.pick(v.open))
		v.settle(v.open, out, leased(ctx, out))
		if len(v.open) > 0 && !p.pause(ctx) {
			return v.giveUp(ctx.Err())
		}
	}
	return v.out
}

// leased says which Outcomes met somebody's lease.
func leased(ctx context.Context, out []inventory.Outcome) []bool {
	met := make([]bool, len(out))
	for j, o := range out {
		if met[j] = errors.Is(o.Err, inventory.ErrLeased); met[j] {
			meterOf(ctx).conflict(1)
		}
	}
	return met
}

// Update implements [Locker]. The levels are a hint: they may have moved when
// the Change is applied, and the floor decides.
func (a *Atomic) Update(ctx context.Context, merchant string, keys []inventory.Key, decide Decide) (inventory.Outcome, error) {
	levels, err := a.ledger.Levels(ctx, merchant, keys)
	if err != nil {
		return failed(err)
	}
	c, err := decide(ctx, levels)
	if err == nil {
		c, err = decided(c, merchant)
	}
	if err != nil {
		return failed(err)
	}
	out := a.Apply(ctx, []inventory.Change{c})[0]
	for errors.Is(out.Err, inventory.ErrInsufficient) && expire(ctx, a.ledger, merchant, out.Due) {
		out = a.Apply(ctx, []inventory.Change{c})[0]
	}
	return out, out.Err
}
