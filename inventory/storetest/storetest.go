// Package storetest tells whether an [inventory.Store] is one: a conformance
// suite for anyone who keeps stock in another database.
//
// # Use
//
// Write one test that says how to open your store, and run it under -race:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{
//			Open: func(t *testing.T) inventory.Store { return mystore.New(db) },
//		})
//	}
//
// Open is all that is required. Each further field of [Harness] is a way to
// make trouble: a second process, time that passes or goes back, a reply that is lost, data
// that go back. What a harness can't do is skipped, and the skipped test says
// so; a store that nobody can make lose a reply has not been shown to survive
// one. Package memstore passes and is the model to read.
//
// # What is checked
//
//   - lines: all lines of a Change apply or none, the floor holds, an unknown
//     level is never zero, one bad Change does not spoil its neighbours
//   - once: a Change takes effect once by its ID, also when its reply was lost
//   - guards: versions of levels and documents, doubts
//   - leases: who may decide on a level, for stores that are an
//     [inventory.Leaser]
//   - reservations: what each operation does in each state of a hold
//   - orders: an order that settles a hold, in each state of it
//   - clock: a clock that jumps forward or back doubles and loses nothing
//   - channels: what is believed, shown and pending moves in the same step, also
//     of pooled channels; the life of a channel
//   - outbox: batches are claimed, sealed and settled by several processes
//   - conserve: random histories against a bookkeeping of their own
//   - crowd: hundreds of callers on one level, and dozens of claimers
//   - loss: data that go back are refused, not believed
//   - kits: levels of kits follow their components, for stores that are an
//     [inventory.KitKeeper]
//   - bookmarks: for stores that are an [inventory.Bookmarker]
//   - journal: every applied Change once and in order, for stores that are an
//     [inventory.Journaler]
//
// Tests run in parallel, each with a merchant of its own, so Open may connect
// to a shared database. They neither sleep nor look at the wall clock.
//
// [Benchmark] measures the operations that a shop does most.
package storetest

import (
	"cmp"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Harness says how to open the store under test and how to make trouble for
// it. Only Open is required; what needs a nil field is skipped.
type Harness struct {
	// Open returns a store that is ready for use. It is called once per test;
	// clean up with t.Cleanup. Stores may share their data: every test has a
	// merchant of its own.
	Open func(t *testing.T) inventory.Store
	// Reopen returns a second process's store on the data of s.
	Reopen func(t *testing.T, s inventory.Store) inventory.Store
	// Advance lets d pass on the clock of s and of all that were reopened from
	// it, and of no other store: tests run in parallel.
	Advance func(t *testing.T, s inventory.Store, d time.Duration)
	// ClockBack puts the clock of s and of all that were reopened from it back
	// by d, as that of a promoted replica can be. It is used with Advance.
	ClockBack func(t *testing.T, s inventory.Store, d time.Duration)
	// LoseReply arranges that the next write through s takes effect and its
	// reply is lost. The client then sends the same again by itself, or reports
	// [inventory.ErrUnknown].
	LoseReply func(t *testing.T, s inventory.Store)
	// GoBack puts the data of s back to an older state, or empties them, while
	// s runs on.
	GoBack func(t *testing.T, s inventory.Store)
	// Horizon is how long the store remembers the ID of an applied Change.
	// Default: 15 days.
	Horizon time.Duration
	// JournalAge is how long Tidy leaves an entry in the journal. Default: 7
	// days.
	JournalAge time.Duration
}

// Run runs the whole suite. Each group is a subtest, so "go test -run
// TestStore/reservations" runs one.
func Run(t *testing.T, h Harness) {
	if h.Open == nil {
		t.Fatal("storetest: Harness.Open is required")
	}
	h.Horizon = cmp.Or(h.Horizon, 15*24*time.Hour)
	h.JournalAge = cmp.Or(h.JournalAge, 7*24*time.Hour)
	for _, g := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"lines", lines},
		{"once", once},
		{"guards", guards},
		{"leases", leases},
		{"reservations", reservations},
		{"orders", orders},
		{"clock", clocks},
		{"channels", channels},
		{"outbox", outbox},
		{"conserve", conserve},
		{"crowd", crowd},
		{"loss", loss},
		{"bookmarks", bookmarks},
		{"kits", kits},
		{"journal", journal},
	} {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			g.run(t, h)
		})
	}
}
