package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// at returns a line in the one warehouse of the examples.
func at(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: "berlin", Quantity: n}
}

// submitTo returns what applies one Change of the merchant "acme".
func submitTo(s inventory.Store) func(inventory.Change) inventory.Outcome {
	return func(c inventory.Change) inventory.Outcome {
		c.Merchant = "acme"
		return s.Apply(context.Background(), []inventory.Change{c})[0]
	}
}

// A sale is applied once by its ID, however often it is submitted.
func ExampleSell() {
	submit := submitTo(memstore.New(nil))
	submit(inventory.Track("load/1", at("socks", 10)))

	for range 2 {
		out := submit(inventory.Sell("order/17", at("socks", 3)))
		l := out.Levels[0]
		fmt.Printf("duplicate: %t, %d available, %d committed\n", out.Duplicate, l.Available, l.Committed)
	}
	// Output:
	// duplicate: false, 7 available, 3 committed
	// duplicate: true, 7 available, 3 committed
}

// All lines of a Change apply or none, and the error names every short one.
func ExampleInsufficientError() {
	submit := submitTo(memstore.New(nil))
	submit(inventory.Track("load/1", at("hat", 9), at("scarf", 1), at("socks", 2)))

	out := submit(inventory.Sell("order/17", at("hat", 1), at("scarf", 2), at("socks", 2), at("socks", 2)))
	var short *inventory.InsufficientError
	if errors.As(out.Err, &short) {
		for _, s := range short.Short {
			fmt.Printf("%s: %d wanted, %d left\n", s.SKU, s.Wanted, s.Left)
		}
	}
	fmt.Println("hats:", out.Levels[0].Available)
	// Output:
	// scarf: 2 wanted, 1 left
	// socks: 4 wanted, 2 left
	// hats: 9
}

// A cart holds its units while the customer pays. What is not committed in
// time comes back.
func ExampleReserve() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	submit := submitTo(memstore.New(&memstore.Config{Now: func() time.Time { return now }}))
	submit(inventory.Track("load/1", at("socks", 10)))
	show := func(out inventory.Outcome) {
		l := out.Levels[0]
		fmt.Printf("%s: %d available, %d reserved, %d committed\n", out.Reservation.Status, l.Available, l.Reserved, l.Committed)
	}

	show(submit(inventory.Reserve("cart-81", 15*time.Minute, at("socks", 3))))
	show(submit(inventory.Commit("cart-81", "order/17")))

	show(submit(inventory.Reserve("cart-82", 15*time.Minute, at("socks", 2))))
	now = now.Add(15 * time.Minute)
	for _, id := range submit(inventory.Receive("asn-4", at("socks", 1))).Due {
		show(submit(inventory.Expire(id)))
	}
	// Output:
	// held: 7 available, 3 reserved, 0 committed
	// committed: 7 available, 0 reserved, 3 committed
	// held: 5 available, 2 reserved, 3 committed
	// expired: 8 available, 0 reserved, 3 committed
}

// What a shop has sold by itself it knows already: only the others are told.
func ExampleChange_ReportedBy() {
	ctx, store := context.Background(), memstore.New(nil)
	submit := submitTo(store)
	channels := []inventory.Channel{{Name: "shopify/acme"}, {Name: "till/1"}}
	if err := store.Configure(ctx, "acme", inventory.Settings{Channels: channels}); err != nil {
		fmt.Println(err)
		return
	}
	submit(inventory.Track("load/1", at("socks", 10)))
	for _, c := range channels { // both show 10 by now
		submit(inventory.Believe("read/"+c.Name, c.Name, inventory.Line{SKU: "socks", Location: "berlin", Shown: 10}))
	}

	submit(inventory.Sell("order/17", at("socks", 3)).ReportedBy("shopify/acme"))
	for _, c := range channels {
		for b, err := range store.Beliefs(ctx, "acme", c.Name, []inventory.Key{{SKU: "socks", Location: "berlin"}}) {
			fmt.Println(b.Channel, "shows", b.Believed, "of", b.Target, "pending:", b.Pending, err)
		}
	}
	// Output:
	// shopify/acme shows 7 of 7 pending: false <nil>
	// till/1 shows 10 of 7 pending: true <nil>
}
