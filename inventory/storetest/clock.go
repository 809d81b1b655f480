package storetest

import (
	"fmt"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// clocks: the store's clock jumps, as it does when a replica with another one
// is promoted. Deadlines are moments of that clock, so a hold or a lease lasts
// by so much shorter or longer, and nothing else happens.
func clocks(t *testing.T, h Harness) {
	t.Run("holds", func(t *testing.T) { each(t, h, clockHoldTests) })
	t.Run("leases", func(t *testing.T) {
		if _, ok := h.open(t).store.(inventory.Leaser); !ok {
			t.Skip("the store is no Leaser")
		}
		each(t, h, clockLeaseTests)
	})
	t.Run("ids", func(t *testing.T) { each(t, h, clockIDTests) })
	t.Run("outbox", func(t *testing.T) { each(t, h, clockOutboxTests) })
}

var clockHoldTests = []test{
	{"forward: what is over by it expires once, and stays expired when it goes back", clockBack, func(f *fixture) {
		heldOfTen(f)
		f.advance(hour)
		f.must(inventory.Expire("h"))
		f.clockBack(50 * minute)
		f.equal(inventory.ExpiredHold, f.hold("h").Status)
		f.repeat(inventory.Expire("h"))
		f.refuse(inventory.Extend("h", hour), inventory.ErrExpired)
		f.equal(stock("a", 10, 0, 0), f.states("a"))
		f.advance(hour)
		f.tidy()
		f.equal(stock("a", 10, 0, 0), f.states("a"))
		f.yes(f.must(inventory.Commit("h", "o1")).Late, "it takes its units again")
		f.equal(stock("a", 7, 0, 3), f.states("a"))
	}},
	{"back: what was over and still has its units is held again", clockBack, func(f *fixture) {
		heldOfTen(f)
		f.advance(hour)
		f.equal([]string{"h"}, f.must(inventory.Receive("r1", line("a", 1))).Due)
		f.clockBack(minute)
		f.equal(inventory.Held, f.hold("h").Status)
		f.equal(0, len(f.must(inventory.Receive("r2", line("a", 1))).Due))
		f.equal(inventory.Tidied{}, f.tidyOnce(9))
		f.repeat(inventory.Expire("h"))
		f.no(f.must(inventory.Commit("h", "o1")).Late, "by the clock it is in time")
		f.equal(stock("a", 9, 0, 3), f.states("a"))
	}},
	{"back: a hold lasts longer by that, and not for ever", clockBack, func(f *fixture) {
		heldOfTen(f)
		f.clockBack(10 * minute)
		f.advance(hour)
		f.equal(inventory.Held, f.hold("h").Status)
		f.must(inventory.Extend("h", 20*minute))
		f.advance(10 * minute)
		f.equal(inventory.Held, f.hold("h").Status, "it counts from now, by the clock as it is")
		f.advance(10 * minute)
		f.equal(inventory.Tidied{Expired: 1}, f.tidyOnce(9))
		f.equal(stock("a", 10, 0, 0), f.states("a"))
	}},
	{"back: extending never shortens", clockBack, func(f *fixture) {
		heldOfTen(f)
		until := f.hold("h").ExpiresAt
		f.clockBack(30 * minute)
		f.yes(near(until, f.must(inventory.Extend("h", hour)).Reservation.ExpiresAt), "it has longer than that")
	}},
	{"a stuck hold is tried again some time", clockBack, func(f *fixture) {
		stuckHold(f)
		f.must(inventory.Move("back", inventory.Available, inventory.Reserved, line("a", 1)))
		f.clockBack(10 * minute)
		f.advance(hour + 10*minute)
		f.equal(inventory.Tidied{Expired: 1}, f.tidyOnce(9))
		f.equal(stock("a", 10, 0, 0), f.states("a"))
	}},
	{"an ended reservation is remembered no shorter", clockBack, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Reserve("h", hour, line("a", 2)))
		f.must(inventory.Release("h"))
		f.clockBack(10 * minute)
		f.advance(f.h.Horizon)
		f.tidy()
		f.repeat(inventory.Reserve("h", hour, line("a", 2)))
	}},
}

var clockLeaseTests = []test{
	{"forward: the next holder's token decides", clockBack, func(f *fixture) {
		f.track("a", 9)
		first := f.lease("a")
		f.advance(hour)
		second := f.lease("a")
		f.clockBack(30 * minute) // the first would not be over by now
		f.refuse(under(first, sellOne("s1", "a"), "a"), inventory.ErrFenced)
		_, err := f.leaser().Renew(f.Context(), first, hour)
		f.errorIs(err, inventory.ErrFenced)
		f.unlease(first)
		f.taken([]string{"a"}, "a")
		f.must(under(second, sellOne("s2", "a"), "a"))
	}},
	{"back: a lease is over for good once its level was moved", clockBack, func(f *fixture) {
		f.staysOver(func() { f.must(sellOne("s", "b", "a")) })
	}},
	{"back: also by what was decided elsewhere", clockBack, func(f *fixture) {
		f.staysOver(func() { f.must(recorded(sellOne("s", "a"))) })
	}},
	{"back: also while other levels are leased", clockBack, func(f *fixture) {
		f.lease("c")
		f.staysOver(func() { f.must(recorded(sellOne("s", "a"))) })
		f.taken([]string{"c"}, "c")
	}},
	{"back: once none was in force, all are over for good", clockBack, func(f *fixture) {
		f.staysOver(func() { f.unlease(f.lease("c")) })
	}},
	{"back: by a level that was leased anew", clockBack, func(f *fixture) {
		f.lease("c")
		f.staysOver(func() { f.unlease(f.lease("a")) })
	}},
	{"back: what was refused ends no lease", clockBack, func(f *fixture) {
		f.track("a", 9)
		l := f.lease("a")
		f.advance(hour)
		f.refuse(inventory.Sell("s", line("a", 99)), inventory.ErrInsufficient)
		f.clockBack(minute)
		f.leased(sellOne("s", "a"), "a")
		f.must(under(l, sellOne("s", "a"), "a"))
	}},
	{"back: never two at once, and not for ever", clockBack, func(f *fixture) {
		f.track("a", 9)
		l := f.leaseFor(10*minute, "a")
		f.clockBack(10 * minute)
		f.advance(10 * minute)
		f.taken([]string{"a"}, "a")
		f.advance(10 * minute)
		next := f.lease("a")
		f.refuse(under(l, sellOne("s1", "a"), "a"), inventory.ErrFenced)
		f.must(under(next, sellOne("s1", "a"), "a"))
	}},
	{"tidying while it is forward ends them for good", clockBack, func(f *fixture) {
		l := f.lease("a")
		f.advance(hour)
		f.equal(inventory.Tidied{Leases: 1}, f.tidyOnce(9))
		f.clockBack(minute)
		_, err := f.leaser().Renew(f.Context(), l, hour)
		f.errorIs(err, inventory.ErrFenced)
		f.yes(f.lease("a").Fence > l.Fence, "tokens grow")
	}},
}

// staysOver checks that the lease of a level that was over when something
// happened is no lease any more, though the clock goes back to when it was one.
func (f *fixture) staysOver(happens func()) {
	f.Helper()
	f.track("a", 9)
	f.track("b", 9)
	l := f.leaseFor(10*minute, "a")
	f.advance(10 * minute)
	happens()
	f.clockBack(minute)
	f.refuse(under(l, sellOne("late", "a"), "a"), inventory.ErrFenced)
	_, err := f.leaser().Renew(f.Context(), l, hour)
	f.errorIs(err, inventory.ErrFenced)
	f.must(sellOne("after", "a"))
	f.yes(f.lease("a").Fence > l.Fence, "tokens grow")
}

// jumpy submits a Change again and again for three horizons, on a clock that
// jumps, and checks that each is known until a horizon after it, by the latest
// that the clock has shown.
func jumpy(f *fixture) {
	f.track("a", 1_000_000)
	type memory struct {
		c  inventory.Change
		at int // in steps
	}
	var known []memory
	step := f.h.Horizon / 24
	now, latest, g := 0, 0, f
	for i := range 80 {
		switch {
		case i%7 == 3:
			f.advance(5 * step)
			now += 5
		case i%7 == 6:
			f.clockBack(4 * step)
			now -= 4
		default:
			f.advance(step)
			now++
		}
		latest = max(latest, now)
		if f.h.Reopen != nil && i%5 == 0 {
			g = f.second()
		}
		c := inventory.Sell(fmt.Sprintf("s%d", i), line("a", 1))
		g.refuse(inventory.Sell(c.ID, line("a", 2_000_000)), inventory.ErrInsufficient)
		g.must(c)
		known = append(known, memory{c, now})
		for _, k := range known {
			if latest-k.at <= 24 {
				g.repeat(k.c)
			}
		}
		if i%9 == 0 {
			g.tidy()
		}
	}
	f.equal(int64(80), f.level("a").Committed)
	f.refuse(inventory.Receive(known[79].c.ID, line("a", 1)), inventory.ErrReusedID)
}

var clockIDTests = []test{
	{"an ID is known for a horizon, across jumps, restarts and tidying", clockBack, jumpy},
	{"back by more than since it was applied", clockBack, func(f *fixture) {
		f.track("a", 9)
		f.advance(f.h.Horizon - minute)
		sell := inventory.Sell("s", line("a", 1))
		f.must(sell)
		f.advance(2 * minute)
		f.must(inventory.Sell("s2", line("a", 1)))
		f.clockBack(20 * minute)
		f.repeat(sell)
		f.must(inventory.Sell("s3", line("a", 1)))
		f.advance(f.h.Horizon)
		f.tidy()
		for _, id := range []string{"s", "s2", "s3"} {
			f.repeat(inventory.Sell(id, line("a", 1)))
		}
		f.equal(stock("a", 6, 0, 3), f.states("a"))
	}},
}

var clockOutboxTests = []test{
	{"a batch is handed out again with the same bytes, and settled once", clockBack, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.advance(minute)
		again := f.claim(9)
		f.equal(b.Request, again.Request)
		f.clockBack(10 * minute)
		f.idle()
		f.finish(b)
		f.finish(again)
		f.inSync("a")
		f.advance(hour)
		f.idle()
	}},
	{"back: a batch is handed out again some time", clockBack, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.clockBack(10 * minute)
		f.idle()
		f.advance(11 * minute)
		f.equal(b.Key(), f.claim(9).Key())
	}},
}
