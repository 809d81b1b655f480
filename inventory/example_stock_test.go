package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// A checkout: reserve when it begins, commit when the payment came in.
func ExampleStock() {
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", &inventory.Config{Sourcer: inventory.MostStock("berlin")})
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := stock.Available(ctx, "MUG"); errors.Is(err, inventory.ErrUntracked) {
		fmt.Println("unknown is not zero")
	}
	_, err = stock.Apply(ctx, inventory.Track("first count",
		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3}, inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 5}))
	if err != nil {
		fmt.Println(err)
		return
	}
	hold, err := stock.Reserve(ctx, "cart-81", 10*time.Minute, inventory.Line{SKU: "MUG", Quantity: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(hold.Status, "at", hold.Lines[0].Location)
	if _, err := stock.Commit(ctx, "cart-81", "order/17"); err != nil {
		fmt.Println(err)
	}
	left, err := stock.Available(ctx, "MUG")
	fmt.Println(left, "left", err)
	// Output:
	// unknown is not zero
	// held at lyon
	// 4 left <nil>
}

// A marketplace that takes absolute numbers, sent twice without harm.
func ExampleNewPusher() {
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	bazaar := &bazaar{shown: map[string]int64{}}
	// Buffer: two units are never shown, for what is sold while the news travels.
	err = stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{{Name: "bazaar", Buffer: 2, ReplayProved: true}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	mug := inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 9}
	changes := []inventory.Change{
		inventory.Track("first count", mug),
		inventory.Believe("nothing listed yet", "bazaar", inventory.Line{SKU: "MUG", Location: "berlin", Shown: 0}),
	}
	if err := stock.Emit(ctx, changes...); err != nil {
		fmt.Println(err)
	}
	pusher := inventory.NewPusher(stock, bazaar, nil)
	fmt.Println(pusher.Drain(ctx), bazaar.shown)
	// Output:
	// <nil> map[MUG:7]
}

type bazaar struct{ shown map[string]int64 }

func (b *bazaar) Channel() string { return "bazaar" }

func (b *bazaar) Prepare(context.Context, inventory.Batch) ([]byte, []inventory.Result, error) {
	return nil, nil, nil // Send needs no bytes: what it sends is in the pushes
}

func (b *bazaar) Send(_ context.Context, batch inventory.Batch) ([]inventory.Result, error) {
	results := make([]inventory.Result, len(batch.Pushes))
	for i, p := range batch.Pushes {
		b.shown[p.SKU] = max(p.Target, 0)
		results[i].Status = inventory.Applied
	}
	return results, nil
}
