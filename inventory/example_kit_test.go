package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// warehouse is a stock with levels, for the examples below.
func warehouse(cfg *inventory.Config, lines ...inventory.Line) *inventory.Stock {
	stock, err := inventory.New(memstore.New(nil), "acme", cfg)
	if err == nil {
		err = stock.Emit(context.Background(), inventory.Track("first count", lines...))
	}
	if err != nil {
		fmt.Println(err)
	}
	return stock
}

// A kit has no level: what is sold of it is its components.
func ExampleKits() {
	ctx := context.Background()
	stock := warehouse(&inventory.Config{
		Kits:    inventory.FixedKits{"GIFTBOX": {{SKU: "MUG", Quantity: 2}, {SKU: "TEA", Quantity: 1}}},
		Sourcer: inventory.MostStock(),
	}, at("MUG", 9), at("TEA", 6))

	n, err := stock.Available(ctx, "GIFTBOX")
	fmt.Println(n, "boxes can be made up", err)
	hold, err := stock.Reserve(ctx, "cart-81", 10*time.Minute,
		inventory.Line{SKU: "GIFTBOX", Quantity: 2}, inventory.Line{SKU: "MUG", Quantity: 1})
	for _, l := range hold.Lines {
		fmt.Println("held:", l.Quantity, l.SKU)
	}
	n, _ = stock.Available(ctx, "GIFTBOX")
	fmt.Println(n, "boxes are left", err)
	// Output:
	// 4 boxes can be made up <nil>
	// held: 5 MUG
	// held: 2 TEA
	// 2 boxes are left <nil>
}

// Everything that is short is said, once, and which kits wanted it.
func ExampleKits_refused() {
	stock := warehouse(&inventory.Config{
		Kits:    inventory.FixedKits{"GIFTBOX": {{SKU: "MUG", Quantity: 2}, {SKU: "TEA", Quantity: 1}}},
		Sourcer: inventory.MostStock(),
	}, at("MUG", 5), at("TEA", 2))

	_, err := stock.Reserve(context.Background(), "cart-81", 10*time.Minute,
		inventory.Line{SKU: "GIFTBOX", Quantity: 2}, inventory.Line{SKU: "MUG", Quantity: 2}, inventory.Line{SKU: "TEA", Quantity: 1})
	var short *inventory.InsufficientError
	if errors.As(err, &short) {
		for _, s := range short.Short {
			fmt.Printf("%s: %d wanted, %d left, also for %s\n", s.SKU, s.Wanted, s.Left, strings.Join(s.Kits, " and "))
		}
	}
	// Output:
	// MUG: 6 wanted, 5 left, also for GIFTBOX
	// TEA: 3 wanted, 2 left, also for GIFTBOX
}

// An order leaves from one place if one has it all, else from as few as can be.
func ExampleFewestLocations() {
	ctx := context.Background()
	stock := warehouse(&inventory.Config{Sourcer: inventory.FewestLocations("berlin")},
		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3},
		inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 8},
		inventory.Line{SKU: "MUG", Location: "porto", Quantity: 4})
	for i, n := range []int64{7, 5, 9} {
		out, err := stock.Apply(ctx, inventory.Sell(fmt.Sprint("order/", i), inventory.Line{SKU: "MUG", Quantity: n}))
		for _, l := range out.Lines {
			fmt.Printf("order/%d: %d from %s\n", i, l.Quantity, l.Location)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// order/0: 7 from lyon
	// order/1: 3 from berlin
	// order/1: 2 from porto
	// inventory: not enough stock: MUG@porto: 9 wanted, 2 left
}

// A policy of one's own: heavy goods leave from the depot, the rest from where
// most is.
func ExampleSourcerFunc() {
	most := inventory.MostStock()
	policy := func(ctx context.Context, need []inventory.Line, levels []inventory.Level) ([]inventory.Line, error) {
		for i, l := range need {
			if l.Location == "" && strings.HasPrefix(l.SKU, "ANVIL") {
				need[i].Location = "depot"
			}
		}
		return most.Source(ctx, need, levels)
	}
	stock := warehouse(&inventory.Config{Sourcer: inventory.SourcerFunc(policy)},
		inventory.Line{SKU: "ANVIL-20", Location: "depot", Quantity: 2},
		inventory.Line{SKU: "ANVIL-20", Location: "lyon", Quantity: 7},
		inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 7})
	out, err := stock.Apply(context.Background(), inventory.Sell("order/17",
		inventory.Line{SKU: "ANVIL-20", Quantity: 1}, inventory.Line{SKU: "MUG", Quantity: 1}))
	for _, l := range out.Lines {
		fmt.Println(l.SKU, "from", l.Location)
	}
	fmt.Println(err)
	// Output:
	// ANVIL-20 from depot
	// MUG from lyon
	// <nil>
}

// A channel that sells a kit as an item of its own is told how many there are.
// When it sells one it has moved its own number already.
func ExampleStock_ShowKits() {
	ctx := context.Background()
	stock := warehouse(&inventory.Config{
		Kits: inventory.FixedKits{"GIFTBOX": {{SKU: "MUG", Quantity: 2}, {SKU: "TEA", Quantity: 1}}},
	}, at("MUG", 9), at("TEA", 6))
	err := stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{{Name: "market"}}})
	if err == nil {
		err = stock.ShowKits(ctx, "GIFTBOX")
	}
	if err == nil { // at first the market shows none
		err = stock.Emit(ctx, inventory.Believe("first reading", "market", inventory.Line{SKU: "GIFTBOX", Location: "berlin"}))
	}
	say := func(what string) {
		if err == nil {
			err = stock.DeriveKits(ctx) // a Pusher does before it claims
		}
		for b, failed := range stock.Store().Beliefs(ctx, "acme", "market", []inventory.Key{{SKU: "GIFTBOX", Location: "berlin"}}) {
			fmt.Println(what+":", b.Target-b.Believed, "to be told, to", b.Target, errors.Join(err, failed))
		}
	}
	say("at first")
	err = stock.Emit(ctx, inventory.Sell("1", at("GIFTBOX", 1)).ReportedBy("market"))
	say("the market sold a box")
	err = stock.Emit(ctx, inventory.Sell("2", at("MUG", 5)))
	say("somebody bought five mugs")
	// Output:
	// at first: 4 to be told, to 4 <nil>
	// the market sold a box: 4 to be told, to 3 <nil>
	// somebody bought five mugs: 2 to be told, to 1 <nil>
}
