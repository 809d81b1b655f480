package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// watch counts what happens to the stock.
type watch struct {
	mu                             sync.Mutex
	oversold, elsewhere, duplicate int64
	carts, refused                 int64
	latencies                      []time.Duration
}

func newWatch() *watch { return &watch{} }

// observe hears of every Change.
func (w *watch) observe(c inventory.Change, o inventory.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case o.Err != nil:
		if c.Kind == inventory.KindReserve {
			w.refused++
		}
		return
	case o.Duplicate:
		w.duplicate++
		return
	case c.Kind == inventory.KindCommit:
		w.carts++
	}
	w.elsewhere += int64(len(o.Oversold))
	if c.Recorded || c.Kind == inventory.KindTrack {
		return
	}
	for _, l := range o.Lines {
		below := func(x inventory.Level) bool { return x.Key == l.Key() && x.Sellable() < 0 }
		if l.From == inventory.Available && slices.ContainsFunc(o.Levels, below) {
			w.oversold++
		}
	}
}

// settled hears of every push.
func (w *watch) settled(b inventory.Batch, results []inventory.Result) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range results {
		if r.Status == inventory.Applied {
			w.latencies = append(w.latencies, time.Since(b.Pushes[i].Since))
		}
	}
}

// live prints a line a second.
func (w *watch) live(ctx context.Context, shop *shopifytest.Server, s *service, out io.Writer) error {
	start := time.Now()
	for sleep(ctx, time.Second) {
		pending, parked := 0, 0
		for b, err := range s.stock.Store().Beliefs(ctx, s.cfg.merchant, s.client.Channel(), nil) {
			switch {
			case err != nil:
			case b.Parked != "":
				parked++
			default:
				pending++
			}
		}
		n, p, q := shop.Counters(), s.pusher.Stats(), s.client.Stats()
		w.mu.Lock()
		fmt.Fprintf(out, "%3.0fs  shop: %d orders, %d cancelled, %d refunds, %d edits, %d shipped  checkout: %d sold, %d refused  webhooks: %d in, %d lost, %d twice  sync: %d pushed, %d to go, %d parked, %d without answer, breaker %s\n",
			time.Since(start).Seconds(), n.Orders, n.Cancelled, n.Refunds, n.Edits, n.Fulfillments, w.carts, w.refused,
			n.Delivered, n.Lost, n.Duplicated, p.Applied, pending, parked, p.NoAnswer, q.Breaker)
		w.mu.Unlock()
	}
	return nil
}

// result is the last line.
func (w *watch) result(r comparison, shop *shopifytest.Server, s *service, length time.Duration) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.latencies)
	percentile := func(p int) int64 {
		if len(w.latencies) == 0 {
			return 0
		}
		return w.latencies[min(len(w.latencies)*p/100, len(w.latencies)-1)].Milliseconds()
	}
	orders := int64(shop.Counters().Orders)
	fields := []struct {
		name  string
		value any
	}{
		{"orders", orders},
		{"checkouts", w.carts},
		{"orders_per_s", fmt.Sprintf("%.1f", float64(orders+w.carts)/length.Seconds())},
		{"sync_p50_ms", percentile(50)},
		{"sync_p99_ms", percentile(99)},
		{"oversold", w.oversold},
		{"sold_elsewhere", w.elsewhere},
		{"mismatched", r.mismatched},
		{"orders_missing", r.missing},
		{"dead_letters", r.dead},
		{"duplicates_dropped", w.duplicate},
		{"pushes", s.pusher.Stats().Applied},
		{"levels", r.levels},
	}
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Sprintf("%s=%v", f.name, f.value)
	}
	return strings.Join(parts, " ")
}

// bad says what must not be.
func (w *watch) bad(r comparison) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.oversold == 0 && r.mismatched == 0 && r.missing == 0 && r.dead == 0 {
		return ""
	}
	return fmt.Sprintf("%d oversold, %d levels mismatched, %d orders missing, %d dead letters", w.oversold, r.mismatched, r.missing, r.dead)
}
