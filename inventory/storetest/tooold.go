package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// happened returns the Change as one that happened so long ago by the store's
// clock. The journal says what time that is.
func (f *fixture) happened(c inventory.Change, ago time.Duration) inventory.Change {
	f.Helper()
	c.At = f.now().Add(-ago)
	return c
}

// now is the store's clock, to the millisecond, as of something it notes.
func (f *fixture) now() time.Time {
	f.Helper()
	if _, ok := f.store.(inventory.Journaler); !ok {
		f.t.Skip("the store is no Journaler, so nobody can tell its time")
	}
	before := f.end()
	f.ticks++
	f.must(inventory.Track(fmt.Sprintf("clock-%d", f.ticks), line(fmt.Sprintf("clock-%d", f.ticks), 0)))
	entries, _ := f.journal(before, 5)
	f.equal(1, len(entries))
	return entries[0].Time
}

// What happened before the IDs that are remembered may have been applied. Half a
// minute on either side of the horizon lets a clock run that nobody moves.
var tooOldTests = []test{
	{"at the edge of the horizon", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(f.happened(inventory.Sell("s1", line("a", 1)), f.h.Horizon-minute/2))
		out := f.refuse(f.happened(inventory.Sell("s2", line("a", 1)), f.h.Horizon+minute/2), inventory.ErrTooOld)
		f.equal([]inventory.Level{f.level("a")}, out.Levels, "with the levels as of now")
		f.equal([]bool{true, false}, f.applied("s1", "s2"), "a refusal is not remembered")
		f.must(inventory.Sell("s2", line("a", 1)))
		f.must(f.happened(inventory.Sell("s3", line("a", 1)), -hour))
	}},
	{"says so for good, and when and why", 0, func(f *fixture) {
		f.track("a", 9)
		c := f.happened(inventory.Receive("r", line("a", 1)), f.h.Horizon+hour)
		err := f.refuse(c, inventory.ErrTooOld).Err
		var old *inventory.TooOldError
		f.yes(errors.As(err, &old), "a TooOldError, not %v", err)
		f.yes(old.At.Equal(c.At))
		f.yes(old.Why != "")
		var permanent interface{ Permanent() bool }
		f.yes(errors.As(err, &permanent) && permanent.Permanent(), "a queue must not try it again")
		f.yes(inventory.Answered(err), "it is an answer")
	}},
	{"exactly at the horizon, by the microsecond", advance, func(f *fixture) {
		f.track("a", 9)
		now := f.now()
		if !f.now().Equal(now) {
			f.t.Skip("the clock runs by itself")
		}
		c := inventory.Sell("s", line("a", 1))
		c.At = now.Add(-f.h.Horizon - time.Microsecond)
		f.refuse(c, inventory.ErrTooOld)
		c.At = now.Add(-f.h.Horizon)
		f.must(c)
	}},
	{"a repeat is a duplicate, and other content a reused ID", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Sell("s", line("a", 1)))
		f.repeat(f.happened(inventory.Sell("s", line("a", 1)), 2*f.h.Horizon))
		f.refuse(f.happened(inventory.Sell("s", line("a", 2)), 2*f.h.Horizon), inventory.ErrReusedID)
	}},
	{"before guards, floors, unknown levels and holds", 0, func(f *fixture) {
		f.track("a", 9)
		f.refuse(f.happened(inventory.CommitPart("p", "unknown", "o1", line("a", 1)), 2*f.h.Horizon), inventory.ErrTooOld)
		f.refuse(guarded(f.happened(inventory.Sell("s", line("a", 1)), 2*f.h.Horizon), 7), inventory.ErrTooOld)
		f.refuse(f.happened(inventory.Sell("s", line("a", 99)), 2*f.h.Horizon), inventory.ErrTooOld)
		f.refuse(f.happened(inventory.Sell("s", line("unknown", 1)), 2*f.h.Horizon), inventory.ErrTooOld)
		f.refuse(recorded(f.happened(inventory.Sell("s", line("a", 1)), 2*f.h.Horizon)), inventory.ErrTooOld)
	}},
	{"every kind that its ID remembers", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.track("a", 9)
		f.track("end", 0)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		for _, c := range []inventory.Change{
			inventory.Track("x", line("new", 1)), inventory.Believe("x", shop, line("a", 0)), inventory.Untrack("x", key("end")),
			inventory.CommitPart("x", "h", "o1", line("a", 1)), inventory.ReleasePart("x", "h", line("a", 1)), inventory.Resize("x", "h", line("a", 1)),
			inventory.Edited("x", shop, line("a", 1)),
		} {
			f.refuse(f.happened(c, 2*f.h.Horizon), inventory.ErrTooOld)
			f.must(renamed(c, "x-"+string(c.Kind)))
		}
	}},
	{"orders and holds have memories of their own", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(f.happened(document("o/1", 0, "body", line("a", 1)), 2*f.h.Horizon))
		f.must(f.happened(inventory.Reserve("h", hour, line("a", 1)), 2*f.h.Horizon))
		f.must(f.happened(inventory.Extend("h", 2*hour), 2*f.h.Horizon))
		f.must(f.happened(inventory.Commit("h", "o/1"), 2*f.h.Horizon))
		f.must(inventory.Reserve("h2", hour, line("a", 1)))
		f.must(f.happened(inventory.Release("h2"), 2*f.h.Horizon))
	}},
	{"in a vector, one of its neighbours", 0, func(f *fixture) {
		f.track("a", 9)
		old := f.happened(inventory.Sell("s2", line("a", 1)), 2*f.h.Horizon)
		outs := f.applyAll(inventory.Sell("s1", line("a", 1)), guarded(old, 2), guarded(f.happened(inventory.Sell("s3", line("a", 1)), hour), 3))
		f.noError(outs[0].Err)
		f.errorIs(outs[1].Err, inventory.ErrTooOld)
		f.errorIs(outs[2].Err, inventory.ErrConflict, "the level has been written once since Track, and by nothing too old")
		f.equal(stock("a", 8, 0, 1), f.states("a"))
	}},
}

func renamed(c inventory.Change, id string) inventory.Change {
	c.ID = id
	return c
}
