package inventory

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMergeIsAJoin(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawOrder(t, "a "), drawOrder(t, "b "), drawOrder(t, "c ")
		ab := Merge(a, b)
		require.Equal(t, ab, Merge(b, a), "commutative")
		require.Equal(t, Merge(ab, c), Merge(a, Merge(b, c)), "associative")
		require.Equal(t, Merge(a, a), Merge(a, Order{}), "idempotent")
		require.Equal(t, ab, Merge(ab, a), "absorbs what it knows")
		require.NoError(t, ab.Validate())
	})
}

// What only grows never shrinks by hearing more.
func TestMergeIsMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := drawOrder(t, "a ")
		m := Merge(a, drawOrder(t, "b "))
		require.GreaterOrEqual(t, m.Updated, a.Updated)
		require.GreaterOrEqual(t, m.Read, a.Read)
		require.GreaterOrEqual(t, m.Edited, a.Edited)
		require.True(t, m.Full || !a.Full)
		require.True(t, m.Cancelled || !a.Cancelled)
		require.True(t, m.Unclaimed || !a.Unclaimed)
		lines, refunds, shipments := map[string]OrderLine{}, map[RefundLine]int64{}, map[string]Fulfillment{}
		for _, l := range m.Lines {
			lines[l.ID] = l
		}
		for _, l := range a.Lines {
			n := lines[l.ID]
			require.True(t, n.Ordered >= l.Ordered && n.Removed >= l.Removed && n.Dropped >= l.Dropped && n.Judged >= l.Judged)
		}
		key := func(r Refund, l RefundLine) RefundLine {
			return RefundLine{Line: r.ID + "/" + l.Line, Restock: l.Restock}
		}
		for _, r := range m.Refunds {
			for _, l := range r.Lines {
				refunds[key(r, l)] += l.Quantity
			}
		}
		for _, r := range a.Refunds {
			units := map[RefundLine]int64{}
			for _, l := range r.Lines {
				units[key(r, l)] += l.Quantity
			}
			for k, n := range units {
				require.GreaterOrEqual(t, refunds[k], n)
			}
		}
		for _, f := range m.Fulfillments {
			shipments[f.ID] = f
		}
		for _, f := range a.Fulfillments {
			n := shipments[f.ID]
			require.GreaterOrEqual(t, n.Status.rank(), f.Status.rank())
			require.GreaterOrEqual(t, n.Confirmed.rank(), f.Confirmed.rank())
		}
		require.GreaterOrEqual(t, comparePlaces(m.Places, canonicalPlaces(a.Places)), 0)
	})
}

func TestMergeSharesNoMemory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawOrder(t, "a "), drawOrder(t, "b ")
		before, err := json.Marshal([]Order{a, b})
		require.NoError(t, err)
		m := Merge(a, b)
		for i := range m.Lines {
			m.Lines[i].Ordered = -1
		}
		for i := range m.Refunds {
			for j := range m.Refunds[i].Lines {
				m.Refunds[i].Lines[j].Quantity = -1
			}
		}
		for i := range m.Fulfillments {
			for j := range m.Fulfillments[i].Lines {
				m.Fulfillments[i].Lines[j].Quantity = -1
			}
		}
		for i := range m.Places.Lines {
			for j := range m.Places.Lines[i].At {
				m.Places.Lines[i].At[j].Open = -1
			}
		}
		after, err := json.Marshal([]Order{a, b})
		require.NoError(t, err)
		require.JSONEq(t, string(before), string(after))
	})
}

// A location that has a name only since yesterday makes two places of one. Its
// units must not be counted twice.
func TestMergeDoesNotAddUpPlacesOfOneRefund(t *testing.T) {
	t.Parallel()
	at := func(location string) Order {
		return Order{Channel: "a", ID: "1", Refunds: []Refund{{ID: "r", Lines: []RefundLine{{"1", RestockReturn, location, 2}}}}}
	}
	for _, other := range []string{"", "location:5"} {
		m := Merge(at("berlin"), at(other))
		require.Len(t, m.Refunds[0].Lines, 1)
		require.EqualValues(t, 2, m.Refunds[0].Lines[0].Quantity)
	}
	two := at("berlin")
	two.Refunds[0].Lines = append(two.Refunds[0].Lines, RefundLine{"1", RestockReturn, "paris", 1})
	require.Equal(t, two, Merge(at("zurich"), two), "more units of it are known")
}

func BenchmarkMerge(b *testing.B) {
	doc, fact := Merge(large(), Order{}), large()
	for b.Loop() {
		Merge(doc, fact)
	}
}

// large is an order of a wholesaler.
func large() Order {
	o := Order{Channel: "shopify/acme", ID: "1", Full: true, Updated: 1, Read: 2}
	o.Places = OrderPlaces{Updated: 1, Read: 2}
	f := Fulfillment{ID: "f", Status: FulfillmentShipped, Confirmed: FulfillmentShipped, Location: "B"}
	for i := range 100 {
		id := string(rune('A'+i/26)) + string(rune('a'+i%26))
		o.Lines = append(o.Lines, OrderLine{ID: id, SKU: "S" + id, Ordered: 1_000_000})
		f.Lines = append(f.Lines, FulfillmentLine{id, 900_000})
		o.Places.Lines = append(o.Places.Lines, LinePlaces{Line: id, At: []PlaceLine{{"A", 400_000, 0, 0}, {"C", 600_000, 0, 0}}})
	}
	o.Fulfillments = []Fulfillment{f}
	return o
}
