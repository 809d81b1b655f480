package inventory_test

import (
	"context"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// What may be sold at all, and what one channel is to show.
func ExampleStock_Availability() {
	ctx := context.Background()
	stock := warehouse(&inventory.Config{Kits: inventory.FixedKits{"PAIR": {{SKU: "MUG", Quantity: 2}}}},
		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 9},
		inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 4},
		inventory.Line{SKU: "TEE", Location: "berlin", Quantity: 1})
	err := stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{
		{Name: "bazaar", Locations: []string{"berlin"}, Buffer: 2, Max: 5},
	}})
	if err != nil {
		fmt.Println(err)
	}
	for _, channel := range []string{"", "bazaar"} {
		all, err := stock.Availability(ctx, channel, "MUG", "TEE", "PAIR", "HAT")
		for _, a := range all {
			fmt.Printf("%q %s: %d %v\n", channel, a.SKU, a.Quantity, a.ByLocation)
		}
		fmt.Println(err)
	}
	// Output:
	// "" MUG: 13 [{berlin 9} {lyon 4}]
	// "" TEE: 1 [{berlin 1}]
	// "" PAIR: 6 [{berlin 4} {lyon 2}]
	// inventory: level is not tracked: HAT@; start it with Track or load it from a channel
	// "bazaar" MUG: 5 [{berlin 5}]
	// "bazaar" TEE: 0 [{berlin 0}]
	// "bazaar" PAIR: 3 [{berlin 3}]
	// inventory: level is not tracked: HAT@; start it with Track or load it from a channel
}

// What a shop shows is read at most every 45 seconds, and again as soon as a
// webhook says that it changed.
func ExampleView() {
	ctx := context.Background()
	shows := map[inventory.Key]int64{{SKU: "MUG", Location: "berlin"}: 9}
	reads := 0
	view := inventory.NewView(func(_ context.Context, keys []inventory.Key) ([]int64, error) {
		reads++ // one request to the shop for all keys
		out := make([]int64, len(keys))
		for i, k := range keys {
			out[i] = shows[k]
		}
		return out, nil
	}, nil)

	mug := inventory.Key{SKU: "MUG", Location: "berlin"}
	for range 100 {
		if _, err := view.Get(ctx, mug); err != nil {
			fmt.Println(err)
		}
	}
	shows[mug] = 4
	view.Drop(mug) // the webhook
	got, err := view.Get(ctx, mug)
	fmt.Println(got, err, "after", reads, "reads")
	// Output:
	// [4] <nil> after 2 reads
}
