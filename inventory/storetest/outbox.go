package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// outbox: what channels have to be told, as stored batches.
func outbox(t *testing.T, h Harness) {
	t.Run("claim", func(t *testing.T) { each(t, h, claimTests) })
	t.Run("seal", func(t *testing.T) { each(t, h, sealTests) })
	t.Run("settle", func(t *testing.T) { each(t, h, settleBatchTests) })
	t.Run("beliefs", func(t *testing.T) { each(t, h, beliefTests) })
}

var claimTests = []test{
	{"a batch has delta and target of each level", 0, func(f *fixture) {
		f.pending("a", "b")
		f.must(inventory.Sell("s", line("b", 7)))
		b := f.claim(9)
		f.equal(map[string][2]int64{"a": {2, 10}, "b": {-5, 3}}, told(b))
		f.equal(1, b.Attempt, "attempts count from 1")
		f.equal(0, len(b.Request), "nothing is sealed yet")
		f.yes(b.FirstSent.IsZero(), "nothing was sent yet")
		f.no(b.Now.IsZero(), "Now is the store's clock")
		f.idle()
	}},
	{"those that fall first, then the oldest", advance, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		for _, sku := range []string{"rise-2", "fall-2", "rise-1", "fall-1", "rise-3"} {
			f.must(trackShown(sku, 10, 10))
		}
		f.advance(minute)
		for _, sku := range []string{"rise-1", "rise-2"} {
			f.must(inventory.Receive("r-"+sku, line(sku, 1)))
			f.advance(minute)
		}
		for _, sku := range []string{"fall-1", "fall-2"} {
			f.must(inventory.Sell("s-"+sku, line(sku, 1)))
			f.advance(minute)
		}
		f.must(inventory.Receive("r-rise-3", line("rise-3", 1)))
		f.must(inventory.Receive("again", line("rise-1", 1)))
		first := f.claim(3)
		f.equal([]string{"fall-1", "fall-2", "rise-1"}, skus(first))
		f.yes(near(first.Now.Add(-4*minute), first.Pushes[2].Since), "a level that moves again keeps its age")
		f.equal([]string{"rise-2", "rise-3"}, skus(f.claim(3)))
	}},
	{"the Changes of one call are pending as what they come to", advance, func(f *fixture) {
		f.pending("b", "a")
		since := f.belief(shop, "b").Since
		f.advance(minute)
		f.applyAll(inventory.Sell("s1", line("b", 2)), inventory.Receive("r1", line("b", 2)))
		f.yes(since.Equal(f.belief(shop, "b").Since), "it was pending before and is after")
		b := f.seal(f.claim(9))
		f.finish(b)
		f.applyAll(inventory.Sell("s2", line("b", 2)), inventory.Receive("r2", line("b", 2)))
		f.inSync("a", "b")
		f.must(inventory.Receive("r3", line("b", 1)))
		b = f.seal(f.claim(9))
		f.settle(b, inventory.Result{Status: inventory.Refused})
		f.applyAll(inventory.Sell("s4", line("b", 2)), inventory.Receive("r4", line("b", 2)))
		f.yes(f.belief(shop, "b").Parked != "", "no fall is due, so the refused rise waits")
		f.idle()
	}},
	{"what came due at the same moment comes in order of its key", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		var want []string
		for i := range 30 {
			want = append(want, fmt.Sprintf("sku-%02d", i))
		}
		for i := range want {
			f.must(trackShown(want[len(want)-1-i], 10, 10))
		}
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Buffer: 1}}})
		f.equal(want[:20], skus(f.claim(20)), "settings make all pending at once")
		f.equal(want[20:], skus(f.claim(20)))
	}},
	{"a level is in one batch at a time", 0, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.must(inventory.Sell("s", line("a", 5)))
		f.idle()
		f.no(f.belief(shop, "a").Pending, "under way is not pending")
		f.equal(b.ID, f.belief(shop, "a").InFlight)
		f.finish(b)
		f.stands(shop, "a", 5, 10)
		f.equal(map[string][2]int64{"a": {-5, 5}}, told(f.claim(9)))
	}},
	{"channels have batches of their own", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)))
		b := f.seal(f.claim(9))
		other, err := f.store.Claim(f.Context(), f.merchant, till, 9, minute)
		f.noError(err)
		f.equal(map[string][2]int64{"a": {-2, 8}}, told(other))
		f.finish(b)
		f.equal(int64(8), f.belief(shop, "a").Believed)
		f.equal(int64(10), f.belief(till, "a").Believed)
	}},
	{"a leased batch is nobody else's", reopen, func(f *fixture) {
		f.pending("a", "b")
		b := f.claim(1)
		g := f.second()
		other := g.claim(9)
		f.equal(1, len(other.Pushes))
		f.yes(b.Pushes[0].SKU != other.Pushes[0].SKU, "one level in two batches")
		f.yes(b.ID != other.ID && b.Key() != other.Key(), "batches differ in ID and key")
		g.idle()
		g.finish(g.seal(other))
		f.finish(f.seal(b))
		g.inSync("a", "b")
	}},
	{"after the lease the same batch, the same bytes", advance | reopen, func(f *fixture) {
		f.pending("a", "b")
		b := f.seal(f.claim(1))
		g := f.second()
		f.advance(59 * time.Second)
		f.equal(1, len(g.claim(9).Pushes), "the lease runs for its time")
		f.advance(time.Second)
		f.must(inventory.Sell("s", line("a", 1), line("b", 1)))
		again := g.claim(9)
		f.equal(b.ID, again.ID)
		f.equal(b.Key(), again.Key(), "the key of a batch is the same for every try")
		f.equal(b.Request, again.Request)
		f.equal(told(b), told(again), "the same deltas, though the stock has moved on")
		f.equal(2, again.Attempt)
		f.yes(near(b.FirstSent, again.FirstSent), "FirstSent is that of the first try")
		f.yes(near(b.Now.Add(minute), again.Now), "Now is the store's clock at the claim")
	}},
	{"what was not sealed comes again, too", advance, func(f *fixture) {
		f.pending("a")
		b := f.claim(9)
		f.advance(minute)
		again := f.claim(9)
		f.equal(b.ID, again.ID)
		f.equal(told(b), told(again))
		f.equal(0, len(again.Request))
		f.finish(f.seal(again))
		f.inSync("a")
	}},
	{"Postpone keeps the batch back", advance, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.noError(f.store.Postpone(f.Context(), b, 10*time.Second))
		f.idle()
		f.advance(10 * time.Second)
		again := f.claim(9)
		f.equal(b.Request, again.Request, "the same bytes after the wait, which may be shorter than the lease")
		f.equal(2, again.Attempt)
		f.noError(f.store.Postpone(f.Context(), again, 10*minute))
		f.advance(9 * minute)
		f.idle()
		f.advance(minute)
		f.equal(3, f.claim(9).Attempt)
	}},
	{"Postpone by a lost lease changes nothing", advance | reopen, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.advance(minute)
		g := f.second()
		again := g.claim(9)
		f.noError(f.store.Postpone(f.Context(), b, time.Second))
		f.advance(30 * time.Second)
		f.idle()
		g.finish(again)
		g.inSync("a")
	}},
	{"a batch of none is refused", 0, func(f *fixture) {
		f.pending("a")
		for _, most := range []int{0, -1} {
			_, err := f.store.Claim(f.Context(), f.merchant, shop, most, minute)
			f.errorIs(err, inventory.ErrInvalid, "a batch of at most %d levels", most)
		}
		f.equal([]string{"a"}, skus(f.claim(1)))
	}},
	{"keys differ", 0, func(f *fixture) {
		g := *f
		g.merchant += "-2"
		seen := map[string]bool{}
		for _, x := range []*fixture{f, &g} {
			x.pending("a", "b")
			for range 2 {
				b := x.claim(1)
				f.no(seen[b.Key()], "the key of a batch must be no other batch's")
				seen[b.Key()] = true
				f.equal(b.Key(), x.seal(b).Key())
			}
		}
	}},
}

var sealTests = []test{
	{"the same bytes twice are fine, others are not", 0, func(f *fixture) {
		f.pending("a")
		b := f.claim(9)
		f.seal(b)
		f.seal(b)
		b.Request = []byte("other")
		_, err := f.store.Seal(f.Context(), b, nil)
		f.errorIs(err, inventory.ErrConflict, "what was sealed may have been sent")
	}},
	{"a lost lease seals nothing", advance | reopen, func(f *fixture) {
		f.pending("a")
		b := f.claim(9)
		f.advance(minute)
		g := f.second()
		again := g.claim(9)
		b.Request = []byte("late")
		_, err := f.store.Seal(f.Context(), b, nil)
		f.errorIs(err, inventory.ErrConflict, "the lease is another's by now")
		g.finish(g.seal(again))
		_, err = f.store.Seal(f.Context(), b, nil)
		f.errorIs(err, inventory.ErrConflict, "the batch has ended")
		g.inSync("a")
	}},
	{"refused entries leave", advance, func(f *fixture) {
		f.pending("a", "b", "c")
		b := f.claim(9)
		b.Request = []byte("bytes")
		refused := make([]inventory.Result, 3)
		for i, p := range b.Pushes {
			if p.SKU == "b" {
				refused[i] = inventory.Result{Status: inventory.Refused, Err: errRefused, RetryIn: 10 * minute}
			}
		}
		sealed, err := f.store.Seal(f.Context(), b, refused)
		f.noError(err)
		f.equal(map[string][2]int64{"a": {2, 10}, "c": {2, 10}}, told(sealed))
		f.equal(errRefused.Error(), f.belief(shop, "b").Parked)
		f.equal("", f.belief(shop, "b").InFlight)
		f.finish(sealed)
		f.idle()
		f.advance(10 * minute)
		next := f.claim(9)
		f.equal([]string{"b"}, skus(next))
		f.finish(f.seal(next))
		f.inSync("a", "b", "c")
	}},
	{"when all are refused there is nothing to send", advance, func(f *fixture) {
		f.pending("a", "b")
		b := f.claim(9)
		sealed, err := f.store.Seal(f.Context(), b, results(b, inventory.Refused))
		f.noError(err)
		f.equal("", sealed.ID)
		f.yes(f.belief(shop, "a").Parked != "" && f.belief(shop, "b").Parked != "", "both are parked")
		f.advance(2 * minute)
		f.idle()
	}},
	{"refused has one result per push or none", 0, func(f *fixture) {
		f.pending("a", "b")
		b := f.claim(9)
		_, err := f.store.Seal(f.Context(), b, make([]inventory.Result, 1))
		f.errorIs(err, inventory.ErrInvalid)
		f.finish(f.seal(b))
		f.inSync("a", "b")
	}},
}

var beliefTests = []test{
	{"the listing has what is pending, under way or parked", advance, func(f *fixture) {
		f.pending("refused", "flying", "waiting")
		f.must(trackShown("quiet", 10, 10))
		f.track("unread", 10)
		b := f.seal(f.claim(3))
		results := results(b, inventory.Deferred)
		for i, p := range b.Pushes {
			if p.SKU == "refused" {
				results[i] = inventory.Result{Status: inventory.Refused, Err: errRefused}
			}
		}
		f.settle(b, results...)
		f.advance(minute)
		f.must(inventory.Sell("s", line("flying", 5)))
		flying := f.claim(1)
		got := f.listed(shop)
		f.equal(3, len(got), "listed: %v", got)
		f.equal(inventory.Belief{Key: key("flying"), Channel: shop, Target: 5, Believed: 8, Known: true, InFlight: flying.ID}, timeless(got["flying"]))
		f.equal(inventory.Belief{Key: key("waiting"), Channel: shop, Target: 10, Believed: 8, Known: true, Pending: true}, timeless(got["waiting"]))
		f.equal(inventory.Belief{Key: key("refused"), Channel: shop, Target: 10, Believed: 8, Known: true, Parked: errRefused.Error()}, timeless(got["refused"]))
		f.yes(near(flying.Now.Add(-minute), got["refused"].Since), "Since is when it was parked, not %v", got["refused"].Since)
		f.yes(near(flying.Now.Add(-minute), got["waiting"].Since), "Since is when it became pending, not %v", got["waiting"].Since)
	}},
	{"unknown levels are left out", 0, func(f *fixture) {
		f.pending("a")
		got := f.beliefs(shop, []inventory.Key{key("x"), key("a"), key("y")})
		f.equal(1, len(got))
		f.equal(key("a"), got[0].Key)
		f.equal(0, len(f.beliefs(shop, []inventory.Key{})), "no keys are not all keys")
	}},
	{"a reader may stop", 0, func(f *fixture) {
		f.pending("a", "b")
		for range f.store.Beliefs(f.Context(), f.merchant, shop, nil) {
			break
		}
		for range f.store.AllLevels(f.Context(), f.merchant) {
			break
		}
		f.must(inventory.Sell("s", line("a", 1)))
	}},
}

func timeless(b inventory.Belief) inventory.Belief {
	b.Since = time.Time{}
	return b
}
