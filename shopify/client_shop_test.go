package shopify

import (
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// newShop is a test shop that counts costs in full, and a client of it.
func newShop(t *testing.T, version string) (*shopifytest.Server, *Client) {
	t.Helper()
	shop, err := shopifytest.Open(&shopifytest.Config{LinearCost: true, MaximumAvailable: 100_000, RestoreRate: 100_000, Lag: -1, Seed: 1})
	require.NoError(t, err)
	c, err := NewClient(shop.Domain, StaticToken(shop.Token), &ClientConfig{
		Version: version, HTTP: &http.Client{Transport: shop.Transport()}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return shop, c
}

// Every read and write against the test shop, in every version.
func TestClientAgainstAShop(t *testing.T) {
	t.Parallel()
	for _, version := range admin.Versions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			shop, c := newShop(t, version)
			const skus, places = 25, 13 // more places than a page of levels has
			for n := range skus {
				for p := range places {
					shop.Stock(fmt.Sprintf("S%02d", n), fmt.Sprintf("L%02d", p), int64(n))
				}
			}
			who, err := c.identify(ctx)
			require.NoError(t, err)
			assert.Equal(t, shop.Domain, who.Domain)
			locations, err := c.locations(ctx, PriorityRead)
			require.NoError(t, err)
			assert.Len(t, locations, places)

			found := 0
			for p, err := range c.inventory(ctx, nil, PriorityBulk) {
				require.NoError(t, err)
				for _, it := range p.Items {
					found++
					assert.Len(t, it.Levels, places, it.SKU)
					assert.Len(t, it.Variants, 1)
				}
			}
			assert.Equal(t, skus, found)

			items, err := c.itemsBySKU(ctx, []string{"S03", "S04", "none"}, PriorityRead)
			require.NoError(t, err)
			require.Len(t, items, 2)
			it := items["S03"][0]
			byVariant, err := c.itemsByVariant(ctx, it.Variants, PriorityRead)
			require.NoError(t, err)
			assert.Equal(t, it, byVariant[it.Variants[0]])
			byID, err := c.itemsByID(ctx, []string{it.ID}, PriorityRead)
			require.NoError(t, err)
			assert.Equal(t, it, byID[it.ID])

			of, err := c.levelsOf(ctx, []string{it.ID}, []string{"available"}, PriorityRead)
			require.NoError(t, err)
			require.Len(t, of, 1)
			require.Len(t, of[0].Levels, places)
			one := of[0].Levels[0]
			got, err := c.levels(ctx, []string{one.ID}, nil, PriorityRead)
			require.NoError(t, err)
			require.Len(t, got, 1)
			n, _ := got[0].available()
			assert.EqualValues(t, 3, n)

			w := write{Key: "a", Name: "available", Reason: "correction", Entries: []writeEntry{{Item: it.ID, Location: one.Location, Quantity: -2}}}
			body, err := adjustBody(w)
			require.NoError(t, err)
			for range 2 { // the same bytes twice are one adjustment
				r, err := c.sendWrite(ctx, body)
				require.NoError(t, err)
				assert.Empty(t, r.Refused)
			}
			stale := int64(3)
			w.Key, w.Entries[0].From = "b", &stale
			r, err := c.adjust(ctx, w)
			require.NoError(t, err)
			require.Len(t, r.Refused, 1)
			assert.Equal(t, "CHANGE_FROM_QUANTITY_STALE", r.Refused[0].Code)
			w.Key, w.Entries[0].From, w.Entries[0].Quantity = "c", nil, 50
			body, err = setBody(w)
			require.NoError(t, err)
			r, err = c.sendWrite(ctx, body)
			require.NoError(t, err)
			require.NotEmpty(t, r.Changes)
			got, err = c.levels(ctx, []string{one.ID}, nil, PriorityRead)
			require.NoError(t, err)
			n, _ = got[0].available()
			assert.EqualValues(t, 50, n)
			assert.Zero(t, c.Stats().VersionMismatches)
		})
	}
}

func TestOrdersOfAShopAreReadWhole(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	shop, c := newShop(t, DefaultVersion)
	var lines []shopifytest.Line
	for n := range 45 { // more than a page of lines
		sku := fmt.Sprintf("S%02d", n)
		shop.Stock(sku, "Berlin", 100)
		lines = append(lines, shopifytest.Line{SKU: sku, Quantity: 9})
	}
	start := shop.Now().Add(-time.Minute)
	big, err := shop.Order(lines...)
	require.NoError(t, err)
	for range 7 { // more refunds and shipments than a list has
		_, err := shop.Fulfill(big, shopifytest.Line{SKU: "S00", Quantity: 1})
		require.NoError(t, err)
		_, err = shop.Refund(big, shopifytest.RefundLine{Line: "S01", Quantity: 1, Restock: shopifytest.CancelUnits})
		require.NoError(t, err)
	}
	for range 20 {
		_, err := shop.Order(shopifytest.Line{SKU: "S02", Quantity: 1})
		require.NoError(t, err)
	}

	seen := map[string]fetchedOrder{}
	for p, err := range c.ordersChanged(ctx, start, PriorityOrder) {
		require.NoError(t, err)
		for _, o := range p.Orders {
			seen[o.Id] = o
		}
	}
	assert.Len(t, seen, 21)
	got, found, err := c.order(ctx, big, true, PriorityOrder)
	require.NoError(t, err)
	require.True(t, found)
	assert.Len(t, got.LineItems.Nodes, 45)
	assert.Len(t, got.Refunds, 7)
	assert.Len(t, got.Fulfillments, 7)
	open := int64(0)
	for _, p := range got.Places {
		if p.Status == admin.FulfillmentOrderStatusClosed || p.Status == admin.FulfillmentOrderStatusCancelled {
			continue
		}
		for _, l := range p.LineItems.Nodes {
			open += l.RemainingQuantity
		}
	}
	assert.EqualValues(t, 45*9-7-7, open)
	listed := seen[big]
	assert.Equal(t, got.Order, listed.Order)
}

// Whatever becomes of a request, sending its bytes until there is an answer
// applies them once.
func TestSameBytesUntilThereIsAnAnswer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]shopifytest.Fault{
		"lost on the way": {Drop: true}, "reply lost": {LoseReply: true}, "500": {Status: 500}, "throttled": {Throttle: true},
	} {
		shop, c := newShop(t, DefaultVersion)
		shop.Stock("MUG", "Berlin", 10)
		items, err := c.itemsBySKU(t.Context(), []string{"MUG"}, PriorityRead)
		require.NoError(t, err)
		locations, err := c.locations(t.Context(), PriorityRead)
		require.NoError(t, err)
		shop.OnRequest(func(operation string, n int) shopifytest.Fault {
			if operation == "inventoryAdjustQuantities" && n <= 1 {
				return fault
			}
			return shopifytest.Fault{}
		})
		body, err := adjustBody(write{
			Key: "k", Name: "available", Reason: "correction",
			Entries: []writeEntry{{Item: items["MUG"][0].ID, Location: locations[0].ID, Quantity: -4}},
		})
		require.NoError(t, err)
		_, err = c.sendWrite(t.Context(), body)
		if name != "throttled" {
			require.ErrorIs(t, err, ErrNoAnswer, name)
			_, err = c.sendWrite(t.Context(), body)
		}
		require.NoError(t, err, name)
		assert.EqualValues(t, 6, shop.Available("MUG", "Berlin"), name)
	}
}
