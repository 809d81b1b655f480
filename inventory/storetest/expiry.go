package storetest

import (
	"errors"
	"sync"

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
						errs[i] = errors.New("tidy says for ever that there is more to do")
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
