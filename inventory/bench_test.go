package inventory

import (
	"encoding/json"
	"fmt"
	"testing"
)

// manyLines is an order of n lines, of which some are refunded and shipped.
func manyLines(n int) Order {
	o := Order{Channel: "shop", ID: "1", Created: 1, Updated: 2, Full: true, Location: "berlin"}
	f := Fulfillment{ID: "f", Status: FulfillmentShipped, Confirmed: FulfillmentShipped, Location: "berlin"}
	for i := range n {
		id := fmt.Sprintf("line-%03d", i)
		o.Lines = append(o.Lines, OrderLine{ID: id, SKU: "sku-" + id, Ordered: 3})
		f.Lines = append(f.Lines, FulfillmentLine{Line: id, Quantity: 1})
		if i%3 == 0 {
			o.Refunds = append(o.Refunds, Refund{ID: "refund-" + id, Confirmed: true, Lines: []RefundLine{{Line: id, Restock: RestockCancel, Quantity: 1}}})
		}
	}
	o.Fulfillments = []Fulfillment{f}
	return o
}

// BenchmarkDocument merges what a later webhook says into a document, works out
// what that implies, and writes and reads the document, by the lines that the order
// has.
func BenchmarkDocument(b *testing.B) {
	for _, n := range []int{1, 3, 30} {
		known := Merge(manyLines(n), Order{})
		heard := known
		heard.Updated++
		heard.Refunds = append(heard.Refunds[:len(heard.Refunds):len(heard.Refunds)], Refund{
			ID: "refund-zz", Confirmed: true, Lines: []RefundLine{{Line: "line-000", Restock: RestockCancel, Quantity: 1}},
		})
		b.Run(fmt.Sprintf("merge/%d lines", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Merge(known, heard)
			}
		})
		b.Run(fmt.Sprintf("implied/%d lines", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				heard.Implied(Places{})
			}
		})
		b.Run(fmt.Sprintf("json/%d lines", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text, err := json.Marshal(heard)
				if err != nil {
					b.Fatal(err)
				}
				var back Order
				if err := json.Unmarshal(text, &back); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
