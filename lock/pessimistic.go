package lock

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// LeaseLedger is what [NewPessimistic] needs of a store.
type LeaseLedger interface {
	inventory.Ledger
	inventory.Leaser
}

// Pessimistic leases levels before it decides on them, so that nobody else
// does: not by this strategy, not by another, in no process. Only what has
// happened, and what reservations have, moves meanwhile (see
// [inventory.Leaser]).
//
// Callers in one process who want the same level get it in order of arrival;
// those of several processes meet at the store, where they try again at random.
type Pessimistic struct {
	ledger    LeaseLedger
	ttl, wait time.Duration
	queue     queue
}

// PessimisticConfig of a Pessimistic. Nil and zero values mean defaults.
type PessimisticConfig struct {
	// TTL of a lease: how long levels stay leased to a process that has died. It
	// is renewed while decide runs, and only then. At most [inventory.MaxLease]. Default:
	// 5 s.
	TTL time.Duration
	// Wait for a lease, the queue in the process included; then it is
	// [ErrNotAcquired]. Default: 2 s.
	Wait time.Duration
}

// NewPessimistic returns the strategy over a ledger that can lease.
func NewPessimistic(l LeaseLedger, cfg *PessimisticConfig) *Pessimistic {
	var c PessimisticConfig
	if cfg != nil {
		c = *cfg
	}
	if c.TTL > 0 {
		c.TTL = min(max(c.TTL, time.Millisecond), inventory.MaxLease)
	}
	return &Pessimistic{
		ledger: l,
		ttl:    cmp.Or(max(c.TTL, 0), 5*time.Second),
		wait:   cmp.Or(max(c.Wait, 0), 2*time.Second),
	}
}

// mostReveals is how often a Change may be refused because of leased levels
// that only the store knows to be its own.
const mostReveals = 3

// Apply implements [inventory.Applier]. What needs no lease goes first, so that
// no lease holds it up. The levels of all others are leased in one step, as far
// as [inventory.MaxLines] reach, and they are applied in one call. There is no
// read: they are relative.
func (p *Pessimistic) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	v := newVector(changes)
	keys := make([][]inventory.Key, len(changes))
	var free []int
	waiting := map[string]bool{}
	for i, c := range changes {
		if judged(c) && c.Validate() == nil {
			keys[i] = keysOf(c.Lines)
		}
		switch r := c.Reservation; {
		case keys[i] != nil || waiting[r]:
			waiting[r] = r != ""
		default:
			free = append(free, i)
		}
	}
	reveals := make([]int, len(changes))
	apply := func(at []int, submitted []inventory.Change) {
		out := p.ledger.Apply(ctx, submitted)
		again := leased(ctx, out)
		for j, i := range at {
			var e *inventory.LeasedError
			again[j] = errors.As(out[j].Err, &e) && reveals[i] < mostReveals
			if again[j] {
				reveals[i]++
				keys[i] = slices.Concat(keys[i], e.Keys) // its own, or more of them
			}
			if errors.Is(out[j].Err, inventory.ErrFenced) && keys[i] != nil {
				out[j].Err = because(ErrLeaseLost, out[j].Err)
			}
		}
		v.settle(at, out, again)
	}
	if len(free) > 0 {
		apply(free, v.pick(free))
	}
	for len(v.open) > 0 {
		at, all := v.batch(keys)
		if len(all) == 0 {
			apply(at, v.pick(at))
			continue
		}
		t, err := p.acquire(ctx, changes[at[0]].Merchant, all)
		if err != nil {
			v.fail(slices.DeleteFunc(at, func(i int) bool { return keys[i] == nil }), err)
			continue
		}
		submitted := v.pick(at)
		for j, i := range at {
			submitted[j].Guards = t.fences(submitted[j].Guards, keys[i])
		}
		apply(at, submitted)
		t.giveBack(ctx)
	}
	return v.out
}

// batch returns the open Changes of one merchant, up to what one lease can
// have, and all their keys, each once.
func (v *vector) batch(keys [][]inventory.Key) (at []int, all []inventory.Key) {
	merchant := v.changes[v.open[0]].Merchant
	seen := map[inventory.Key]bool{}
	for _, i := range v.open {
		if v.changes[i].Merchant != merchant {
			continue
		}
		n := len(all)
		for _, k := range keys[i] {
			if !seen[k] {
				all = append(all, k)
			}
		}
		if len(at) > 0 && len(all) > inventory.MaxLines {
			return at, all[:n]
		}
		at = append(at, i)
		for _, k := range all[n:] {
			seen[k] = true
		}
	}
	return at, all
}

// Update implements [Locker]. Decide runs once, while the levels are leased,
// and its context ends with [ErrLeaseLost] as its cause if the lease can't be
// renewed in time. What is written later is refused by the store.
func (p *Pessimistic) Update(ctx context.Context, merchant string, keys []inventory.Key, decide Decide) (inventory.Outcome, error) {
	keys, err := p.located(ctx, merchant, keys)
	if err != nil {
		return failed(err)
	}
	t, err := p.acquire(ctx, merchant, keys)
	if err != nil {
		return failed(err)
	}
	defer t.giveBack(ctx)
	levels, err := p.ledger.Levels(ctx, merchant, keys)
	if err != nil {
		return failed(err)
	}
	c, err := t.decide(ctx, levels, decide)
	if err == nil {
		c, err = decided(c, merchant)
	}
	if err != nil {
		return failed(err)
	}
	c.Guards = t.fences(c.Guards, t.lease.Keys)
	out := submit(ctx, p.ledger, c)
	if errors.Is(out.Err, inventory.ErrFenced) {
		out.Err = because(ErrLeaseLost, out.Err)
	}
	return out, out.Err
}

// located finds the locations of keys that have none.
func (p *Pessimistic) located(ctx context.Context, merchant string, keys []inventory.Key) ([]inventory.Key, error) {
	if !slices.ContainsFunc(keys, func(k inventory.Key) bool { return k.Location == "" }) {
		return keys, nil
	}
	levels, err := p.ledger.Levels(ctx, merchant, keys)
	found := make([]inventory.Key, len(levels))
	for i, l := range levels {
		found[i] = l.Key
	}
	return found, err
}
