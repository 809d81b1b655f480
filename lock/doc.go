// Package lock decides who may sell a unit that many want at once: strategies
// between an [inventory.Stock] and its store, to choose by class of SKU, and to
// change while orders come in.
//
//	policy, err := lock.NewPolicy(lock.NewAtomic(store, nil), []lock.Class{
//		{Name: "drop", Match: isDrop, Locker: lock.NewPessimistic(store, nil)},
//	}, nil)
//	stock, err := inventory.New(store, "acme", &inventory.Config{Locker: policy})
//
// You may never need it. A Stock without a Locker is atomic: no strategy here
// oversells less, as there is no less than never.
//
// # Choose
//
// Atomic sends what is to move, and the store refuses what would go below the
// floor. One round trip, no retry, nobody waits. Take it for whatever can be
// said as a movement of units: nearly everything that a shop does, and the
// busiest SKU above all.
//
// Optimistic reads, decides in Go, and has the store refuse the result if
// somebody was faster; then it decides again. Take it where a decision in Go
// needs the level (at most two per customer, split over warehouses) and callers
// seldom meet. Two round trips if they do not. Under contention most tries are
// in vain, and those without luck give up: see MaxTries.
//
// Pessimistic leases the level first, decides, writes and gives back. Take it
// where a decision takes long or must not be made twice: it asks another system,
// it charges a card. Everybody else waits, in order of arrival, or gives up; so
// throughput is one decision at a time per level, and Wait bounds the line.
//
//	                 round trips     when callers meet          decide
//	Atomic           1 (2 in Update) nobody waits               sees a hint
//	Optimistic       2               tries again, may give up   may run again
//	Pessimistic      3 (4 in Update) waits its turn             runs once, alone
//
// The program examples/strategies measures the three under rising contention.
//
// [Policy] chooses by SKU. A flash sale is a [Window] of a class; what is not
// planned is [Policy.Replace]. [Policy.Stats] tells per class how often callers
// met, so that the choice can be checked.
//
// # What holds for all
//
// Strategies differ in what they put into [inventory.Change.Guards]: nothing,
// the versions that were read, or the token of a lease. The store checks guards
// in the step that applies the Change. So strategies may meet on one level, in
// any number of processes, and be switched at any moment, and no update is lost.
//
//   - All lines of a Change apply or none, once by its ID, never below the floor.
//   - A leased level refuses enforced Changes of all others
//     ([inventory.ErrLeased]); every strategy tries again, within its bound. A
//     process without a Locker gets the error as it is: give it an Atomic.
//   - Recorded Changes and orders have happened, and a reservation has what it
//     has: no lease stops what is recorded, or what extends, commits in time,
//     releases or expires a hold. Only a commit after the hold's time takes units
//     anew, and waits like a sale.
//   - Several levels are leased in one step or not at all, so no two callers can
//     wait for each other, in whatever order they name them.
//   - A holder that was held up until its lease was over writes nothing: the
//     store refuses the token ([inventory.ErrFenced]).
//
// # Errors
//
// [ErrContended], [ErrNotAcquired] and [ErrLeaseLost] say that nothing was
// applied because others were in the way: submit the same Change again, or tell
// the customer to. Those about others also match the error of package inventory
// that was met, so [inventory.Answered] holds and a queue tries that event again
// without stopping the rest. [inventory.ErrUnknown] is passed on as it is, and
// never tried again by a strategy; the same Change with the same ID settles it.
//
// Contexts bound waits. Only a call that takes or gives back a lease may outlive
// its context, by at most the shorter of TTL and Wait: cut off half-way it would
// leave the level leased to nobody. A process that dies leaves its leases until
// their TTL is over.
package lock
