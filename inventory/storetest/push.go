package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

var errRefused = errors.New("no such item")

// trackShown starts a level here of which shop is known to show a number.
func trackShown(sku string, n, shown int64) inventory.Change {
	c := inventory.Track("track-"+sku, line(sku, n))
	c.Origin, c.Lines[0].Shown = shop, shown
	return c
}

// pending configures shop, and starts levels with 10 units of which shop shows
// 8, so all are pending with a delta of 2.
func (f *fixture) pending(skus ...string) {
	f.Helper()
	f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
	for _, sku := range skus {
		f.must(trackShown(sku, 10, 8))
	}
}

// belief reads how a level here stands with a channel.
func (f *fixture) belief(channel, sku string) inventory.Belief {
	f.Helper()
	beliefs := f.beliefs(channel, []inventory.Key{key(sku)})
	f.equal(1, len(beliefs), "beliefs of %s", sku)
	return beliefs[0]
}

func (f *fixture) beliefs(channel string, keys []inventory.Key) []inventory.Belief {
	f.Helper()
	var out []inventory.Belief
	for b, err := range f.store.Beliefs(f.Context(), f.merchant, channel, keys) {
		f.noError(err)
		f.equal(channel, b.Channel)
		out = append(out, b)
	}
	return out
}

// listed returns the SKUs that are pending, under way or parked.
func (f *fixture) listed(channel string) map[string]inventory.Belief {
	f.Helper()
	out := map[string]inventory.Belief{}
	for _, b := range f.beliefs(channel, nil) {
		out[b.SKU] = b
	}
	return out
}

// stands checks what shop should show and is believed to show, and that the
// level is pending exactly where the two differ.
func (f *fixture) stands(channel, sku string, target, believed int64) {
	f.Helper()
	b := f.belief(channel, sku)
	f.equal([2]int64{target, believed}, [2]int64{b.Target, b.Believed}, "target and believed of %s on %s", sku, channel)
	f.yes(b.Known, "what %s shows of %s is known", channel, sku)
	f.equal(target != believed, b.Pending, "%s must be pending on %s exactly where the target differs from what is believed", sku, channel)
	_, listed := f.listed(channel)[sku]
	f.equal(b.Pending, listed, "the listing of beliefs must have exactly what is pending, under way or parked")
}

// inSync checks that levels have been told and nothing is left to do.
func (f *fixture) inSync(skus ...string) {
	f.Helper()
	for _, sku := range skus {
		n := f.belief(shop, sku).Target
		f.stands(shop, sku, n, n)
	}
	f.idle()
}

func (f *fixture) claim(most int) inventory.Batch {
	f.Helper()
	b, err := f.store.Claim(f.Context(), f.merchant, shop, most, minute)
	f.noError(err)
	f.yes(b.ID != "", "Claim must find a batch")
	f.equal([2]string{f.merchant, shop}, [2]string{b.Merchant, b.Channel})
	f.yes(len(b.Pushes) > 0 && len(b.Pushes) <= most, "%d pushes in a batch of at most %d", len(b.Pushes), most)
	return b
}

// idle checks that there is nothing to claim.
func (f *fixture) idle() {
	f.Helper()
	b, err := f.store.Claim(f.Context(), f.merchant, shop, 99, minute)
	f.noError(err)
	f.equal("", b.ID, "Claim must find nothing to do, but has %v", b.Pushes)
}

// seal seals the batch with bytes of its own.
func (f *fixture) seal(b inventory.Batch) inventory.Batch {
	f.Helper()
	b.Request = fmt.Appendf(nil, "request %s\x00\xff", b.ID)
	sealed, err := f.store.Seal(f.Context(), b, nil)
	f.noError(err)
	f.equal(b.Request, sealed.Request, "Seal returns the batch to send")
	f.equal(told(b), told(sealed), "Seal leaves the pushes as they are")
	return sealed
}

func (f *fixture) settle(b inventory.Batch, results ...inventory.Result) {
	f.Helper()
	f.noError(f.store.Settle(f.Context(), b, results))
}

// finish settles the batch as applied.
func (f *fixture) finish(b inventory.Batch) {
	f.Helper()
	f.settle(b, results(b, inventory.Applied)...)
}

// results has the same result for each push.
func results(b inventory.Batch, s inventory.PushStatus) []inventory.Result {
	out := make([]inventory.Result, len(b.Pushes))
	for i := range out {
		out[i].Status = s
	}
	return out
}

func skus(b inventory.Batch) []string {
	var out []string
	for _, p := range b.Pushes {
		out = append(out, p.SKU)
	}
	return out
}

// told returns what a batch tells the channel: delta and target by SKU.
func told(b inventory.Batch) map[string][2]int64 {
	out := map[string][2]int64{}
	for _, p := range b.Pushes {
		out[p.SKU] = [2]int64{p.Delta, p.Target}
	}
	return out
}

// shownBy sums by how much the origin's own numbers have moved.
func shownBy(c inventory.Change) int64 {
	var n int64
	for _, l := range c.Lines {
		n += l.Shown
	}
	return n
}

// near reports whether two readings of the store's clock are the same, with
// room for stores that keep less than nanoseconds or whose clock runs on.
func near(a, b time.Time) bool { return a.Sub(b).Abs() < 10*time.Second }
