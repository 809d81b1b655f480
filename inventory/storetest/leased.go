package storetest

import (
	"errors"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// What a lease does to Changes of others, and what time does to a lease.

var leasedTests = []test{
	{"what is decided now is refused", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Receive("in", line("a", 9)))
		f.must(inventory.Sell("out", line("a", 4)))
		f.lease("a")
		for _, c := range []inventory.Change{
			inventory.Track("t", line("a", 1)),
			inventory.Sell("s", line("a", 1)),
			inventory.Reserve("h", hour, line("a", 1)),
			inventory.Cancel("c", inventory.Available, line("a", 1)),
			inventory.Fulfil("f", line("a", 1)),
			inventory.Return("r", inventory.Available, line("a", 1)),
			inventory.Receive("in2", line("a", 1)),
			inventory.Move("m", inventory.Available, inventory.Unavailable, line("a", 1)),
		} {
			f.leased(c, "a")
		}
		f.equal([]bool{false, false}, f.applied("s", "h"), "a refused Change is not remembered")
	}},
	{"what has happened is never refused", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}, {Name: till}}})
		f.track("a", 3)
		l := f.lease("a")
		f.must(inventory.Believe("b", shop, inventory.Line{SKU: "a", Location: here, Shown: 3}))
		f.must(recorded(inventory.Sell("s", line("a", 2))))
		f.must(inventory.Sell("s2", line("a", 2)).ReportedBy(till))
		f.must(recorded(inventory.Receive("in", line("a", 5))))
		f.must(document("o/1", 0, "body", line("a", 1)))
		f.equal(stock("a", 3, 0, 5), f.states("a"))
		f.must(under(l, recorded(inventory.Sell("s3", line("a", 1))), "a"))
		f.unlease(l)
		f.refuse(under(l, recorded(inventory.Sell("s4", line("a", 1))), "a"), inventory.ErrFenced)
	}},
	{"a hold keeps what it has", 0, func(f *fixture) {
		f.track("a", 9)
		for _, id := range []string{"commit", "release", "settled"} {
			f.must(inventory.Reserve(id, hour, line("a", 1)))
		}
		f.must(inventory.Reserve("parts", hour, line("a", 2)))
		f.lease("a")
		f.must(inventory.Extend("commit", 2*hour))
		f.must(inventory.Commit("commit", "o1"))
		f.must(inventory.Release("release"))
		f.must(inventory.CommitPart("p1", "parts", "o1", line("a", 1)))
		f.must(inventory.ReleasePart("p2", "parts", line("a", 1)))
		c := document("o/1", 0, "body", line("a", 2))
		c.Reservation = "settled"
		f.must(c)
		f.equal(stock("a", 5, 0, 4), f.states("a"))
	}},
	{"a lease stands in its way, for what it moves", 0, func(f *fixture) {
		heldOfTen(f)
		l := f.lease("a")
		f.must(inventory.Resize("r1", "h", line("a", 3), line("b", 5)))
		f.leased(inventory.Resize("r2", "h", line("a", 4)), "a")
		f.must(under(l, inventory.Resize("r2", "h", line("a", 4)), "a"))
		f.equal(stock("a", 6, 4, 0), f.states("a"))
	}},
	{"expiry passes, a late commit takes anew", advance, func(f *fixture) {
		f.track("b", 9)
		f.track("a", 9)
		for _, id := range []string{"expired", "late", "paid"} {
			f.must(inventory.Reserve(id, minute, line("b", 1), line("a", 1)))
		}
		f.advance(minute)
		l := f.lease("b", "a")
		f.must(inventory.Expire("expired"))
		f.leased(inventory.Commit("expired", "o1"), "a", "b")
		f.leased(inventory.Commit("late", "o1"), "a", "b")
		fenced := f.refuse(under(inventory.Lease{Fence: l.Fence + 1}, inventory.Commit("late", "o1"), "a"), inventory.ErrFenced)
		f.no(errors.Is(fenced.Err, inventory.ErrExpired), "the hold is not to blame")
		f.must(recorded(inventory.Commit("paid", "o1")))
		f.must(under(l, inventory.Commit("late", "o1"), "a", "b"))
		f.equal(stock("a", 7, 0, 2), f.states("a"))
	}},
	{"the ID is looked at before", 0, func(f *fixture) {
		f.track("a", 9)
		sell, reserve := sellOne("s", "a"), inventory.Reserve("h", hour, line("a", 1))
		l := f.lease("a")
		f.must(under(l, sell, "a"))
		f.must(under(l, reserve, "a"))
		f.repeat(sell)
		f.repeat(reserve)
		f.refuse(inventory.Sell("s", line("a", 2)), inventory.ErrReusedID)
		f.unlease(l)
		f.lease("a")
		f.repeat(under(l, sell, "a"))
		f.repeat(under(l, reserve, "a"))
		f.refuse(inventory.Release("none"), inventory.ErrNotFound)
		f.must(inventory.Release("h"))
		f.refuse(inventory.Commit("h", "o1"), inventory.ErrReleased)
	}},
	{"guards before, tracking and floors behind", 0, func(f *fixture) {
		f.track("a", 3)
		f.track("b", 3)
		l := f.lease("a")
		f.refuse(guarded(sellOne("s", "a"), 7), inventory.ErrConflict)
		f.leased(inventory.Sell("s", line("a", 4)), "a")
		f.leased(sellOne("s", "a", "unknown"), "a")
		short := f.refuse(under(l, inventory.Sell("s", line("a", 4)), "a"), inventory.ErrInsufficient)
		f.equal(int64(3), f.short(short)[0].Left)
		for want, guards := range map[error][]inventory.Guard{ // the first that does not hold
			inventory.ErrFenced:   {{Key: key("a"), Fence: l.Fence}, {Key: key("b"), Fence: l.Fence}, {Key: key("a"), Version: 7}},
			inventory.ErrConflict: {{Key: key("a"), Fence: l.Fence, Version: 7}, {Key: key("b"), Fence: l.Fence}},
		} {
			c := sellOne("s", "a")
			c.Guards = guards
			f.refuse(c, want)
		}
	}},
	{"a refused Change does not spoil its neighbours", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		l := f.lease("a")
		out := f.applyAll(sellOne("s1", "b"), sellOne("s2", "a"), under(l, sellOne("s3", "a"), "a"), sellOne("s4", "b", "a"), sellOne("s5", "b"))
		for i, leased := range []bool{false, true, false, true, false} {
			if leased {
				f.equal(keysOf("a"), f.leasedKeys(out[i].Err))
				f.equal(int64(9-i/3), byKey(out[i].Levels)[key("a")].Available, "a refusal shows the levels as of now")
				continue
			}
			f.noError(out[i].Err)
		}
		f.equal(stock("a", 8, 0, 1), f.states("a"))
		f.equal(stock("b", 7, 0, 2), f.states("b"))
	}},
}

var leaseTimeTests = []test{
	{"a lease that is over is nobody's", advance | reopen, func(f *fixture) {
		f.track("a", 9)
		l := f.leaseFor(minute, "a", "b")
		f.advance(minute - time.Millisecond)
		f.leased(sellOne("s", "a"), "a")
		f.taken([]string{"b"}, "b")
		f.advance(time.Millisecond)
		f.must(sellOne("s", "a"))
		f.refuse(under(l, sellOne("late", "a"), "a"), inventory.ErrFenced)
		_, err := f.leaser().Renew(f.Context(), l, hour)
		f.errorIs(err, inventory.ErrFenced, "there is nothing to renew, though nobody has taken it")
		f.must(sellOne("s2", "a"))

		next := f.second().lease("a")
		f.yes(next.Fence > l.Fence, "token %d after %d", next.Fence, l.Fence)
		f.refuse(under(l, sellOne("late", "a"), "a"), inventory.ErrFenced)
		f.unlease(l)
		f.leased(sellOne("s3", "a"), "a")
		f.must(under(next, sellOne("s3", "a"), "a"))
	}},
	{"tidying up leaves leases and tokens alone", advance, func(f *fixture) {
		f.track("a", 9)
		over := f.leaseFor(minute, "b")
		f.advance(minute)
		l := f.lease("a")
		f.tidy()
		f.equal(inventory.Tidied{}, f.tidyOnce(9))
		f.leased(sellOne("s", "a"), "a")
		f.must(under(l, sellOne("s", "a"), "a"))
		next := f.lease("b")
		f.yes(next.Fence > l.Fence && l.Fence > over.Fence, "tokens grow")
	}},
	{"those that are over go some at a time", advance, func(f *fixture) {
		f.track("a", 9)
		keys := make([]string, 30)
		for i := range keys {
			keys[i] = "over-" + string(rune('A'+i))
		}
		over := f.leaseFor(minute, keys...)
		f.advance(minute - time.Second)
		l := f.lease("a")
		f.equal(inventory.Tidied{}, f.tidyOnce(100), "none is over yet")
		f.advance(time.Second)
		gone := 0
		for range 1000 {
			done := f.tidyOnce(7)
			f.yes(done.Leases <= 7, "%d at once", done.Leases)
			gone += done.Leases
		}
		f.equal(30, gone)
		f.must(under(l, sellOne("s", "a"), "a"))
		_, err := f.leaser().Renew(f.Context(), over, hour)
		f.errorIs(err, inventory.ErrFenced)
		f.yes(f.lease(keys...).Fence > l.Fence, "tokens grow")
	}},
	{"each is over at its own time", advance, func(f *fixture) {
		f.track("a", 9)
		f.lease("a")
		f.leaseFor(minute, "b")
		short := f.leaseFor(minute, "c")
		_, err := f.leaser().Renew(f.Context(), short, 2*minute)
		f.noError(err)
		f.advance(hour - time.Millisecond)
		f.leased(sellOne("s", "a"), "a")
		f.advance(time.Millisecond)
		f.must(sellOne("s", "a"))
	}},
	{"renewed it goes on, and never gets shorter", advance, func(f *fixture) {
		f.track("a", 9)
		l := f.leaseFor(minute, "a", "b")
		first := l.ExpiresAt
		f.advance(minute / 2)
		l, err := f.leaser().Renew(f.Context(), l, minute)
		f.noError(err)
		f.yes(near(first.Add(minute/2), l.ExpiresAt), "from now, by the store's clock")
		shorter, err := f.leaser().Renew(f.Context(), l, time.Millisecond)
		f.noError(err)
		f.equal(l.ExpiresAt, shorter.ExpiresAt)
		f.equal(l.Fence, shorter.Fence, "the token stays")
		f.advance(minute - time.Millisecond)
		f.leased(sellOne("s", "a"), "a")
		f.must(under(l, sellOne("s", "a"), "a"))
		f.advance(time.Millisecond)
		f.must(sellOne("s2", "a"))
	}},
	{"all keys are renewed or none", advance, func(f *fixture) {
		l := f.leaseFor(minute, "a", "b")
		part := l
		part.Keys = keysOf("b")
		f.unlease(part)
		f.taken([]string{"a"}, "a", "b")
		_, err := f.leaser().Renew(f.Context(), l, hour)
		f.errorIs(err, inventory.ErrFenced)
		f.advance(minute)
		f.lease("a", "b")
	}},
	{"after a lost reply the keys are free in time", advance | loseReply, func(f *fixture) {
		f.h.LoseReply(f.t, f.store)
		l, err := f.leaser().Lease(f.Context(), f.merchant, keysOf("a"), minute)
		f.advance(minute)
		next := f.lease("a")
		if err == nil {
			f.yes(next.Fence > l.Fence, "tokens grow")
		}
	}},
}
