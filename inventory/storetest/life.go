package storetest

import (
	"errors"

	"github.com/onhand-dev/onhand/inventory"
)

// lifeTests: a channel is removed, read again, and what was refused is tried
// again.
var lifeTests = []test{
	{"a channel that is removed is not told any more", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)))
		version := f.settings().Version
		f.configure(inventory.Settings{Remove: []string{shop, "unknown"}})
		f.equal([]inventory.Channel{{Name: till}}, f.settings().Channels)
		f.yes(f.settings().Version > version, "the version grows")
		_, err := f.store.Claim(f.Context(), f.merchant, shop, 9, minute)
		f.errorIs(err, inventory.ErrInvalid)
		f.errorIs(f.store.Forget(f.Context(), f.merchant, shop, []inventory.Key{key("a")}), inventory.ErrInvalid)
		f.errorIs(f.store.Unpark(f.Context(), f.merchant, shop, []inventory.Key{key("a")}), inventory.ErrInvalid)
		for _, err := range f.store.Beliefs(f.Context(), f.merchant, shop, nil) {
			f.errorIs(err, inventory.ErrInvalid)
		}
		f.stands(till, "a", 8, 10)
		f.must(inventory.Sell("s2", line("a", 1)).ReportedBy(shop))
		f.stands(till, "a", 7, 10)
	}},
	{"another process hears of it at once", reopen, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)))
		g := f.second()
		g.stands(shop, "a", 8, 10)
		f.configure(inventory.Settings{Remove: []string{shop}})
		_, err := g.store.Claim(f.Context(), f.merchant, shop, 9, minute)
		f.errorIs(err, inventory.ErrInvalid)
		f.errorIs(g.store.Forget(f.Context(), f.merchant, shop, []inventory.Key{key("a")}), inventory.ErrInvalid)
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		for _, err := range g.store.Beliefs(f.Context(), f.merchant, shop, []inventory.Key{key("a")}) {
			f.noError(err)
		}
	}},
	{"one that is added again knows nothing", 0, func(f *fixture) {
		f.pending("a", "b", "c")
		f.rules("a", inventory.Rules{SafetyStock: 1, Buffers: map[string]int64{shop: 4, till: 5}})
		parked := f.claim(1)
		f.settle(f.seal(parked), results(parked, inventory.Refused)...)
		out := f.seal(f.claim(1))
		f.configure(inventory.Settings{Remove: []string{shop}})
		f.equal(inventory.Rules{SafetyStock: 1, Buffers: map[string]int64{till: 5}}, f.level("a").Rules, "its buffers are gone, and only its")
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		for _, sku := range []string{"a", "b", "c"} {
			f.equal(inventory.Belief{Key: key(sku), Channel: shop, Target: 10}, f.belief(shop, sku))
		}
		f.equal(0, len(f.listed(shop)))
		f.idle()
		f.finish(out) // an answer to what was sent before counts no more
		f.no(f.belief(shop, out.Pushes[0].SKU).Known)
		f.must(believe("b", shop, out.Pushes[0].SKU, 3))
		f.finish(out)
		f.stands(shop, out.Pushes[0].SKU, 10, 3)
	}},
	{"a batch that is out is dropped", advance, func(f *fixture) {
		f.pending("a", "b")
		sealed, claimed := f.seal(f.claim(1)), f.claim(1)
		f.configure(inventory.Settings{Remove: []string{shop}})
		f.noError(f.store.Postpone(f.Context(), sealed, minute))
		f.settle(sealed, results(sealed, inventory.Applied)...)
		_, err := f.store.Seal(f.Context(), claimed, nil)
		f.errorIs(err, inventory.ErrConflict, "there is nothing to send it to")
		for _, sku := range []string{"a", "b"} {
			f.must(inventory.Untrack("u-"+sku, key(sku)))
		}
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.advance(hour)
		f.idle()
	}},
	{"Remove goes alone", 0, func(f *fixture) {
		f.pending("a")
		for _, set := range []inventory.Settings{
			{Remove: []string{shop}, Channels: []inventory.Channel{{Name: till}}},
			{Remove: []string{shop}, Levels: map[inventory.Key]inventory.Rules{key("a"): {}}},
			{Remove: []string{""}},
		} {
			f.errorIs(f.store.Configure(f.Context(), f.merchant, set), inventory.ErrInvalid)
		}
		f.stands(shop, "a", 10, 8)
	}},
	{"Forget makes a level unknown, until it is read", 0, func(f *fixture) {
		f.pending("a", "b")
		f.forget(shop, key("a"), key("x"))
		f.equal(inventory.Belief{Key: key("a"), Channel: shop, Target: 10}, f.belief(shop, "a"))
		f.equal([]string{"b"}, skus(f.claim(9)))
		f.must(inventory.Sell("s", line("a", 1)).ReportedBy(shop))
		f.no(f.belief(shop, "a").Known)
		f.must(believe("b", shop, "a", 4))
		f.stands(shop, "a", 9, 4)
	}},
	{"Forget while a batch is under way", 0, func(f *fixture) {
		f.pending("applied", "replaced", "deferred", "refused", "lapsed")
		b := f.seal(f.claim(9))
		for _, p := range b.Pushes {
			f.forget(shop, p.Key)
			f.must(believe("early-"+p.SKU, shop, p.SKU, 5))
			got := f.belief(shop, p.SKU)
			f.no(got.Known, "nobody knows whether the reading has the push in it")
			f.equal(b.ID, got.InFlight)
		}
		var mixed []inventory.Result
		for _, p := range b.Pushes {
			mixed = append(mixed, inventory.Result{Status: inventory.PushStatus(p.SKU)})
		}
		f.settle(b, mixed...)
		for _, p := range b.Pushes {
			got := f.belief(shop, p.SKU)
			f.equal([2]any{false, int64(0)}, [2]any{got.Known, got.Believed}, "%s is unknown all the same", p.SKU)
			f.no(got.Pending)
			f.forget(shop, p.Key) // it may have been parked again
			f.must(believe("late-"+p.SKU, shop, p.SKU, 6))
			f.stands(shop, p.SKU, 10, 6)
		}
	}},
	{"Forget and Unpark of a pooled channel are by SKU", 0, func(f *fixture) {
		f.pool(inventory.Channel{Buffer: 1})
		b, _ := f.claimOf(bazaar)
		f.settle(f.seal(b), results(b, inventory.Refused)...)
		f.yes(f.belief(bazaar, "a").Parked != "")
		f.noError(f.store.Unpark(f.Context(), f.merchant, bazaar, []inventory.Key{{SKU: "a", Location: there}}))
		f.stands(bazaar, "a", 14, 15)
		f.forget(bazaar, key("a"))
		f.no(f.belief(bazaar, "a").Known)
		f.must(believePool("b2", 14))
		f.stands(bazaar, "a", 14, 14)
	}},
	{"Unpark lets parked levels be told at once", advance, func(f *fixture) {
		f.pending("a", "b", "c")
		b := f.seal(f.claim(2))
		f.settle(b, results(b, inventory.Refused)...)
		first, second := b.Pushes[0], b.Pushes[1]
		f.noError(f.store.Unpark(f.Context(), f.merchant, shop, []inventory.Key{first.Key, key("x"), key("c")}))
		f.stands(shop, first.SKU, 10, 8)
		f.yes(f.belief(shop, second.SKU).Parked != "", "the other stays parked")
		next := f.claim(9)
		f.equal(2, len(next.Pushes))
		f.settle(f.seal(next), results(next, inventory.Refused)...)
		f.advance(59 * minute)
		f.idle()
		f.advance(minute)
		f.equal(3, len(f.claim(9).Pushes), "what is parked again waits as long again")
	}},
	{"a rise that was refused does not hide a fall", 0, func(f *fixture) {
		f.pending("refused", "lapsed")
		b := f.seal(f.claim(9))
		f.settle(b, inventory.Result{Status: inventory.PushStatus(b.Pushes[0].SKU)}, inventory.Result{Status: inventory.PushStatus(b.Pushes[1].SKU)})
		for _, sku := range []string{"refused", "lapsed"} {
			f.yes(f.belief(shop, sku).Parked != "")
			f.must(inventory.Sell("s-"+sku, line(sku, 1)))
			f.must(inventory.Sell("t-"+sku, line(sku, 5)))
			f.equal("", f.belief(shop, sku).Parked)
		}
		f.stands(shop, "refused", 4, 8)
		f.stands(shop, "lapsed", 4, 10)
		f.equal(2, len(f.claim(9).Pushes))
	}},
	{"it fell before the refusal was heard of", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("s", line("a", 5)))
		f.settle(b, inventory.Result{Status: inventory.Refused, Err: errRefused})
		f.stands(shop, "a", 5, 8)
	}},
	{"a fall that was refused waits", advance, func(f *fixture) {
		f.pending("a")
		f.must(inventory.Sell("s", line("a", 5)))
		b := f.seal(f.claim(9))
		f.settle(b, inventory.Result{Status: inventory.Refused, Err: errors.New("no item")})
		f.must(inventory.Sell("s2", line("a", 1)))
		f.equal("no item", f.belief(shop, "a").Parked, "what hinders one fall hinders the next")
		f.idle()
		f.must(inventory.Receive("r", line("a", 9)))
		f.idle()
		f.advance(hour)
		f.equal(map[string][2]int64{"a": {5, 13}}, told(f.claim(9)))
	}},
	{"replaced: the channel shows the target, whatever it showed", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("theirs", line("a", 3)).ReportedBy(shop))
		f.settle(b, results(b, inventory.Replaced)...)
		f.stands(shop, "a", 7, 10) // sold before or after: told again
		b = f.seal(f.claim(9))
		f.settle(b, results(b, inventory.Replaced)...)
		f.inSync("a")
	}},
	{"a push is bounded", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.must(trackShown("a", inventory.MaxQuantity, 0))
		f.must(inventory.Receive("r", line("a", inventory.MaxQuantity)))
		b := f.claim(9)
		f.equal(map[string][2]int64{"a": {inventory.MaxQuantity, inventory.MaxQuantity}}, told(b))
		f.finish(f.seal(b))
		f.stands(shop, "a", 2*inventory.MaxQuantity, inventory.MaxQuantity)
		f.finish(f.seal(f.claim(9)))
		f.inSync("a")
	}},
}

func (f *fixture) forget(channel string, keys ...inventory.Key) {
	f.Helper()
	f.noError(f.store.Forget(f.Context(), f.merchant, channel, keys))
}
