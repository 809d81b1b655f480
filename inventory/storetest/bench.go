package storetest

import (
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"testing"

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
