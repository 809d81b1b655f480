package shopify

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// oneLine is a full order of ten units of one variant.
func oneLine(change func(*orderBody)) inventory.Order {
	b := orderBody{
		Kind: bodyFull, ID: "1", Updated: 1000, Read: 1002,
		Lines: []bodyLine{{ID: "1", Variant: "5", SKU: "TEE", Quantity: 10, Current: 10, Fulfillable: 10}},
	}
	change(&b)
	return facts(b, resolver{Channel: "shopify/acme"})
}

func TestFactsOfALine(t *testing.T) {
	t.Parallel()
	refund := func(kind string, n int64) bodyRefund {
		return bodyRefund{ID: "r" + kind, Lines: []bodyRefundLine{{Line: "1", Restock: kind, Quantity: n}}}
	}
	shipped := func(n int64) bodyFulfillment {
		return bodyFulfillment{ID: "f", Status: "success", Location: "7", Lines: []bodyUnits{{"1", n}}}
	}
	at := func(status string, n int64) bodyPlace {
		return bodyPlace{Status: status, Location: "7", Lines: []bodyUnits{{"1", n}}}
	}
	for name, c := range map[string]struct {
		change                   func(*orderBody)
		removed, dropped, judged int64
	}{
		"as ordered":                  {func(*orderBody) {}, 0, 0, 0},
		"removed without a word":      {func(b *orderBody) { b.Lines[0].Current = 8 }, 2, 2, 0},
		"removed and cancelled":       {func(b *orderBody) { b.Lines[0].Current = 8; b.Refunds = []bodyRefund{refund("cancel", 2)} }, 0, 0, 0},
		"not restocked, nothing sent": {func(b *orderBody) { b.Lines[0].Current = 8; b.Refunds = []bodyRefund{refund("no_restock", 2)} }, 0, 2, 2},
		"not restocked, some were sent": {func(b *orderBody) {
			b.Fulfillments = []bodyFulfillment{shipped(1)}
			b.Refunds = []bodyRefund{refund("no_restock", 2)}
		}, 0, 1, 0},
		"not restocked, all were sent": {func(b *orderBody) {
			b.Fulfillments = []bodyFulfillment{shipped(10)}
			b.Refunds = []bodyRefund{refund("no_restock", 2)}
		}, 0, 0, 2},
		"a kind that is not known": {func(b *orderBody) { b.Refunds = []bodyRefund{refund("teleport", 2)} }, 0, 2, 2},
		"open units tell": {func(b *orderBody) {
			b.Fulfillments, b.Refunds = []bodyFulfillment{shipped(1)}, []bodyRefund{refund("no_restock", 2)}
			b.Lines[0].Fulfillable, b.Places = 8, []bodyPlace{at("OPEN", 8)}
		}, 0, 1, 2},
		"closed ones are stale": {func(b *orderBody) {
			b.Fulfillments, b.Refunds = []bodyFulfillment{shipped(1)}, []bodyRefund{refund("no_restock", 2)}
			b.Lines[0].Fulfillable, b.Places = 7, []bodyPlace{at("open", 7), at("closed", 1)}
		}, 0, 2, 2},
		"fulfillment orders that lag": {func(b *orderBody) {
			b.Lines[0].Fulfillable, b.Places = 10, []bodyPlace{at("open", 9)}
		}, 0, 0, 0},
	} {
		o := oneLine(c.change)
		l := o.Lines[0]
		require.Equal(t, []int64{c.removed, c.dropped, c.judged}, []int64{l.Removed, l.Dropped, l.Judged}, name)
		require.NoError(t, o.Validate(), name)
	}
}

func TestFactsOfPlaces(t *testing.T) {
	t.Parallel()
	o := oneLine(func(b *orderBody) {
		b.Lines[0].Current, b.Lines[0].Fulfillable = 7, 4
		b.Refunds = []bodyRefund{{ID: "r", Lines: []bodyRefundLine{{Line: "1", Restock: "CANCEL", Location: "8", Quantity: 3}}}}
		b.Fulfillments = []bodyFulfillment{{ID: "f", Status: "SUCCESS", Location: "7", Lines: []bodyUnits{{"1", 2}, {"1", 1}}}}
		b.Places = []bodyPlace{
			{Status: "IN_PROGRESS", Location: "8", Lines: []bodyUnits{{"1", 4}}},
			{Status: "CLOSED", Location: "7", Lines: []bodyUnits{{"1", 5}}},
		}
	})
	require.Equal(t, inventory.OrderPlaces{Updated: 1000, Read: 1002, Lines: []inventory.LinePlaces{{
		Line: "1", At: []inventory.PlaceLine{{Location: "location:7", Shipped: 3}, {Location: "location:8", Open: 4, Gone: 3}},
	}}}, inventory.Merge(o, o).Places)
}

func TestFactsNormaliseWhatShopifyCallsThings(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]inventory.FulfillmentStatus{
		"pending": inventory.FulfillmentPending, "OPEN": inventory.FulfillmentPending, "success": inventory.FulfillmentShipped,
		"CANCELLED": inventory.FulfillmentDead, "error": inventory.FulfillmentDead, "failure": inventory.FulfillmentDead,
		"on_the_moon": inventory.FulfillmentPending,
	} {
		require.Equal(t, want, shipment(status), status)
	}
	for kind, want := range map[string]inventory.Restock{
		"cancel": inventory.RestockCancel, "RETURN": inventory.RestockReturn, "legacy_restock": inventory.RestockReturn,
		"no_restock": inventory.RestockNone, "": inventory.RestockNone,
	} {
		require.Equal(t, want, restock(kind), kind)
	}
}

func TestFactsOfAnUnclaimedOrderAndOneThatSettles(t *testing.T) {
	t.Parallel()
	r := resolver{
		Unclaimed:   func(app, source string) bool { return app == "580111" || source == "import" },
		Reservation: func(a map[string]string) string { return a["cart"] },
	}
	b := orderBody{Kind: bodyFull, ID: "1", App: "1", Source: "web", Attributes: map[string]string{"cart": "cart-81"}}
	o := facts(b, r)
	require.False(t, o.Unclaimed)
	require.Equal(t, "cart-81", o.Settles)
	b.Source = "import"
	require.True(t, facts(b, r).Unclaimed)
	b.App, b.Source = "580111", "web"
	require.True(t, facts(b, r).Unclaimed)
}

// A location that becomes known between two messages moves nothing twice.
func TestFactsOfALocationThatIsNamedLater(t *testing.T) {
	t.Parallel()
	b := orderBody{
		Kind: bodyFull, ID: "1", Updated: 1000,
		Lines: []bodyLine{{ID: "1", Variant: "5", SKU: "TEE", Quantity: 3, Current: 2}},
		Refunds: []bodyRefund{{ID: "r", Lines: []bodyRefundLine{
			{Line: "1", Restock: "cancel", Location: "7", Quantity: 1},
		}}},
	}
	unknown := facts(b, resolver{})
	known := facts(b, resolver{Location: func(string) string { return "berlin" }})
	m, _ := inventory.Merge(unknown, known).Implied(inventory.Places{Locations: []string{"berlin"}})
	require.Equal(t, inventory.Movement{{SKU: "TEE", Location: "berlin", Available: -2, Committed: 2}}, m)
}
