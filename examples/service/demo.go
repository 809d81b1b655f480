package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// How long the end of a demo may take, in all.
const ending = 19 * time.Second

// lag of the test shop's order index.
const lag = 2 * time.Second

var places = []string{"berlin", "lyon", "porto"}

// demo runs the service against a test Shopify that is as unreliable as the
// real one, and compares at the end.
type demo struct {
	cfg    config
	length time.Duration
	seed   uint64
	rate   float64
	skus   int
}

func (d demo) run(ctx context.Context, out io.Writer) error {
	if d.rate <= 0 || d.skus <= 0 {
		return errors.New("-rate and -skus must be above zero")
	}
	shop, shopURL, stopShop, err := d.openShop(ctx)
	if err != nil {
		return err
	}
	defer stopShop()
	d.cfg.domain, d.cfg.token, d.cfg.shopURL, d.cfg.secrets = shop.Domain, shop.Token, shopURL, []string{shop.Secret}
	d.cfg.listen, d.cfg.replayProved = "127.0.0.1:0", true
	d.cfg.merchant = fmt.Sprintf("demo-%d-%d", d.seed, time.Now().UnixNano()) // apart from earlier runs in the same Redis
	d.cfg.topicPrefix = d.cfg.merchant + "."

	w := newWatch()
	s, err := newService(ctx, d.cfg, func(s *service) { s.observe, s.onSettled = w.observe, w.settled })
	if err != nil {
		return err
	}
	defer s.close() //nolint:errcheck // the demo is over
	if err := s.load(ctx); err != nil {
		return err
	}
	fmt.Fprintf(out, "demo: %d SKUs at %d locations, seed %d; a shopper and a checkout, %g steps a second each\n", d.skus, len(places), d.seed, d.rate)
	shop.DeliverToURL("http://" + s.address() + "/webhooks/shopify")
	sold, err := d.sell(ctx, shop, s, w, out)
	if err != nil {
		return err
	}
	end, cancel := context.WithDeadline(ctx, sold.Add(ending))
	defer cancel()
	left := d.settle(end, shop, s)
	r, err := compare(context.WithoutCancel(ctx), shop, s)
	if err != nil {
		return errors.Join(left, err)
	}
	for _, x := range r.details {
		fmt.Fprintln(out, "difference:", x)
	}
	if left != nil {
		fmt.Fprintln(out, "left when the time was over:", left)
	}
	fmt.Fprintln(out, w.result(r, shop, s, d.length))
	if bad := w.bad(r); bad != "" {
		return errors.New(bad)
	}
	return nil
}

// openShop starts a test Shopify on a loopback port.
func (d demo) openShop(ctx context.Context) (shop *shopifytest.Server, url string, stop func(), err error) {
	shop, err = shopifytest.Open(&shopifytest.Config{
		Seed: d.seed, Duplicate: 0.1, Reorder: 0.1, Lose: 0.05, Stale: 0.03, Late: 0.15, Delay: 3 * time.Second, Lag: lag,
		MaximumAvailable: 20000, RestoreRate: 1000, // a shop on the Plus plan
	})
	if err != nil {
		return nil, "", nil, err
	}
	chance := rand.New(rand.NewPCG(d.seed, 1))
	for i := range d.skus {
		for _, at := range places {
			shop.Stock(fmt.Sprintf("SKU-%03d", i+1), at, 2+chance.Int64N(25)) // some are scarce
		}
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, err
	}
	server := &http.Server{Handler: shop, ReadHeaderTimeout: 5 * time.Second}
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	return shop, "http://" + l.Addr().String(), func() { _ = server.Close(); wg.Wait() }, nil
}

// sell lets both sellers sell while the service runs, with a live line a
// second. When it returns, nobody has sold since the time it tells, and the
// service has stopped.
func (d demo) sell(ctx context.Context, shop *shopifytest.Server, s *service, w *watch, out io.Writer) (sold time.Time, err error) {
	selling, cancel := context.WithTimeout(ctx, d.length)
	defer cancel()
	serving, stop := context.WithCancel(ctx)
	defer stop()
	faults := rand.New(rand.NewPCG(d.seed, 2))
	shop.OnRequest(func(operation string, _ int) shopifytest.Fault {
		switch p := faults.Float64(); {
		case p < 0.03:
			return shopifytest.Fault{Drop: true}
		case p < 0.06:
			return shopifytest.Fault{LoseReply: true}
		}
		return shopifytest.Fault{}
	})
	shopper := shop.Shopper(&shopifytest.ShopperConfig{
		Rate: d.rate, Seed: d.seed, Custom: 0.05,
		Mix: shopifytest.Mix{Order: 50, Cancel: 6, Refund: 10, Edit: 8, Fulfill: 22, Touch: 4},
	})
	checkout := newCheckout(s.stock, d)

	var services errgroup.Group
	services.Go(func() error { return s.run(serving) })
	services.Go(func() error { return shop.Run(serving) })
	sellers, selling := errgroup.WithContext(selling)
	sellers.Go(func() error { return shopper.Run(selling) })
	sellers.Go(func() error { return checkout.run(selling) })
	sellers.Go(func() error { return outage(selling, shop, d.length*2/5) })
	sellers.Go(func() error { return w.live(selling, shop, s, out) })
	err = sellers.Wait()
	sold = time.Now()
	stop()
	return sold, errors.Join(err, services.Wait())
}

// outage takes the shop's API away for two seconds.
func outage(ctx context.Context, shop *shopifytest.Server, after time.Duration) error {
	if !sleep(ctx, after) {
		return nil
	}
	shop.Outage(true)
	sleep(ctx, 2*time.Second)
	shop.Outage(false)
	return nil
}

// settle delivers what is under way, catches up, and drains router and pusher.
// The error says what is left.
func (d demo) settle(ctx context.Context, shop *shopifytest.Server, s *service) error {
	received, stop := context.WithCancel(ctx)
	defer stop()
	server := &http.Server{Handler: s.receiver, ReadHeaderTimeout: 5 * time.Second}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.listen)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.Go(func() error { return server.Serve(l) })
	g.Go(func() error { <-received.Done(); return server.Close() })
	defer g.Wait() //nolint:errcheck // it says that it was closed
	defer stop()
	shop.DeliverToURL("http://" + l.Addr().String())
	shop.Flush(ctx)
	sleep(ctx, lag+500*time.Millisecond) // until the index of orders knows the last one
	return errors.Join(
		s.drain(ctx),
		s.consumer.Drain(ctx, s.stock, s.drain),
		s.pusher.Drain(ctx),
	)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// checkout is the merchant's own: it reserves, and commits, releases or
// abandons.
type checkout struct {
	stock  *inventory.Stock
	chance *rand.Rand
	rate   float64
	skus   int
}

func newCheckout(s *inventory.Stock, d demo) *checkout {
	return &checkout{stock: s, chance: rand.New(rand.NewPCG(d.seed, 3)), rate: d.rate, skus: d.skus}
}

func (c *checkout) run(ctx context.Context) error {
	for i := 0; sleep(ctx, time.Duration(c.chance.ExpFloat64()/c.rate*float64(time.Second))); i++ {
		lines := make([]inventory.Line, 1+c.chance.IntN(3))
		for j := range lines {
			lines[j] = inventory.Line{SKU: fmt.Sprintf("SKU-%03d", 1+c.chance.IntN(c.skus)), Quantity: 1 + c.chance.Int64N(2)}
		}
		if err := c.cart(context.WithoutCancel(ctx), fmt.Sprintf("cart-%d", i), lines, c.chance.Float64()); err != nil {
			return err
		}
	}
	return nil
}

func (c *checkout) cart(ctx context.Context, id string, lines []inventory.Line, fate float64) error {
	_, err := c.stock.Reserve(ctx, id, 2*time.Second, lines...)
	if errors.Is(err, inventory.ErrInsufficient) {
		return nil // the customer is told what is left
	}
	if err != nil {
		return err
	}
	switch {
	case fate < 0.6:
		_, err = c.stock.Commit(ctx, id, "web/"+id)
	case fate < 0.8:
		err = c.stock.Release(ctx, id)
	}
	return err // the rest is abandoned, and expires
}
