package storetest

import "github.com/onhand-dev/onhand/inventory"

var transferTests = []test{
	{"units are on hand in one place or on the way to another", 0, func(f *fixture) {
		far := func(n int64) inventory.Line { return inventory.Line{SKU: "a", Location: there, Quantity: n} }
		f.must(inventory.Track("t", line("a", 10), far(1)))
		ship := inventory.Ship("asn-1", there, line("a", 2), line("a", 4))
		f.must(ship)
		f.repeat(ship)
		want := inventory.Level{Key: inventory.Key{SKU: "a", Location: there}, Available: 1, Incoming: 6}
		at := func() inventory.Level {
			l := f.levelAt(want.Key)
			l.Version = 0
			return l
		}
		f.equal(stock("a", 4, 0, 0), f.states("a"))
		f.equal(want, at())
		f.must(inventory.Arrive("asn-1/1", inventory.Available, far(3)))
		f.must(inventory.Arrive("asn-1/2", inventory.Unavailable, far(1)))
		f.must(inventory.Lose("asn-1/3", far(1)))
		want.Available, want.Unavailable, want.Incoming = 4, 1, 1
		f.equal(want, at())
		out := f.refuse(inventory.Arrive("asn-1/4", inventory.Available, far(2)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{{Key: want.Key, State: inventory.Incoming, Wanted: 2, Left: 1}}, f.short(out), "no more arrives than was sent")
		f.refuse(inventory.Lose("asn-1/4", far(2)), inventory.ErrInsufficient)
	}},
	{"nothing is sent that is not there, or to where nobody counts", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 3), inventory.Line{SKU: "a", Location: there}))
		out := f.refuse(inventory.Ship("asn-1", there, line("a", 4)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 4, 3)}, f.short(out))
		out = f.refuse(inventory.Ship("asn-1", "nowhere", line("a", 1)), inventory.ErrUntracked)
		f.equal([]inventory.Key{{SKU: "a", Location: "nowhere"}}, f.untracked(out.Err))
	}},
}
