package shopifytest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

func TestHeldUnitsAreNotFulfillable(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{Routing: time.Second})
	s.Stock("MUG", "Berlin", 10)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 3})
	require.NoError(t, err)
	lines := func() string {
		return string(query(t, s, `query($id: ID!) { order(id: $id) { lineItems(first: 1) { nodes { fulfillableQuantity unfulfilledQuantity nonFulfillableQuantity } } } }`,
			map[string]any{"id": id}).Data)
	}
	require.NoError(t, s.Hold(id, true))
	require.JSONEq(t, `{"order":{"lineItems":{"nodes":[{"fulfillableQuantity":0,"unfulfilledQuantity":3,"nonFulfillableQuantity":0}]}}}`, lines())
	require.NoError(t, s.Hold(id, false))
	_, err = s.Refund(id, shopifytest.RefundLine{Line: "MUG", Quantity: 1})
	require.NoError(t, err)
	require.JSONEq(t, `{"order":{"lineItems":{"nodes":[{"fulfillableQuantity":2,"unfulfilledQuantity":2,"nonFulfillableQuantity":1}]}}}`, lines())
}

// TestRepeatedLevel has one level twice in a write: the second entry meets what
// the first leaves.
func TestRepeatedLevel(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	require.Equal(t, []string{"input.changes.1.delta INVALID_QUANTITY_TOO_HIGH"}, refusals(t, query(t, s, adjust,
		map[string]any{"key": "a", "input": input(entry(l, 600_000_000, nil), entry(l, 600_000_000, nil))})))
	require.Empty(t, refusals(t, query(t, s, adjust, map[string]any{"key": "b", "input": input(entry(l, 1, 5), entry(l, 1, 6))})))
	require.EqualValues(t, 7, s.Available("MUG", "Berlin"))
}

func TestIncomingIsNotOnHand(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	e := entry(s.Levels()[0], 4, 0)
	e["ledgerDocumentUri"] = "purchase://7"
	in := input(e)
	in["name"] = "incoming"
	r := query(t, s, adjust, map[string]any{"key": "k", "input": in})
	require.Empty(t, refusals(t, r))
	require.NotContains(t, r.Raw, "on_hand")
	require.EqualValues(t, 4, s.Quantity("MUG", "Berlin", "incoming"))
	require.EqualValues(t, 5, s.Quantity("MUG", "Berlin", "on_hand"))
}

func TestOnlyTheActualCostIsTaken(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{MaximumAvailable: 100})
	s.Stock("MUG", "Berlin", 5)
	r := query(t, s, adjust, map[string]any{"key": "k", "input": input(entry(s.Levels()[0], 0, 5))})
	require.Equal(t, 13, r.Extensions.Cost.RequestedQueryCost)
	require.EqualValues(t, 90, r.Extensions.Cost.ThrottleStatus.CurrentlyAvailable)
}

func TestStampsAreEarlyAndNeverGoBack(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{Skew: 5 * time.Second})
	s.Stock("MUG", "Berlin", 5)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
	require.NoError(t, err)
	last, early := s.Orders()[0].Updated, false
	for range 100 {
		require.NoError(t, s.Touch(id))
		o := s.Orders()[0]
		require.False(t, o.Updated.Before(last))
		require.False(t, o.Updated.After(s.Now()))
		require.Zero(t, o.Updated.Nanosecond())
		early = early || s.Now().Sub(o.Updated) > time.Second
		last = o.Updated
		s.Advance(t.Context(), 700*time.Millisecond)
	}
	require.True(t, early)
}
