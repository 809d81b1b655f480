package shopify_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/shopify"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// A whole sync in one process, against a test Shopify: the shop is loaded, an
// order comes in by webhook, the merchant's own site sells, and the shop
// follows.
func Example() {
	ctx := context.Background()
	shop, err := shopifytest.Open(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.Stock("MUG", "berlin", 10)

	client, err := shopify.NewClient(shop.Domain, shopify.StaticToken(shop.Token), &shopify.ClientConfig{
		BaseURL: "http://" + shop.Domain, HTTP: &http.Client{Transport: shop.Transport()}, // a real shop needs neither
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	catalog := shopify.NewCatalog(client, nil)
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := shopify.Load(ctx, stock, client, catalog, &shopify.LoadConfig{ReplayProved: true}); err != nil {
		fmt.Println(err)
		return
	}

	q := memqueue.New(nil)
	merchant := func(string) (string, error) { return "acme", nil }
	receiver, err := shopify.NewReceiver(q, []string{shop.Secret}, &shopify.ReceiverConfig{MerchantOf: merchant})
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.DeliverTo(receiver) // in a server: mux.Handle("/webhooks/shopify", receiver)
	orders, err := shopify.NewOrderConsumer(stock, client, catalog, &shopify.OrderConfig{Merchant: "acme"})
	if err != nil {
		fmt.Println(err)
		return
	}
	router := queue.NewRouter(q, nil)
	router.Handle("shopify.webhooks", "orders", orders.Handle)
	pusher := inventory.NewPusher(stock, shopify.NewSyncer(client, catalog, nil), nil)

	if _, err := shop.Order(shopifytest.Line{SKU: "MUG", Quantity: 2}); err != nil {
		fmt.Println(err)
	}
	shop.Flush(ctx) // a shop does this by itself
	fmt.Println(router.Drain(ctx))
	_, err = stock.Apply(ctx, inventory.Sell("web/1", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 3}))
	fmt.Println(err)
	fmt.Println(pusher.Drain(ctx))
	fmt.Println(shop.Available("MUG", "berlin"), "shown, by", pusher.Stats().Batches, "push")
	// Output:
	// <nil>
	// <nil>
	// <nil>
	// 5 shown, by 1 push
}
