package shopify

import (
	"context"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const someShop = "acme.myshopify.com"

func TestTakeWaitsForWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		start := time.Now()
		require.NoError(t, b.Take(t.Context(), someShop, 2000, PriorityPush))
		assert.Zero(t, time.Since(start))
		require.NoError(t, b.Take(t.Context(), someShop, 50, PriorityPush))
		assert.InDelta(t, 0.5, time.Since(start).Seconds(), 0.001)

		require.NoError(t, b.Take(t.Context(), "other.myshopify.com", 2000, PriorityPush))
		assert.InDelta(t, 0.5, time.Since(start).Seconds(), 0.001, "each shop has its own bucket")
	})
}

func TestTakeOfMoreThanTheBucketWaitsForAFullOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		require.NoError(t, b.Take(t.Context(), someShop, 100, PriorityPush))
		start := time.Now()
		require.NoError(t, b.Take(t.Context(), someShop, 1e9, PriorityBulk))
		assert.InDelta(t, 1, time.Since(start).Seconds(), 0.001)
	})
}

func TestLearnFollowsThePlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		require.NoError(t, b.Take(t.Context(), someShop, 10, PriorityPush))
		b.Learn(someShop, 10, 19990, 1000, 20000)
		left, most := b.Left(someShop)
		assert.InDelta(t, 19990, left, 0.001)
		assert.InDelta(t, 20000, most, 0.001)
		time.Sleep(time.Second)
		left, _ = b.Left(someShop)
		assert.InDelta(t, 20000, left, 0.001, "no more than the maximum")

		for _, bad := range [][3]float64{{1, 0, 1}, {1, 1, 0}, {math.NaN(), 1, 1}, {1, math.Inf(1), 1}, {1, -1, 1}} {
			b.Learn(someShop, 10, bad[0], bad[1], bad[2])
		}
		_, most = b.Left(someShop)
		assert.InDelta(t, 20000, most, 0.001)
	})
}

// An answer knows nothing of calls that were sent after it was made.
func TestLearnCountsCallsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		for range 3 {
			require.NoError(t, b.Take(t.Context(), someShop, 100, PriorityPush))
		}
		b.Learn(someShop, 100, 1900, 100, 2000)
		left, _ := b.Left(someShop)
		assert.InDelta(t, 1700, left, 0.001)
		b.Learn(someShop, 100, 1800, 100, 2000)
		b.Learn(someShop, 100, 1700, 100, 2000)
		left, _ = b.Left(someShop)
		assert.InDelta(t, 1700, left, 0.001)

		require.NoError(t, b.Take(t.Context(), someShop, 100, PriorityPush)) // its answer never comes
		require.NoError(t, b.Take(t.Context(), someShop, 1, PriorityPush))
		time.Sleep(2 * forget)
		b.Learn(someShop, 0, 2000, 100, 2000)
		left, _ = b.Left(someShop)
		assert.InDelta(t, 2000, left, 0.001)
	})
}

func TestPushesGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		b.Learn(someShop, 0, 0, 10, 1000)
		var mu sync.Mutex
		var order []string
		take := func(name string, p Priority) {
			go func() {
				if b.Take(t.Context(), someShop, 10, p) == nil {
					mu.Lock()
					order = append(order, name)
					mu.Unlock()
				}
			}()
			synctest.Wait()
		}
		take("bulk", PriorityBulk)
		take("read", PriorityRead)
		take("order", PriorityOrder)
		take("push 1", PriorityPush)
		take("push 2", PriorityPush)
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, []string{"push 1", "push 2", "order", "read", "bulk"}, order)
	})
}

func TestReadsAreNotStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		b.Learn(someShop, 0, 500, 10, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		for range 4 { // pushes that want all there is
			go func() {
				for b.Take(ctx, someShop, 10, PriorityPush) == nil {
				}
			}()
		}
		synctest.Wait()
		start := time.Now()
		require.NoError(t, b.Take(ctx, someShop, 10, PriorityRead))
		assert.Less(t, time.Since(start), time.Minute)
		cancel()
	})
}

// A first load leaves points, so that a push need not wait behind it.
func TestBulkLeavesPointsForPushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for b.Take(ctx, someShop, 300, PriorityBulk) == nil {
			}
		}()
		time.Sleep(time.Minute)
		start := time.Now()
		require.NoError(t, b.Take(ctx, someShop, 13, PriorityPush))
		assert.LessOrEqual(t, time.Since(start), 5*time.Second)
		left, most := b.Left(someShop)
		assert.Greater(t, left, most*0.25)
		cancel()
	})
}

func TestTakeEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewMemoryBudget()
		b.Learn(someShop, 0, 0, 1, 1000)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		require.ErrorIs(t, b.Take(ctx, someShop, 100, PriorityPush), context.Canceled)
		require.ErrorIs(t, b.Take(ctx, someShop, 0, PriorityPush), context.Canceled)

		ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		err := b.Take(ctx, someShop, 100, PriorityPush)
		require.ErrorIs(t, err, ErrThrottled, "no use waiting")
		assert.Zero(t, time.Since(start))
		var e *APIError
		require.ErrorAs(t, err, &e)
		assert.InDelta(t, 99, e.RetryAfter().Seconds(), 0.001)

		require.NoError(t, b.Take(t.Context(), someShop, 5, PriorityPush), "nobody is left in the way")
		assert.Error(t, b.Take(t.Context(), someShop, -1, PriorityPush))
		assert.Error(t, b.Take(t.Context(), someShop, math.NaN(), PriorityPush))
	})
}

// Against a bucket as Shopify's, nothing that waits is ever throttled, whatever
// the plan, the load, and the error of the expected cost towards too much.
func TestNoCallIsThrottled(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		restore := float64(rapid.SampledFrom([]int{50, 100, 1000}).Draw(r, "restore"))
		workers := rapid.IntRange(1, 6).Draw(r, "workers")
		cost := float64(rapid.IntRange(1, 400).Draw(r, "cost"))
		actual := rapid.Float64Range(0, 1).Draw(r, "actual share")
		lag := rapid.IntRange(0, 2000).Draw(r, "lag ms")
		synctest.Test(t, func(t *testing.T) {
			shop := &bucket{points: restore * 20, restore: restore, maximum: restore * 20, at: time.Now()}
			b := NewMemoryBudget()
			b.Learn(someShop, 0, shop.points, shop.restore, shop.maximum)
			var mu sync.Mutex
			var wrong []string
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() {
					for i := range 12 {
						mine := cost / float64(1+(w+i)%4)
						if err := b.Take(t.Context(), someShop, mine, Priority(w%4)); err != nil {
							return
						}
						time.Sleep(time.Duration(lag) * time.Millisecond / 2)
						mu.Lock()
						shop.refill()
						if shop.points < mine-0.01 {
							wrong = append(wrong, fmt.Sprintf("%.2f of %.2f", shop.points, mine))
						}
						shop.points -= mine * actual
						left := shop.points
						mu.Unlock()
						time.Sleep(time.Duration(lag) * time.Millisecond * time.Duration((w+i)%3)) // answers overtake each other
						b.Learn(someShop, mine, left, restore, restore*20)
					}
				})
			}
			wg.Wait()
			assert.Empty(t, wrong)
		})
		if t.Failed() {
			r.Fatal("throttled")
		}
	})
}
