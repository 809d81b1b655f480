package shopifytest_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// stock gives available, committed and on_hand of the mug at a place.
func stock(s *shopifytest.Server, place string) [3]int64 {
	return [3]int64{s.Available("MUG", place), s.Quantity("MUG", place, "committed"), s.Quantity("MUG", place, "on_hand")}
}

// TestStockMoves plays every row of the table of what Shopify does by itself.
func TestStockMoves(t *testing.T) {
	t.Parallel()
	refund := func(n int64, kind shopifytest.Restock, at string) func(*testing.T, *shopifytest.Server, string) {
		return func(t *testing.T, s *shopifytest.Server, id string) {
			t.Helper()
			_, err := s.Refund(id, shopifytest.RefundLine{Line: "MUG", Quantity: n, Restock: kind, Location: at})
			require.NoError(t, err)
		}
	}
	edit := func(e shopifytest.EditLine) func(*testing.T, *shopifytest.Server, string) {
		return func(t *testing.T, s *shopifytest.Server, id string) { t.Helper(); require.NoError(t, s.Edit(id, e)) }
	}
	ship := func(t *testing.T, s *shopifytest.Server, id string) {
		t.Helper()
		_, err := s.Fulfill(id)
		require.NoError(t, err)
	}
	type step = func(*testing.T, *shopifytest.Server, string)
	for name, c := range map[string]struct {
		steps        []step
		berlin, lyon [3]int64
	}{
		"placed":              {nil, [3]int64{7, 3, 10}, [3]int64{4, 0, 4}},
		"fulfilled":           {[]step{ship}, [3]int64{7, 0, 7}, [3]int64{4, 0, 4}},
		"refund cancel":       {[]step{refund(1, shopifytest.CancelUnits, "")}, [3]int64{8, 2, 10}, [3]int64{4, 0, 4}},
		"refund cancel there": {[]step{refund(1, shopifytest.CancelUnits, "Lyon")}, [3]int64{7, 2, 9}, [3]int64{5, 0, 5}},
		"refund return":       {[]step{ship, refund(2, shopifytest.ReturnUnits, "")}, [3]int64{9, 0, 9}, [3]int64{4, 0, 4}},
		"refund return there": {[]step{ship, refund(2, shopifytest.ReturnUnits, "Lyon")}, [3]int64{7, 0, 7}, [3]int64{6, 0, 6}},
		"no restock, open":    {[]step{refund(2, shopifytest.NoRestock, "")}, [3]int64{7, 1, 8}, [3]int64{4, 0, 4}},
		"no restock, shipped": {[]step{ship, refund(2, shopifytest.NoRestock, "")}, [3]int64{7, 0, 7}, [3]int64{4, 0, 4}},
		"raised":              {[]step{edit(shopifytest.EditLine{SKU: "MUG", Delta: 2})}, [3]int64{5, 5, 10}, [3]int64{4, 0, 4}},
		"raised there":        {[]step{edit(shopifytest.EditLine{SKU: "MUG", Delta: 2, Location: "Lyon"})}, [3]int64{7, 3, 10}, [3]int64{2, 2, 4}},
		"lowered, restocked":  {[]step{edit(shopifytest.EditLine{SKU: "MUG", Delta: -1, Restock: true})}, [3]int64{8, 2, 10}, [3]int64{4, 0, 4}},
		"lowered, gone":       {[]step{edit(shopifytest.EditLine{SKU: "MUG", Delta: -1})}, [3]int64{7, 2, 9}, [3]int64{4, 0, 4}},
		"cancelled, restocked": {
			[]step{func(t *testing.T, s *shopifytest.Server, id string) { require.NoError(t, s.Cancel(id, true)) }}, [3]int64{10, 0, 10}, [3]int64{4, 0, 4},
		},
		"cancelled, gone": {
			[]step{func(t *testing.T, s *shopifytest.Server, id string) { require.NoError(t, s.Cancel(id, false)) }}, [3]int64{7, 0, 7}, [3]int64{4, 0, 4},
		},
		"moved": {
			[]step{func(t *testing.T, s *shopifytest.Server, id string) { require.NoError(t, s.Move(id, "Berlin", "Lyon")) }}, [3]int64{10, 0, 10}, [3]int64{1, 3, 4},
		},
		"shipped and unshipped": {
			[]step{func(t *testing.T, s *shopifytest.Server, id string) {
				done, err := s.Fulfill(id)
				require.NoError(t, err)
				require.NoError(t, s.CancelFulfillment(done[0]))
			}}, [3]int64{7, 3, 10}, [3]int64{4, 0, 4},
		},
		"held and touched": {
			[]step{func(t *testing.T, s *shopifytest.Server, id string) {
				require.NoError(t, s.Hold(id, true))
				require.NoError(t, s.Touch(id))
			}}, [3]int64{7, 3, 10}, [3]int64{4, 0, 4},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := shop(t, shopifytest.Config{})
			s.Stock("MUG", "Berlin", 10)
			s.Stock("MUG", "Lyon", 4)
			id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
			require.NoError(t, err)
			for _, do := range c.steps {
				do(t, s, id)
			}
			require.Equal(t, c.berlin, stock(s, "Berlin"))
			require.Equal(t, c.lyon, stock(s, "Lyon"))
		})
	}
}

func TestSelling(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 2)
	s.Stock("MUG", "Lyon", 3)
	_, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 6})
	require.ErrorIs(t, err, shopifytest.ErrSoldOut)
	_, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3}, shopifytest.Line{SKU: "MUG", Quantity: 3})
	require.ErrorIs(t, err, shopifytest.ErrSoldOut, "lines add up")
	require.Empty(t, s.Orders())
	_, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
	require.NoError(t, err)
	require.Equal(t, [3]int64{0, 3, 3}, stock(s, "Lyon"), "from the first place with enough")
	_, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
	require.NoError(t, err)
	require.Equal(t, [3]int64{0, 2, 2}, stock(s, "Berlin"))

	s.AddItem(shopifytest.Item{SKU: "POSTER", Oversell: true})
	s.Stock("POSTER", "Berlin", 1)
	_, err = s.Sell(shopifytest.Sale{Retail: "Berlin", Lines: []shopifytest.Line{{SKU: "POSTER", Quantity: 3}}})
	require.NoError(t, err)
	require.EqualValues(t, -2, s.Available("POSTER", "Berlin"))

	s.AddItem(shopifytest.Item{SKU: "CARD", Untracked: true, GiftCard: true})
	_, err = s.Sell(shopifytest.Sale{Lines: []shopifytest.Line{{SKU: "CARD", Quantity: 1}, {Custom: "Engraving", Quantity: 1}}})
	require.NoError(t, err)
	s.Stock("MUG", "Berlin", 4)
	_, err = s.Sell(shopifytest.Sale{Unclaimed: true, Lines: []shopifytest.Line{{SKU: "MUG", Quantity: 9}}})
	require.NoError(t, err)
	require.Equal(t, [3]int64{4, 2, 6}, stock(s, "Berlin"), "an unclaimed order takes nothing")
	orders := s.Orders()
	require.Len(t, orders, 5)
	require.True(t, orders[4].Unclaimed)
	require.Equal(t, map[string]int64{s.Levels()[1].Location: 3}, orders[0].Lines[0].Places)
}

func TestRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 10)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
	require.NoError(t, err)
	before := s.Orders()
	for _, x := range []shopifytest.RefundLine{
		{Line: "MUG", Quantity: 4, Restock: shopifytest.CancelUnits},
		{Line: "MUG", Quantity: 1, Restock: shopifytest.ReturnUnits},
		{Line: "TEE", Quantity: 1},
		{Line: "MUG"},
		{Line: "MUG", Quantity: 1, Restock: "legacy_restock"},
		{Line: "MUG", Quantity: 1, Location: "Mars"},
	} {
		_, err = s.Refund(id, shopifytest.RefundLine{Line: "MUG", Quantity: 1, Restock: shopifytest.CancelUnits}, x)
		require.Error(t, err)
	}
	for _, x := range []shopifytest.EditLine{{SKU: "MUG"}, {SKU: "MUG", Delta: -4}, {SKU: "TEE", Delta: 1}, {SKU: "MUG", Delta: 1, Location: "Mars"}} {
		require.Error(t, s.Edit(id, shopifytest.EditLine{SKU: "MUG", Delta: 1}, x))
	}
	require.Error(t, s.Move(id, "Berlin", "Mars"))
	require.Error(t, s.Cancel("gid://shopify/Order/1", true))
	require.Error(t, s.CancelFulfillment("gid://shopify/Fulfillment/1"))
	require.Equal(t, before, s.Orders(), "what is refused changes nothing")
	require.NoError(t, s.Cancel(id, true))
	require.Error(t, s.Cancel(id, true))
	require.Error(t, s.Edit(id, shopifytest.EditLine{SKU: "MUG", Delta: 1}))
	_, err = s.Fulfill(id)
	require.Error(t, err)
}

func TestLateFulfillmentOrders(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{Routing: 5e9})
	s.Stock("MUG", "Berlin", 10)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
	require.NoError(t, err)
	places := func() string {
		return string(query(t, s, `query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) { nodes { status assignedLocation { location { name } }
			lineItems(first: 5) { nodes { remainingQuantity totalQuantity } } } } } }`, map[string]any{"id": id}).Data)
	}
	require.JSONEq(t, `{"order":{"fulfillmentOrders":{"nodes":[]}}}`, places())
	s.Advance(t.Context(), 5e9)
	_, err = s.Fulfill(id, shopifytest.Line{SKU: "MUG", Quantity: 2})
	require.NoError(t, err)
	require.JSONEq(t, `{"order":{"fulfillmentOrders":{"nodes":[{"status":"OPEN","assignedLocation":{"location":{"name":"Berlin"}},
		"lineItems":{"nodes":[{"remainingQuantity":1,"totalQuantity":3}]}}]}}}`, places())
}

// TestConservation plays random lives: stock is never made and never lost.
// What is on hand is the sum of its parts, what is committed is what orders
// have open, and what has gone is what orders have shipped or dropped.
func TestConservation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := shop(t, shopifytest.Config{Seed: rapid.Uint64().Draw(rt, "seed"), NoRefundLines: rapid.Bool().Draw(rt, "silent")})
		begin := int64(0)
		for _, sku := range []string{"A", "B", "C"} {
			for _, place := range []string{"Berlin", "Lyon", "Rome"}[:rapid.IntRange(1, 3).Draw(rt, "places")] {
				n := rapid.Int64Range(0, 30).Draw(rt, "stock")
				s.Stock(sku, place, n)
				begin += n
			}
		}
		s.AddItem(shopifytest.Item{SKU: "CARD", Untracked: true})
		p := s.Shopper(&shopifytest.ShopperConfig{
			Seed: rapid.Uint64().Draw(rt, "shopper"), Elsewhere: .3, Custom: .1, Spread: .3, Retail: .1,
		})
		for range rapid.IntRange(1, 80).Draw(rt, "steps") {
			p.Step()
			s.Advance(t.Context(), 7e8)
		}
		balance(rt, s, begin)
	})
}

func balance(t require.TestingT, s *shopifytest.Server, begin int64) {
	onHand, open, gone := int64(0), map[[2]string]int64{}, int64(0)
	for _, o := range s.Orders() {
		for _, l := range o.Lines {
			require.Equal(t, l.Ordered, l.Open+l.Shipped+l.Cancelled+l.Dropped)
			require.GreaterOrEqual(t, min(l.Open, l.Shipped, l.Cancelled, l.Dropped, l.Shipped-l.Returned), int64(0))
			if !l.Tracked {
				continue
			}
			gone += l.Shipped + l.Dropped - l.Returned
			for place, n := range l.Places {
				open[[2]string{l.Item, place}] += n
			}
		}
	}
	for _, l := range s.Levels() {
		q := l.Quantities
		require.Equal(t, q["on_hand"], q["available"]+q["committed"]+q["damaged"]+q["quality_control"]+q["reserved"]+q["safety_stock"])
		if l.Tracked {
			require.Equal(t, open[[2]string{l.Item, l.Location}], q["committed"], "committed is what is open")
			onHand += q["on_hand"]
		}
	}
	require.Equal(t, begin, onHand+gone)
}
