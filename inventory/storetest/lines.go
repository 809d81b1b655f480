package storetest

import (
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// lines: what one Change, or a vector of them, does to levels.
func lines(t *testing.T, h Harness) {
	t.Run("apply", func(t *testing.T) { each(t, h, applyTests) })
	t.Run("floor", func(t *testing.T) { each(t, h, floorTests) })
}

var applyTests = []test{
	{"every kind moves between its states", 0, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Sell("sell", line("a", 4)))
		f.equal(stock("a", 6, 0, 4), f.states("a"))
		f.must(inventory.Cancel("cancel", inventory.Available, line("a", 1)))
		f.equal(stock("a", 7, 0, 3), f.states("a"))
		f.must(inventory.Fulfil("fulfil", line("a", 2)))
		f.equal(stock("a", 7, 0, 1), f.states("a"))
		f.must(inventory.Receive("receive", line("a", 5)))
		f.equal(stock("a", 12, 0, 1), f.states("a"))
		f.must(inventory.Return("return", inventory.Unavailable, line("a", 1)))
		f.must(inventory.Move("arriving", inventory.World, inventory.Incoming, line("a", 3)))
		f.must(inventory.Move("arrived", inventory.Incoming, inventory.Available, line("a", 2)))
		want := stock("a", 14, 0, 1)
		want.Unavailable, want.Incoming = 1, 1
		f.equal(want, f.states("a"))
	}},
	{"all lines apply or none", 0, func(f *fixture) {
		f.track("a", 5)
		f.track("b", 5)
		f.track("c", 1)
		f.refuse(inventory.Sell("s", line("a", 2), line("b", 2), line("c", 2)), inventory.ErrInsufficient)
		f.must(inventory.Sell("s", line("a", 2), line("b", 2), line("c", 1)))
		f.equal(stock("a", 3, 0, 2), f.states("a"))
		f.equal(stock("b", 3, 0, 2), f.states("b"))
		f.equal(stock("c", 0, 0, 1), f.states("c"))
	}},
}

var floorTests = []test{
	{"the error names every short line", 0, func(f *fixture) {
		f.track("a", 5)
		f.track("b", 1)
		f.track("c", 0)
		out := f.refuse(inventory.Sell("s", line("c", 3), line("a", 5), line("b", 2)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{
			{Key: key("b"), State: inventory.Available, Wanted: 2, Left: 1},
			{Key: key("c"), State: inventory.Available, Wanted: 3, Left: 0},
		}, f.short(out))
	}},
}
