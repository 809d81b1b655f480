package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// reservations: what each operation does to a hold in each of its states.
func reservations(t *testing.T, h Harness) {
	t.Run("table", func(t *testing.T) { each(t, h, cells()) })
	t.Run("commit", func(t *testing.T) { each(t, h, commitTests) })
	t.Run("time", func(t *testing.T) { each(t, h, timeTests) })
}

// holdStates bring the hold h of 3 units of a and 2 of b into each state. Both
// levels start with 10 units.
var holdStates = []struct {
	name  string
	needs power
	reach func(f *fixture)
	// a is the level in that state, status that of the hold.
	a      inventory.Level
	status inventory.Status
}{
	{"unknown", 0, func(*fixture) {}, stock("a", 10, 0, 0), ""},
	{"held", 0, reserveH, stock("a", 7, 3, 0), inventory.Held},
	{"over, not tidied", advance, func(f *fixture) {
		reserveH(f)
		f.advance(hour)
	}, stock("a", 7, 3, 0), inventory.ExpiredHold},
	{"expired", advance, func(f *fixture) {
		reserveH(f)
		f.advance(hour)
		f.must(inventory.Expire("h"))
	}, stock("a", 10, 0, 0), inventory.ExpiredHold},
	{"committed", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Commit("h", "o1"))
	}, stock("a", 7, 0, 3), inventory.CommittedHold},
	{"released", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Release("h"))
	}, stock("a", 10, 0, 0), inventory.ReleasedHold},
	{"settled by an order", 0, func(f *fixture) {
		reserveH(f)
		f.must(settling(document("first/1", 0, "body", line("a", 3), line("b", 2))))
	}, stock("a", 7, 0, 3), inventory.CommittedHold},
}

func reserveH(f *fixture) {
	f.Helper()
	f.must(inventory.Reserve("h", hour, line("a", 3), line("b", 2)))
}

// cell is what an operation does to a hold in one state: its error, or whether
// it is a duplicate, or how level a stands after it.
type cell struct {
	err    error
	again  bool
	a      inventory.Level
	status inventory.Status
}

func cells() []test {
	moved := func(a inventory.Level, s inventory.Status) cell { return cell{a: a, status: s} }
	fails := func(err error) cell { return cell{err: err} }
	again := cell{again: true}
	free, taken, sold := stock("a", 10, 0, 0), stock("a", 7, 3, 0), stock("a", 7, 0, 3)
	other := inventory.Reserve("h", hour, line("a", 4))
	operations := []struct {
		name string
		c    inventory.Change
		// cells in the order of holdStates.
		cells [7]cell
	}{
		// unknown, held, over, expired, committed, released, settled
		{"extend", inventory.Extend("h", 2*hour), [7]cell{
			fails(inventory.ErrNotFound), moved(taken, inventory.Held), fails(inventory.ErrExpired), fails(inventory.ErrExpired),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), fails(inventory.ErrCommitted),
		}},
		{"commit", inventory.Commit("h", "o1"), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			again, fails(inventory.ErrReleased), again,
		}},
		{"commit to another order", inventory.Commit("h", "o2"), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), again,
		}},
		{"recorded commit", recorded(inventory.Commit("h", "o1")), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			again, fails(inventory.ErrReleased), again,
		}},
		{"release", inventory.Release("h"), [7]cell{
			fails(inventory.ErrNotFound), moved(free, inventory.ReleasedHold), moved(free, inventory.ReleasedHold), again,
			fails(inventory.ErrCommitted), again, fails(inventory.ErrCommitted),
		}},
		{"expire", inventory.Expire("h"), [7]cell{
			again, again, moved(free, inventory.ExpiredHold), again, again, again, again,
		}},
		{"reserve again", inventory.Reserve("h", hour, line("a", 3), line("b", 2)), [7]cell{
			moved(taken, inventory.Held), again, again, again, again, again, again,
		}},
		{"reserve other lines", other, [7]cell{
			moved(stock("a", 6, 4, 0), inventory.Held), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID),
			fails(inventory.ErrReusedID), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID),
		}},
	}
	var tests []test
	for _, op := range operations {
		for i, s := range holdStates {
			want := op.cells[i]
			tests = append(tests, test{op.name + "/" + s.name, s.needs, func(f *fixture) {
				f.track("a", 10)
				f.track("b", 10)
				s.reach(f)
				status, a := want.status, want.a
				var out inventory.Outcome
				switch {
				case want.err != nil:
					out, status, a = f.refuse(op.c, want.err), s.status, s.a
				case want.again:
					out, status, a = f.repeat(op.c), s.status, s.a
				default:
					out = f.must(op.c)
				}
				f.equal(a, f.states("a"))
				if a.Reserved != 4 { // the hold has 2 of b where it has 3 of a
					r, c := a.Reserved*2/3, a.Committed*2/3
					f.equal(stock("b", 10-r-c, r, c), f.states("b"), "every line of the hold moves")
				}
				if status == "" {
					f.yes(out.Reservation == nil, "an unknown hold has no state")
					return
				}
				f.yes(out.Reservation != nil, "the outcome tells the state of the hold that the Change names")
				f.equal(status, out.Reservation.Status)
				f.equal(status, f.hold("h").Status)
				late := s.status == inventory.ExpiredHold && want.status == inventory.CommittedHold
				f.equal(late, out.Late, "Late tells of a commit after the time was over, and of nothing else")
			}})
		}
	}
	return tests
}

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

var timeTests = []test{
	{"extend counts from now and never shortens", advance, func(f *fixture) {
		f.track("a", 10)
		start := f.must(inventory.Reserve("h", hour, line("a", 3))).Reservation.ExpiresAt
		for range 2 {
			out := f.must(inventory.Extend("h", minute))
			f.yes(near(start, out.Reservation.ExpiresAt), "Extend must never shorten a hold")
		}
		f.advance(30 * minute)
		for range 2 {
			out := f.must(inventory.Extend("h", hour))
			f.yes(near(start.Add(30*minute), out.Reservation.ExpiresAt), "from now, not from the old end")
		}
		f.equal(int64(2), f.level("a").Version, "Extend moves nothing")
		f.advance(59 * minute)
		f.equal(inventory.Held, f.hold("h").Status)
		f.advance(minute)
		f.equal(inventory.ExpiredHold, f.hold("h").Status, "over at its end, also when nobody tidied")
		f.equal(stock("a", 7, 3, 0), f.states("a"), "until its expiry is applied the units stay held")
	}},
	{"what is due is named in every outcome until it is expired", advance, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Reserve("h1", hour, line("a", 3)))
		f.must(inventory.Reserve("h2", 2*hour, line("a", 3)))
		f.equal(0, len(f.must(inventory.Receive("r1", line("a", 1))).Due))
		f.advance(hour)
		f.equal([]string{"h1"}, f.must(inventory.Receive("r2", line("a", 1))).Due)
		f.equal([]string{"h1"}, f.refuse(inventory.Sell("s", line("a", 99)), inventory.ErrInsufficient).Due, "a refused caller needs it most")
		f.equal(0, len(f.must(inventory.Expire("h1")).Due))
		f.equal(stock("a", 9, 3, 0), f.states("a"))
		f.advance(hour)
		out := f.must(inventory.Release("h2"))
		f.equal(0, len(out.Due), "a released hold is not due")
	}},
	{"nothing to expire is no error", advance, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		f.must(inventory.Extend("h", 2*hour))
		f.advance(hour)
		f.repeat(inventory.Expire("h"))
		f.equal(stock("a", 7, 3, 0), f.states("a"), "an extended hold does not expire at its old end")
		f.equal(0, len(f.must(inventory.Receive("r", line("a", 1))).Due))
	}},
	{"due is told a few at a time", advance, func(f *fixture) {
		f.track("a", 100)
		for i := range 60 {
			f.must(inventory.Reserve("h"+string(rune('A'+i)), minute, line("a", 1)))
		}
		f.advance(minute)
		due := f.must(inventory.Receive("r", line("a", 1))).Due
		f.yes(len(due) > 0 && len(due) < 60, "%d of 60 due holds named", len(due))
		for rounds := 0; len(due) > 0; rounds++ {
			f.yes(rounds < 61, "Due must end when what it names is expired")
			due = f.must(inventory.Expire(due[0])).Due
		}
		f.equal(stock("a", 101, 0, 0), f.states("a"))
	}},
	{"Tidy expires, in steps", advance, func(f *fixture) {
		f.track("a", 100)
		for i := range 20 {
			f.must(inventory.Reserve("h"+string(rune('A'+i)), minute, line("a", 1), line("a", 1)))
		}
		f.must(inventory.Reserve("long", hour, line("a", 5)))
		f.advance(minute)
		more, err := f.store.Tidy(f.Context(), f.merchant, 3)
		f.noError(err)
		f.yes(more, "20 are due, 3 are done")
		f.yes(f.level("a").Reserved >= 45-6, "at most 3 in one call")
		f.tidy()
		f.equal(stock("a", 95, 5, 0), f.states("a"))
		more, err = f.store.Tidy(f.Context(), f.merchant, 3)
		f.noError(err)
		f.no(more, "nothing is left")
	}},
	{"two processes tidy at once", advance | reopen, func(f *fixture) {
		f.track("a", 100)
		for i := range 30 {
			f.must(inventory.Reserve("h"+string(rune('A'+i)), minute, line("a", 2)))
		}
		f.advance(minute)
		g := f.second()
		errs := make([]error, 8)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() {
				s, more := []*fixture{f, g}[i%2].store, true
				for round := 0; more && errs[i] == nil; round++ {
					more, errs[i] = s.Tidy(f.Context(), f.merchant, 4)
					if round == 1000 {
						errs[i] = errors.New("Tidy says for ever that there is more to do")
					}
				}
			})
		}
		all.Wait()
		f.noError(errors.Join(errs...))
		f.equal(stock("a", 100, 0, 0), f.states("a"), "each hold comes back once")
		f.equal(int64(1+2*30), f.level("a").Version, "each expiry is one Change")
	}},
	{"expired stock is pending for its channels", advance, func(f *fixture) {
		f.pending("a")
		f.must(inventory.Reserve("h1", minute, line("a", 2)))
		f.stands(shop, "a", 8, 8)
		f.advance(minute)
		f.stands(shop, "a", 8, 8)
		f.must(inventory.Expire("h1"))
		f.stands(shop, "a", 10, 8)
		f.must(inventory.Reserve("h2", minute, line("a", 2)))
		f.stands(shop, "a", 8, 8)
		f.advance(minute)
		f.tidy()
		f.stands(shop, "a", 10, 8)
	}},
}
