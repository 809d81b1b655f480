package lock

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Optimistic reads levels, and has the store apply a Change only if they still
// have the versions that were read. If they have not, somebody was faster, and
// it reads and decides again.
type Optimistic struct {
	ledger   inventory.Ledger
	maxTries int
	backoff  time.Duration
}

// OptimisticConfig of an Optimistic. Nil and zero values mean defaults.
type OptimisticConfig struct {
	// MaxTries of one Change; then it is [ErrContended]. Default: 8.
	MaxTries int
	// Backoff bounds the random wait before the second try; it doubles with
	// every further one, up to 64 times. Default: 2 ms.
	Backoff time.Duration
}

// NewOptimistic returns the strategy over a ledger.
func NewOptimistic(l inventory.Ledger, cfg *OptimisticConfig) *Optimistic {
	var c OptimisticConfig
	if cfg != nil {
		c = *cfg
	}
	return &Optimistic{
		ledger:   l,
		maxTries: cmp.Or(max(c.MaxTries, 0), 8),
		backoff:  cmp.Or(max(c.Backoff, 0), 2*time.Millisecond),
	}
}

func (o *Optimistic) patience() *patience {
	return &patience{bound: o.backoff, most: 64 * o.backoff}
}

// Apply implements [inventory.Applier]: one read and one write for the whole
// vector, and again for what met others.
func (o *Optimistic) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	v, p := newVector(changes), o.patience()
	tries := make([]int, len(changes))
	for len(v.open) > 0 {
		f, err := o.forecast(ctx, v)
		if err != nil { // of those who had to look nothing was applied
			v.fail(f.looking, err)
			continue
		}
		at, submitted := v.open, v.pick(v.open)
		expected := make([]bool, len(at))
		for j := range submitted {
			expected[j] = f.foresee(&submitted[j])
		}
		out, again := o.ledger.Apply(ctx, submitted), make([]bool, len(at))
		surprised, lost := false, false
		for j, i := range at {
			ours := submitted[j].Guards != nil && changes[i].Guards == nil
			if met := out[j].Err; errors.Is(met, inventory.ErrLeased) || ours && errors.Is(met, inventory.ErrConflict) {
				// Behind a Change that came out otherwise than foreseen it met that
				// one, of the same vector, and not others.
				if !surprised {
					meterOf(ctx).conflict(1)
					tries[i]++
					lost = true
				}
				if again[j] = tries[i] < o.maxTries; !again[j] {
					out[j].Err = because(ErrContended, met)
				}
			}
			surprised = surprised || (out[j].Err == nil && !out[j].Duplicate) != expected[j]
		}
		v.settle(at, out, again)
		if len(v.open) > 0 && lost && !p.pause(ctx) {
			return v.giveUp(ctx.Err())
		}
	}
	return v.out
}

// Update implements [Locker]. Decide runs again, on levels read again, when
// somebody was faster.
func (o *Optimistic) Update(ctx context.Context, merchant string, keys []inventory.Key, decide Decide) (inventory.Outcome, error) {
	p := o.patience()
	for try := 1; ; try++ {
		levels, err := o.ledger.Levels(ctx, merchant, keys)
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
		c.Guards = slices.Clone(c.Guards)
		for _, l := range levels {
			c.Guards = append(c.Guards, inventory.Guard{Key: l.Key, Version: l.Version})
		}
		out := o.ledger.Apply(ctx, []inventory.Change{c})[0]
		switch {
		case errors.Is(out.Err, inventory.ErrInsufficient) && expire(ctx, o.ledger, merchant, out.Due):
			try-- // with what went back it is another question
			continue
		case !errors.Is(out.Err, inventory.ErrConflict) && !errors.Is(out.Err, inventory.ErrLeased):
			return out, out.Err
		}
		meterOf(ctx).conflict(1)
		if try == o.maxTries {
			out.Err = because(ErrContended, out.Err)
			return out, out.Err
		}
		if !p.pause(ctx) {
			out.Err = because(ctx.Err(), out.Err)
			return out, out.Err
		}
	}
}
