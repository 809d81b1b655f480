package inventory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

const shop = "shopify/acme"

func order(id string, units int64) inventory.Order {
	return inventory.Order{
		Channel: shop, ID: id, Created: 2000, Updated: 2000, Full: true,
		Lines: []inventory.OrderLine{{ID: "l1", SKU: "MUG", Ordered: units}},
	}
}

func shopStock(t *testing.T, cfg *inventory.Config, locations ...string) *inventory.Stock {
	t.Helper()
	s, _ := newStock(t, cfg)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, Locations: locations, ReplayProved: true}}}))
	for _, l := range locations {
		c := inventory.Track("load/"+l, inventory.Line{SKU: "MUG", Location: l, Quantity: 10, Shown: 10})
		c.Origin = shop
		_, err := s.Apply(t.Context(), c)
		require.NoError(t, err)
	}
	return s
}

func TestOrderMovesStockOnceAndCausesNoPush(t *testing.T) {
	s := shopStock(t, nil, "berlin")
	for range 3 {
		out, err := s.Apply(t.Context(), inventory.Ordered(order("1", 2)))
		require.NoError(t, err)
		require.Empty(t, out.Doubts)
	}
	l := level(t, s, "MUG", "berlin")
	require.EqualValues(t, 8, l.Available)
	require.EqualValues(t, 2, l.Committed)
	for b, err := range s.Store().Beliefs(t.Context(), "acme", shop, []inventory.Key{l.Key}) {
		require.NoError(t, err)
		require.EqualValues(t, 8, b.Believed, "the shop has moved its own number")
		require.False(t, b.Pending)
	}
}

func TestOldOrderIsABaseAndItsLaterFactsCount(t *testing.T) {
	s := shopStock(t, nil, "berlin")
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{
		{Name: shop, Locations: []string{"berlin"}, Since: time.Unix(3000, 0)},
	}}))
	_, err := s.Apply(t.Context(), inventory.Ordered(order("1", 2)))
	require.NoError(t, err)
	require.EqualValues(t, 10, level(t, s, "MUG", "berlin").Available, "the load has counted it")
	o := order("1", 2)
	o.Updated = 4000
	o.Refunds = []inventory.Refund{{ID: "r", Confirmed: true, Lines: []inventory.RefundLine{{Line: "l1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1}}}}
	_, err = s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	require.EqualValues(t, 11, level(t, s, "MUG", "berlin").Available)
	rec, err := s.Orders(t.Context(), o.Document(), "unheard/of")
	require.NoError(t, err)
	require.True(t, rec[0].Base)
	require.Nil(t, rec[1])
}

func TestOrderOfUntrackedLevelMovesTheOthers(t *testing.T) {
	s := shopStock(t, nil, "berlin")
	o := order("1", 2)
	o.Lines = append(o.Lines, inventory.OrderLine{ID: "l2", SKU: "NEW", Ordered: 1})
	out, err := s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	require.Equal(t, []inventory.Key{{SKU: "NEW", Location: "berlin"}}, out.Untracked)
	require.EqualValues(t, 8, level(t, s, "MUG", "berlin").Available)
	_, err = s.Apply(t.Context(), inventory.Track("new", inventory.Line{SKU: "NEW", Location: "berlin", Quantity: 4}))
	require.NoError(t, err)
	_, err = s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	require.EqualValues(t, 4, level(t, s, "NEW", "berlin").Available, "the number loaded has the order in it")
}

func TestOrderSettlesTheHoldItCarries(t *testing.T) {
	mug := inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3}
	paid := order("1", 3)
	paid.Settles = "cart"
	want := func(t *testing.T, s *inventory.Stock) {
		t.Helper()
		l := level(t, s, "MUG", "berlin")
		require.EqualValues(t, 7, l.Available)
		require.EqualValues(t, 0, l.Reserved)
		require.EqualValues(t, 3, l.Committed)
	}
	t.Run("order before commit", func(t *testing.T) {
		s := shopStock(t, nil, "berlin")
		_, err := s.Reserve(t.Context(), "cart", time.Minute, mug)
		require.NoError(t, err)
		_, err = s.Apply(t.Context(), inventory.Ordered(paid))
		require.NoError(t, err)
		want(t, s)
		out, err := s.Commit(t.Context(), "cart", "any name")
		require.NoError(t, err)
		require.True(t, out.Duplicate)
		want(t, s)
	})
	t.Run("commit before order", func(t *testing.T) {
		s := shopStock(t, nil, "berlin")
		_, err := s.Reserve(t.Context(), "cart", time.Minute, mug)
		require.NoError(t, err)
		_, err = s.Commit(t.Context(), "cart", "order/17")
		require.NoError(t, err)
		for range 2 {
			_, err = s.Apply(t.Context(), inventory.Ordered(paid))
			require.NoError(t, err)
			want(t, s)
		}
	})
	t.Run("released before", func(t *testing.T) {
		s := shopStock(t, nil, "berlin")
		_, err := s.Reserve(t.Context(), "cart", time.Minute, mug)
		require.NoError(t, err)
		require.NoError(t, s.Release(t.Context(), "cart"))
		_, err = s.Apply(t.Context(), inventory.Ordered(paid))
		require.NoError(t, err)
		want(t, s)
	})
}

// Many consumers hear the facts of a few orders at once, each in its own
// order and more than once: every order moves stock exactly once.
func TestConsumersAtOnceAgree(t *testing.T) {
	s := shopStock(t, &inventory.Config{Sourcer: inventory.MostStock()}, "berlin", "paris")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				id := fmt.Sprint((i + w*7) % 5)
				o := order(id, 2)
				refunded := order(id, 2)
				refunded.Updated = 2001
				refunded.Refunds = []inventory.Refund{{ID: "r" + id, Confirmed: true, Lines: []inventory.RefundLine{{Line: "l1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1}}}}
				outs := s.ApplyBatch(t.Context(), []inventory.Change{inventory.Ordered(o), inventory.Ordered(refunded)})
				for _, o := range outs {
					if o.Err != nil {
						t.Error(o.Err)
					}
				}
			}
		})
	}
	wg.Wait()
	var a, c int64
	for _, at := range []string{"berlin", "paris"} {
		l := level(t, s, "MUG", at)
		a, c = a+l.Available, c+l.Committed
	}
	require.EqualValues(t, 20-5, a)
	require.EqualValues(t, 5, c)
}

// A kit that the shop sells as a plain item takes its components. The shop has
// moved none of their numbers, so it is told.
func TestOrderOfAKitTakesItsComponents(t *testing.T) {
	kits := inventory.FixedKits{"BOX": {{SKU: "MUG", Quantity: 2}}}
	s := shopStock(t, &inventory.Config{Kits: kits}, "berlin")
	o := order("1", 1)
	o.Lines = append(o.Lines, inventory.OrderLine{ID: "l2", SKU: "BOX", Ordered: 2})
	out, err := s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	require.Empty(t, out.Untracked)
	l := level(t, s, "MUG", "berlin")
	require.EqualValues(t, 10-1-4, l.Available)
	require.EqualValues(t, 5, l.Committed)
	for b, err := range s.Store().Beliefs(t.Context(), "acme", shop, []inventory.Key{l.Key}) {
		require.NoError(t, err)
		require.EqualValues(t, 9, b.Believed, "the mug's own line moved the mug's number")
		require.True(t, b.Pending)
	}
	kits["BOX"] = []inventory.Line{{SKU: "MUG", Quantity: 3}} // redefined: this order keeps what it took
	o.Updated++
	o.Refunds = []inventory.Refund{{ID: "r", Confirmed: true, Lines: []inventory.RefundLine{{Line: "l2", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1}}}}
	_, err = s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	require.EqualValues(t, 10-1-2, level(t, s, "MUG", "berlin").Available)
	recs, err := s.Orders(t.Context(), o.Document())
	require.NoError(t, err)
	require.Equal(t, inventory.Movement{{SKU: "MUG", Location: "berlin", Available: -3, Committed: 3}}, recs[0].Booked)
}

func TestOrderSettlesTheHoldOfAKit(t *testing.T) {
	s := shopStock(t, &inventory.Config{Kits: inventory.FixedKits{"BOX": {{SKU: "MUG", Quantity: 2}}}, Sourcer: inventory.MostStock()}, "berlin", "lyon")
	_, err := s.Reserve(t.Context(), "cart", time.Minute, inventory.Line{SKU: "BOX", Location: "lyon", Quantity: 3})
	require.NoError(t, err)
	o := order("1", 3)
	o.Lines[0].SKU, o.Settles = "BOX", "cart"
	_, err = s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
	a, b := level(t, s, "MUG", "berlin"), level(t, s, "MUG", "lyon")
	require.EqualValues(t, 14, a.Available+b.Available, "the kit's units are sold, once")
	require.EqualValues(t, 6, a.Committed+b.Committed)
	require.Zero(t, a.Reserved+b.Reserved)
}
