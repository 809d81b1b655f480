package storetest

import (
	"sync"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// guards: what a Change rests on is checked in the step that applies it.
func guards(t *testing.T, h Harness) {
	t.Run("levels", func(t *testing.T) { each(t, h, guardTests) })
	t.Run("documents", func(t *testing.T) { each(t, h, documentTests) })
	t.Run("scan", func(t *testing.T) { each(t, h, scanTests) })
	t.Run("doubts", func(t *testing.T) { each(t, h, doubtTests) })
}

var guardTests = []test{
	{"holds while the level has the version", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(guarded(inventory.Sell("s1", line("a", 1)), 1))
		f.refuse(guarded(inventory.Sell("s2", line("a", 1)), 1), inventory.ErrConflict)
		f.refuse(guarded(inventory.Sell("s2", line("a", 1)), 3), inventory.ErrConflict)
		f.must(guarded(inventory.Sell("s2", line("a", 1)), 2))
	}},
	{"every write ends it, not only sales", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.track("a", 9)
		version := int64(1)
		for _, write := range []func(){
			func() { f.must(inventory.Receive("r", line("a", 1))) },
			func() { f.must(inventory.Reserve("h", hour, line("a", 1))) },
			func() { f.must(inventory.Commit("h", "o1")) },
			func() { f.must(document("o/1", 0, "body", line("a", 1))) },
			func() { f.rules("a", inventory.Rules{SafetyStock: 1}) },
		} {
			write()
			f.refuse(guarded(inventory.Sell("s", line("a", 1)), version), inventory.ErrConflict)
			version++
			f.equal(version, f.level("a").Version, "every write bumps the version")
		}
	}},
	{"guards of levels that do not move count", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		f.must(guarded(inventory.Sell("s1", line("b", 1)), 1))
		f.must(inventory.Sell("s2", line("a", 1)))
		f.refuse(guarded(inventory.Sell("s3", line("b", 1)), 1), inventory.ErrConflict)
	}},
	{"one of several guards is enough to refuse", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		sell := inventory.Sell("s", line("a", 1))
		sell.Guards = []inventory.Guard{{Key: key("a"), Version: 1}, {Key: key("b"), Version: 2}}
		f.refuse(sell, inventory.ErrConflict)
	}},
	{"an unknown level has no version", 0, func(f *fixture) {
		f.track("b", 9)
		f.refuse(guarded(inventory.Sell("s", line("b", 1)), 0), inventory.ErrConflict)
		f.refuse(guarded(inventory.Sell("s", line("b", 1)), 1), inventory.ErrConflict)
	}},
	{"recorded Changes and holds are guarded, too", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Reserve("h", hour, line("a", 1)))
		f.refuse(guarded(recorded(inventory.Sell("s", line("a", 1))), 1), inventory.ErrConflict)
		f.refuse(guarded(inventory.Commit("h", "o1"), 1), inventory.ErrConflict)
		f.must(guarded(inventory.Commit("h", "o1"), 2))
	}},
	{"of many who read the same version one wins", reopen, func(f *fixture) {
		f.track("a", 9)
		g := f.second()
		won := make([]error, 20)
		var all sync.WaitGroup
		for i := range won {
			all.Go(func() {
				s := []*fixture{f, g}[i%2].store
				c := guarded(inventory.Sell(string(rune('A'+i)), line("a", 1)), 1)
				c.Merchant = f.merchant
				won[i] = s.Apply(f.Context(), []inventory.Change{c})[0].Err
			})
		}
		all.Wait()
		f.equal(1, wins(f, won))
		f.equal(stock("a", 8, 0, 1), f.states("a"))
	}},
}

// wins counts who succeeded; all others have to be refused by a conflict.
func wins(f *fixture, errs []error) int {
	f.Helper()
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else {
			f.errorIs(err, inventory.ErrConflict)
		}
	}
	return n
}

var documentTests = []test{
	{"version 0 means that there is none yet", 0, func(f *fixture) {
		f.track("a", 9)
		docs, err := f.store.Documents(f.Context(), f.merchant, []string{"o/2", "o/1"})
		f.noError(err)
		f.equal([]inventory.Document{{Name: "o/2"}, {Name: "o/1"}}, docs, "one per name, in order")
		f.refuse(document("o/1", 1, "body", line("a", 1)), inventory.ErrConflict)
		f.must(document("o/1", 0, "body", line("a", 1)))
		f.refuse(document("o/1", 0, "other", line("a", 1)), inventory.ErrConflict)
		f.equal(int64(1), f.document("o/1").Version)
	}},
	{"the body comes back intact", 0, func(f *fixture) {
		body := make([]byte, 70_000)
		for i := range body {
			body[i] = byte(i * i >> 4)
		}
		f.must(document("o/1", 0, string(body)))
		f.equal(string(body), string(f.document("o/1").Body))
		f.must(document("o/1", 1, ""))
		f.equal("", string(f.document("o/1").Body))
		f.equal(int64(2), f.document("o/1").Version)
	}},
	{"lines and document are written in one step", 0, func(f *fixture) {
		f.track("a", 9)
		f.refuse(document("o/1", 0, "body", line("a", 1), line("x", 1)), inventory.ErrUntracked)
		f.equal(int64(0), f.document("o/1").Version, "a refused write leaves no document")
		out := f.must(document("o/1", 0, "body", line("a", 10)))
		f.equal([]inventory.Key{key("a")}, out.Oversold, "an order is a fact")
		f.refuse(document("o/1", 0, "late", line("a", 1)), inventory.ErrConflict)
		f.equal("body", string(f.document("o/1").Body))
	}},
	{"a write that is sent again is a duplicate", 0, func(f *fixture) {
		f.track("a", 9)
		first, next := document("o/1", 0, "one", line("a", 1)), document("o/1", 1, "two", line("a", 2))
		f.must(first)
		f.repeat(first)
		f.must(next)
		f.repeat(next)
		f.refuse(first, inventory.ErrConflict)
		f.equal(stock("a", 6, 0, 3), f.states("a"))
		f.equal("two", string(f.document("o/1").Body))
	}},
	{"same version and body with other lines is no repeat", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(document("o/1", 0, "one", line("a", 1)))
		f.refuse(document("o/1", 0, "one", line("a", 2)), inventory.ErrConflict)
	}},
	{"an order moves nothing and is remembered", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(document("o/1", 0, "body"))
		f.equal(int64(1), f.level("a").Version)
		f.equal("body", string(f.document("o/1").Body))
	}},
	{"of many writers of one version one wins", reopen, func(f *fixture) {
		f.track("a", 99)
		g := f.second()
		var sold int64
		for version := range int64(5) {
			won := make([]error, 8)
			var all sync.WaitGroup
			for i := range won {
				all.Go(func() {
					s := []*fixture{f, g}[i%2].store
					c := document("o/1", version, string(rune('A'+i)), line("a", int64(i)+1))
					c.Merchant = f.merchant
					won[i] = s.Apply(f.Context(), []inventory.Change{c})[0].Err
				})
			}
			all.Wait()
			f.equal(1, wins(f, won), "who wrote version %d", version+1)
			winner := f.document("o/1").Body[0] - 'A'
			f.yes(won[winner] == nil, "the body must be the winner's")
			sold += int64(winner) + 1
			f.equal(stock("a", 99-sold, 0, sold), f.states("a"), "only the winner's lines may move")
		}
	}},
}

// doubtful returns an order's write with doubts.
func doubtful(c inventory.Change, doubts ...inventory.Reason) inventory.Change {
	c.Document.Doubts = doubts
	return c
}

func (f *fixture) doubts(fetchable bool, most int) []string {
	f.Helper()
	doubts, err := f.store.Doubtful(f.Context(), f.merchant, fetchable, most)
	f.noError(err)
	var names []string
	for _, d := range doubts {
		names = append(names, d.Document)
	}
	return names
}

var doubtTests = []test{
	{"listed while a write has doubts", 0, func(f *fixture) {
		why := []inventory.Reason{inventory.UnsureSplit, inventory.UnsureRestock}
		f.must(doubtful(document("o/1", 0, "one"), why...))
		f.must(document("o/2", 0, "sure"))
		doubts, err := f.store.Doubtful(f.Context(), f.merchant, true, 9)
		f.noError(err)
		f.equal(1, len(doubts), "only documents with doubts")
		f.equal("o/1", doubts[0].Document)
		f.equal(why, doubts[0].Reasons, "with all its reasons, in order")
		f.equal(why, f.document("o/1").Doubts)
		f.must(doubtful(document("o/1", 1, "two"), inventory.UnsureSplit))
		f.equal([]string{"o/1"}, f.doubts(true, 9))
		f.must(document("o/1", 2, "three"))
		f.equal(0, len(f.doubts(true, 9)), "a write without doubts ends them")
		f.equal(0, len(f.document("o/1").Doubts))
	}},
	{"what a fetch can end is apart from what needs a look at the level", 0, func(f *fixture) {
		f.must(doubtful(document("fetch", 0, "b"), inventory.UnsureOrder))
		f.must(doubtful(document("level", 0, "b"), inventory.UnsureRestock, inventory.UnsureOrigin))
		f.must(doubtful(document("both", 0, "b"), inventory.UnsureRestock, inventory.UnsurePlace))
		f.equal(map[string]bool{"fetch": true, "both": true}, set(f.doubts(true, 9)))
		f.equal(map[string]bool{"level": true}, set(f.doubts(false, 9)))
		f.must(doubtful(document("both", 1, "b2"), inventory.UnsureRestock))
		f.equal(map[string]bool{"fetch": true}, set(f.doubts(true, 9)))
		f.equal(map[string]bool{"level": true, "both": true}, set(f.doubts(false, 9)))
	}},
	{"a refused write changes no listing", 0, func(f *fixture) {
		f.must(doubtful(document("o/1", 0, "b"), inventory.UnsureOrder))
		f.refuse(document("o/1", 0, "late"), inventory.ErrConflict)
		f.refuse(doubtful(document("o/2", 4, "late"), inventory.UnsureOrder), inventory.ErrConflict)
		f.equal([]string{"o/1"}, f.doubts(true, 9))
	}},
	{"oldest write first, up to a number", advance, func(f *fixture) {
		names := []string{"c", "a", "b", "d"}
		for _, name := range names {
			f.must(doubtful(document(name, 0, "b"), inventory.UnsureOrder))
			f.advance(minute)
		}
		f.equal(names, f.doubts(true, 9))
		f.equal(names[:2], f.doubts(true, 2))
		f.equal(0, len(f.doubts(true, 0)))
		f.equal(0, len(f.doubts(true, -1)), "fewer than none are none")
		f.must(doubtful(document("c", 1, "b2"), inventory.UnsureOrder))
		f.equal([]string{"a", "b", "d", "c"}, f.doubts(true, 9), "by the newest write of each")
		doubts, err := f.store.Doubtful(f.Context(), f.merchant, true, 9)
		f.noError(err)
		f.yes(near(doubts[1].Since.Add(2*minute), doubts[3].Since), "Since is when it was written, by the store's clock")
	}},
}

func set(names []string) map[string]bool {
	m := map[string]bool{}
	for _, n := range names {
		m[n] = true
	}
	return m
}
