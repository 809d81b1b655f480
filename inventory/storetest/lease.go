package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// leases: for stores that are an [inventory.Leaser].
func leases(t *testing.T, h Harness) {
	if _, ok := h.open(t).store.(inventory.Leaser); !ok {
		t.Skip("the store is no Leaser, so package lock has no pessimistic strategy on it")
	}
	t.Run("holders", func(t *testing.T) { each(t, h, holderTests) })
	t.Run("others", func(t *testing.T) { each(t, h, leasedTests) })
	t.Run("time", func(t *testing.T) { each(t, h, leaseTimeTests) })
}

func (f *fixture) leaser() inventory.Leaser { return f.store.(inventory.Leaser) }

// lease leases levels here for an hour.
func (f *fixture) lease(skus ...string) inventory.Lease {
	f.Helper()
	return f.leaseFor(hour, skus...)
}

func (f *fixture) leaseFor(ttl time.Duration, skus ...string) inventory.Lease {
	f.Helper()
	l, err := f.leaser().Lease(f.Context(), f.merchant, keysOf(skus...), ttl)
	f.noError(err, "nobody has leased %v", skus)
	f.equal(f.merchant, l.Merchant)
	f.yes(l.Fence > 0, "a token is above zero")
	return l
}

// taken tries to lease levels here, and checks that others have these.
func (f *fixture) taken(want []string, skus ...string) {
	f.Helper()
	l, err := f.leaser().Lease(f.Context(), f.merchant, keysOf(skus...), hour)
	f.equal(keysOf(want...), f.leasedKeys(err), "the error names those that are leased, sorted")
	f.equal(int64(0), l.Fence, "no lease, no token")
}

func (f *fixture) unlease(l inventory.Lease) {
	f.Helper()
	f.noError(f.leaser().Unlease(f.Context(), l))
}

// leasedKeys returns the keys that the error names.
func (f *fixture) leasedKeys(err error) []inventory.Key {
	f.Helper()
	f.errorIs(err, inventory.ErrLeased)
	var e *inventory.LeasedError
	ok := errors.As(err, &e)
	f.yes(ok, "the error must name the leased levels, not be %v", err)
	f.yes(inventory.Answered(err), "that somebody else has leased a level is an answer")
	return e.Keys
}

// leased submits a Change that has to be refused because others have these.
func (f *fixture) leased(c inventory.Change, skus ...string) {
	f.Helper()
	f.equal(keysOf(skus...), f.leasedKeys(f.refuse(c, inventory.ErrLeased).Err))
}

// under returns the Change with the lease's token on each of these levels.
func under(l inventory.Lease, c inventory.Change, skus ...string) inventory.Change {
	for _, sku := range skus {
		c.Guards = append(c.Guards, inventory.Guard{Key: key(sku), Fence: l.Fence})
	}
	return c
}

func keysOf(skus ...string) []inventory.Key {
	keys := make([]inventory.Key, len(skus))
	for i, sku := range skus {
		keys[i] = key(sku)
	}
	return keys
}

func sellOne(id string, skus ...string) inventory.Change {
	lines := make([]inventory.Line, len(skus))
	for i, sku := range skus {
		lines[i] = line(sku, 1)
	}
	return inventory.Sell(id, lines...)
}

var holderTests = []test{
	{"a leased level is its holder's until he gives it back", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		l := f.lease("a")
		f.leased(sellOne("s1", "a"), "a")
		f.must(sellOne("s2", "b"))
		f.must(under(l, sellOne("s3", "a"), "a"))
		f.taken([]string{"a"}, "a")
		f.unlease(l)
		f.unlease(l)
		f.must(sellOne("s1", "a"))
		f.equal(stock("a", 7, 0, 2), f.states("a"))
		f.refuse(under(l, sellOne("s4", "a"), "a"), inventory.ErrFenced)
	}},
	{"several levels in one step or none", 0, func(f *fixture) {
		first := f.lease("c", "a", "c")
		f.equal(keysOf("a", "c"), first.Keys, "keys are sorted, each once")
		f.taken([]string{"a", "c"}, "d", "c", "b", "a", "c")
		second := f.lease("b", "d") // the refused call has left nothing
		f.taken([]string{"a", "b", "c", "d"}, "d", "c", "b", "a")
		f.unlease(first)
		f.taken([]string{"b"}, "a", "b")
		f.unlease(second)
		f.lease("a", "b", "c", "d")
	}},
	{"tokens grow and never repeat", reopen, func(f *fixture) {
		g := f.second()
		last := int64(0)
		for range 5 {
			for _, p := range []*fixture{f, g} {
				for _, sku := range []string{"a", "b"} {
					l := p.lease(sku)
					f.yes(l.Fence > last, "token %d after %d", l.Fence, last)
					last = l.Fence
					p.unlease(l)
				}
			}
		}
	}},
	{"any process may use and give back a lease", reopen, func(f *fixture) {
		f.track("a", 9)
		g := f.second()
		l := f.lease("a")
		g.leased(sellOne("s1", "a"), "a")
		g.taken([]string{"a"}, "a")
		g.must(under(l, sellOne("s1", "a"), "a"))
		g.unlease(l)
		f.must(sellOne("s2", "a"))
	}},
	{"a token opens the levels of its own guards", 0, func(f *fixture) {
		for _, sku := range []string{"a", "b", "c"} {
			f.track(sku, 9)
		}
		mine, other := f.lease("a", "b"), f.lease("c")
		f.leased(under(mine, sellOne("s", "c", "b", "a"), "a"), "b", "c")
		f.leased(under(mine, sellOne("s", "c", "b", "a"), "a", "b"), "c")
		f.refuse(under(mine, sellOne("s", "a", "c"), "a", "c"), inventory.ErrFenced)
		f.refuse(under(inventory.Lease{Fence: other.Fence + 1}, sellOne("s", "a"), "a"), inventory.ErrFenced)
		f.must(under(other, under(mine, sellOne("s", "c", "b", "a"), "a", "b"), "c"))
	}},
	{"a guard of a level that does not move counts", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		l := f.lease("a")
		f.must(under(l, sellOne("s1", "b"), "a"))
		f.unlease(l)
		f.refuse(under(l, sellOne("s2", "b"), "a"), inventory.ErrFenced)
	}},
	{"a version beside a token is asked for, too", 0, func(f *fixture) {
		f.track("a", 9)
		l := f.lease("a")
		f.equal(int64(1), f.level("a").Version, "a lease is no write")
		with := func(fence, version int64) inventory.Change {
			c := sellOne("s", "a")
			c.Guards = []inventory.Guard{{Key: key("a"), Fence: fence, Version: version}}
			return c
		}
		f.refuse(with(l.Fence, 2), inventory.ErrConflict)
		f.refuse(with(l.Fence+1, 2), inventory.ErrFenced)
		f.refuse(with(l.Fence+1, 1), inventory.ErrFenced)
		f.leased(with(0, 1), "a")
		f.must(with(l.Fence, 1))
	}},
	{"keys that are not tracked can be leased", 0, func(f *fixture) {
		l := f.lease("new")
		f.leased(inventory.Track("t", line("new", 3)), "new")
		f.refuse(under(l, sellOne("s", "new"), "new"), inventory.ErrUntracked)
		f.must(under(l, inventory.Track("t", line("new", 3)), "new"))
	}},
	{"merchants do not meet", 0, func(f *fixture) {
		f.track("a", 9)
		g := *f
		g.merchant += "-2"
		g.lease("a")
		f.must(sellOne("s", "a"))
		f.lease("a")
	}},
	{"what makes no lease", 0, func(f *fixture) {
		s, ctx := f.leaser(), f.Context()
		for _, keys := range [][]inventory.Key{nil, {{SKU: "a"}}, {{Location: here}}, make([]inventory.Key, inventory.MaxLines+1)} {
			_, err := s.Lease(ctx, f.merchant, keys, hour)
			f.errorIs(err, inventory.ErrInvalid, "%d keys", len(keys))
		}
		for _, ttl := range []time.Duration{0, -hour, time.Microsecond, inventory.MaxLease + 1} {
			_, err := s.Lease(ctx, f.merchant, keysOf("a"), ttl)
			f.errorIs(err, inventory.ErrInvalid, "ttl %v", ttl)
		}
		_, err := s.Lease(ctx, "a{b}", keysOf("a"), hour)
		f.errorIs(err, inventory.ErrInvalid)
		_, err = s.Renew(ctx, inventory.Lease{Merchant: f.merchant, Keys: keysOf("a")}, hour)
		f.errorIs(err, inventory.ErrFenced, "no token is nobody's")
		l := f.lease("a")
		_, err = s.Renew(ctx, l, 0)
		f.errorIs(err, inventory.ErrInvalid)
		f.errorIs(s.Unlease(ctx, inventory.Lease{Merchant: "a{b}", Keys: l.Keys}), inventory.ErrInvalid)
	}},
	{"a lost reply leaves a lease that nobody has, or one", loseReply, func(f *fixture) {
		f.h.LoseReply(f.t, f.store)
		l, err := f.leaser().Lease(f.Context(), f.merchant, keysOf("a", "b"), hour)
		if err != nil {
			f.errorIs(err, inventory.ErrUnknown)
			f.taken([]string{"a", "b"}, "a", "b")
			return
		}
		f.h.LoseReply(f.t, f.store)
		_, err = f.leaser().Renew(f.Context(), l, inventory.MaxLease)
		f.noError(err)
		f.h.LoseReply(f.t, f.store)
		f.unlease(l)
		f.lease("a", "b")
	}},
	{"of many only one holds at a time", reopen, func(f *fixture) {
		f.track("a", callers)
		f.track("b", callers)
		g := f.second()
		errs := shout(20, func(i int) error {
			p, skus := []*fixture{f, g}[i%2], []string{"a", "b"}
			if i%4 > 1 { // in either order, which can't block
				skus = []string{"b", "a"}
			}
			for n := range 5 {
				var l inventory.Lease
				var err error
				for l.Fence == 0 {
					if l, err = p.leaser().Lease(f.Context(), f.merchant, keysOf(skus...), hour); err != nil && !errors.Is(err, inventory.ErrLeased) {
						return err
					}
				}
				levels, err := p.store.Levels(f.Context(), f.merchant, l.Keys)
				if err != nil {
					return err
				}
				c := sellOne(string(rune('A'+i))+string(rune('0'+n)), skus...)
				for _, level := range levels {
					c.Guards = append(c.Guards, inventory.Guard{Key: level.Key, Version: level.Version, Fence: l.Fence})
				}
				if err := p.submit(c).Err; err != nil {
					return err // somebody else wrote meanwhile
				}
				if err := p.leaser().Unlease(f.Context(), l); err != nil {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			f.noError(err, "who holds the lease has the level for himself")
		}
		f.equal(stock("a", callers-100, 0, 100), f.states("a"))
		f.equal(stock("b", callers-100, 0, 100), f.states("b"))
	}},
}
