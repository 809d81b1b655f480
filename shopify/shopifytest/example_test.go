package shopifytest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// A shop sells, and tells so by webhooks.
func Example() {
	shop, err := shopifytest.Open(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.Stock("MUG", "Berlin", 5)
	shop.DeliverTo(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println("webhook", r.Header.Get("X-Shopify-Topic"))
	}))
	id, err := shop.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.Flush(context.Background())
	fmt.Println(shop.Available("MUG", "Berlin"), "left,", shop.Quantity("MUG", "Berlin", "committed"), "committed")
	if err := shop.Cancel(id, true); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(shop.Available("MUG", "Berlin"), "left")
	// Output:
	// webhook orders/create
	// webhook inventory_levels/update
	// 3 left, 2 committed
	// 5 left
}

// The API is an http.Handler, and an http.RoundTripper that needs no socket.
func ExampleServer_Transport() {
	shop, err := shopifytest.Open(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.AddLocation("Berlin")
	client := &http.Client{Transport: shop.Transport()}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+shop.Domain+"/admin/api/2026-10/graphql.json",
		strings.NewReader(`{"query": "{ locations(first: 1) { nodes { name } } }"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("X-Shopify-Access-Token", shop.Token)
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	var answer struct{ Data json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp.Status, string(answer.Data))
	// Output: 200 OK {"locations":{"nodes":[{"name":"Berlin"}]}}
}

// A hook makes requests fail, here each first one after it was applied.
func ExampleServer_OnRequest() {
	shop, err := shopifytest.Open(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.OnRequest(func(operation string, n int) shopifytest.Fault {
		fmt.Println(operation, n)
		return shopifytest.Fault{LoseReply: n == 1}
	})
	client := &http.Client{Transport: shop.Transport()}
	for range 2 {
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+shop.Domain+"/admin/api/2026-10/graphql.json",
			strings.NewReader(`{"query": "{ shop { name } }"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("X-Shopify-Access-Token", shop.Token)
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		fmt.Println(resp.Status)
		resp.Body.Close()
	}
	// Output:
	// shop 1
	// no answer
	// shop 2
	// 200 OK
}

// Webhooks are doubled, held back and lost on purpose. A seed repeats them.
func ExampleServer_Shopper() {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	shop, err := shopifytest.Open(&shopifytest.Config{
		Seed: 1, Now: func() time.Time { return noon }, Duplicate: .2, Reorder: .2, Lose: .05,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	shop.Stock("MUG", "Berlin", 500)
	received := 0
	shop.DeliverTo(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { received++ }))
	shopper := shop.Shopper(&shopifytest.ShopperConfig{Seed: 1, Mix: shopifytest.Mix{Order: 3, Cancel: 1}})
	for range 100 {
		shopper.Step()
		shop.Advance(context.Background(), time.Second)
	}
	shop.Flush(context.Background())
	n := shop.Counters()
	fmt.Println(n.Orders > 60, n.Cancelled > 10, n.Lost > 0, received == n.Delivered, shop.Pending())
	// Output: true true true true 0
}
