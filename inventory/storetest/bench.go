package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Benchmark measures what a shop does most: one sale of one line, a hold and
// its commit, a sale of ten lines, and many callers on one level. Use it from
// a benchmark of your own:
//
//	func BenchmarkStore(b *testing.B) {
//		storetest.Benchmark(b, func(testing.TB) inventory.Store { return mystore.New(db) })
//	}
func Benchmark(b *testing.B, open func(testing.TB) inventory.Store) {
	skus := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	// fresh returns what applies a Change to a store with plenty of each SKU.
	fresh := func(b *testing.B) func(inventory.Change) {
		s, merchant := open(b), "bench-"+rand.Text()
		apply := func(c inventory.Change) {
			c.Merchant = merchant
			if out := s.Apply(b.Context(), []inventory.Change{c})[0]; out.Err != nil {
				b.Errorf("%s %s: %v", c.Kind, c.Key(), out.Err)
			}
		}
		var track []inventory.Line
		for _, sku := range skus {
			track = append(track, line(sku, inventory.MaxQuantity))
		}
		apply(inventory.Track("track", track...))
		b.ReportAllocs()
		b.ResetTimer()
		return apply
	}
	b.Run("sell", func(b *testing.B) {
		apply := fresh(b)
		for i := range b.N {
			apply(inventory.Sell(fmt.Sprintf("order/%d", i), line("a", 1)))
		}
	})
	b.Run("reserve and commit", func(b *testing.B) {
		apply := fresh(b)
		for i := range b.N {
			cart := fmt.Sprintf("cart-%d", i)
			apply(inventory.Reserve(cart, hour, line("a", 1)))
			apply(inventory.Commit(cart, "order"))
		}
	})
	b.Run("ten lines", func(b *testing.B) {
		apply := fresh(b)
		var lines []inventory.Line
		for _, sku := range skus {
			lines = append(lines, line(sku, 1))
		}
		for i := range b.N {
			apply(inventory.Sell(fmt.Sprintf("order/%d", i), lines...))
		}
	})
	b.Run("hot", func(b *testing.B) {
		apply := fresh(b)
		var n atomic.Int64
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				apply(inventory.Sell(fmt.Sprintf("order/%d", n.Add(1)), line("a", 1)))
			}
		})
	})
}

// holdsAtOnce is how many reservations come due at one moment in BenchmarkExpiry.
const holdsAtOnce = 50_000

// BenchmarkExpiry measures whether reservations that end at once disturb those
// who sell meanwhile: the median and the 99th percentile of their latency while
// a [inventory.Janitor] lets 50,000 expire, each divided by the same without
// expiry, before it, in the same run. It also reports how long that took.
func BenchmarkExpiry(b *testing.B, open func(testing.TB) inventory.Store) {
	for range b.N {
		s, merchant := open(b), "bench-"+rand.Text()
		stock, err := inventory.New(s, merchant, nil)
		if err != nil {
			b.Fatal(err)
		}
		var track []inventory.Line
		for i := range 1000 {
			track = append(track, line(fmt.Sprintf("sku-%d", i), inventory.MaxQuantity))
		}
		if _, err := stock.Apply(b.Context(), inventory.Track("t", track...)); err != nil {
			b.Fatal(err)
		}
		end := time.Now().Add(time.Minute)
		var holds []inventory.Change
		for i := range holdsAtOnce {
			c := inventory.Reserve(fmt.Sprintf("cart-%d", i), time.Until(end), line(fmt.Sprintf("sku-%d", i%1000), 1))
			if holds = append(holds, c); len(holds) == 500 {
				if err := stock.Emit(b.Context(), holds...); err != nil {
					b.Fatal(err)
				}
				holds = nil
			}
		}
		quiet := sellers(b, stock, "quiet", time.Now().Add(5*time.Second), nil)
		time.Sleep(time.Until(end))
		janitor, began := inventory.NewJanitor(stock, nil), time.Now()
		ctx, stop := context.WithCancel(b.Context())
		var clean sync.WaitGroup
		clean.Go(func() { _ = janitor.Run(ctx) })
		over := func() bool { return drained(ctx, s, merchant) }
		busy := sellers(b, stock, "busy", time.Now().Add(5*time.Minute), over)
		took := time.Since(began)
		stop()
		clean.Wait()
		b.ReportMetric(float64(quantile(busy, 50))/float64(quantile(quiet, 50)), "p50-ratio")
		b.ReportMetric(float64(quantile(busy, 99))/float64(quantile(quiet, 99)), "p99-ratio")
		b.ReportMetric(took.Seconds(), "expiry-s")
		b.Logf("quiet p50 %v p99 %v of %d, busy p50 %v p99 %v of %d, janitor %+v", quantile(quiet, 50), quantile(quiet, 99), len(quiet),
			quantile(busy, 50), quantile(busy, 99), len(busy), janitor.Stats())
	}
}

// drained reports whether no reservation is due any more.
func drained(ctx context.Context, s inventory.Store, merchant string) bool {
	c := inventory.Expire("none")
	c.Merchant = merchant
	out := s.Apply(ctx, []inventory.Change{c})[0]
	return out.Err != nil || len(out.Due) == 0
}

// sellers lets eight callers sell, and returns how long each sale took.
func sellers(b *testing.B, stock *inventory.Stock, name string, until time.Time, over func() bool) []time.Duration {
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	var done atomic.Bool
	for i := range 8 {
		wg.Go(func() {
			var mine []time.Duration
			for n := 0; !done.Load() && time.Now().Before(until); n++ {
				began := time.Now()
				_, err := stock.Apply(b.Context(), inventory.Sell(fmt.Sprintf("%s-%d-%d", name, i, n), line(fmt.Sprintf("sku-%d", (n*8+i)%1000), 1)))
				if err != nil {
					b.Error(err)
					return
				}
				mine = append(mine, time.Since(began))
				if over != nil && i == 0 && n%50 == 0 && over() {
					done.Store(true)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
		})
	}
	wg.Wait()
	slices.Sort(all)
	return all
}

// quantile of sorted durations, in percent.
func quantile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*percent/100]
}
