package storetest

import (
	"errors"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

var settleBatchTests = []test{
	{"applied moves what is believed by the delta", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("theirs", line("a", 1)).ReportedBy(shop))
		f.must(inventory.Sell("ours", line("a", 4)))
		f.finish(b)
		f.stands(shop, "a", 5, 9) // 8 shown, 1 sold there, 2 added by the push
		f.equal(map[string][2]int64{"a": {-4, 5}}, told(f.claim(9)))
	}},
	{"movements that cancel a push are pushed back", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("s", line("a", 2)))
		f.finish(b)
		f.stands(shop, "a", 8, 10)
	}},
	{"twice is harmless, also with other results", 0, func(f *fixture) {
		f.pending("a", "b")
		b := f.seal(f.claim(9))
		f.finish(b)
		f.finish(b)
		f.settle(b, results(b, inventory.Refused)...)
		f.settle(b, results(b, inventory.Deferred)...)
		f.inSync("a", "b")
	}},
	{"an answer counts though the lease is lost", advance | reopen, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.advance(minute)
		g := f.second()
		again := g.claim(9)
		f.finish(b)
		f.inSync("a")
		g.finish(again)
		g.inSync("a")
	}},
	{"a batch is settled whole", 0, func(f *fixture) {
		f.pending("a", "b")
		b := f.seal(f.claim(9))
		f.errorIs(f.store.Settle(f.Context(), b, results(b, inventory.Applied)[:1]), inventory.ErrInvalid)
		f.equal(b.ID, f.belief(shop, "a").InFlight, "a refused Settle settles nothing")
		f.finish(b)
		f.inSync("a", "b")
	}},
	{"each push has its own result", 0, func(f *fixture) {
		f.pending("applied", "deferred", "refused", "lapsed")
		b := f.seal(f.claim(9))
		var mixed []inventory.Result
		for _, p := range b.Pushes {
			mixed = append(mixed, inventory.Result{Status: inventory.PushStatus(p.SKU), Err: errors.New("of " + p.SKU)})
		}
		f.settle(b, mixed...)
		f.stands(shop, "applied", 10, 10)
		f.stands(shop, "deferred", 10, 8)
		f.equal("of refused", f.belief(shop, "refused").Parked)
		f.equal("of lapsed", f.belief(shop, "lapsed").Parked)
		f.equal([2]int64{8, 10}, [2]int64{f.belief(shop, "refused").Believed, f.belief(shop, "lapsed").Believed})
		next := f.claim(9)
		f.equal([]string{"deferred"}, skus(next))
	}},
	{"deferred comes back in a new batch and keeps its age", advance, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.advance(30 * time.Second)
		f.must(trackShown("b", 10, 8))
		f.settle(b, results(b, inventory.Deferred)...)
		f.stands(shop, "a", 10, 8)
		next := f.claim(1)
		f.equal([]string{"a"}, skus(next), "it goes before what became pending later")
		f.yes(near(b.Now, next.Pushes[0].Since), "pending since %v, not since %v", b.Now, next.Pushes[0].Since)
		f.yes(next.ID != b.ID && next.Key() != b.Key(), "other bytes need another key")
		f.equal(1, next.Attempt)
	}},
	{"deferred and meanwhile done is not pending", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("s", line("a", 2)))
		f.settle(b, results(b, inventory.Deferred)...)
		f.inSync("a")
	}},
	{"refused is parked until RetryIn", advance, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.settle(b, inventory.Result{Status: inventory.Refused, Err: errRefused, RetryIn: 5 * minute})
		f.must(inventory.Sell("s", line("a", 1)))
		f.no(f.belief(shop, "a").Pending, "parked is not pending")
		f.equal(errRefused.Error(), f.listed(shop)["a"].Parked, "a parked level is listed with the reason")
		f.idle()
		f.advance(5*minute - time.Second)
		f.idle()
		f.advance(time.Second)
		next := f.claim(9)
		f.equal(map[string][2]int64{"a": {1, 9}}, told(next), "the delta is that of now")
		f.finish(f.seal(next))
		f.inSync("a")
	}},
	{"refused without RetryIn waits an hour", advance, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.settle(b, results(b, inventory.Refused)...)
		f.yes(f.belief(shop, "a").Parked != "", "parked, also without a reason")
		f.advance(59 * minute)
		f.idle()
		f.advance(minute)
		f.equal([]string{"a"}, skus(f.claim(9)))
	}},
	{"refused and meanwhile done is nothing to do", advance, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.settle(b, results(b, inventory.Refused)...)
		f.must(inventory.Sell("s", line("a", 2)))
		f.advance(hour)
		f.idle()
		f.inSync("a")
	}},
	{"lapsed: a rise counts, a fall does not", advance, func(f *fixture) {
		f.pending("rise", "fall")
		f.must(inventory.Sell("s", line("fall", 5)))
		b := f.seal(f.claim(9))
		f.settle(b, results(b, inventory.Lapsed)...)
		for sku, believed := range map[string]int64{"rise": 10, "fall": 8} {
			got := f.belief(shop, sku)
			f.equal(believed, got.Believed, "nobody knows, so what is believed of %s errs on the side of showing less", sku)
			f.yes(got.Parked != "", "%s is parked for a person to compare", sku)
		}
		f.idle()
		f.advance(hour)
		f.equal(map[string][2]int64{"fall": {-3, 5}}, told(f.claim(9)))
	}},
	{"new settings while a push is under way", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Buffer: 3}}})
		f.idle()
		f.finish(b)
		f.stands(shop, "a", 7, 10)
	}},
	{"settled by another process", reopen, func(f *fixture) {
		f.pending("a")
		g := f.second()
		g.finish(f.seal(f.claim(9)))
		f.inSync("a")
		g.inSync("a")
	}},
}
