package inventory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// pages is a cache of product pages: how many of each SKU may be sold.
type pages struct {
	stock  *inventory.Stock
	levels map[inventory.Key]inventory.Level
}

// load reads everything.
func (p *pages) load(ctx context.Context) error {
	fmt.Println("read everything")
	for l, err := range p.stock.Store().AllLevels(ctx, p.stock.Merchant()) {
		if err != nil {
			return err
		}
		p.levels[l.Key] = l
	}
	return nil
}

// update takes over a page of the journal. It may have some of it already.
func (p *pages) update(_ context.Context, page inventory.Page) error {
	for _, e := range page.Entries {
		for _, k := range e.Ended {
			delete(p.levels, k)
		}
		for _, l := range e.Levels {
			if l.Version > p.levels[l.Key].Version {
				p.levels[l.Key] = l
			}
			fmt.Printf("%s %s: %d left\n", e.Kind, l.SKU, p.levels[l.Key].Sellable())
		}
	}
	return nil
}

// A cache of product pages is kept up to date, through a restart of its
// process. Nothing is read twice.
func ExampleFollower() {
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	mugs := func(n int64) inventory.Line { return inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n} }
	apply := func(c inventory.Change) {
		if _, err := stock.Apply(ctx, c); err != nil {
			fmt.Println(err)
		}
	}
	cache := &pages{stock: stock, levels: map[inventory.Key]inventory.Level{}}

	// run follows until there is nothing new. A real one runs until it is told
	// to stop.
	run := func() {
		running, stop := context.WithCancel(ctx)
		follower, err := inventory.NewFollower(stock, "pages", &inventory.FollowerConfig{
			Load:  cache.load,
			After: func(time.Duration) <-chan time.Time { stop(); return nil },
		})
		if err == nil {
			err = follower.Run(running, cache.update)
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	apply(inventory.Track("first count", mugs(9)))
	run()
	apply(inventory.Sell("order/1", mugs(2)))
	run()
	apply(inventory.Receive("asn/1", mugs(5)))
	apply(inventory.Fulfil("shipment/1", mugs(2)))
	apply(inventory.Untrack("discontinued", mugs(0).Key()))
	apply(inventory.Track("second count", mugs(1)))
	run()
	// Output:
	// read everything
	// sell MUG: 7 left
	// receive MUG: 12 left
	// fulfil MUG: 12 left
	// track MUG: 1 left
}
