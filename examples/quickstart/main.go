// Command quickstart reserves and sells one mug, with everything in memory:
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

func main() {
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	if err != nil {
		log.Fatal(err)
	}
	mugs := func(n int64) inventory.Line { return inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n} }

	// Nothing is in stock before somebody says so: unknown is not zero.
	if _, err := stock.Apply(ctx, inventory.Track("first count", mugs(3))); err != nil {
		log.Fatal(err)
	}

	// The cart's ID is the reservation's: repeat the call as often as you like.
	hold, err := stock.Reserve(ctx, "cart-81", 10*time.Minute, mugs(2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("cart-81 holds 2 mugs:", hold.Status)

	// Somebody else wants what is no longer there.
	var short *inventory.InsufficientError
	if _, err := stock.Reserve(ctx, "cart-82", 10*time.Minute, mugs(2)); errors.As(err, &short) {
		fmt.Printf("cart-82 wants %d and there is %d\n", short.Short[0].Wanted, short.Short[0].Left)
	}

	// The payment came in. The customer has paid, so the request's end must not stop us.
	if _, err := stock.Commit(context.WithoutCancel(ctx), "cart-81", "order/17"); err != nil {
		log.Fatal(err)
	}
	left, err := stock.Available(ctx, "MUG")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("left to sell:", left)
}
