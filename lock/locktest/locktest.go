// Package locktest tells whether a [lock.Locker] is one: a suite for anyone who
// writes a strategy of his own, or runs those of package lock on his own store.
//
//	func TestLocker(t *testing.T) {
//		locktest.Run(t, locktest.Harness{
//			Store:  func(*testing.T) locktest.Store { return memstore.New(nil) },
//			Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return mylock.New(s) },
//		})
//	}
//
// # What is checked
//
//   - apply: no level is oversold by many goroutines, on one SKU or several; all
//     lines apply or none; a vector has an Outcome each, in order; reservations,
//     repeats and unknown outcomes
//   - leases: an enforced Change waits for somebody's lease, up to a bound; a
//     recorded one never does
//   - update: decide sees current levels, and what it decides is applied once;
//     tries are bounded, contexts respected, late writes refused
//   - mixed: beside every strategy of package lock on one SKU, and switched in
//     mid-traffic, no update is lost, and a policy's statistics add up
//
// Run it under -race.
package locktest

import (
	"cmp"
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/lock"
)

// Store is what the suite runs Lockers on: a store with leases, because others
// may lease what a Locker without leases is to sell.
type Store interface {
	inventory.Store
	inventory.Leaser
}

// Harness says how to make the Locker under test. Store and Locker are
// required.
type Harness struct {
	// Store returns a store that is ready for use. It is called once per test;
	// every test has a merchant of its own.
	Store func(t *testing.T) Store
	// Locker returns the Locker under test over s.
	Locker func(t *testing.T, s Store) lock.Locker
	// Around runs a test that has waits in it, for instance by synctest.Test, so
	// that they take no time. Default: it calls the test.
	Around func(t *testing.T, test func(t *testing.T))
	// Hint: the levels that Update shows to decide may have moved when the
	// Change is applied, as with [lock.Atomic].
	Hint bool
	// Leases: Update has the levels for itself while decide runs, and its
	// context ends if it loses them, as with [lock.Pessimistic].
	Leases bool
	// MaxTries is how often Update runs decide. Default: 1.
	MaxTries int
}

// Run runs the whole suite, each group as a subtest.
func Run(t *testing.T, h Harness) {
	if h.Store == nil || h.Locker == nil {
		t.Fatal("locktest: Harness.Store and Harness.Locker are required")
	}
	h.MaxTries = cmp.Or(h.MaxTries, 1)
	if h.Around == nil {
		h.Around = func(t *testing.T, test func(*testing.T)) { test(t) }
	}
	for _, g := range []struct {
		name  string
		tests []test
	}{{"apply", applyTests}, {"leases", leaseTests}, {"update", updateTests}, {"mixed", mixedTests}} {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			for _, tt := range g.tests {
				t.Run(tt.name, func(t *testing.T) {
					t.Parallel()
					h.Around(t, func(t *testing.T) { tt.run(h.open(t)) })
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(f *fixture)
}

// fixture is a Locker over a store, with a merchant that no other test knows.
type fixture struct {
	*testing.T
	h        Harness
	spy      *spy
	locker   lock.Locker
	merchant string
}

func (h Harness) open(t *testing.T) *fixture {
	t.Helper()
	s := &spy{Store: h.Store(t)}
	return &fixture{T: t, h: h, spy: s, locker: h.Locker(t, s), merchant: "test-" + rand.Text()}
}

// spy is the store as the Locker sees it: it remembers leases, and can lose
// replies.
type spy struct {
	Store
	mu     sync.Mutex
	leases []inventory.Lease
	lose   int
	calls  int
}

func (s *spy) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	out := s.Store.Apply(ctx, changes)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.lose > 0 {
		s.lose--
		for i := range out {
			out[i] = inventory.Outcome{ID: changes[i].ID, Err: inventory.ErrUnknown}
		}
	}
	return out
}

func (s *spy) Lease(ctx context.Context, merchant string, keys []inventory.Key, ttl time.Duration) (inventory.Lease, error) {
	l, err := s.Store.Lease(ctx, merchant, keys, ttl)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.leases = append(s.leases, l)
	}
	return l, err
}

// steal ends every lease that the Locker has.
func (f *fixture) steal() {
	f.spy.mu.Lock()
	defer f.spy.mu.Unlock()
	for _, l := range f.spy.leases {
		_ = f.spy.Unlease(context.Background(), l)
	}
	f.spy.leases = nil
}

const here = "berlin"

func key(sku string) inventory.Key { return inventory.Key{SKU: sku, Location: here} }

func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: here, Quantity: n}
}

func (f *fixture) own(changes []inventory.Change) []inventory.Change {
	for i := range changes {
		changes[i].Merchant = f.merchant
	}
	return changes
}

// direct applies Changes past the Locker.
func (f *fixture) direct(changes ...inventory.Change) []inventory.Outcome {
	return f.spy.Store.Apply(context.Background(), f.own(changes))
}

func (f *fixture) track(n int64, skus ...string) {
	f.Helper()
	for _, sku := range skus {
		require.NoError(f, f.direct(inventory.Track("track-"+sku, line(sku, n)))[0].Err)
	}
}

// apply submits Changes to the Locker in one vector.
func (f *fixture) apply(changes ...inventory.Change) []inventory.Outcome {
	out := f.locker.Apply(f.Context(), f.own(changes))
	if len(out) != len(changes) {
		f.Errorf("%d Changes have %d Outcomes", len(changes), len(out))
		return make([]inventory.Outcome, len(changes))
	}
	for i, o := range out {
		if o.ID != changes[i].ID {
			f.Errorf("Outcome %d is of %q, not of %q", i, o.ID, changes[i].ID)
		}
	}
	return out
}

// settled submits a Change until the strategy has not given up, as a queue
// would, and returns the Outcome.
func settled(ctx context.Context, l inventory.Applier, c inventory.Change) inventory.Outcome {
	for {
		o := l.Apply(ctx, []inventory.Change{c})[0]
		if !retried(o.Err) || ctx.Err() != nil {
			return o
		}
	}
}

func (f *fixture) level(sku string) inventory.Level {
	f.Helper()
	levels, err := f.spy.Levels(context.Background(), f.merchant, []inventory.Key{key(sku)})
	require.NoError(f, err)
	require.Len(f, levels, 1)
	return levels[0]
}

// stock checks what is available, reserved and committed.
func (f *fixture) stock(sku string, available, reserved, committed int64) {
	f.Helper()
	l := f.level(sku)
	require.Equal(f, [3]int64{available, reserved, committed}, [3]int64{l.Available, l.Reserved, l.Committed}, "%s", l)
}

// all runs n goroutines at once, until they are done.
func all(n int, run func(i int)) {
	var done sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			<-start
			run(i)
		})
	}
	close(start)
	done.Wait()
}
