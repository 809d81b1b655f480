package inventory_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

const day = 24 * time.Hour

// bazaarStock is a stock with ten mugs in berlin, and a channel.
func bazaarStock(t *testing.T, cfg *inventory.Config) *inventory.Stock {
	t.Helper()
	stock, err := inventory.New(memstore.New(nil), "acme", cfg)
	require.NoError(t, err)
	_, err = stock.Apply(t.Context(), inventory.Track("t", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 10}))
	require.NoError(t, err)
	require.NoError(t, stock.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: "bazaar", Since: time.Now()}}}))
	return stock
}

// placed is a full order of two mugs as of now.
func placed(id string, created time.Time) inventory.Order {
	return inventory.Order{
		Channel: "bazaar", ID: id, Full: true, Created: created.Unix(), Updated: time.Now().Unix(),
		Lines: []inventory.OrderLine{{ID: "1", SKU: "MUG", Ordered: 2}},
	}
}

func mugs(t *testing.T, stock *inventory.Stock) [2]int64 {
	t.Helper()
	levels, err := stock.Levels(t.Context(), inventory.Key{SKU: "MUG", Location: "berlin"})
	require.NoError(t, err)
	return [2]int64{levels[0].Available, levels[0].Committed}
}

func hear(t *testing.T, stock *inventory.Stock, orders ...inventory.Order) inventory.Outcome {
	t.Helper()
	var out inventory.Outcome
	for _, o := range orders {
		var err error
		out, err = stock.Apply(t.Context(), inventory.Ordered(o))
		require.NoError(t, err)
	}
	return out
}

func form(t *testing.T, stock *inventory.Stock, order string) string {
	t.Helper()
	docs, err := stock.Store().Documents(t.Context(), "acme", []string{order})
	require.NoError(t, err)
	switch {
	case docs[0].Version == 0:
		return "none"
	case docs[0].Compact:
		return "compact"
	}
	return "whole"
}

func baseOrders(t *testing.T, stock *inventory.Stock) (ids []string) {
	t.Helper()
	for o, err := range stock.BaseOrders(t.Context()) {
		require.NoError(t, err)
		require.True(t, o.Base)
		ids = append(ids, o.Order.ID)
	}
	return ids
}

func TestOrdersAreCompactedAndForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stock := bazaarStock(t, nil)
		janitor := inventory.NewJanitor(stock, nil)
		round := func() inventory.Tidied {
			done, err := janitor.Round(t.Context())
			require.NoError(t, err)
			return done
		}
		start := time.Now()
		hear(t, stock, placed("17", start))
		time.Sleep(60*day - time.Second)
		require.Zero(t, round().CompactedOrders)
		require.Equal(t, "whole", form(t, stock, "bazaar/17"))
		time.Sleep(time.Hour)
		require.Equal(t, inventory.Tidied{CompactedOrders: 1}, round())
		require.Equal(t, "compact", form(t, stock, "bazaar/17"))
		time.Sleep(time.Hour)
		require.Equal(t, inventory.Tidied{}, round(), "once is enough")

		// What is heard of it still moves exactly the difference, and makes it
		// young again; what was known moves nothing.
		require.True(t, hear(t, stock, placed("17", start)).Err == nil)
		before := mugs(t, stock)
		require.Equal(t, [2]int64{8, 2}, before)
		refund := inventory.Order{Channel: "bazaar", ID: "17", Refunds: []inventory.Refund{{ID: "r", Lines: []inventory.RefundLine{
			{Line: "1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1},
		}}}}
		time.Sleep(100 * day)
		round()
		require.Equal(t, "compact", form(t, stock, "bazaar/17"))
		require.True(t, hear(t, stock, refund).Err == nil)
		require.Equal(t, [2]int64{9, 1}, mugs(t, stock))
		require.Equal(t, "whole", form(t, stock, "bazaar/17"))
		require.True(t, hear(t, stock, refund).Duplicate)
		records, err := stock.Orders(t.Context(), "bazaar/17")
		require.NoError(t, err)
		require.Equal(t, []inventory.Reason{inventory.UnsureOrder}, records[0].Doubts)
		time.Sleep(61 * day)
		round()
		doubts, err := stock.Store().Doubtful(t.Context(), "acme", true, 9)
		require.NoError(t, err)
		require.Len(t, doubts, 1, "compact it is still listed as unsure")
		shipped := placed("17", start)
		shipped.Refunds = refund.Refunds
		shipped.Refunds[0].Confirmed = true
		shipped.Fulfillments = []inventory.Fulfillment{{
			ID: "f", Status: inventory.FulfillmentShipped, Confirmed: inventory.FulfillmentShipped, Location: "berlin",
			Lines: []inventory.FulfillmentLine{{Line: "1", Quantity: 1}},
		}}
		require.Empty(t, hear(t, stock, shipped).Doubts, "an order fetched whole settles it")
		require.Equal(t, [2]int64{9, 0}, mugs(t, stock))

		time.Sleep(60 * day)
		require.Equal(t, 1, round().CompactedOrders)
		time.Sleep(340*day - time.Hour)
		require.Zero(t, round().ForgottenOrders)
		time.Sleep(2 * time.Hour)
		require.Equal(t, inventory.Tidied{ForgottenOrders: 1}, round())
		require.Equal(t, "none", form(t, stock, "bazaar/17"))
		require.Equal(t, [2]int64{9, 0}, mugs(t, stock))

		// What comes now of an order so old is no new sale.
		require.Empty(t, baseOrders(t, stock))
		shipped.Updated = time.Now().Unix()
		hear(t, stock, shipped)
		require.Equal(t, [2]int64{9, 0}, mugs(t, stock))
		require.Equal(t, []string{"17"}, baseOrders(t, stock), "and it is listed")
		stats := janitor.Stats()
		require.EqualValues(t, 4, stats.CompactedOrders)
		require.EqualValues(t, 1, stats.ForgottenOrders)
	})
}

func TestBaseOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		stock := bazaarStock(t, nil)
		hear(t, stock, placed("old", start.Add(-time.Hour)), placed("new", start))
		require.Equal(t, [2]int64{8, 2}, mugs(t, stock))
		require.Equal(t, []string{"old"}, baseOrders(t, stock))

		// Of a base what comes later moves the difference, and it stays listed.
		cancelled := placed("old", start.Add(-time.Hour))
		cancelled.Refunds = []inventory.Refund{{ID: "r", Confirmed: true, Lines: []inventory.RefundLine{
			{Line: "1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 2},
		}}}
		hear(t, stock, cancelled)
		require.Equal(t, [2]int64{10, 0}, mugs(t, stock))
		require.Equal(t, []string{"old"}, baseOrders(t, stock))
		time.Sleep(61 * day)
		_, err := inventory.NewJanitor(stock, nil).Round(t.Context())
		require.NoError(t, err)
		require.Equal(t, "compact", form(t, stock, "bazaar/old"))
		require.Equal(t, []string{"old"}, baseOrders(t, stock), "compact, too")

		// The limit of age is a month early, as messages can be late; what is
		// known is no base, however old.
		time.Sleep(308 * day)
		hear(t, stock, placed("369", time.Now().Add(-369*day)))
		require.Equal(t, []string{"old"}, baseOrders(t, stock))
		hear(t, stock, placed("370", time.Now().Add(-370*day)))
		require.Equal(t, []string{"370", "old"}, baseOrders(t, stock))
		time.Sleep(61 * day)
		back := placed("new", start)
		back.Refunds = cancelled.Refunds
		at := mugs(t, stock)
		hear(t, stock, back)
		require.Equal(t, [2]int64{at[0] + 2, at[1] - 2}, mugs(t, stock))
	})
}

func TestOrderAgesAreSettings(t *testing.T) {
	t.Parallel()
	for _, cfg := range []inventory.Config{
		{CompactOrders: -time.Hour}, {CompactOrders: 10 * day, ForgetOrders: 41*day - 1}, {ForgetOrders: 61 * day}, {ForgetOrders: -1},
	} {
		_, err := inventory.New(memstore.New(nil), "acme", &cfg)
		require.ErrorIs(t, err, inventory.ErrInvalid, "%+v", cfg)
	}
	synctest.Test(t, func(t *testing.T) {
		stock := bazaarStock(t, &inventory.Config{CompactOrders: 2 * day, ForgetOrders: 40 * day})
		hear(t, stock, placed("17", time.Now()))
		janitor := inventory.NewJanitor(stock, nil)
		for range 45 {
			time.Sleep(day)
			_, err := janitor.Round(t.Context())
			require.NoError(t, err)
		}
		require.Equal(t, "none", form(t, stock, "bazaar/17"))
		hear(t, stock, placed("9", time.Now().Add(-10*day)))
		require.Equal(t, []string{"9"}, baseOrders(t, stock))
	})
}

// alone is a store without bookmarks.
type alone struct{ inventory.Store }

// Janitors look through many documents in small steps, together if they can,
// and each can be cut off after any step.
func TestJanitorsShareALook(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			stock := bazaarStock(t, nil)
			for i := range 95 {
				hear(t, stock, placed(fmt.Sprint(i), time.Now()))
			}
			if !shared {
				var err error
				stock, err = inventory.New(alone{stock.Store()}, "acme", nil)
				require.NoError(t, err)
			}
			time.Sleep(61 * day)
			janitor := inventory.NewJanitor(stock, &inventory.JanitorConfig{Steps: 10})
			compacted, rounds := 0, 0
			for more := true; more; rounds++ {
				if shared { // a process that ends after each round
					janitor = inventory.NewJanitor(stock, &inventory.JanitorConfig{Steps: 10})
				}
				done, err := janitor.Round(t.Context())
				require.NoError(t, err)
				require.LessOrEqual(t, done.CompactedOrders, 10)
				compacted, more = compacted+done.CompactedOrders, done.More
			}
			require.Equal(t, 95, compacted)
			require.Equal(t, 10, rounds)
			hear(t, stock, placed("late", time.Now()))
			time.Sleep(59 * time.Minute)
			done, err := janitor.Round(t.Context())
			require.NoError(t, err)
			require.Equal(t, inventory.Tidied{}, done)
			for i := range 95 {
				require.Equal(t, "compact", form(t, stock, fmt.Sprintf("bazaar/%d", i)))
			}
		})
	}
}

// A document that is written while it is looked at stays as it was written.
func TestJanitorLeavesNewFactsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stock := bazaarStock(t, nil)
		start := time.Now()
		hear(t, stock, placed("17", start), placed("18", start))
		time.Sleep(61 * day)
		refund := inventory.Order{Channel: "bazaar", ID: "17", Refunds: []inventory.Refund{{ID: "r", Lines: []inventory.RefundLine{
			{Line: "1", Restock: inventory.RestockCancel, Quantity: 1},
		}}}}
		racing, err := inventory.New(&meanwhile{Store: stock.Store(), do: func() { hear(t, stock, refund) }}, "acme", nil)
		require.NoError(t, err)
		done, err := inventory.NewJanitor(racing, nil).Round(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, done.CompactedOrders)
		require.Equal(t, "whole", form(t, stock, "bazaar/17"))
		require.Equal(t, "compact", form(t, stock, "bazaar/18"))
		require.Equal(t, [2]int64{7, 3}, mugs(t, stock))
	})
}

// meanwhile lets something happen between a scan and what follows from it.
type meanwhile struct {
	inventory.Store
	do func()
}

func (s *meanwhile) ScanDocuments(ctx context.Context, merchant string, q inventory.DocumentQuery, cursor string, most int) ([]inventory.Document, string, error) {
	docs, next, err := s.Store.ScanDocuments(ctx, merchant, q, cursor, most)
	s.do()
	return docs, next, err
}
