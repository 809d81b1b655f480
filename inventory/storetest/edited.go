package storetest

import "github.com/onhand-dev/onhand/inventory"

var editedTests = []test{
	{"moves stock and what the channel shows, up and down", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}, {Name: till}}})
		c := trackShown("a", 10, 10)
		f.must(c)
		f.must(inventory.Believe("read", till, inventory.Line{SKU: "a", Location: here, Shown: 10}))
		edit := inventory.Edited("e1", shop, line("a", 5), line("a", -2))
		f.must(edit)
		f.equal(stock("a", 13, 0, 0), f.states("a"))
		f.stands(shop, "a", 13, 13)
		f.stands(till, "a", 13, 10)
		f.repeat(edit)
		f.must(inventory.Edited("e2", shop, line("a", -4)))
		f.stands(shop, "a", 9, 9)
		f.stands(till, "a", 9, 10)
	}},
	{"has happened, also below the floor", 0, func(f *fixture) {
		f.track("a", 1)
		f.equal([]inventory.Key{key("a")}, f.must(inventory.Edited("e1", shop, line("a", -3))).Oversold)
		f.equal(stock("a", -2, 0, 0), f.states("a"))
	}},
}
