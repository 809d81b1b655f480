package shopify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// ordersBookmark is where CatchUp keeps how far it has read.
func ordersBookmark(channel string) string { return "orders/" + channel }

// CatchUp reads the orders changed since the last CatchUp, with overlap, as
// Shopify's index lags, and hands on what they say: so a webhook that never
// came is made up for. The bookmark moves with every page, so a long read that
// is cut off goes on where it was. The first begins where [Load] said, or now.
// It is the read behind Run; errors are those of the [Client] and the store.
func (o *OrderConsumer) CatchUp(ctx context.Context, marks inventory.Bookmarker) error {
	name := ordersBookmark(o.client.Channel())
	value, err := marks.Bookmark(ctx, o.cfg.Merchant, name)
	if err != nil {
		return err
	}
	since := time.Now()
	if value != "" {
		if since, err = time.Parse(time.RFC3339, value); err != nil {
			return fmt.Errorf("shopify: bookmark %s is %q, which is no time: delete it to begin anew: %w", name, value, err)
		}
	}
	var begun time.Time
	for page, err := range o.client.ordersChanged(ctx, since.Add(-o.cfg.Overlap), PriorityOrder) {
		if err != nil {
			return err
		}
		if begun.IsZero() {
			begun = page.At
		}
		bodies := make([]orderBody, len(page.Orders))
		for i, f := range page.Orders {
			bodies[i] = orderFromGraphQL(f)
		}
		if len(bodies) == 0 {
			continue
		}
		if err := o.emit(ctx, "", bodies...); err != nil {
			return err
		}
		o.count(func(s *ConsumerStats) { s.CaughtUp += int64(len(bodies)) })
		if read := page.Orders[len(page.Orders)-1].UpdatedAt; read.After(since) && read.Before(begun) {
			if err := marks.SetBookmark(ctx, o.cfg.Merchant, name, read.UTC().Format(time.RFC3339)); err != nil {
				return err
			}
		}
	}
	return marks.SetBookmark(ctx, o.cfg.Merchant, name, begun.UTC().Format(time.RFC3339))
}

// mostFetched is how many unsure documents one Sweep looks at.
const mostFetched = 1000

// try is when the order of an unsure document may be fetched again.
type try struct {
	n    int
	next time.Time
}

// Sweep fetches the orders whose documents have been unsure for longer than
// OrderConfig.Settle in a way that a fetch can end, many in one call, with
// their fulfillment orders. It returns how many it fetched.
func (o *OrderConsumer) Sweep(ctx context.Context, stock *inventory.Stock) (int, error) {
	return o.sweep(ctx, stock, o.cfg.Settle)
}

func (o *OrderConsumer) sweep(ctx context.Context, stock *inventory.Stock, settle time.Duration) (int, error) {
	doubts, err := stock.Store().Doubtful(ctx, o.cfg.Merchant, true, mostFetched)
	if err != nil {
		return 0, err
	}
	ids := o.due(doubts, settle, time.Now())
	if len(ids) == 0 {
		return 0, nil
	}
	orders, err := o.client.ordersByID(ctx, ids, true, PriorityOrder)
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(orders, 50) {
		bodies := make([]orderBody, len(some))
		for i, f := range some {
			bodies[i] = orderFromGraphQL(f)
		}
		if err := o.emit(ctx, "", bodies...); err != nil {
			return 0, err
		}
	}
	o.count(func(s *ConsumerStats) { s.Fetched += int64(len(orders)) })
	return len(orders), nil
}

// due chooses the orders to fetch now. One that a fetch left unsure waits 1, 2,
// 4, ... 64 s for the next.
func (o *OrderConsumer) due(doubts []inventory.Doubt, settle time.Duration, now time.Time) (ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tries := map[string]try{} // what is not listed any more is forgotten
	for _, d := range doubts {
		id, ours := strings.CutPrefix(d.Document, o.client.Channel()+"/")
		if !ours {
			continue
		}
		t := o.tries[d.Document]
		if now.Sub(d.Since) >= settle && !now.Before(t.next) {
			t = try{n: t.n + 1, next: now.Add(time.Second << min(t.n, 6))}
			ids = append(ids, "gid://shopify/Order/"+id)
		}
		tries[d.Document] = t
	}
	o.tries = tries
	return ids
}

// Run catches up and sweeps until ctx ends; then it returns nil. The stock is
// read for what is unsure, also where facts go through a queue. Errors are
// waited out and logged. The store must be an [inventory.Bookmarker].
func (o *OrderConsumer) Run(ctx context.Context, stock *inventory.Stock) error {
	marks, ok := stock.Store().(inventory.Bookmarker)
	if !ok {
		return errNoBookmarks
	}
	var caughtUp time.Time
	for ctx.Err() == nil {
		if time.Since(caughtUp) >= o.cfg.CatchUpEvery {
			if err := o.CatchUp(ctx, marks); err == nil {
				caughtUp = time.Now()
			} else if ctx.Err() == nil {
				o.cfg.Logger.WarnContext(ctx, "could not read changed orders", "channel", o.client.Channel(), "error", err)
			}
		}
		if _, err := o.Sweep(ctx, stock); err != nil && ctx.Err() == nil {
			o.cfg.Logger.WarnContext(ctx, "could not fetch unsure orders", "channel", o.client.Channel(), "error", err)
		}
		pause(ctx, time.Second)
	}
	return nil
}

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Drain catches up and fetches what is unsure until nothing is that a fetch
// can end, for tests and demos; facts must go to the stock at once, or
// delivered calls whatever brings them there between two rounds. If ctx ends
// first the error says what is left.
func (o *OrderConsumer) Drain(ctx context.Context, stock *inventory.Stock, delivered func(context.Context) error) error {
	marks, ok := stock.Store().(inventory.Bookmarker)
	if !ok {
		return errNoBookmarks
	}
	for first := true; ; first = false {
		if first {
			if err := o.CatchUp(ctx, marks); err != nil && ctx.Err() == nil {
				o.cfg.Logger.WarnContext(ctx, "could not read changed orders", "error", err)
				pause(ctx, time.Second)
				continue
			}
		}
		if delivered != nil {
			if err := delivered(ctx); err != nil {
				return err
			}
		}
		left, err := stock.Store().Doubtful(ctx, o.cfg.Merchant, true, mostFetched)
		left = slices.DeleteFunc(left, func(d inventory.Doubt) bool { return !strings.HasPrefix(d.Document, o.client.Channel()+"/") })
		if err == nil && len(left) == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("shopify: %d orders are still unsure: %w", len(left), errors.Join(ctx.Err(), err))
		}
		if n, err := o.sweep(ctx, stock, 0); err != nil || n == 0 {
			pause(ctx, time.Second/4)
		}
	}
}
