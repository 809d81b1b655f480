package shopify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/shopify"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// giftBoxes is a stock that knows of a BOX of two mugs and a tee.
func giftBoxes() *inventory.Config {
	return &inventory.Config{
		Sourcer: inventory.MostStock(),
		Kits:    inventory.FixedKits{"BOX": {{SKU: "MUG", Quantity: 2}, {SKU: "TEE", Quantity: 1}}},
	}
}

// boxShop sells boxes as items of their own, with a stale number of them.
func boxShop(s *shopifytest.Server) {
	s.Stock("MUG", "berlin", 20)
	s.Stock("TEE", "berlin", 8)
	s.Stock("BOX", "berlin", 99)
}

func (r *rig) push() {
	r.t.Helper()
	require.NoError(r.t, r.pusher.Drain(r.t.Context()))
	r.equal()
}

func (r *rig) apply(c inventory.Change) {
	r.t.Helper()
	_, err := r.stock.Apply(r.t.Context(), c)
	require.NoError(r.t, err)
}

func TestShopShowsWhatItsKitsAllow(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRigOf(t, nil, giftBoxes(), boxShop)
		boxes := func(n int64, when string) {
			t.Helper()
			r.push()
			require.Equal(t, n, r.twin.Available("BOX", "berlin"), when)
			require.True(t, r.level("BOX", "berlin").Kit)
		}
		boxes(8, "the load showed it, and eight tees make eight boxes")

		before := r.pusher.Stats().Applied
		id, err := r.twin.Order(shopifytest.Line{SKU: "BOX", Quantity: 3})
		require.NoError(t, err)
		r.deliver()
		boxes(5, "a kit sold on the shop")
		require.EqualValues(t, 2, r.pusher.Stats().Applied-before, "mug and tee were told, and not the box")
		require.EqualValues(t, 14, r.twin.Available("MUG", "berlin"))
		require.EqualValues(t, 5, r.twin.Available("TEE", "berlin"))

		r.apply(inventory.Sell("till/1", inventory.Line{SKU: "TEE", Location: "berlin", Quantity: 4}))
		boxes(1, "a component sold by a till")
		r.apply(inventory.Receive("asn/1", inventory.Line{SKU: "TEE", Location: "berlin", Quantity: 20}))
		boxes(7, "a component received, and now mugs are scarce")

		_, err = r.twin.Refund(id, shopifytest.RefundLine{Line: "BOX", Quantity: 1, Restock: shopifytest.CancelUnits})
		require.NoError(t, err)
		r.deliver()
		boxes(8, "a box came back")
		require.NoError(t, r.twin.Edit(id, shopifytest.EditLine{SKU: "BOX", Delta: 2}))
		r.deliver()
		r.catchUp()
		boxes(6, "the order was edited")
		require.NoError(t, r.twin.Cancel(id, true))
		r.deliver()
		r.catchUp()
		boxes(10, "the order was cancelled: twenty mugs are back")
	})
}

func TestLoadShowsKitsInsteadOfTrackingThem(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRigOf(t, nil, giftBoxes(), func(s *shopifytest.Server) {
			boxShop(s)
			s.Stock("BOX", "lyon", 3)
			s.Stock("MUG", "lyon", 4)
		})
		report, err := shopify.Load(t.Context(), r.stock, r.client, r.catalog, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"BOX"}, report.Kits)
		require.Equal(t, []inventory.Key{{SKU: "BOX", Location: "lyon"}}, report.Unshown)
		require.Zero(t, report.Tracked)
		_, err = r.stock.Levels(t.Context(), inventory.Key{SKU: "BOX", Location: "lyon"})
		require.ErrorIs(t, err, inventory.ErrUntracked, "nobody counts tees in lyon, so nobody knows")
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 3, r.twin.Available("BOX", "lyon"), "and nothing is pushed")
		require.EqualValues(t, 8, r.twin.Available("BOX", "berlin"))

		r.apply(inventory.Track("tees in lyon", inventory.Line{SKU: "TEE", Location: "lyon", Quantity: 9}))
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 3, r.twin.Available("BOX", "lyon"), "what it shows has not been read")
		report, err = shopify.Load(t.Context(), r.stock, r.client, r.catalog, nil)
		require.NoError(t, err)
		require.Empty(t, report.Unshown)
		require.NoError(t, r.pusher.Drain(t.Context()))
		require.EqualValues(t, 2, r.twin.Available("BOX", "lyon"))
	})
}

// A shop that sells boxes and their parts, late, lost and doubled webhooks, lost
// requests, a till, a warehouse: in the end everything is equal.
func TestShopWithKitsAndStockAgreeInTheEnd(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				cfg := &shopifytest.Config{Seed: seed, Duplicate: 0.2, Reorder: 0.3, Lose: 0.2, Stale: 0.1, Late: 0.2, Skew: 2 * time.Second}
				r := newRigOf(t, cfg, giftBoxes(), func(s *shopifytest.Server) {
					s.Stock("MUG", "berlin", 150)
					s.Stock("TEE", "berlin", 90)
					s.Stock("BOX", "berlin", 5)
				})
				shopper := r.twin.Shopper(&shopifytest.ShopperConfig{
					Seed: seed, Mix: shopifytest.Mix{Order: 40, Cancel: 8, Refund: 15, Edit: 10, Fulfill: 20, Touch: 5},
				})
				n := 0
				r.twin.OnRequest(func(string, int) shopifytest.Fault {
					n++
					return shopifytest.Fault{Drop: n%17 == 0, LoseReply: n%13 == 0}
				})
				for i := range 120 {
					shopper.Step()
					line := inventory.Line{SKU: []string{"BOX", "MUG", "TEE"}[i%3], Quantity: 1}
					if _, err := r.stock.Apply(t.Context(), inventory.Sell(fmt.Sprint("web/", i), line)); err != nil {
						require.ErrorIs(t, err, inventory.ErrInsufficient)
					}
					if i%9 == 0 {
						r.apply(inventory.Receive(fmt.Sprint("asn/", i), inventory.Line{SKU: "TEE", Location: "berlin", Quantity: 3}))
					}
					time.Sleep(700 * time.Millisecond)
					r.twin.Deliver(t.Context())
					if i%20 == 0 {
						require.NoError(t, r.router.Drain(t.Context()))
						require.NoError(t, r.pusher.Drain(t.Context()))
					}
				}
				r.deliver()
				r.catchUp()
				r.push()
				kits, err := r.stock.ShownKits(t.Context())
				require.NoError(t, err)
				for _, l := range kits[0].Levels {
					mugs, tees := r.level("MUG", l.Location).Available, r.level("TEE", l.Location).Available
					require.Equal(t, inventory.KitUnits([]inventory.Level{{Available: mugs}, {Available: tees}}, []int64{2, 1}), r.twin.Available("BOX", l.Location))
				}
				for _, s := range r.router.Stats() {
					require.Zero(t, s.Dead)
				}
			})
		})
	}
}
