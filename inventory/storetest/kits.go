package storetest

import (
	"fmt"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// kits: for stores that are an [inventory.KitKeeper].
func kits(t *testing.T, h Harness) {
	if _, ok := h.open(t).store.(inventory.KitKeeper); !ok {
		t.Skip("the store is no KitKeeper, so channels can't be shown what kits there are")
	}
	t.Run("levels", func(t *testing.T) { each(t, h, kitLevelTests) })
	t.Run("channels", func(t *testing.T) { each(t, h, kitChannelTests) })
	t.Run("lifetime", func(t *testing.T) { each(t, h, kitLifeTests) })
	t.Run("stale", func(t *testing.T) { each(t, h, kitStaleTests) })
}

func (f *fixture) keeper() inventory.KitKeeper { return f.store.(inventory.KitKeeper) }

// keep registers a kit; parts are a SKU and its units, and so on.
func (f *fixture) keep(kit string, parts ...any) {
	f.Helper()
	k := inventory.ShownKit{SKU: kit}
	for i := 0; i < len(parts); i += 2 {
		k.Components = append(k.Components, inventory.Line{SKU: parts[i].(string), Quantity: int64(parts[i+1].(int))})
	}
	f.noError(f.keeper().KeepKits(f.Context(), f.merchant, []inventory.ShownKit{k}))
}

// derive works off all marks.
func (f *fixture) derive() {
	f.Helper()
	for range 10_000 {
		more, err := f.keeper().Derive(f.Context(), f.merchant, 3)
		f.noError(err)
		if !more {
			return
		}
	}
	f.Fatalf("Derive says for ever that there is more to do")
}

// box keeps a box of two mugs and a tee, of which there are 11 and 4.
func (f *fixture) box() {
	f.Helper()
	f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}, {Name: till}}})
	f.must(inventory.Track("stock", line("mug", 11), line("tee", 4)))
	f.keep("box", "mug", 2, "tee", 1)
	f.derive()
}

// shownBox is a box that both channels show as it is.
func (f *fixture) shownBox() {
	f.Helper()
	f.box()
	for _, channel := range []string{shop, till} {
		f.must(believe("box on "+channel, channel, "box", 4))
		f.must(believe("mug on "+channel, channel, "mug", 11))
		f.must(believe("tee on "+channel, channel, "tee", 4))
	}
	f.equal(0, len(f.listed(shop)))
}

// boxes demands how many boxes the level says there are.
func (f *fixture) boxes(n int64, promise ...any) {
	f.Helper()
	l := f.level("box")
	f.yes(l.Kit, "the level must say that it is a kit's")
	f.equal(n, l.Available, promise...)
}

// unknown demands that there is no level of the box.
func (f *fixture) unknown() {
	f.Helper()
	_, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{key("box")})
	f.errorIs(err, inventory.ErrUntracked, "what nobody knows is not zero")
}

// soldKit is a line by which a channel's number of the box has moved.
func soldKit(shown int64) inventory.Line {
	return inventory.Line{SKU: "box", Kit: "box", Location: here, Shown: shown}
}

// sellBox sells boxes at a channel, as Stock says it.
func sellBox(id, channel string, n int64) inventory.Change {
	c := inventory.Sell(id, line("mug", 2*n), line("tee", n))
	c.Origin, c.Recorded = channel, true
	c.Lines = append(c.Lines, soldKit(-n))
	return c
}

var kitLevelTests = []test{
	{"the scarcest component decides", 0, func(f *fixture) {
		f.box()
		f.equal(inventory.Level{Key: key("box"), Available: 4, Version: 1, Kit: true}, f.level("box"))
		f.must(inventory.Receive("1", line("tee", 10)))
		f.boxes(4, "until the mark is worked off")
		f.derive()
		f.boxes(5, "eleven mugs make five boxes")
		f.must(inventory.Sell("2", line("mug", 2)))
		f.derive()
		f.boxes(4)
	}},
	{"whatever moves available is noticed", 0, func(f *fixture) {
		f.box()
		expect := func(n int64, c inventory.Change) {
			f.Helper()
			f.must(c)
			f.derive()
			f.boxes(n, "after %s", c.Kind)
		}
		expect(3, inventory.Sell("sell", line("tee", 1)))
		expect(4, inventory.Cancel("cancel", inventory.Available, line("tee", 1)))
		expect(2, inventory.Reserve("h", hour, line("tee", 2)))
		expect(1, inventory.Resize("resize", "h", line("tee", 3)))
		expect(2, inventory.ReleasePart("part", "h", line("tee", 1)))
		expect(4, inventory.Release("h"))
		expect(3, inventory.Move("move", inventory.Available, inventory.Unavailable, line("tee", 1)))
		expect(1, document("o/1", 0, "body", line("tee", 2)))
		expect(3, inventory.Edited("edit", shop, line("tee", 2)))
		version := f.level("box").Version
		expect(3, inventory.Fulfil("fulfil", line("tee", 1)))
		f.equal(version, f.level("box").Version, "what changes nothing writes nothing")
	}},
	{"safety stock is not shown, and no backorder is", 0, func(f *fixture) {
		f.box()
		f.rules("tee", inventory.Rules{SafetyStock: 3})
		f.derive()
		f.boxes(1)
		f.rules("tee", inventory.Rules{BackorderLimit: 10})
		f.derive()
		f.boxes(4)
	}},
	{"an oversold component is owed", 0, func(f *fixture) {
		f.box()
		f.must(recorded(inventory.Sell("1", line("mug", 14))))
		f.derive()
		f.boxes(-2, "three mugs are owed: two boxes must come back before one can be sold")
		f.must(inventory.Receive("2", line("mug", 4)))
		f.derive()
		f.boxes(0)
	}},
	{"nothing can be sold from it", 0, func(f *fixture) {
		f.box()
		for _, c := range []inventory.Change{
			inventory.Sell("s", line("box", 1)), inventory.Reserve("h", hour, line("box", 1)), inventory.Receive("r", line("box", 1)),
			inventory.Move("m", inventory.World, inventory.Incoming, line("box", 1)), inventory.Sell("b", line("tee", 1), line("box", 1)),
		} {
			f.refuse(c, inventory.ErrInvalid)
		}
		f.refuse(inventory.Track("t", line("box", 7)), inventory.ErrConflict)
		f.refuse(inventory.Untrack("u", key("box")), inventory.ErrConflict)
		out := f.must(recorded(inventory.Sell("what has happened", line("box", 2), line("tee", 1))))
		f.equal(2, len(out.Levels))
		f.equal([]bool{true, false}, []bool{out.Levels[0].Kit, out.Levels[1].Kit})
		f.derive()
		f.equal(inventory.Level{Key: key("box"), Available: 3, Version: 3, Kit: true}, f.level("box"), "only components count")
	}},
	{"at every location by itself", 0, func(f *fixture) {
		f.box()
		k := inventory.Key{SKU: "box", Location: there}
		f.must(inventory.Track("mugs there", inventory.Line{SKU: "mug", Location: there, Quantity: 6}))
		f.derive()
		f.equal(1, len(f.levels("box")), "no tee is tracked there, so nobody knows")
		f.must(inventory.Track("tees there", inventory.Line{SKU: "tee", Location: there, Quantity: 9}))
		f.derive()
		f.equal(int64(3), f.levelAt(k).Available)
		f.must(inventory.Sell("1", inventory.Line{SKU: "mug", Location: there, Quantity: 2}))
		f.derive()
		f.equal(int64(2), f.levelAt(k).Available)
		f.boxes(4, "what is sold there is there here")
	}},
	{"components may be in many kits", 0, func(f *fixture) {
		f.box()
		for i := 1; i <= 40; i++ {
			f.keep(fmt.Sprintf("kit-%d", i), "mug", i)
		}
		f.derive()
		for i := 1; i <= 40; i++ {
			f.equal(int64(11/i), f.level(fmt.Sprintf("kit-%d", i)).Available)
		}
		f.must(inventory.Receive("1", line("mug", 29)))
		f.derive()
		for i := 1; i <= 40; i++ {
			f.equal(int64(40/i), f.level(fmt.Sprintf("kit-%d", i)).Available)
		}
		f.boxes(4)
	}},
}

// levels reads the levels of a SKU.
func (f *fixture) levels(sku string) []inventory.Level {
	f.Helper()
	levels, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{{SKU: sku}})
	f.noError(err)
	return levels
}
