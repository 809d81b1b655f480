package storetest

import "github.com/onhand-dev/onhand/inventory"

var untrackTests = []test{
	{"ends a level with what it has", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 5), line("b", -2), line("c", 0), line("d", 1)))
		f.must(inventory.Move("m", inventory.Available, inventory.Unavailable, line("a", 2)))
		untrack := inventory.Untrack("u", key("c"), key("b"), key("a"), key("b"))
		out := f.must(untrack)
		f.equal([]inventory.Line{
			{SKU: "a", Location: here, Quantity: 3, From: inventory.Available},
			{SKU: "a", Location: here, Quantity: 2, From: inventory.Unavailable},
			{SKU: "b", Location: here, Quantity: -2, From: inventory.Available},
		}, out.Lines, "so that the Changes still add up to what is there")
		f.equal(0, len(out.Levels))
		f.equal(1, len(f.all()), "none of them is listed")
		f.equal([]inventory.Key{key("a")}, f.untracked(f.refuse(inventory.Sell("s", line("a", 1)), inventory.ErrUntracked).Err))
		f.repeat(untrack)
		f.refuse(inventory.Untrack("u", key("d")), inventory.ErrReusedID)
		out = f.refuse(inventory.Untrack("u2", key("x"), key("d"), key("a"), key("x")), inventory.ErrUntracked)
		f.equal([]inventory.Key{key("a"), key("x")}, f.untracked(out.Err))
	}},
	{"is refused while the level is in use", 0, func(f *fixture) {
		for sku, c := range map[string]inventory.Change{
			"a": inventory.Reserve("h", hour, line("a", 1)),
			"b": inventory.Sell("s", line("b", 1)),
			"c": inventory.Move("m", inventory.World, inventory.Incoming, line("c", 1)),
		} {
			f.track(sku, 5)
			f.must(c)
		}
		f.track("d", 5)
		for _, sku := range []string{"a", "b", "c"} {
			f.refuse(inventory.Untrack("u-"+sku, key("d"), key(sku)), inventory.ErrConflict)
			f.refuse(recorded(inventory.Untrack("u-"+sku, key(sku))), inventory.ErrConflict)
		}
		f.must(inventory.Release("h"))
		f.must(inventory.Fulfil("f", line("b", 1)))
		f.must(inventory.Move("m2", inventory.Incoming, inventory.World, line("c", 1)))
		f.must(inventory.Untrack("u", key("a"), key("b"), key("c"), key("d")))
		f.equal(0, len(f.all()))
	}},
	{"what channels show is unknown afterwards", 0, func(f *fixture) {
		f.pending("a", "b")
		f.rules("a", inventory.Rules{SafetyStock: 3, Buffers: map[string]int64{shop: 1}})
		f.must(inventory.Untrack("u", key("a")))
		f.equal(1, len(f.beliefs(shop, nil)), "it is not pending either")
		f.equal(1, len(f.claim(10).Pushes), "and not pushed")
		f.must(inventory.Track("t2", line("a", 7)))
		f.equal(inventory.Level{Key: key("a"), Available: 7, Version: 1}, f.level("a"), "a new level without rules")
		f.equal(false, f.belief(shop, "a").Known)
	}},
	{"one may be tracked again in the same call", 0, func(f *fixture) {
		f.pending("a")
		for _, out := range f.applyAll(inventory.Untrack("u", key("a")), inventory.Track("t2", line("a", 4)), inventory.Sell("s", line("a", 1))) {
			f.noError(out.Err)
		}
		f.equal(stock("a", 3, 0, 1), f.states("a"))
		f.equal(false, f.belief(shop, "a").Known)
		f.equal(0, len(f.beliefs(shop, nil)), "what is unknown is not pending")
	}},
	{"a batch under way keeps the level, a parked one does not", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(10))
		f.refuse(inventory.Untrack("u", key("a")), inventory.ErrConflict)
		f.settle(b, results(b, inventory.Refused)...)
		f.yes(f.belief(shop, "a").Parked != "", "it is parked")
		f.must(inventory.Untrack("u", key("a")))
		f.must(inventory.Track("t2", line("a", 7)))
		f.equal("", f.belief(shop, "a").Parked)
		f.equal(0, len(f.beliefs(shop, nil)))
	}},
}
