// Command testshop is a test Shopify as a process, for programs in any
// language: an Admin API that answers GraphQL, a shop that moves stock as
// Shopify does, a shopper who buys, and webhooks that are signed, and late,
// doubled or lost on purpose.
//
//	go run ./examples/testshop -world stock.json -webhooks http://localhost:8080/webhooks/shopify -shopper 2
//
// It prints the address that it listens at. Use it in place of
// https://{shop}.myshopify.com, with the token as X-Shopify-Access-Token:
//
//	curl -s http://127.0.0.1:PORT/admin/api/2026-10/graphql.json \
//	  -H 'Content-Type: application/json' -H 'X-Shopify-Access-Token: test' \
//	  -d '{"query":"{ locations(first: 5) { nodes { id name } } }"}'
//
// Webhooks are signed with -secret: X-Shopify-Hmac-SHA256 is the base64 of the
// HMAC-SHA256 of the body. The form of the world file is that of
// shopifytest.Server.LoadWorld; without one the shop sells three items in two
// places. With -after the shopper comes, and with -for she leaves, after a while,
// and the shop stays open. On SIGTERM or SIGINT the shopper stops, requests
// under way are answered, webhooks under way are delivered, and the process ends
// with a line of counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		slog.Error("testshop", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("testshop", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:0", "address of the Admin API")
	token := flags.String("token", "test", "access token that requests must carry")
	secret := flags.String("secret", "secret", "secret that webhooks are signed with")
	world := flags.String("world", "", "JSON file with locations, items and levels")
	webhooks := flags.String("webhooks", "", "URL to deliver webhooks to")
	rate := flags.Float64("shopper", 0, "orders and their changes a second")
	after := flags.Duration("after", 0, "how long the shop is quiet before the shopper comes, so that a first load finds it at rest")
	length := flags.Duration("for", 0, "how long the shopper shops; default: as long as the shop is open")
	wild := flags.Bool("wild", false, "let units move between locations, and come back elsewhere, as no message tells")
	seed := flags.Uint64("seed", 1, "seed of all chance")
	if err := flags.Parse(args); err != nil {
		return err
	}
	shop, err := open(&shopifytest.Config{
		Token: *token, Secret: *secret, Seed: *seed,
		Duplicate: .1, Reorder: .05, Lose: .01, Stale: .01, Late: .15, Skew: 3 * time.Second,
	}, *world)
	if err != nil {
		return err
	}
	if *webhooks != "" {
		shop.DeliverToURL(*webhooks)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "http://%s\n", l.Addr())
	shopper := shopifytest.ShopperConfig{
		Rate: *rate, Seed: *seed, Custom: .05,
		Mix: shopifytest.Mix{Order: 50, Cancel: 6, Refund: 10, Edit: 8, Fulfill: 22, Touch: 4},
	}
	if *wild {
		shopper.Mix, shopper.Spread, shopper.Elsewhere = shopifytest.Mix{}, .2, .15
	}
	return serve(ctx, l, shop, *after, *length, shopper)
}

func open(cfg *shopifytest.Config, world string) (*shopifytest.Server, error) {
	if world != "" {
		raw, err := os.ReadFile(world)
		if err != nil {
			return nil, err
		}
		cfg.World = raw
	}
	shop, err := shopifytest.Open(cfg)
	if err != nil || world != "" {
		return shop, err
	}
	for i, sku := range []string{"MUG", "TEE-M", "POSTER"} {
		shop.Stock(sku, "Berlin", int64(100*(i+1)))
		shop.Stock(sku, "Lyon", 40)
	}
	return shop, nil
}

// serve answers, sells and delivers until ctx ends, then drains. The shopper
// comes after a while and stays for length, or if that is zero until ctx ends.
func serve(ctx context.Context, l net.Listener, shop *shopifytest.Server, after, length time.Duration, c shopifytest.ShopperConfig) error {
	web := &http.Server{Handler: shop, ReadHeaderTimeout: 10 * time.Second}
	var loops sync.WaitGroup
	loops.Go(func() { _ = shop.Run(ctx) }) // always nil
	if c.Rate > 0 {
		loops.Go(func() {
			select {
			case <-time.After(after):
			case <-ctx.Done():
				return
			}
			shopping, stop := context.WithCancel(ctx)
			defer stop()
			if length > 0 {
				defer time.AfterFunc(length, stop).Stop()
			}
			_ = shop.Shopper(&c).Run(shopping) // always nil
		})
	}
	loops.Go(func() { _ = web.Serve(l) }) // it ends by Shutdown
	<-ctx.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := web.Shutdown(end)
	loops.Wait()
	shop.Flush(end)
	slog.Info("done", "counts", fmt.Sprintf("%+v", shop.Counters()))
	return err
}
