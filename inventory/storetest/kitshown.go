package storetest

import (
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

var kitChannelTests = []test{
	{"a component's sale is told of the kit, too", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Sell("1", line("tee", 1)).ReportedBy(till))
		f.derive()
		f.stands(shop, "box", 3, 4)
		f.stands(till, "box", 3, 4)
		f.stands(till, "tee", 3, 3)
		b := f.claim(10)
		f.equal([]string{"box", "tee"}, pushed(b))
		f.noError(f.store.Settle(f.Context(), f.seal(b), results(b, inventory.Applied)))
		f.stands(shop, "box", 3, 3)
	}},
	{"a kit's sale causes no push to the channel that sold it", 0, func(f *fixture) {
		f.shownBox()
		sale := sellBox("1", shop, 2)
		out := f.must(sale)
		f.equal(2, len(out.Lines), "the line of the kit moves no stock")
		f.stands(shop, "box", 2, 2)
		f.stands(till, "box", 2, 4)
		f.stands(shop, "mug", 7, 11)
		f.derive()
		f.stands(shop, "box", 2, 2)
		f.equal([]string{"mug", "tee"}, pushed(f.claim(10)), "its numbers of the components have not moved by themselves")
		f.repeat(sale)
		f.stands(shop, "box", 2, 2)
	}},
	{"and neither when it comes back", 0, func(f *fixture) {
		f.shownBox()
		f.must(sellBox("1", shop, 2))
		back := inventory.Cancel("2", inventory.Available, line("mug", 2), line("tee", 1))
		back.Origin, back.Recorded = shop, true
		back.Lines = append(back.Lines, soldKit(1))
		f.must(back)
		f.stands(shop, "box", 3, 3)
		f.derive()
		f.stands(shop, "box", 3, 3)
		f.stands(till, "box", 3, 4)
	}},
	{"a kit sold while its level is stale", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Sell("1", line("tee", 1)))
		f.must(sellBox("2", shop, 1))
		f.stands(shop, "box", 3, 3)
		f.derive()
		f.stands(shop, "box", 2, 3)
		f.stands(till, "box", 2, 4)
	}},
	{"with orders", 0, func(f *fixture) {
		f.shownBox()
		sale := document("o/1", 0, "body", line("mug", 2), line("tee", 1))
		sale.Origin = shop
		sale.Lines = append(sale.Lines, soldKit(-1))
		f.must(sale)
		f.stands(shop, "box", 3, 3)
		f.derive()
		f.stands(shop, "box", 3, 3)
	}},
	{"a kit that has no level shows nothing", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.must(inventory.Track("stock", line("mug", 11), line("tee", 4)))
		f.must(sellBox("1", shop, 1))
		f.equal(2, len(f.all()))
		f.must(inventory.Track("a level of its own", line("box", 7)))
		f.must(believe("read", shop, "box", 7))
		f.must(sellBox("2", shop, 1))
		f.stands(shop, "box", 7, 7)
		f.equal(int64(7), f.level("box").Available)
	}},
	{"on a pooled channel, the sum of what each location allows", 0, func(f *fixture) {
		f.box()
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: bazaar, Pooled: true}}})
		f.must(inventory.Track("there", inventory.Line{SKU: "mug", Location: there, Quantity: 5}, inventory.Line{SKU: "tee", Location: there, Quantity: 9}))
		f.derive()
		f.must(inventory.Believe("read", bazaar, inventory.Line{SKU: "box", Shown: 6}))
		f.stands(bazaar, "box", 6, 6)
		f.must(sellBox("1", bazaar, 1))
		f.stands(bazaar, "box", 5, 5)
		f.derive()
		f.stands(bazaar, "box", 5, 5)
		f.must(inventory.Sell("2", inventory.Line{SKU: "mug", Location: there, Quantity: 2}))
		f.derive()
		f.stands(bazaar, "box", 4, 5)
	}},
	{"an edit by hand is put right", 0, func(f *fixture) {
		f.shownBox()
		f.must(inventory.Edited("1", shop, line("box", 3)))
		f.stands(shop, "box", 7, 7)
		f.derive()
		f.stands(shop, "box", 4, 7)
	}},
	{"buffers and caps are the kit's own", 0, func(f *fixture) {
		f.shownBox()
		f.rules("box", inventory.Rules{Buffers: map[string]int64{shop: 1}})
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: till, Max: 2}}})
		f.stands(shop, "box", 3, 4)
		f.stands(till, "box", 2, 4)
		f.must(inventory.Sell("1", line("tee", 1)))
		f.derive()
		f.stands(shop, "box", 2, 4)
		f.stands(till, "box", 2, 4)
		f.equal(map[string]int64{shop: 1}, f.level("box").Rules.Buffers)
	}},
	{"a line of a kit must be one", 0, func(f *fixture) {
		f.shownBox()
		enforced := sellBox("1", shop, 1)
		enforced.Recorded = false
		f.refuse(enforced, inventory.ErrInvalid)
		other := sellBox("1", shop, 1)
		other.Lines[2].Kit = "crate"
		f.refuse(other, inventory.ErrInvalid)
		moving := sellBox("1", shop, 1)
		moving.Lines[2].To = inventory.Available
		f.refuse(moving, inventory.ErrInvalid)
	}},
	{"a hold has no line of the kit", 0, func(f *fixture) {
		f.shownBox()
		c := inventory.Reserve("h", hour, line("mug", 2), line("tee", 1))
		c.Origin, c.Recorded = shop, true
		c.Lines = append(c.Lines, soldKit(-1))
		f.must(c)
		f.equal(2, len(f.hold("h").Lines))
		f.stands(shop, "box", 3, 3)
		f.must(inventory.Release("h"))
		f.derive()
		f.stands(shop, "box", 4, 3)
	}},
}

// pushed are the SKUs of a batch, sorted.
func pushed(b inventory.Batch) []string {
	var skus []string
	for _, p := range b.Pushes {
		skus = append(skus, p.SKU)
	}
	slices.Sort(skus)
	return skus
}
