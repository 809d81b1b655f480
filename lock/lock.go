package lock

import (
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// Locker applies Changes by a strategy. It is safe for concurrent use, and has
// nothing to close. [*Atomic], [*Optimistic], [*Pessimistic] and [*Policy] are
// Lockers; package locktest tells whether another one is.
type Locker interface {
	// Apply applies a vector of Changes, for callers who know what is to move.
	// Outcomes are those of [inventory.Applier], and where the strategy gave up
	// one of [ErrContended], [ErrNotAcquired] and [ErrLeaseLost]: then nothing
	// of that Change was applied.
	//
	// Recorded Changes, orders, and what extends or settles a reservation are
	// submitted as they are by every strategy: they have happened, or were
	// decided before. They do not wait for Changes ahead of them in the vector
	// that have to, except for one about the same reservation. Changes that bring
	// [inventory.Guard]s of their own are submitted as they are, too.
	inventory.Applier
	// Update is for callers who have to look first, or to ask somebody: it reads
	// the levels of keys, and applies what decide makes of them. An empty
	// Location stands for every location of the SKU. A key that is not tracked
	// is [inventory.ErrUntracked], and nobody is asked.
	//
	// What decide returns is applied once; it may move other levels, too, on
	// which nothing was promised. What it rests on is checked also if it is
	// Recorded. An error of decide comes back as it is, and nothing is applied:
	// return [inventory.ErrInsufficient] where there is nothing to sell.
	//
	// The error is the Outcome's. After [inventory.ErrUnknown] do it again:
	// the same decision under the same ID is a Duplicate then, and another one
	// [inventory.ErrReusedID] if the first took effect.
	Update(ctx context.Context, merchant string, keys []inventory.Key, decide Decide) (inventory.Outcome, error)
}

// Decide makes a Change of what levels are, sorted by key. It runs in the
// goroutine that called Update. Optimistic runs it again when somebody was
// faster, so let it have no effects of its own there. Stop when ctx ends. Do not call a
// Locker about the same levels: it would wait for this one.
type Decide func(ctx context.Context, levels []inventory.Level) (inventory.Change, error)

// Why a strategy gave up. Nothing was applied, and the same Change may be
// submitted again.
var (
	// ErrContended: others were faster in each of [OptimisticConfig.MaxTries]
	// tries. It is an [inventory.ErrConflict] or [inventory.ErrLeased], too.
	ErrContended = errors.New("lock: others were faster each time")
	// ErrNotAcquired: no lease within [PessimisticConfig.Wait], which is an
	// [inventory.ErrLeased], too; or the context or the store ended the wait.
	ErrNotAcquired = errors.New("lock: lease not acquired")
	// ErrLeaseLost: the lease ended before the Change was written. It is an
	// [inventory.ErrFenced], too, if the store refused a late write.
	ErrLeaseLost = errors.New("lock: lease lost")
)

// gaveUp reports whether err means that others were in the way.
func gaveUp(err error) bool {
	for _, e := range []error{ErrContended, ErrNotAcquired, ErrLeaseLost, inventory.ErrLeased, inventory.ErrFenced} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// judged reports whether a strategy has a say in the Change: it is to be
// decided now, on levels that its lines name, and brings no guards of its own.
func judged(c inventory.Change) bool {
	return !c.Recorded && len(c.Lines) > 0 && len(c.Guards) == 0
}

// keysOf returns the levels of lines, each once.
func keysOf(lines []inventory.Line) []inventory.Key {
	seen := make(map[inventory.Key]bool, len(lines))
	keys := make([]inventory.Key, 0, len(lines))
	for _, l := range lines {
		if k := l.Key(); !seen[k] {
			seen[k] = true
			keys = append(keys, k)
		}
	}
	return keys
}

// decided makes what decide returned the merchant's.
func decided(c inventory.Change, merchant string) (inventory.Change, error) {
	if c.Merchant != "" && c.Merchant != merchant {
		return c, &inventory.InvalidError{Field: "Merchant", Problem: fmt.Sprintf("is %s, but the update is of %s", c.Merchant, merchant)}
	}
	c.Merchant = merchant
	return c, nil
}

// submit applies one Change. If it comes up short while reservations are due,
// they expire, and it is tried once more.
func submit(ctx context.Context, l inventory.Ledger, c inventory.Change) inventory.Outcome {
	out := l.Apply(ctx, []inventory.Change{c})[0]
	for errors.Is(out.Err, inventory.ErrInsufficient) && expire(ctx, l, c.Merchant, out.Due) {
		out = l.Apply(ctx, []inventory.Change{c})[0]
	}
	return out
}

// expire lets reservations expire, and reports whether one did now.
func expire(ctx context.Context, l inventory.Ledger, merchant string, due []string) bool {
	if len(due) == 0 {
		return false
	}
	changes := make([]inventory.Change, len(due))
	for i, id := range due {
		changes[i] = inventory.Expire(id)
		changes[i].Merchant = merchant
	}
	went := false
	for _, o := range l.Apply(ctx, changes) {
		went = went || o.Err == nil && !o.Duplicate
	}
	return went
}

func failed(err error) (inventory.Outcome, error) { return inventory.Outcome{Err: err}, err }

var (
	_ Locker = (*Atomic)(nil)
	_ Locker = (*Optimistic)(nil)
	_ Locker = (*Pessimistic)(nil)
	_ Locker = (*Policy)(nil)
)
