package storetest

import (
	"sync"

	"github.com/onhand-dev/onhand/inventory"
)

// expiredShort brings h to be expired, and some of its units to be sold.
func expiredShort(f *fixture) {
	f.Helper()
	f.track("a", 3)
	f.track("b", 2)
	reserveH(f)
	f.advance(hour)
	f.must(inventory.Expire("h"))
	f.must(inventory.Sell("meanwhile", line("a", 1), line("b", 2)))
}

var commitTests = []test{
	{"of an expired hold whose units are sold tells what is left", advance, func(f *fixture) {
		expiredShort(f)
		out := f.refuse(inventory.Commit("h", "o1"), inventory.ErrExpired)
		f.errorIs(out.Err, inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 3, 2), avail("b", 2, 0)}, f.short(out))
		f.no(out.Late, "nothing was committed")
		f.equal(inventory.ExpiredHold, f.hold("h").Status)
		f.must(inventory.Receive("r", line("a", 1), line("b", 2)))
		out = f.must(inventory.Commit("h", "o1"))
		f.yes(out.Late, "the units were taken again")
		f.equal(stock("a", 0, 0, 4), f.states("a"))
		f.repeat(inventory.Commit("h", "o1"))
	}},
	{"that has happened applies late and flags the oversell", advance, func(f *fixture) {
		expiredShort(f)
		out := f.must(recorded(inventory.Commit("h", "o1")))
		f.yes(out.Late, "it was late")
		f.equal([]inventory.Key{key("a"), key("b")}, out.Oversold)
		f.equal(stock("a", -1, 0, 4), f.states("a"))
		f.equal(stock("b", -2, 0, 4), f.states("b"))
		f.equal(inventory.CommittedHold, f.hold("h").Status)
		f.equal("o1", f.hold("h").Order)
	}},
	{"tells its lines and levels", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		reserveH(f)
		out := f.must(inventory.Commit("h", "o1"))
		f.equal(inventory.Move("", inventory.Reserved, inventory.Committed, line("a", 3), line("b", 2)).Lines, out.Lines)
		f.equal(2, len(out.Levels))
		f.equal(map[inventory.Key]inventory.Level{key("a"): f.level("a"), key("b"): f.level("b")}, byKey(out.Levels))
		f.equal("o1", out.Reservation.Order)
		f.equal(int64(3), f.level("a").Version)
		f.equal(2, len(f.repeat(inventory.Commit("h", "o1")).Levels), "a duplicate tells the levels, too")
	}},
	{"lines of one level are one", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		f.must(inventory.Reserve("h", hour, line("b", 1), line("a", 2), line("b", 3), line("a", 2)))
		f.equal([]inventory.Line{line("a", 4), line("b", 4)}, f.hold("h").Lines, "the held units by level")
		f.must(inventory.Commit("h", "o1"))
		f.equal(stock("a", 6, 0, 4), f.states("a"))
		f.equal(stock("b", 6, 0, 4), f.states("b"))
	}},
	{"a hold of many lines gives all of them back", 0, func(f *fixture) {
		reserve := inventory.Reserve("h", hour)
		for i := range 50 {
			sku := "sku-" + string(rune('A'+i))
			f.track(sku, 5)
			reserve.Lines = append(reserve.Lines, inventory.Reserve("", hour, line(sku, 2)).Lines...)
		}
		f.must(reserve)
		f.must(inventory.Release("h"))
		for k, l := range f.all() {
			f.equal([2]int64{5, 0}, [2]int64{l.Available, l.Reserved}, "%s: a line was forgotten", k)
		}
	}},
	{"unknown reservations are left out", 0, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Reserve("h", hour, line("a", 1)))
		holds, err := f.store.Reservations(f.Context(), f.merchant, []string{"x", "h", "y"})
		f.noError(err)
		f.equal(1, len(holds))
		f.equal("h", holds[0].ID)
	}},
	{"two orders commit one hold: one wins", reopen, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		g := f.second()
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				c := inventory.Commit("h", string(rune('A'+i)))
				c.Merchant = f.merchant
				errs[i] = []*fixture{f, g}[i%2].store.Apply(f.Context(), []inventory.Change{c})[0].Err
			})
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				f.errorIs(err, inventory.ErrCommitted)
			}
		}
		f.equal(1, won)
		f.equal(stock("a", 7, 0, 3), f.states("a"))
	}},
}
