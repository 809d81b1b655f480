package inventory_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func newStock(t *testing.T, cfg *inventory.Config) (*inventory.Stock, *clock) {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)}
	s, err := inventory.New(memstore.New(&memstore.Config{Now: c.Now}), "acme", cfg)
	require.NoError(t, err)
	return s, c
}

func track(t *testing.T, s *inventory.Stock, lines ...inventory.Line) {
	t.Helper()
	_, err := s.Apply(t.Context(), inventory.Track("load", lines...))
	require.NoError(t, err)
}

func level(t *testing.T, s *inventory.Stock, sku, location string) inventory.Level {
	t.Helper()
	ls, err := s.Levels(t.Context(), inventory.Key{SKU: sku, Location: location})
	require.NoError(t, err)
	return ls[0]
}

func TestExpiredHoldMakesRoomForWhoComesUpShort(t *testing.T) {
	s, c := newStock(t, nil)
	track(t, s, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 40})
	for i := range 40 {
		_, err := s.Reserve(t.Context(), "cart-"+string(rune('A'+i)), time.Minute, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 1})
		require.NoError(t, err)
	}
	_, err := s.Reserve(t.Context(), "late", time.Minute, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 35})
	require.ErrorIs(t, err, inventory.ErrInsufficient)
	c.now = c.now.Add(2 * time.Minute)
	r, err := s.Reserve(t.Context(), "late", time.Minute, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 35})
	require.NoError(t, err, "nobody tidied, and yet the expired holds' units are there")
	require.Equal(t, inventory.Held, r.Status)
	require.EqualValues(t, 35, level(t, s, "MUG", "berlin").Reserved)
}

func TestSourcedReserveIsTheSameWhenRepeated(t *testing.T) {
	s, _ := newStock(t, &inventory.Config{Sourcer: inventory.MostStock("berlin")})
	track(t, s, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3}, inventory.Line{SKU: "MUG", Location: "paris", Quantity: 5})
	first, err := s.Reserve(t.Context(), "cart", time.Minute, inventory.Line{SKU: "MUG", Quantity: 4})
	require.NoError(t, err)
	require.Equal(t, "paris", first.Lines[0].Location)
	again, err := s.Reserve(t.Context(), "cart", time.Minute, inventory.Line{SKU: "MUG", Quantity: 4})
	require.NoError(t, err, "by now berlin has most, but it is the same reservation")
	require.Equal(t, first, again)
	_, err = s.Reserve(t.Context(), "cart", time.Minute, inventory.Line{SKU: "MUG", Quantity: 1})
	require.ErrorIs(t, err, inventory.ErrReusedID)
}

func TestLineWithoutLocationNeedsASourcer(t *testing.T) {
	s, _ := newStock(t, nil)
	_, err := s.Apply(t.Context(), inventory.Sell("1", inventory.Line{SKU: "MUG", Quantity: 1}))
	require.ErrorIs(t, err, inventory.ErrInvalid)
	require.ErrorContains(t, err, "Sourcer")
}

func TestAvailableIsNeverZeroForTheUnknown(t *testing.T) {
	s, _ := newStock(t, nil)
	_, err := s.Available(t.Context(), "MUG")
	require.ErrorIs(t, err, inventory.ErrUntracked)
	track(t, s, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3}, inventory.Line{SKU: "MUG", Location: "paris", Quantity: 0})
	n, err := s.Available(t.Context(), "MUG")
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
}

func TestChangeOfAnotherMerchantIsRefused(t *testing.T) {
	s, _ := newStock(t, nil)
	c := inventory.Sell("1", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 1})
	c.Merchant = "other"
	_, err := s.Apply(t.Context(), c)
	require.ErrorIs(t, err, inventory.ErrInvalid)
}
