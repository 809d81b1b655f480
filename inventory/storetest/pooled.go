package storetest

import (
	"github.com/onhand-dev/onhand/inventory"
)

// bazaar is a pooled channel: one number per SKU.
const bazaar = "bazaar"

// pool configures bazaar with what else is given, and starts a here with 10
// units and there with 5, of which bazaar shows 15.
func (f *fixture) pool(c inventory.Channel) {
	f.Helper()
	c.Name, c.Pooled = bazaar, true
	f.configure(inventory.Settings{Channels: []inventory.Channel{c, {Name: shop}}})
	f.must(inventory.Track("here", line("a", 10)))
	f.must(inventory.Track("there", away(5)))
	f.must(believePool("b", 15))
}

// away is a line about a there.
func away(n int64) inventory.Line {
	return inventory.Line{SKU: "a", Location: there, Quantity: n}
}

// believePool notes what bazaar shows of a.
func believePool(id string, n int64) inventory.Change {
	return inventory.Believe(id, bazaar, inventory.Line{SKU: "a", Shown: n})
}

// claimOf claims a batch for a channel and returns what it tells, by key.
func (f *fixture) claimOf(channel string) (inventory.Batch, map[inventory.Key][2]int64) {
	f.Helper()
	b, err := f.store.Claim(f.Context(), f.merchant, channel, 9, minute)
	f.noError(err)
	told := map[inventory.Key][2]int64{}
	for _, p := range b.Pushes {
		told[p.Key] = [2]int64{p.Delta, p.Target}
	}
	return b, told
}

var pooledTests = []test{
	{"one number per SKU, without location", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.stands(bazaar, "a", 15, 15)
		f.must(inventory.Sell("s", line("a", 3), away(1)))
		f.stands(bazaar, "a", 11, 15)
		beliefs := f.beliefs(bazaar, nil)
		f.equal(1, len(beliefs), "listed: %v", beliefs)
		f.equal(inventory.Key{SKU: "a"}, beliefs[0].Key)
		beliefs = f.beliefs(bazaar, []inventory.Key{{SKU: "a", Location: there}, key("a"), {SKU: "x"}, {SKU: "a"}})
		f.equal(1, len(beliefs), "every key of a SKU asks for the same, once: %v", beliefs)
		_, told := f.claimOf(bazaar)
		f.equal(map[inventory.Key][2]int64{{SKU: "a"}: {-4, 11}}, told)
	}},
	{"a pool is no level", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.equal(2, len(f.all()), "all levels: %v", f.all())
		levels, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{{SKU: "a"}})
		f.noError(err)
		f.equal(2, len(levels))
		out := f.must(believePool("b2", 9))
		f.equal(0, len(out.Levels), "a Believe that names a SKU has no level")
		for _, v := range []int64{0, 1} {
			guarded := inventory.Sell("s", line("a", 1))
			guarded.Guards = []inventory.Guard{{Key: inventory.Key{SKU: "a"}, Version: v}}
			f.refuse(guarded, inventory.ErrConflict)
		}
	}},
	{"a transfer between locations is no news", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.must(inventory.Change{ID: "t", Kind: inventory.KindMove, Lines: []inventory.Line{
			{SKU: "a", Location: here, Quantity: 4, From: inventory.Available},
			{SKU: "a", Location: there, Quantity: 4, To: inventory.Available},
		}})
		f.stands(bazaar, "a", 15, 15)
	}},
	{"its own sales move what it shows, wherever the units are", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		sell := inventory.Sell("s", line("a", 2), away(1)).ReportedBy(bazaar)
		f.must(sell)
		f.stands(bazaar, "a", 12, 12)
		f.repeat(sell)
		f.stands(bazaar, "a", 12, 12)
		f.refuse(inventory.Sell("n", inventory.Line{SKU: "a", Quantity: 1}).ReportedBy(bazaar), inventory.ErrInvalid)
	}},
	{"the buffer is withheld once, that of a level from the level", 0, func(f *fixture) {
		f.pool(inventory.Channel{Buffer: 2})
		f.stands(bazaar, "a", 13, 15)
		f.rules("a", inventory.Rules{Buffers: map[string]int64{bazaar: 20}})
		f.stands(bazaar, "a", 3, 15) // nothing from here, 5 less 2 from there
		b, told := f.claimOf(bazaar)
		f.equal(map[inventory.Key][2]int64{{SKU: "a"}: {-12, 3}}, told)
		f.finish(f.seal(b))
		f.must(inventory.Sell("s", away(4)))
		f.stands(bazaar, "a", 0, 3)
	}},
	{"what is owed at one location is taken from what others have", 0, func(f *fixture) {
		f.pool(inventory.Channel{Buffer: 2})
		f.must(recorded(inventory.Sell("s", away(9))))
		f.stands(bazaar, "a", 4, 15) // 10 here, 4 owed there, less 2
		f.must(recorded(inventory.Sell("s2", away(9))))
		f.stands(bazaar, "a", -3, 15)
		_, told := f.claimOf(bazaar)
		f.equal(map[inventory.Key][2]int64{{SKU: "a"}: {-18, -3}}, told)
	}},
	{"the cap is for the SKU", 0, func(f *fixture) {
		f.pool(inventory.Channel{Max: 7})
		f.stands(bazaar, "a", 7, 15)
		_, told := f.claimOf(bazaar)
		f.equal(map[inventory.Key][2]int64{{SKU: "a"}: {-8, 7}}, told)
	}},
	{"only the channel's locations count", 0, func(f *fixture) {
		f.pool(inventory.Channel{Locations: []string{there}})
		f.stands(bazaar, "a", 5, 15)
		f.must(inventory.Sell("s", line("a", 1)).ReportedBy(bazaar))
		f.stands(bazaar, "a", 5, 15)
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: bazaar, Pooled: true, Locations: []string{"nowhere"}}}})
		f.equal(0, len(f.listed(bazaar)), "it is told nothing of a SKU that it sells nowhere")
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: bazaar, Pooled: true}}})
		f.stands(bazaar, "a", 14, 15)
	}},
	{"another location joins", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		third := inventory.Line{SKU: "a", Location: "oslo", Quantity: 4}
		out := f.applyAll(inventory.Track("t", third), inventory.Sell("s", third))
		f.noError(out[0].Err)
		f.noError(out[1].Err)
		f.stands(bazaar, "a", 15, 15)
		third.Quantity = 2
		f.must(inventory.Receive("r", third))
		f.stands(bazaar, "a", 17, 15)
	}},
	{"unknown is not pushed, and lines of a reading are summed", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: bazaar, Pooled: true}}})
		f.track("a", 10)
		f.must(inventory.Sell("s", line("a", 1)).ReportedBy(bazaar))
		f.no(f.belief(bazaar, "a").Known)
		f.equal(0, len(f.listed(bazaar)))
		f.must(inventory.Track("there", away(5)))
		f.must(inventory.Believe("b", bazaar, inventory.Line{SKU: "a", Location: here, Shown: 3}, inventory.Line{SKU: "a", Location: there, Shown: 4}))
		f.stands(bazaar, "a", 14, 7)
		f.must(believePool("b2", 1))
		f.stands(bazaar, "a", 14, 7)
		f.equal([]inventory.Key{{SKU: "x"}}, f.untracked(f.refuse(inventory.Believe("b3", bazaar, inventory.Line{SKU: "x"}), inventory.ErrUntracked).Err))
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.refuse(inventory.Believe("b4", shop, inventory.Line{SKU: "a"}), inventory.ErrUntracked)
	}},
	{"batches are told, refused and settled for the SKU", advance, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.must(inventory.Receive("r", line("a", 1)))
		b, _ := f.claimOf(bazaar)
		f.equal(b.ID, f.belief(bazaar, "a").InFlight)
		f.must(inventory.Receive("r2", away(1)))
		_, none := f.claimOf(bazaar)
		f.equal(0, len(none), "a SKU is in one batch at a time")
		b = f.seal(b)
		f.settle(b, inventory.Result{Status: inventory.Refused, Err: errRefused, RetryIn: 5 * minute})
		f.equal(errRefused.Error(), f.belief(bazaar, "a").Parked)
		f.advance(5 * minute)
		b, told := f.claimOf(bazaar)
		f.equal(map[inventory.Key][2]int64{{SKU: "a"}: {2, 17}}, told)
		f.finish(f.seal(b))
		f.stands(bazaar, "a", 17, 17)
	}},
	{"beside a channel that is not", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.must(believe("s1", shop, "a", 10))
		f.must(inventory.Sell("s", line("a", 2)).ReportedBy(bazaar))
		f.stands(shop, "a", 8, 10)
		f.stands(bazaar, "a", 13, 13)
	}},
	{"Untrack of one location lowers it, of the last ends it", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.must(inventory.Untrack("u1", inventory.Key{SKU: "a", Location: there}))
		f.stands(bazaar, "a", 10, 15)
		b, _ := f.claimOf(bazaar)
		f.refuse(inventory.Untrack("u2", key("a")), inventory.ErrConflict)
		f.finish(f.seal(b))
		f.must(inventory.Untrack("u2", key("a")))
		f.equal(0, len(f.beliefs(bazaar, nil)))
		f.track("a", 3)
		f.no(f.belief(bazaar, "a").Known, "what it shows is unknown again")
	}},
	{"Untrack of some under way", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		f.must(inventory.Receive("r", line("a", 1)))
		b, _ := f.claimOf(bazaar)
		f.must(inventory.Untrack("u1", inventory.Key{SKU: "a", Location: there}))
		f.finish(f.seal(b))
		f.stands(bazaar, "a", 11, 16)
		f.refuse(inventory.Untrack("u", key("a"), inventory.Key{SKU: "a", Location: there}), inventory.ErrUntracked)
	}},
	{"what is pooled stays so", 0, func(f *fixture) {
		f.pool(inventory.Channel{})
		for _, c := range []inventory.Channel{{Name: bazaar}, {Name: shop, Pooled: true}} {
			f.errorIs(f.store.Configure(f.Context(), f.merchant, inventory.Settings{Channels: []inventory.Channel{c}}), inventory.ErrInvalid)
		}
		f.stands(bazaar, "a", 15, 15)
		f.configure(inventory.Settings{Remove: []string{bazaar}})
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: bazaar}}})
		f.equal(1, len(f.beliefs(bazaar, []inventory.Key{key("a")})), "added again it is another channel")
	}},
}
