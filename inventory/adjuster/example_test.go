package adjuster_test

import (
	"context"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/adjuster"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// A till publishes what it has sold; the adjuster applies it, once.
func Example() {
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mugs := func(n int64) inventory.Line { return inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n} }
	if _, err := stock.Apply(ctx, inventory.Track("first count", mugs(5))); err != nil {
		fmt.Println(err)
		return
	}
	q := memqueue.New(nil)
	router := queue.NewRouter(q, nil)
	router.HandleBatch("changes", "adjuster", adjuster.Handler(func(string) (*inventory.Stock, error) { return stock, nil }))

	sale := inventory.Sell("till-3/receipt-17", mugs(2)).ReportedBy("till-3")
	sale.Merchant = "acme"
	till := adjuster.To(q, "changes")
	for range 2 { // the till was not sure and tells it again
		if err := till.Emit(ctx, sale); err != nil {
			fmt.Println(err)
		}
	}
	err = router.Drain(ctx)
	left, _ := stock.Available(ctx, "MUG")
	fmt.Println(left, err)
	// Output:
	// 3 <nil>
}
