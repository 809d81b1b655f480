package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

var kitStaleTests = []test{
	{"a mark survives a lost reply", loseReply, func(f *fixture) {
		f.box()
		f.must(inventory.Sell("1", line("tee", 1)))
		f.h.LoseReply(f.t, f.store)
		_, err := f.keeper().Derive(f.Context(), f.merchant, 10)
		f.yes(err == nil || errors.Is(err, inventory.ErrUnknown))
		f.derive()
		f.boxes(3)
	}},
	{"kits follow their components through anything", 0, func(f *fixture) {
		rapid.Check(f.t, func(rt *rapid.T) {
			g := *f
			g.tester, g.merchant = rt, "test-"+rand.Text()
			g.history(rt)
		})
	}},
	{"sellers, receivers and many derivers", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}, {Name: till}}})
		f.must(inventory.Track("stock", line("mug", 400), line("tee", 150), line("hat", 90)))
		kits := map[string]map[string]int64{"box": {"mug": 2, "tee": 1}, "set": {"mug": 1, "tee": 1, "hat": 1}, "pair": {"hat": 2}}
		f.keep("box", "mug", 2, "tee", 1)
		f.keep("set", "mug", 1, "tee", 1, "hat", 1)
		f.keep("pair", "hat", 2)
		f.derive()
		f.must(believe("read", shop, "box", 150))
		skus := []string{"mug", "tee", "hat"}
		errs := shout(60, func(i int) error {
			for n := range 6 {
				id := fmt.Sprintf("%d/%d", i, n)
				var c inventory.Change
				switch i % 6 {
				case 0:
					c = inventory.Receive(id, line(skus[n%3], 3))
				case 1:
					c = sellBox(id, shop, 1)
				case 2:
					c = inventory.Reserve(id, hour, line("mug", 2), line("tee", 1))
				case 3:
					if _, err := f.keeper().Derive(f.Context(), f.merchant, 2); err != nil {
						return err
					}
					continue
				default:
					c = inventory.Sell(id, line(skus[(i+n)%3], 1))
				}
				if err := f.submit(c).Err; err != nil && !errors.Is(err, inventory.ErrInsufficient) {
					return err
				}
			}
			return nil
		})
		f.noError(errors.Join(errs...))
		f.derive()
		f.follows(kits, here)
		for _, sku := range skus {
			f.yes(f.level(sku).Available >= -100, "only what has happened at the shop may go below the floor")
		}
		sold := int64(60)
		f.equal(int64(150)-sold, f.belief(shop, "box").Believed, "the shop's number moved by what it sold")
	}},
}

// follows demands that levels of kits are what their components allow.
func (f *fixture) follows(kits map[string]map[string]int64, locations ...string) {
	f.Helper()
	all := f.all()
	for kit, parts := range kits {
		for _, at := range locations {
			want, known := int64(0), len(parts) > 0
			first := true
			for sku, units := range parts {
				l, ok := all[inventory.Key{SKU: sku, Location: at}]
				known = known && ok && !l.Kit
				n := inventory.KitUnits([]inventory.Level{l}, []int64{units})
				if first || n < want {
					want, first = n, false
				}
			}
			got, ok := all[inventory.Key{SKU: kit, Location: at}]
			if ok && !got.Kit {
				continue
			}
			f.equal(known, ok, "%s at %s is known if all its components are", kit, at)
			if known {
				f.equal(want, got.Available, "%s at %s is what its components allow", kit, at)
				f.equal(want, got.OnHand(), "and nothing else")
			}
		}
	}
}

// history is a random one of components and kits, whose levels are checked
// whenever all marks are worked off.
func (f *fixture) history(t *rapid.T) {
	skus := []string{"a", "b", "c"}
	places := []string{here, there}
	kits := map[string]map[string]int64{}
	f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
	draw := func() inventory.Line {
		return inventory.Line{
			SKU: rapid.SampledFrom(skus).Draw(t, "sku"), Location: rapid.SampledFrom(places).Draw(t, "location"),
			Quantity: int64(rapid.IntRange(1, 9).Draw(t, "quantity")),
		}
	}
	for i := range rapid.IntRange(5, 40).Draw(t, "steps") {
		id := fmt.Sprint(i)
		switch rapid.SampledFrom([]string{"track", "track", "keep", "sell", "sell", "record", "receive", "rules", "untrack", "some", "all"}).Draw(t, "step") {
		case "track":
			l := draw()
			f.apply(inventory.Track(id, l))
		case "keep":
			kit := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "kit")
			kits[kit] = map[string]int64{}
			var parts []any
			for _, sku := range skus {
				if n := rapid.IntRange(0, 3).Draw(t, sku); n > 0 {
					kits[kit][sku] = int64(n)
					parts = append(parts, sku, n)
				}
			}
			f.keep(kit, parts...)
		case "sell":
			f.apply(inventory.Sell(id, draw(), draw()))
		case "record":
			c := recorded(inventory.Sell(id, draw()))
			c.Origin = shop
			c.Lines = append(c.Lines, inventory.Line{SKU: "x", Kit: "x", Location: here, Shown: -1})
			f.apply(c)
		case "receive":
			f.apply(inventory.Receive(id, draw()))
		case "rules":
			k := draw().Key()
			_ = f.store.Configure(context.Background(), f.merchant, inventory.Settings{Levels: map[inventory.Key]inventory.Rules{ // or it is untracked
				k: {SafetyStock: int64(rapid.IntRange(0, 5).Draw(t, "safety"))},
			}})
		case "untrack":
			f.apply(inventory.Untrack(id, draw().Key()))
		case "some":
			_, err := f.keeper().Derive(context.Background(), f.merchant, rapid.IntRange(1, 3).Draw(t, "most"))
			f.noError(err)
		case "all":
			f.derive()
			f.follows(kits, places...)
		}
	}
	f.derive()
	f.follows(kits, places...)
}
