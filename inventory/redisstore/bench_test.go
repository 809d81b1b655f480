package redisstore_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// BenchmarkApply sells one unit per Change: one caller, 64 and 1,000 callers, and
// 256 Changes in one call. DECR is the yardstick. A real server needs REDIS_URL.
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
			for _, callers := range []int{64, 1000} {
				b.Run(fmt.Sprintf("%d callers", callers), func(b *testing.B) {
					b.ReportAllocs()
					b.SetParallelism(callers / runtime.GOMAXPROCS(0))
					b.RunParallel(func(p *testing.PB) {
						for p.Next() {
							apply(b, sell())
						}
					})
				})
			}
			b.Run("256 in one call", func(b *testing.B) {
				b.ReportAllocs()
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

// replay answers every script as the last one was answered, so that what is left
// is the work of this side: to encode, to share, to decode.
type replay struct {
	on   bool
	last any
}

func (r *replay) DialHook(next redis.DialHook) redis.DialHook { return next }

func (r *replay) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (r *replay) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		script, ok := cmd.(*redis.Cmd)
		if !ok {
			return next(ctx, cmd)
		}
		if r.on {
			script.SetVal(r.last)
			return nil
		}
		err := next(ctx, cmd)
		r.last = script.Val()
		return err
	}
}

// BenchmarkGo is what Go does of a call, without client and server: calls of 1 and
// of 256 Changes, on one SKU and on many, of 1 and of 10 lines.
func BenchmarkGo(b *testing.B) {
	for _, bench := range []struct {
		name                 string
		changes, skus, lines int
	}{{"one", 1, 1, 1}, {"hot", 256, 1, 1}, {"uniform", 256, 1000, 1}, {"10 lines", 25, 1000, 10}} {
		b.Run(bench.name, func(b *testing.B) {
			srv, answers := newMini(b), &replay{}
			ctx, merchant, c := context.Background(), merchantName(), srv.client(b, nil)
			s := openStore(b, c, nil)
			require.NoError(b, s.Configure(ctx, merchant, shopOnly))
			var all []inventory.Line
			for i := range bench.skus {
				all = append(all, line(fmt.Sprintf("sku-%d", i), 1e9))
			}
			must(b, s, merchant, inventory.Track("t", all...))
			changes := make([]inventory.Change, bench.changes)
			for i := range changes {
				lines := make([]inventory.Line, bench.lines)
				for j := range lines {
					lines[j] = line(fmt.Sprintf("sku-%d", (i*bench.lines+j)*7%bench.skus), 1)
				}
				changes[i] = with(merchant, inventory.Sell(fmt.Sprintf("order/%d", i), lines...))
			}
			apply := func() {
				for _, o := range s.Apply(ctx, changes) {
					if o.Err != nil {
						b.Fatal(o.Err)
					}
				}
			}
			c.AddHook(answers)
			apply()
			answers.on = true
			b.ReportAllocs()
			for b.Loop() {
				apply()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*bench.changes), "ns/change")
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
