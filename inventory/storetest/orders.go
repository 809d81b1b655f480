package storetest

import (
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// orders: an order that carries a reservation's ID settles that hold instead
// of selling again, whatever became of the hold.
func orders(t *testing.T, h Harness) {
	t.Run("settle a hold", func(t *testing.T) { each(t, h, settleTests()) })
	t.Run("more", func(t *testing.T) { each(t, h, orderTests) })
}

func settleTests() []test {
	free, two := stock("b", 10, 0, 0), stock("a", 8, 0, 2)
	var tests []test
	for _, s := range holdStates {
		// In each state the order takes 2 of a, though the hold had 3 of a and 2
		// of b: what the hold still holds, or has sold, goes back first.
		a, b := two, free
		switch s.name {
		case "settled":
			a, b = stock("a", 5, 0, 5), stock("b", 8, 0, 2)
		case "sold out":
			a, b = stock("a", -2, 0, 12), stock("b", 0, 0, 10)
		}
		tests = append(tests, test{s.name, s.needs, func(f *fixture) {
			f.track("a", 10)
			f.track("b", 10)
			s.reach(f)
			order := settling(document("o/1", 0, "one", line("a", 2)))
			f.must(order)
			f.equal(a, f.states("a"))
			f.equal(b, f.states("b"), "what the order does not take goes back")
			f.repeat(order)
			f.equal(a, f.states("a"))

			f.must(settling(document("o/1", 1, "two", line("a", 1))))
			a.Available, a.Committed = a.Available-1, a.Committed+1
			f.equal(a, f.states("a"), "a hold is settled once: what is heard later of the order moves its own lines")

			switch s.status {
			case "":
				f.refuse(inventory.Commit("h", "o1"), inventory.ErrNotFound)
			case inventory.ReleasedHold:
				f.refuse(inventory.Commit("h", "o1"), inventory.ErrReleased)
			default:
				f.equal(inventory.CommittedHold, f.hold("h").Status)
				f.repeat(inventory.Commit("h", "o1"))
				f.refuse(inventory.Release("h"), inventory.ErrCommitted)
				f.repeat(inventory.Expire("h"))
			}
			f.equal(a, f.states("a"), "after the order the hold moves nothing more")
			f.equal(b, f.states("b"))
		}})
	}
	return tests
}

var orderTests = []test{
	{"the hold names its order", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		reserveH(f)
		out := f.must(settling(document("o/1", 0, "one", line("a", 3), line("b", 2))))
		f.equal(inventory.CommittedHold, out.Reservation.Status)
		f.equal("o/1", f.hold("h").Order)
		f.equal(int64(3), f.level("a").Version, "one Change, one version")
		f.equal(2, len(out.Levels))
	}},
	{"the order takes the held units, so it is no oversell", 0, func(f *fixture) {
		f.track("a", 3)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		out := f.must(settling(document("o/1", 0, "one", line("a", 3))))
		f.equal(0, len(out.Oversold))
		f.equal(stock("a", 0, 0, 3), f.states("a"))
	}},
	{"an order for more than was held is flagged", 0, func(f *fixture) {
		f.track("a", 3)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		out := f.must(settling(document("o/1", 0, "one", line("a", 5))))
		f.equal([]inventory.Key{key("a")}, out.Oversold)
		f.equal(stock("a", -2, 0, 5), f.states("a"))
	}},
	{"a refused order leaves the hold alone", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		reserveH(f)
		f.refuse(settling(document("o/1", 1, "one", line("a", 3))), inventory.ErrConflict)
		f.refuse(settling(document("o/1", 0, "one", line("x", 3))), inventory.ErrUntracked)
		f.equal(inventory.Held, f.hold("h").Status)
		f.must(inventory.Release("h"))
	}},
	{"an order without lines gives the held units back", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		reserveH(f)
		f.must(settling(document("o/1", 0, "cancelled")))
		f.equal(stock("a", 10, 0, 0), f.states("a"))
		f.equal(stock("b", 10, 0, 0), f.states("b"))
	}},
	{"a settled hold is not due", advance, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		reserveH(f)
		f.must(settling(document("o/1", 0, "one", line("a", 3))))
		f.advance(hour)
		f.equal(0, len(f.must(inventory.Receive("r", line("a", 1))).Due))
		f.tidy()
		f.equal(stock("a", 8, 0, 3), f.states("a"))
	}},
	{"what is believed moves by the shop's own number", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.must(trackShown("a", 10, 10))
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		f.stands(shop, "a", 7, 10)
		order := settling(document("o/1", 0, "one", line("a", 3)))
		order.Origin, order.Lines[0].Shown = shop, -3
		f.must(order)
		f.stands(shop, "a", 7, 7)
		f.repeat(order)
		f.stands(shop, "a", 7, 7)
	}},
}
