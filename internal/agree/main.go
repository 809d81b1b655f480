// Agree asks a shop and a store, each in a process of its own, whether they
// agree: on what every level has available, on what the shop is believed to
// show, and that nothing is left to tell or to find out.
//
// Of some orders a shop does not say where their units came from, or went. The
// store lists them as in need of a check of their levels. Only levels of SKUs in
// such an order may differ, and never so that the store sells, over all
// locations, what the shop has not; -strict allows no difference at all.
//
//	go run ./internal/agree -shop http://127.0.0.1:PORT -redis redis://127.0.0.1:6379/0 -merchant acme -orders 10
//
// It asks until they do or the time is over, then it lists the differences. The
// shop is asked in GraphQL without the library's client, so that the client is
// no judge of itself.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
	"github.com/onhand-dev/onhand/shopify"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "agree:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("agree", flag.ContinueOnError)
	url := flags.String("shop", "", "where the Admin API is")
	token := flags.String("token", "test", "access token of the Admin API")
	domain := flags.String("domain", "test.myshopify.com", "domain of the shop")
	redisURL := flags.String("redis", "", "Redis that holds the stock")
	merchant := flags.String("merchant", "", "whose stock it is")
	orders := flags.Int("orders", 1, "how many orders the shop must have at least, or there was nothing to agree on")
	sell := flags.Bool("sell", false, "sell one unit of every level first, as a checkout beside the service does, so that there is something to tell the shop")
	strict := flags.Bool("strict", false, "let no order excuse a difference, as where there is one location only")
	within := flags.Duration("within", 2*time.Minute, "how long to wait for it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	opt, err := redis.ParseURL(*redisURL)
	if err != nil {
		return fmt.Errorf("-redis: %w", err)
	}
	rdb := redis.NewClient(opt)
	defer rdb.Close() //nolint:errcheck // the process ends
	store, err := redisstore.New(ctx, rdb, &redisstore.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	client, err := shopify.NewClient(*domain, shopify.StaticToken(*token), nil) // for the channel's name only
	if err != nil {
		return err
	}
	p := pair{shop: shop{url: *url, token: *token}, store: store, merchant: *merchant, channel: client.Channel(), strict: *strict}

	ctx, cancel := context.WithTimeout(ctx, *within)
	defer cancel()
	if *sell {
		if err := p.sell(ctx); err != nil {
			return err
		}
	}
	start := time.Now()
	for {
		c, err := p.compare(ctx)
		if err == nil && len(c.differences) == 0 {
			placed, err := p.shop.orders(ctx)
			if err != nil {
				return err
			}
			if placed < *orders {
				return fmt.Errorf("they agree, but the shop has only %d orders: %d were expected", placed, *orders)
			}
			for _, e := range c.excused {
				fmt.Fprintln(out, "excused:", e)
			}
			fmt.Fprintf(out, "agree: %d levels agree, %d are excused, after %d orders; asked for %.0f s\n",
				c.levels-len(c.excused), len(c.excused), placed, time.Since(start).Seconds())
			return nil
		}
		select {
		case <-time.After(250 * time.Millisecond):
			continue
		case <-ctx.Done():
		}
		for _, d := range c.differences {
			fmt.Fprintln(out, "difference:", d)
		}
		if err != nil {
			return fmt.Errorf("within %s: %w", *within, err)
		}
		return fmt.Errorf("%d differences are left after %s", len(c.differences), *within)
	}
}

// pair of a shop and the store that follows it.
type pair struct {
	shop              shop
	store             *redisstore.Store
	merchant, channel string
	strict            bool
}

// sell takes a unit of every level that has one.
func (p pair) sell(ctx context.Context) error {
	stock, err := inventory.New(p.store, p.merchant, nil)
	if err != nil {
		return err
	}
	sold := 0
	for l, err := range p.store.AllLevels(ctx, p.merchant) {
		if err != nil {
			return err
		}
		line := inventory.Line{SKU: l.SKU, Location: l.Location, Quantity: 1}
		switch _, err := stock.Apply(ctx, inventory.Sell(rand.Text(), line)); {
		case err == nil:
			sold++
		case !errors.Is(err, inventory.ErrInsufficient):
			return err
		}
	}
	if sold == 0 {
		return errors.New("there is nothing to sell")
	}
	return nil
}

// comparison of a pair.
type comparison struct {
	levels               int
	differences, excused []string
}

func (p pair) compare(ctx context.Context) (c comparison, err error) {
	shown, err := p.shop.levels(ctx)
	if err != nil {
		return c, err
	}
	if c.levels = len(shown); c.levels == 0 {
		return c, errors.New("the shop has no levels")
	}
	known := map[inventory.Key]inventory.Level{}
	for l, err := range p.store.AllLevels(ctx, p.merchant) {
		if err != nil {
			return c, err
		}
		known[l.Key] = l
		if _, ok := shown[l.Key]; !ok {
			c.differences = append(c.differences, fmt.Sprintf("%s: the store has it and the shop does not", l.Key))
		}
	}
	keys := slices.SortedFunc(maps.Keys(shown), func(a, b inventory.Key) int { return strings.Compare(a.String(), b.String()) })
	beliefs := map[inventory.Key]inventory.Belief{}
	for b, err := range p.store.Beliefs(ctx, p.merchant, p.channel, keys) {
		if err != nil {
			return c, err
		}
		beliefs[b.Key] = b
	}
	doubtful, err := p.doubtful(ctx, &c)
	if err != nil {
		return c, err
	}
	tooMany := map[string]int64{} // by SKU, over all locations
	for _, k := range keys {
		tooMany[k.SKU] += known[k].Available - shown[k]
	}
	for _, k := range keys {
		n, l, b := shown[k], known[k], beliefs[k]
		_, ok := known[k]
		told := ok && b.Known && b.Believed == l.Available && b.Target == l.Available && !b.Pending && b.InFlight == "" && b.Parked == ""
		if told && l.Available == n {
			continue
		}
		text := fmt.Sprintf("%s: the shop shows %d, the store has %d available; %s", k, n, l.Available, b)
		if order := doubtful[k.SKU]; told && order != "" && tooMany[k.SKU] <= 0 && !p.strict {
			c.excused = append(c.excused, text+"; for "+order)
		} else {
			c.differences = append(c.differences, text)
		}
	}
	return c, nil
}

// doubtful finds the SKUs of orders whose levels need a check, each with one
// such order. Orders that a fetch could clear up are differences.
func (p pair) doubtful(ctx context.Context, c *comparison) (map[string]string, error) {
	fetch, err := p.store.Doubtful(ctx, p.merchant, true, 100)
	if err != nil {
		return nil, err
	}
	for _, d := range fetch {
		c.differences = append(c.differences, fmt.Sprintf("%s: unsure (%v) since %s", d.Document, d.Reasons, d.Since))
	}
	check, err := p.store.Doubtful(ctx, p.merchant, false, 100)
	if err != nil {
		return nil, err
	}
	stock, err := inventory.New(p.store, p.merchant, nil)
	if err != nil {
		return nil, err
	}
	skus := map[string]string{}
	for _, d := range check {
		records, err := stock.Orders(ctx, d.Document)
		if err != nil {
			return nil, err
		}
		if records[0] == nil {
			return nil, fmt.Errorf("%s is listed as doubtful, and not known", d.Document)
		}
		for _, l := range records[0].Order.Lines {
			skus[l.SKU] = fmt.Sprintf("%s %v", d.Document, d.Reasons)
		}
	}
	return skus, nil
}
