package storetest

import "github.com/onhand-dev/onhand/inventory"

// avail is a shortage of available units here.
func avail(sku string, wanted, left int64) inventory.Shortage {
	return inventory.Shortage{Key: key(sku), State: inventory.Available, Wanted: wanted, Left: left}
}

var floorTests = []test{
	{"the error names every short line", 0, func(f *fixture) {
		f.track("a", 5)
		f.track("b", 1)
		f.track("c", 0)
		out := f.refuse(inventory.Sell("s", line("c", 3), line("a", 5), line("b", 2)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("b", 2, 1), avail("c", 3, 0)}, f.short(out))
	}},
	{"lines of one level are summed first", 0, func(f *fixture) {
		f.track("a", 5)
		out := f.refuse(inventory.Sell("s", line("a", 3), line("a", 3)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 6, 5)}, f.short(out))
		f.must(inventory.Sell("s", line("a", 3), line("a", 2)))
		f.equal(stock("a", 0, 0, 5), f.states("a"))
	}},
	{"the last unit is sold once", 0, func(f *fixture) {
		f.track("a", 1)
		f.must(inventory.Sell("first", line("a", 1)))
		out := f.refuse(inventory.Sell("second", line("a", 1)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 1, 0)}, f.short(out))
	}},
	{"safety stock is kept", 0, func(f *fixture) {
		f.track("a", 5)
		f.rules("a", inventory.Rules{SafetyStock: 2})
		out := f.refuse(inventory.Sell("s", line("a", 4)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 4, 3)}, f.short(out))
		f.refuse(inventory.Reserve("h", hour, line("a", 4)), inventory.ErrInsufficient)
		f.refuse(inventory.Move("m", inventory.Available, inventory.Unavailable, line("a", 4)), inventory.ErrInsufficient)
		f.must(inventory.Sell("s", line("a", 3)))
		f.equal(int64(0), f.level("a").Sellable())
	}},
	{"a backorder limit lets a level go below zero", 0, func(f *fixture) {
		f.track("a", 1)
		f.rules("a", inventory.Rules{BackorderLimit: 3})
		f.must(inventory.Sell("s1", line("a", 3)))
		f.equal(stock("a", -2, 0, 3), f.states("a"))
		out := f.refuse(inventory.Sell("s2", line("a", 2)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 2, 1)}, f.short(out))
		f.must(inventory.Sell("s3", line("a", 1)))
	}},
	{"a recorded Change applies below the floor and is flagged", 0, func(f *fixture) {
		f.track("a", 1)
		f.track("b", 9)
		f.track("c", 3)
		f.rules("c", inventory.Rules{SafetyStock: 2})
		out := f.must(recorded(inventory.Sell("s", line("c", 2), line("b", 2), line("a", 3))))
		f.equal([]inventory.Key{key("a"), key("c")}, out.Oversold, "the levels below their floor, sorted")
		f.equal(stock("a", -2, 0, 3), f.states("a"))
		f.equal(stock("c", 1, 0, 2), f.states("c"))
		out = f.refuse(inventory.Sell("s2", line("a", 1)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 1, -2)}, f.short(out))
		out = f.must(recorded(inventory.Sell("s3", line("b", 1))))
		f.equal(0, len(out.Oversold), "a level above its floor is not flagged")
	}},
	{"below the floor a level may rise", 0, func(f *fixture) {
		f.track("a", 1)
		f.must(recorded(inventory.Sell("s", line("a", 5))))
		out := f.must(recorded(inventory.Receive("r1", line("a", 1))))
		f.equal(0, len(out.Oversold), "a rise is no oversell")
		f.must(inventory.Receive("r2", line("a", 1)))
		f.must(inventory.Cancel("c", inventory.Available, line("a", 1)))
		f.equal(stock("a", -1, 0, 4), f.states("a"))
	}},
	{"a Change that gives and takes counts by its sum", 0, func(f *fixture) {
		f.track("a", 1)
		give, take := inventory.Receive("", line("a", 4)).Lines[0], inventory.Sell("", line("a", 5)).Lines[0]
		f.must(inventory.Change{ID: "m", Kind: inventory.KindMove, Lines: []inventory.Line{take, give}})
		f.equal(stock("a", 0, 0, 5), f.states("a"))
	}},
	{"no other state goes below zero by an enforced Change", 0, func(f *fixture) {
		f.track("a", 5)
		f.rules("a", inventory.Rules{BackorderLimit: 9})
		f.must(inventory.Sell("s", line("a", 2)))
		for _, c := range []inventory.Change{
			inventory.Fulfil("fulfil", line("a", 3)),
			inventory.Cancel("cancel", inventory.Available, line("a", 3)),
		} {
			out := f.refuse(c, inventory.ErrInsufficient)
			f.equal([]inventory.Shortage{{Key: key("a"), State: inventory.Committed, Wanted: 3, Left: 2}}, f.short(out))
		}
		for _, from := range []inventory.State{inventory.Reserved, inventory.Unavailable, inventory.Incoming} {
			out := f.refuse(inventory.Move("m", from, inventory.Available, line("a", 1)), inventory.ErrInsufficient)
			f.equal([]inventory.Shortage{{Key: key("a"), State: from, Wanted: 1, Left: 0}}, f.short(out))
		}
		out := f.must(recorded(inventory.Fulfil("fulfil", line("a", 3))))
		f.equal(0, len(out.Oversold), "only what may be sold can be oversold")
		f.equal(stock("a", 3, 0, -1), f.states("a"), "what has happened is recorded all the same")
	}},
}
