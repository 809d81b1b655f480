package inventory_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// bazaarAPI is a marketplace: one number per offer, told absolutely, without
// locations and idempotency keys.
type bazaarAPI struct{ offers map[string]int64 }

// SetQuantities is a call of the marketplace's client; it names what it refuses.
func (api bazaarAPI) SetQuantities(_ context.Context, offers map[string]int64) (refused map[string]error, err error) {
	refused = map[string]error{}
	for sku, n := range offers {
		if _, ok := api.offers[sku]; !ok {
			refused[sku] = errors.New("no such offer")
			continue
		}
		api.offers[sku] = n
	}
	return refused, nil
}

// show is all that has to be written for a marketplace.
func (api bazaarAPI) show(ctx context.Context, b inventory.Batch) ([]inventory.Result, error) {
	offers := map[string]int64{}
	for _, p := range b.Pushes {
		offers[p.SKU] = max(p.Target, 0) // absolute: sending it twice is harmless
	}
	refused, err := api.SetQuantities(ctx, offers)
	results := make([]inventory.Result, len(b.Pushes))
	for i, p := range b.Pushes {
		results[i].Status = inventory.Applied
		if why := refused[p.SKU]; why != nil {
			results[i] = inventory.Result{Status: inventory.Refused, Err: why} // parked, listed, tried again later
		}
	}
	return results, err // an error is "no answer": the same Batch is sent again
}

// A marketplace shows the sum over all locations, less a buffer.
func ExampleSyncFunc() {
	ctx := context.Background()
	api := bazaarAPI{offers: map[string]int64{"MUG": 0}}
	stock := warehouse(nil,
		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 9},
		inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 4},
		inventory.Line{SKU: "TEE", Location: "berlin", Quantity: 7})
	err := stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{{Name: "bazaar", Pooled: true, Buffer: 2, Max: 50}}})
	if err != nil {
		fmt.Println(err)
	}
	// What it shows today; of what nobody has read nothing is told.
	if _, err := stock.Apply(ctx, inventory.Believe("first", "bazaar", inventory.Line{SKU: "MUG"}, inventory.Line{SKU: "TEE"})); err != nil {
		fmt.Println(err)
	}

	pusher := inventory.NewPusher(stock, inventory.SyncFunc("bazaar", api.show), nil)
	tell := func() {
		if err := pusher.Drain(ctx); err != nil {
			fmt.Println(err)
		}
		fmt.Println(api.offers)
	}
	tell()
	if _, err := stock.Apply(ctx, inventory.Sell("order-1", inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 3})); err != nil {
		fmt.Println(err)
	}
	tell()
	api.offers["MUG"]-- // a customer buys there
	if _, err := stock.Apply(ctx, inventory.Sell("bazaar-1", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 1}).ReportedBy("bazaar")); err != nil {
		fmt.Println(err)
	}
	tell()
	for b, err := range stock.Beliefs(ctx, "bazaar") {
		fmt.Println(b.SKU, b.Parked, err)
	}
	// Output:
	// map[MUG:11]
	// map[MUG:8]
	// map[MUG:7]
	// TEE no such offer <nil>
}
