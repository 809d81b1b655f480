package storetest

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/onhand-dev/onhand/inventory"
)

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
	{"a Tidy of no steps does nothing", advance, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		f.advance(hour)
		for _, most := range []int{0, -1} {
			done, err := f.store.Tidy(f.Context(), f.merchant, most)
			f.noError(err)
			f.equal(inventory.Tidied{More: true}, done, "there is something to do")
			f.equal(stock("a", 7, 3, 0), f.states("a"))
		}
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
		f.equal(inventory.Tidied{Expired: 3, More: true}, f.tidyOnce(3), "20 are due, 3 are done")
		f.yes(f.level("a").Reserved >= 45-6, "at most 3 in one call")
		f.tidy()
		f.equal(stock("a", 95, 5, 0), f.states("a"))
		f.equal(inventory.Tidied{}, f.tidyOnce(3), "nothing is left")
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
		var expired atomic.Int64
		for i := range errs {
			all.Go(func() {
				s, done := []*fixture{f, g}[i%2].store, inventory.Tidied{More: true}
				for round := 0; done.More && errs[i] == nil; round++ {
					done, errs[i] = s.Tidy(f.Context(), f.merchant, 4)
					expired.Add(int64(done.Expired))
					if round == 1000 {
						errs[i] = errors.New("tidy says for ever that there is more to do")
					}
				}
			})
		}
		all.Wait()
		f.noError(errors.Join(errs...))
		f.equal(int64(30), expired.Load(), "each is counted by whoever did it")
		f.equal(stock("a", 100, 0, 0), f.states("a"), "each hold comes back once")
		f.equal(int64(1+2*30), f.level("a").Version, "each expiry is one Change")
	}},
	{"what can't expire waits an hour and lets others go first", advance, stuckHolds},
	{"a stuck hold is due again as soon as it is written", advance, func(f *fixture) {
		stuckHold(f)
		f.must(inventory.Move("back", inventory.Available, inventory.Reserved, line("a", 1)))
		f.must(inventory.ReleasePart("p", "h", line("a", 1)))
		f.equal([]string{"h"}, f.must(inventory.Receive("r", line("a", 1))).Due)
		f.must(inventory.Expire("h"))
		f.equal(stock("a", 11, 0, 0), f.states("a"))
	}},
	{"a stuck hold can be committed as one that has happened", advance, func(f *fixture) {
		stuckHold(f)
		f.must(recorded(inventory.Commit("h", "o1")))
		f.equal(stock("a", 8, -1, 3), f.states("a"), "the one that was moved by hand shows")
		f.advance(2 * hour)
		f.equal(inventory.Tidied{}, f.tidyOnce(9))
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

// stuckHold brings the hold h of 3 units to be over, when one of them has been
// moved by hand, and tried to expire.
func stuckHold(f *fixture) {
	f.Helper()
	f.track("a", 10)
	f.must(inventory.Reserve("h", minute, line("a", 3)))
	f.must(inventory.Move("by hand", inventory.Reserved, inventory.Available, line("a", 1)))
	f.advance(minute)
	f.refuse(inventory.Expire("h"), inventory.ErrInsufficient)
}

func stuckHolds(f *fixture) {
	f.track("a", 100)
	for i := range 30 {
		f.must(inventory.Reserve("stuck"+string(rune('A'+i)), minute, line("a", 2)))
	}
	f.must(inventory.Reserve("good", 2*minute, line("a", 5)))
	f.must(inventory.Move("by hand", inventory.Reserved, inventory.Available, line("a", 64)))
	f.advance(2 * minute)
	tried := map[string]bool{}
	for range 8 {
		done := f.tidyOnce(4)
		f.equal(0, done.Expired)
		for _, s := range done.Stuck {
			f.errorIs(s.Err, inventory.ErrInsufficient, "the report says why")
			tried[s.Reservation] = true
		}
	}
	f.equal(31, len(tried), "each is tried once")
	f.equal(inventory.Tidied{}, f.tidyOnce(4), "and not again and again")
	f.equal(0, len(f.must(inventory.Receive("r1", line("a", 1))).Due), "nor does it keep others from being named")
	f.equal(inventory.ExpiredHold, f.hold("good").Status, "it is over all the same")

	f.must(inventory.Reserve("later", minute, line("a", 1)))
	f.advance(minute)
	f.equal([]string{"later"}, f.must(inventory.Receive("r2", line("a", 1))).Due)
	f.equal(inventory.Tidied{Expired: 1}, f.tidyOnce(4))

	f.must(inventory.Move("put back", inventory.Available, inventory.Reserved, line("a", 64)))
	f.advance(hour - 2*minute)
	f.equal(inventory.Tidied{}, f.tidyOnce(4), "an hour has not passed")
	f.advance(2 * minute)
	f.tidy()
	f.equal(stock("a", 102, 0, 0), f.states("a"))
}
