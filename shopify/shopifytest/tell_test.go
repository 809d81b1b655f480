package shopifytest_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// told is what a consumer reads in an order's body.
type told struct {
	AdminGraphqlAPIID string  `json:"admin_graphql_api_id"`
	CancelledAt       *string `json:"cancelled_at"`
	LineItems         []struct {
		ID          int64
		GID         string `json:"admin_graphql_api_id"`
		Quantity    int64
		Current     int64 `json:"current_quantity"`
		Fulfillable int64 `json:"fulfillable_quantity"`
	} `json:"line_items"`
	Refunds []struct {
		Lines []struct {
			Line     int64  `json:"line_item_id"`
			Location *int64 `json:"location_id"`
			Quantity int64
			Restock  string `json:"restock_type"`
		} `json:"refund_line_items"`
	}
	Fulfillments []struct {
		Status    string
		LineItems []struct{ ID, Quantity int64 } `json:"line_items"`
	}
}

// TestBodiesTellWhatHappened plays random lives and holds what the newest body
// of each order says, by the formulas that a consumer has to use, against what
// the shop did.
func TestBodiesTellWhatHappened(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		silent := rapid.Bool().Draw(rt, "silent")
		s := shop(t, shopifytest.Config{NoRefundLines: silent})
		for _, place := range []string{"Berlin", "Lyon"} {
			s.Stock("A", place, 100)
			s.Stock("B", place, 100)
		}
		box := receive(t, s)
		p := s.Shopper(&shopifytest.ShopperConfig{Seed: rapid.Uint64().Draw(rt, "seed"), Elsewhere: .3, Custom: .1, Spread: .3})
		newest := map[string]told{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			p.Step()
			s.Flush(t.Context())
			for _, h := range box.take() {
				if b, ok := h.body["line_items"]; !ok || b == nil || h.body["order_number"] == nil {
					continue
				}
				var b told
				require.NoError(rt, json.Unmarshal([]byte(h.raw), &b))
				newest[b.AdminGraphqlAPIID] = b
			}
		}
		for _, o := range s.Orders() {
			compare(rt, newest[o.ID], o, silent)
		}
	})
}

func compare(t require.TestingT, b told, o shopifytest.Order, silent bool) {
	require.Len(t, b.LineItems, len(o.Lines))
	require.Equal(t, o.Cancelled, b.CancelledAt != nil)
	for i, x := range o.Lines {
		l := b.LineItems[i]
		require.Equal(t, x.ID, l.GID)
		n := map[string]int64{}
		for _, r := range b.Refunds {
			for _, y := range r.Lines {
				if y.Line == l.ID {
					n[y.Restock] += y.Quantity
					require.Equal(t, y.Restock == "no_restock", y.Location == nil)
				}
			}
		}
		sent := int64(0)
		for _, f := range b.Fulfillments {
			for _, y := range f.LineItems {
				if y.ID == l.ID && f.Status == "success" {
					sent += y.Quantity
				}
			}
		}
		removed := max(0, l.Quantity-l.Current-n["cancel"]-n["return"]-n["no_restock"])
		least := removed + max(0, n["no_restock"]-max(0, sent-n["return"]))
		most := removed + min(n["no_restock"], max(0, l.Quantity-removed-sent-n["cancel"]))
		require.Equal(t, x.Ordered, l.Quantity)
		require.Equal(t, x.Shipped, sent)
		require.Equal(t, x.Returned, n["return"])
		require.LessOrEqual(t, l.Fulfillable, x.Open)
		gone := l.Quantity - x.Open - sent - n["cancel"]
		if silent {
			require.Equal(t, x.Dropped+x.Cancelled, gone+n["cancel"])
		} else {
			require.Zero(t, removed)
			require.Equal(t, x.Cancelled, n["cancel"])
			require.Equal(t, x.Dropped, gone)
		}
		require.LessOrEqual(t, least, gone)
		if !o.Cancelled {
			require.LessOrEqual(t, gone, most)
		}
	}
}

// TestConcurrentUse runs everything at once, for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s, err := shopifytest.Open(&shopifytest.Config{Duplicate: .2, MaximumAvailable: 1 << 30})
	require.NoError(t, err)
	s.Stock("MUG", "Berlin", 10_000)
	s.Stock("MUG", "Lyon", 10_000)
	s.DeliverTo(&inbox{t: t, s: s})
	l := s.Levels()[0]
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			p := s.Shopper(&shopifytest.ShopperConfig{Seed: uint64(i)})
			for range 50 {
				p.Step()
				s.Advance(t.Context(), time.Millisecond)
			}
		})
		all.Go(func() {
			for n := range 20 {
				r, err := post(t, s, "2026-10", adjust, map[string]any{"key": string(rune('a'+i)) + string(rune('a'+n)), "input": input(entry(l, 1, nil))})
				if err != nil || len(r.Errors) > 0 {
					t.Error(err, r.Raw)
				}
				s.Flush(t.Context())
				s.Orders()
			}
		})
	}
	all.Wait()
	s.Flush(t.Context())
	balance(t, s, 20_080)
}

func BenchmarkAdjust250(b *testing.B) {
	s := shop(b, shopifytest.Config{MaximumAvailable: 1 << 40})
	var changes []map[string]any
	for i := range 250 {
		sku := string(rune('A' + i))
		s.Stock(sku, "Berlin", 10)
	}
	for _, l := range s.Levels() {
		changes = append(changes, entry(l, 1, nil))
	}
	for i := 0; b.Loop(); i++ {
		r := query(b, s, adjust, map[string]any{"key": time.Duration(i).String(), "input": input(changes...)})
		require.Empty(b, r.Errors)
	}
}
