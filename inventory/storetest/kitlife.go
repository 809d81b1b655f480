package storetest

import (
	"errors"

	"github.com/onhand-dev/onhand/inventory"
)

var kitLifeTests = []test{
	{"kits are listed", 0, func(f *fixture) {
		list := func() []inventory.ShownKit {
			f.Helper()
			kits, err := f.keeper().ShownKits(f.Context(), f.merchant)
			f.noError(err)
			return kits
		}
		f.equal(0, len(list()))
		f.keep("größe", "b", 1, "a", 2)
		f.keep("box", "mug", 1)
		f.keep("box", "mug", 2)
		f.equal([]inventory.ShownKit{
			{SKU: "box", Components: []inventory.Line{{SKU: "mug", Quantity: 2}}},
			{SKU: "größe", Components: []inventory.Line{{SKU: "a", Quantity: 2}, {SKU: "b", Quantity: 1}}},
		}, list())
		f.keep("box")
		f.keep("nobody knows it")
		f.equal(1, len(list()))
		for _, bad := range []inventory.ShownKit{
			{},
			{SKU: "a", Components: []inventory.Line{{SKU: "a", Quantity: 1}}},
			{SKU: "a", Components: []inventory.Line{{SKU: "b"}}},
			{SKU: "a", Components: []inventory.Line{{SKU: "b", Quantity: 1}, {SKU: "b", Quantity: 1}}},
			{SKU: "a", Components: []inventory.Line{{Quantity: 1}}},
		} {
			err := f.keeper().KeepKits(f.Context(), f.merchant, []inventory.ShownKit{{SKU: "c", Components: []inventory.Line{{SKU: "d", Quantity: 1}}}, bad})
			f.errorIs(err, inventory.ErrInvalid)
		}
		f.equal(1, len(list()), "none of a bad lot is kept")
	}},
	{"before its components are tracked", 0, func(f *fixture) {
		f.keep("box", "mug", 2, "tee", 1)
		f.derive()
		f.equal(0, len(f.all()))
		f.must(inventory.Track("1", line("mug", 5)))
		f.derive()
		f.unknown()
		f.must(inventory.Track("2", line("tee", 5)))
		f.derive()
		f.boxes(2)
		f.must(inventory.Sell("3", line("mug", 2)))
		f.derive()
		f.boxes(1)
	}},
	{"ends with a component, and is not zero", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Sell("s", line("tee", 1)))
		f.must(inventory.Fulfil("f", line("tee", 1)))
		f.derive()
		f.stands(shop, "box", 3, 4)
		f.must(inventory.Untrack("u", key("tee")))
		f.derive()
		f.unknown()
		f.equal(0, len(f.listed(shop)), "and is told nobody")
		f.idle()
		f.must(inventory.Track("t", line("tee", 3)))
		f.derive()
		f.boxes(3)
		f.no(f.belief(shop, "box").Known, "what the channel shows has to be read again")
	}},
	{"not while a channel is being told", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Sell("s", line("mug", 5)))
		f.derive()
		f.must(inventory.Fulfil("f", line("mug", 5)))
		b := f.claim(10)
		f.keep("box")
		f.derive()
		f.boxes(3, "until the batch is settled")
		b = f.seal(b)
		f.noError(f.store.Settle(f.Context(), b, results(b, inventory.Applied)))
		f.derive()
		f.unknown()
		f.equal(0, len(f.listed(shop)))
	}},
	{"a parked one leaves nothing", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Sell("s", line("mug", 5)))
		f.derive()
		b := f.seal(f.claim(10))
		f.noError(f.store.Settle(f.Context(), b, results(b, inventory.Refused)))
		f.keep("box")
		f.derive()
		f.keep("box", "mug", 2, "tee", 1)
		f.derive()
		f.boxes(3)
		f.equal("", f.belief(shop, "box").Parked)
		f.no(f.belief(shop, "box").Known)
	}},
	{"redefined", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Reserve("h", hour, line("mug", 4), line("tee", 2)))
		f.track("hat", 8)
		f.keep("box", "mug", 1, "hat", 4)
		f.derive()
		f.stands(shop, "box", 2, 4)
		f.must(inventory.Receive("1", line("hat", 20)))
		f.derive()
		f.boxes(7)
		f.must(inventory.Sell("2", line("tee", 2)))
		f.derive()
		f.boxes(7, "a tee is no component any more")
		f.must(inventory.Release("h"))
		f.derive()
		f.boxes(7)
		f.must(inventory.Sell("3", line("mug", 6)))
		f.derive()
		f.boxes(5)
	}},
	{"a level of its own is left alone", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("mug", 5), line("box", 9)))
		f.keep("box", "mug", 1)
		f.derive()
		f.equal(stock("box", 9, 0, 0), f.states("box"))
		f.no(f.level("box").Kit)
		f.must(inventory.Sell("s", line("box", 1)))
		f.must(inventory.Fulfil("f", line("box", 1)))
		f.must(inventory.Untrack("u", key("box")))
		f.derive()
		f.boxes(5)
	}},
	{"no kit is a component of another", 0, func(f *fixture) {
		f.box()
		f.keep("crate", "box", 2)
		f.derive()
		f.equal(3, len(f.all()), "a box is no plain level, so nobody knows of crates")
		f.must(inventory.Sell("1", line("tee", 1)))
		f.derive()
		f.boxes(3)
		f.equal(3, len(f.all()))
	}},
	{"another process learns of it", reopen, func(f *fixture) {
		g := f.second()
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		g.must(inventory.Track("stock", line("mug", 11), line("tee", 4)))
		f.keep("box", "mug", 2, "tee", 1)
		f.derive()
		g.must(inventory.Sell("1", line("tee", 1)))
		f.derive()
		f.boxes(3, "the other process did not know of kits when it sold")
		g.derive()
		g.must(inventory.Sell("2", line("tee", 1)))
		g.derive()
		f.boxes(2)
	}},
	{"kept twice by a lost reply", loseReply, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.must(inventory.Track("stock", line("mug", 11), line("tee", 4)))
		f.h.LoseReply(f.t, f.store)
		err := f.keeper().KeepKits(f.Context(), f.merchant, []inventory.ShownKit{{SKU: "box", Components: []inventory.Line{{SKU: "mug", Quantity: 3}}}})
		f.yes(err == nil || errors.Is(err, inventory.ErrUnknown))
		f.derive()
		f.boxes(3)
	}},
}
