package inventory_test

import (
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// Messages about one order may come in any order and twice. Their join is what
// is known of it.
func ExampleMerge() {
	placed := inventory.Order{
		Channel: "bazaar", ID: "17", Full: true, Updated: 100,
		Lines: []inventory.OrderLine{{ID: "1", SKU: "MUG", Ordered: 2}},
	}
	refunded := inventory.Order{
		Channel: "bazaar", ID: "17",
		Refunds: []inventory.Refund{{ID: "r1", Lines: []inventory.RefundLine{
			{Line: "1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1},
		}}},
	}
	document := inventory.Merge(refunded, placed)
	document = inventory.Merge(document, refunded)
	fmt.Println(document.Document(), len(document.Lines), "line,", len(document.Refunds), "refund")
	// Output: bazaar/17 1 line, 1 refund
}

// A refund that came alone counts at once; the order is unsure until a full
// order contains it.
func ExampleOrder_Implied() {
	order := inventory.Order{
		Channel: "bazaar", ID: "17", Full: true, Updated: 100,
		Lines: []inventory.OrderLine{{ID: "1", SKU: "MUG", Ordered: 3}},
		Refunds: []inventory.Refund{{ID: "r1", Lines: []inventory.RefundLine{
			{Line: "1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1},
		}}},
	}
	movement, why := order.Implied(inventory.Places{Locations: []string{"berlin"}})
	for _, m := range movement {
		fmt.Printf("%s at %s: available %+d, committed %+d\n", m.SKU, m.Location, m.Available, m.Committed)
	}
	for _, reason := range why {
		fmt.Println("unsure:", reason, "- fetch:", reason.Fetch())
	}
	// Output:
	// MUG at berlin: available -2, committed +2
	// unsure: order - fetch: true
}
