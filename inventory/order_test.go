package inventory

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawOrder makes a valid order of few names, so that parts of two of them
// meet. They are about one order.
func drawOrder(t *rapid.T, label string) Order {
	n := func(name string, most int64) int64 { return rapid.Int64Range(0, most).Draw(t, label+name) }
	yes := func(name string) bool { return rapid.Bool().Draw(t, label+name) }
	of := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, label+name) }
	units := rapid.SampledFrom([]int64{5, MaxQuantity}).Draw(t, label+"units")
	o := Order{
		Channel: "shopify/acme", ID: "1", Created: n("created", 3), Updated: n("updated", 3), Read: n("read", 3), Edited: n("edited", 3),
		Full: yes("full"), Cancelled: yes("cancelled"), Unclaimed: n("unclaimed", 9) == 0,
		Location: of("location", "", "", "A"), Settles: of("settles", "", "cart-1"),
	}
	for _, id := range []string{"l2", "l1"} {
		if yes(id) {
			o.Lines = append(o.Lines, OrderLine{
				ID: id, SKU: of(id+"sku", "", "X", "Y"), Ordered: n(id+"ordered", units), Removed: n(id+"removed", 2),
				Dropped: n(id+"dropped", 4), Judged: n(id+"judged", 4),
			})
		}
	}
	for _, id := range []string{"r1", "r0"} {
		if yes(id) {
			r := Refund{ID: id, Confirmed: yes(id + "confirmed")}
			for _, line := range []string{"l1", "l2"} {
				for _, kind := range []Restock{RestockReturn, RestockCancel, RestockNone} {
					for _, at := range []string{"B", "A", ""} {
						if n(id+line+string(kind)+at, 5) == 0 {
							r.Lines = append(r.Lines, RefundLine{Line: line, Restock: kind, Location: at, Quantity: n("q", units)})
						}
					}
				}
			}
			o.Refunds = append(o.Refunds, r)
		}
	}
	status := rapid.SampledFrom([]FulfillmentStatus{FulfillmentPending, FulfillmentShipped, FulfillmentDead})
	for _, id := range []string{"f1", "f0"} {
		if yes(id) {
			f := Fulfillment{ID: id, Status: status.Draw(t, label+id), Location: of(id+"at", "", "A", "B")}
			if yes(id + "confirmed") {
				f.Confirmed = status.Draw(t, label+id+"confirmed")
			}
			for _, line := range []string{"l2", "l1"} {
				if yes(id + line) {
					f.Lines = append(f.Lines, FulfillmentLine{line, n("q", units)})
				}
			}
			o.Fulfillments = append(o.Fulfillments, f)
		}
	}
	if yes("places") {
		o.Places.Updated, o.Places.Read = n("places updated", 2), n("places read", 2)
		for _, line := range []string{"l2", "l1"} {
			l := LinePlaces{Line: line, Sure: yes(line + "sure")}
			for _, at := range []string{"B", "C", "A"} {
				if yes(line + at) {
					l.At = append(l.At, PlaceLine{at, n("open", 3), n("shipped", 3), n("gone", 3)})
				}
			}
			o.Places.Lines = append(o.Places.Lines, l)
		}
	}
	return o
}

func TestOrderJSONIsTheSameBothWays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := Merge(drawOrder(t, ""), Order{})
		require.NoError(t, o.Validate())
		raw, err := json.Marshal(o)
		require.NoError(t, err)
		var back Order
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Equal(t, o, back)
	})
}

func TestOrderJSONStaysAsItIs(t *testing.T) {
	t.Parallel()
	o := Order{
		Channel: "shopify/acme", ID: "17", Full: true, Updated: 1794477601, Edited: 1794477600,
		Lines:        []OrderLine{{ID: "1", SKU: "TEE", Ordered: 3, Dropped: 1}},
		Refunds:      []Refund{{ID: "2", Confirmed: true, Lines: []RefundLine{{"1", RestockCancel, "berlin", 1}}}},
		Fulfillments: []Fulfillment{{ID: "3", Status: FulfillmentShipped, Location: "berlin", Lines: []FulfillmentLine{{"1", 1}}}},
		Places:       OrderPlaces{Updated: 1, Read: 2, Lines: []LinePlaces{{Line: "1", Sure: true, At: []PlaceLine{{"berlin", 1, 0, 0}}}}},
	}
	raw, err := json.Marshal(o)
	require.NoError(t, err)
	require.Equal(t, `{"channel":"shopify/acme","id":"17","updated":1794477601,"edited":1794477600,"full":true,`+
		`"lines":[{"id":"1","sku":"TEE","ordered":3,"dropped":1}],`+
		`"refunds":[{"id":"2","confirmed":true,"lines":[{"line":"1","restock":"cancel","location":"berlin","quantity":1}]}],`+
		`"fulfillments":[{"id":"3","status":"shipped","location":"berlin","lines":[{"line":"1","quantity":1}]}],`+
		`"places":{"updated":1,"read":2,"lines":[{"line":"1","sure":true,"at":[{"location":"berlin","open":1}]}]}}`, string(raw))
	require.Equal(t, "shopify/acme/17", o.Document())
}

func TestOrderValidateNamesTheField(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 256)
	for want, change := range map[string]func(*Order){
		"Order.Channel ":                      func(o *Order) { o.Channel = "" },
		"Order.ID ":                           func(o *Order) { o.ID = "a\x00" },
		"Order.Document ":                     func(o *Order) { o.ID = strings.Repeat("x", 250) },
		"Order.Location ":                     func(o *Order) { o.Location = long },
		"Order.Settles ":                      func(o *Order) { o.Settles = "\xff" },
		"Order.Updated is -1":                 func(o *Order) { o.Updated = -1 },
		"Order.Places.Read is":                func(o *Order) { o.Places.Read = 1 << 62 },
		"Order.Lines[0].Ordered is -1":        func(o *Order) { o.Lines = []OrderLine{{ID: "1", Ordered: -1}} },
		"Order.Lines[0].SKU ":                 func(o *Order) { o.Lines = []OrderLine{{ID: "1", SKU: long}} },
		"Order.Lines[1] is there twice":       func(o *Order) { o.Lines = []OrderLine{{ID: "1"}, {ID: "1"}} },
		"Order.Refunds[0].ID ":                func(o *Order) { o.Refunds = []Refund{{}} },
		"Order.Refunds[0].Lines[0].Restock ":  func(o *Order) { o.Refunds = []Refund{{ID: "1", Lines: []RefundLine{{Line: "1"}}}} },
		"Order.Refunds[0].Lines[0].Quantity ": func(o *Order) { o.Refunds = []Refund{{ID: "1", Lines: []RefundLine{{"1", RestockNone, "", 2e9}}}} },
		"Order.Refunds[0].Lines[1] is there twice": func(o *Order) {
			o.Refunds = []Refund{{ID: "1", Lines: []RefundLine{{"1", RestockNone, "", 2}, {"1", RestockNone, "", 3}}}}
		},
		"Order.Fulfillments[0].Status is":            func(o *Order) { o.Fulfillments = []Fulfillment{{ID: "1", Status: "lost"}} },
		"Order.Places.Lines[0].At[0].Gone is":        func(o *Order) { o.Places.Lines = []LinePlaces{{Line: "1", At: []PlaceLine{{Gone: -3}}}} },
		"Order has 10001 lines, refunds, fulfillmen": func(o *Order) { o.Lines = make([]OrderLine, MaxOrderParts+1) },
	} {
		o := Order{Channel: "shopify/acme", ID: "1"}
		require.NoError(t, o.Validate())
		change(&o)
		require.ErrorIs(t, o.Validate(), ErrInvalid, want)
		require.ErrorContains(t, o.Validate(), "inventory: "+want)
	}
}

// Whatever JSON comes in, an order that passes Validate can be joined and
// understood, and its canonical form stays the same over JSON.
func FuzzOrderJSON(f *testing.F) {
	f.Add([]byte(`{"channel":"a","id":"1","full":true,"lines":[{"id":"1","sku":"X","ordered":3}],"cancelled":true}`))
	f.Add([]byte(`{"channel":"a","id":"1","full":true,"updated":5,"lines":[{"id":"1","sku":"X","ordered":1000000000}],` +
		`"refunds":[{"id":"r","lines":[{"line":"1","restock":"cancel","quantity":7,"location":"A"}]}],` +
		`"fulfillments":[{"id":"f","status":"shipped","location":"B","lines":[{"line":"1","quantity":900000000}]}],` +
		`"places":{"updated":5,"read":6,"lines":[{"line":"1","at":[{"location":"A","open":3},{"location":"C","gone":1,"shipped":2}]}]}}`))
	f.Add([]byte(`{"channel":"","lines":[{"ordered":-1}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var o Order
		if json.Unmarshal(raw, &o) != nil || o.Validate() != nil {
			return
		}
		joined := Merge(o, o)
		require.Equal(t, joined, Merge(joined, o))
		places := Places{Locations: []string{"A", "B"}}
		m, why := o.Implied(places)
		again, whyAgain := joined.Implied(places)
		require.Equal(t, m, again)
		require.Equal(t, why, whyAgain)
		text, err := json.Marshal(joined)
		require.NoError(t, err)
		var back Order
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, joined, back)
	})
}
