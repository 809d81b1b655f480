package storetest

import (
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// partTests take parts out of the hold h of 3 units of a and 2 of b.
var partTests = []test{
	{"a part leaves the hold, the rest stays held", 0, func(f *fixture) {
		heldOfTen(f)
		until := f.hold("h").ExpiresAt
		out := f.must(inventory.CommitPart("p1", "h", "o1", line("a", 1), line("b", 1), line("a", 1)))
		f.equal(inventory.Move("", inventory.Reserved, inventory.Committed, line("a", 1), line("b", 1), line("a", 1)).Lines, out.Lines)
		f.equal(stock("a", 7, 1, 2), f.states("a"))
		f.equal(stock("b", 8, 1, 1), f.states("b"))
		f.equal([]inventory.Line{line("a", 1), line("b", 1)}, f.hold("h").Lines, "what is left by level")
		f.equal(f.hold("h").Lines, out.Reservation.Lines)
		f.equal(byKey(out.Levels), f.all(), "levels of the part and of the hold")
		f.must(inventory.ReleasePart("p2", "h", line("b", 1)))
		f.equal(stock("b", 9, 0, 1), f.states("b"))
		h := f.hold("h")
		f.equal(inventory.Held, h.Status)
		f.equal("", h.Order, "the hold is no order's yet")
		f.equal([]inventory.Line{line("a", 1)}, h.Lines, "a level with nothing left is gone")
		f.yes(near(until, h.ExpiresAt), "parts do not move the deadline")
	}},
	{"commit and release take the rest", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o1", line("a", 2)))
		f.must(inventory.Commit("h", "o2"))
		f.equal(stock("a", 7, 0, 3), f.states("a"))
		f.equal("o2", f.hold("h").Order)
		f.must(inventory.Reserve("g", hour, line("a", 3)))
		f.must(inventory.CommitPart("p2", "g", "o1", line("a", 2)))
		f.must(inventory.Release("g"))
		f.equal(stock("a", 5, 0, 5), f.states("a"), "what is sold stays sold")
	}},
	{"the last part settles the hold", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.ReleasePart("p1", "h", line("a", 3)))
		f.must(inventory.CommitPart("p2", "h", "o1", line("b", 2)))
		h := f.hold("h")
		f.equal([]any{inventory.CommittedHold, "o1", 0}, []any{h.Status, h.Order, len(h.Lines)})
		f.repeat(inventory.Commit("h", "o1"))
		f.refuse(inventory.Release("h"), inventory.ErrCommitted)
		f.refuse(inventory.CommitPart("p3", "h", "o1", line("b", 1)), inventory.ErrCommitted)
		f.must(inventory.Reserve("g", hour, line("a", 2)))
		f.must(inventory.CommitPart("p4", "g", "o1", line("a", 1)))
		f.must(inventory.ReleasePart("p5", "g", line("a", 1)))
		f.equal(inventory.ReleasedHold, f.hold("g").Status)
		f.refuse(inventory.Commit("g", "o1"), inventory.ErrReleased)
		f.equal(stock("a", 9, 0, 1), f.states("a"))
	}},
	{"never more than the hold has, though others hold the level too", 0, func(f *fixture) {
		heldOfTen(f)
		f.track("c", 10)
		f.must(inventory.Reserve("other", hour, line("a", 5), line("c", 5)))
		for _, c := range []inventory.Change{
			inventory.CommitPart("p1", "h", "o1", line("c", 1), line("a", 2), line("b", 1), line("a", 2)),
			inventory.ReleasePart("p1", "h", line("a", 4), line("c", 1)),
			recorded(inventory.CommitPart("p1", "h", "o1", line("a", 4), line("c", 1))),
		} {
			short := f.short(f.refuse(c, inventory.ErrInsufficient))
			f.equal([]inventory.Shortage{
				{Key: key("a"), State: inventory.Reserved, Wanted: 4, Left: 3},
				{Key: key("c"), State: inventory.Reserved, Wanted: 1, Left: 0},
			}, short, "every line that the hold lacks, with what it has")
		}
		f.equal([]inventory.Line{line("a", 3), line("b", 2)}, f.hold("h").Lines)
		f.must(inventory.CommitPart("p1", "h", "o1", line("a", 3)))
	}},
	{"each part counts once by its ID", 0, func(f *fixture) {
		heldOfTen(f)
		p := inventory.CommitPart("p1", "h", "o1", line("a", 1))
		f.must(p)
		f.equal(inventory.Held, f.repeat(p).Reservation.Status, "a repeat tells the hold's state")
		f.must(inventory.CommitPart("p2", "h", "o1", line("a", 1)))
		f.equal([]bool{true, true, false}, f.applied("p1", "p2", "p3"))
		f.refuse(inventory.CommitPart("p1", "h", "o1", line("a", 2)), inventory.ErrReusedID)
		f.refuse(inventory.CommitPart("p1", "h", "o2", line("a", 1)), inventory.ErrReusedID)
		f.refuse(inventory.ReleasePart("p1", "h", line("a", 1)), inventory.ErrReusedID)
		f.must(inventory.Release("h"))
		f.repeat(p)
		f.equal(stock("a", 8, 0, 2), f.states("a"))
	}},
	{"the rest expires at its time", advance, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o1", line("a", 1), line("b", 2)))
		f.advance(hour)
		f.must(inventory.Expire("h"))
		f.equal(stock("a", 9, 0, 1), f.states("a"))
		f.equal(stock("b", 8, 0, 2), f.states("b"))
		f.equal(inventory.ExpiredHold, f.hold("h").Status)
	}},
	{"a hold with nothing left is not due", advance, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.ReleasePart("p1", "h", line("a", 3), line("b", 2)))
		f.advance(hour)
		f.equal(0, len(f.must(inventory.Receive("r", line("a", 1))).Due))
		f.equal(inventory.ReleasedHold, f.hold("h").Status)
	}},
	{"a late part of an expired hold takes its units again", advance, func(f *fixture) {
		expiredShort(f) // 2 of a and none of b are left
		out := f.must(inventory.CommitPart("p1", "h", "o1", line("a", 1)))
		f.yes(out.Late, "it was late")
		f.equal(inventory.Move("", inventory.Available, inventory.Committed, line("a", 1)).Lines, out.Lines)
		f.equal([]inventory.Line{line("a", 2), line("b", 2)}, f.hold("h").Lines)
		f.equal(inventory.ExpiredHold, f.hold("h").Status)
		out = f.refuse(inventory.CommitPart("p2", "h", "o1", line("a", 2), line("b", 1)), inventory.ErrExpired)
		f.equal([]inventory.Shortage{avail("a", 2, 1), avail("b", 1, 0)}, f.short(out))
		out = f.must(recorded(inventory.CommitPart("p2", "h", "o1", line("a", 2), line("b", 2))))
		f.equal([]inventory.Key{key("a"), key("b")}, out.Oversold)
		f.equal(inventory.CommittedHold, f.hold("h").Status)
		f.equal("o1", f.hold("h").Order)
	}},
	{"a late part of a hold that nobody tidied", advance, func(f *fixture) {
		heldOfTen(f)
		f.advance(hour)
		f.yes(f.must(inventory.CommitPart("p1", "h", "o1", line("a", 2))).Late, "it was late")
		f.equal(stock("a", 7, 1, 2), f.states("a"))
		f.equal(inventory.ExpiredHold, f.hold("h").Status, "the rest is as late as before")
		f.must(inventory.Expire("h"))
		f.equal(stock("a", 8, 0, 2), f.states("a"))
	}},
	{"an order settles what is left", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o1", line("a", 1)))
		f.must(settling(document("o/1", 0, "body", line("a", 2), line("b", 2))))
		f.equal(stock("a", 7, 0, 3), f.states("a"))
		f.equal(stock("b", 8, 0, 2), f.states("b"))
		f.repeat(inventory.CommitPart("p2", "h", "o1", line("a", 1)))
	}},
	{"an order takes over the parts that were committed to it", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o/1", line("a", 1), line("b", 1), line("a", 1)))
		f.refuse(settling(document("o/1", 1, "late", line("a", 3))), inventory.ErrConflict)
		f.must(inventory.ReleasePart("p2", "h", line("a", 1)))
		f.must(inventory.CommitPart("p3", "h", "o/1", line("b", 1)))
		refused := f.refuse(guarded(settling(document("o/1", 0, "body", line("b", 2))), 99), inventory.ErrConflict)
		f.equal(byKey(refused.Levels), f.all(), "a refusal names the levels of the parts, too")
		out := f.must(settling(document("o/1", 0, "body", line("a", 3), line("b", 2))))
		f.equal(slices.Concat(
			inventory.Move("", inventory.Committed, inventory.Available, line("a", 1), line("b", 1), line("a", 1), line("b", 1)).Lines,
			document("", 0, "", line("a", 3), line("b", 2)).Lines,
		), out.Lines)
		f.equal(byKey(out.Levels), f.all())
		f.equal(stock("a", 7, 0, 3), f.states("a"))
		f.equal(stock("b", 8, 0, 2), f.states("b"))
		f.repeat(settling(document("o/1", 0, "body", line("a", 3), line("b", 2))))
		f.must(settling(document("o/1", 1, "next")))
		f.equal(stock("a", 7, 0, 3), f.states("a"), "once")
	}},
	{"each of several orders takes over its own parts", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o/2", line("a", 1)))
		f.must(inventory.CommitPart("p2", "h", "o/1", line("a", 1)))
		f.must(inventory.CommitPart("p3", "h", "o/2", line("b", 1)))
		f.must(settling(document("o/1", 0, "body", line("a", 2), line("b", 1))))
		f.equal(stock("a", 7, 0, 3), f.states("a"), "the other's stays sold")
		f.equal(stock("b", 8, 0, 2), f.states("b"))
		h := f.hold("h")
		f.equal([]any{inventory.CommittedHold, "o/1"}, []any{h.Status, h.Order})
		f.must(settling(document("o/2", 0, "body", line("a", 1), line("b", 1))))
		f.equal(stock("a", 7, 0, 3), f.states("a"), "and is its own order's then")
		f.equal(stock("b", 8, 0, 2), f.states("b"))
		f.equal("o/1", f.hold("h").Order)
		f.must(settling(document("o/2", 1, "next", line("a", 1))))
		f.equal(stock("a", 6, 0, 4), f.states("a"), "once")
	}},
	{"an order takes over a hold that went to it in parts", advance, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o/1", line("a", 3)))
		f.advance(hour)
		f.must(inventory.Expire("h"))
		f.must(inventory.CommitPart("p2", "h", "o/1", line("b", 2)))
		f.must(settling(document("o/1", 0, "body", line("a", 2), line("b", 2))))
		f.equal(stock("a", 8, 0, 2), f.states("a"))
		f.equal(stock("b", 8, 0, 2), f.states("b"))
	}},
	{"a released rest leaves the parts to their order", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.CommitPart("p1", "h", "o/1", line("a", 1)))
		f.must(inventory.Release("h"))
		f.must(settling(document("o/1", 0, "body", line("a", 1))))
		f.equal(stock("a", 9, 0, 1), f.states("a"))
		f.equal(inventory.ReleasedHold, f.hold("h").Status)
		f.refuse(inventory.Commit("h", "o/1"), inventory.ErrReleased)
	}},
	{"parts are no Reserve: the hold can be asked for again", 0, func(f *fixture) {
		heldOfTen(f)
		f.must(inventory.ReleasePart("p1", "h", line("a", 1)))
		out := f.repeat(inventory.Reserve("h", hour, line("a", 3), line("b", 2)))
		f.equal([]inventory.Line{line("a", 2), line("b", 2)}, out.Reservation.Lines, "its present state")
	}},
}

// heldOfTen has ten units of a and of b, and holds some of them as h.
func heldOfTen(f *fixture) {
	f.Helper()
	f.track("a", 10)
	f.track("b", 10)
	reserveH(f)
}
