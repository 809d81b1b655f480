package redisstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// BenchmarkApply sells one unit per Change: one caller, 64 callers, and 256
// Changes in one call. DECR is the yardstick.
func BenchmarkApply(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *server{"miniredis": newMini, "redis": newReal} {
		b.Run(name, func(b *testing.B) {
			srv := open(b)
			ctx, c, s, merchant := context.Background(), srv.raw(b), srv.open(b, nil), merchantName()
			require.NoError(b, s.Configure(ctx, merchant, shopOnly))
			for i := range 1000 {
				must(b, s, merchant, inventory.Track(fmt.Sprintf("t%d", i), line(fmt.Sprintf("sku-%d", i), 1e9)))
			}
			level(b, s, merchant, "sku-1")
			var n atomic.Int64
			sell := func() inventory.Change {
				i := n.Add(1)
				return with(merchant, inventory.Sell(fmt.Sprintf("order/%d", i), line(fmt.Sprintf("sku-%d", i%1000), 1)))
			}
			apply := func(b *testing.B, changes ...inventory.Change) {
				for _, o := range s.Apply(ctx, changes) {
					if o.Err != nil {
						b.Error(o.Err)
					}
				}
			}
			b.Run("DECR", func(b *testing.B) {
				for b.Loop() {
					c.Decr(ctx, merchant)
				}
			})
			b.Run("one caller", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					apply(b, sell())
				}
			})
			b.Run("64 callers DECR", func(b *testing.B) {
				b.SetParallelism(32)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						c.Decr(ctx, merchant)
					}
				})
			})
			b.Run("64 callers", func(b *testing.B) {
				b.SetParallelism(32)
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						apply(b, sell())
					}
				})
			})
			b.Run("256 in one call", func(b *testing.B) {
				changes := make([]inventory.Change, 256)
				for i := 0; i < b.N; i += len(changes) {
					for j := range changes {
						changes[j] = sell()
					}
					apply(b, changes...)
				}
			})
		})
	}
}

// BenchmarkExpiry needs a real server; see storetest.BenchmarkExpiry.
//
//	REDIS_URL=redis://localhost:6379 go test ./inventory/redisstore -run - -bench Expiry -benchtime 1x
func BenchmarkExpiry(b *testing.B) {
	srv := newReal(b)
	storetest.BenchmarkExpiry(b, func(testing.TB) inventory.Store { return srv.open(b, nil) })
}
