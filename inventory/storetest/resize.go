package storetest

import "github.com/onhand-dev/onhand/inventory"

// resizeTests resize the hold h of 3 units of a and 2 of b.
var resizeTests = []test{
	{"more is taken and less goes back, in one step", 0, func(f *fixture) {
		heldOfTen(f)
		f.track("c", 10)
		until := f.hold("h").ExpiresAt
		out := f.must(inventory.Resize("r1", "h", line("c", 1), line("a", 2), line("c", 3), line("a", 3)))
		f.equal([]inventory.Line{
			{SKU: "a", Location: here, Quantity: 2, From: inventory.Available, To: inventory.Reserved},
			{SKU: "b", Location: here, Quantity: 2, From: inventory.Reserved, To: inventory.Available},
			{SKU: "c", Location: here, Quantity: 4, From: inventory.Available, To: inventory.Reserved},
		}, out.Lines, "the difference by level")
		f.equal(stock("a", 5, 5, 0), f.states("a"))
		f.equal(stock("b", 10, 0, 0), f.states("b"))
		f.equal(stock("c", 6, 4, 0), f.states("c"))
		h := f.hold("h")
		f.equal([]inventory.Line{line("a", 5), line("c", 4)}, h.Lines)
		f.equal(h.Lines, out.Reservation.Lines)
		f.equal(inventory.Held, h.Status)
		f.yes(near(until, h.ExpiresAt), "the deadline stays")
		f.equal(byKey(out.Levels), f.all(), "levels of the hold before and after")
		f.must(inventory.Release("h"))
		f.equal(stock("a", 10, 0, 0), f.states("a"))
		f.equal(stock("c", 10, 0, 0), f.states("c"))
	}},
	{"is refused below the floor, with every short line", 0, func(f *fixture) {
		heldOfTen(f)
		f.rules("a", inventory.Rules{SafetyStock: 2})
		out := f.refuse(inventory.Resize("r1", "h", line("a", 9), line("b", 11)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 6, 5), avail("b", 9, 8)}, f.short(out), "what it takes more, and what there is")
		f.equal([]inventory.Line{line("a", 3), line("b", 2)}, f.hold("h").Lines)
		f.must(inventory.Resize("r1", "h", line("a", 8), line("b", 10)))
		f.equal(stock("a", 2, 8, 0), f.states("a"))
		out = f.must(recorded(inventory.Resize("r2", "h", line("a", 9))))
		f.equal([]inventory.Key{key("a")}, out.Oversold, "one that has happened is applied")
	}},
	{"counts once by its ID", 0, func(f *fixture) {
		heldOfTen(f)
		r := inventory.Resize("r1", "h", line("a", 1))
		f.must(r)
		f.must(inventory.Resize("r2", "h", line("a", 4)))
		f.equal([]inventory.Line{line("a", 4)}, f.repeat(r).Reservation.Lines, "the first one is over")
		f.refuse(inventory.Resize("r1", "h", line("a", 2)), inventory.ErrReusedID)
		f.must(inventory.Commit("h", "o1"))
		f.repeat(r)
		f.equal(stock("a", 6, 0, 4), f.states("a"))
	}},
	{"to what it is moves nothing", 0, func(f *fixture) {
		heldOfTen(f)
		before := f.all()
		f.equal(0, len(f.must(inventory.Resize("r1", "h", line("b", 2), line("a", 3))).Lines))
		f.equal(before, f.all(), "nor does it write to a level")
	}},
	{"names what is not tracked", 0, func(f *fixture) {
		heldOfTen(f)
		f.equal([]inventory.Key{key("x")}, f.untracked(f.refuse(inventory.Resize("r1", "h", line("a", 1), line("x", 1)), inventory.ErrUntracked).Err))
	}},
	{"what it gives back is pending", 0, func(f *fixture) {
		f.pending("a")
		f.must(inventory.Reserve("h1", hour, line("a", 4)))
		f.stands(shop, "a", 6, 8)
		f.must(inventory.Resize("r1", "h1", line("a", 1)))
		f.stands(shop, "a", 9, 8)
	}},
}
