package redisstore_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

func ExampleNew() {
	ctx := context.Background()
	server, err := miniredis.Run() // in place of a Redis server
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()

	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close() // the client stays the program's own
	store, err := redisstore.New(ctx, rdb, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	mug := func(n int64) inventory.Line {
		return inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n}
	}
	changes := []inventory.Change{
		inventory.Track("load-1", mug(3)),
		inventory.Sell("order/1", mug(2)),
		inventory.Sell("order/2", mug(2)),
		inventory.Sell("order/1", mug(2)), // heard twice
	}
	for i := range changes {
		changes[i].Merchant = "acme"
	}
	for _, out := range store.Apply(ctx, changes) {
		var short *inventory.InsufficientError
		if errors.As(out.Err, &short) {
			fmt.Println(out.ID, "refused:", short.Short[0].Left, "left")
			continue
		}
		fmt.Println(out.ID, "duplicate:", out.Duplicate, "available:", out.Levels[0].Available)
	}
	// Output:
	// load-1 duplicate: false available: 3
	// order/1 duplicate: false available: 1
	// order/2 refused: 1 left
	// order/1 duplicate: true available: 1
}
