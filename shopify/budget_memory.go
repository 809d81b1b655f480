package shopify

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// MemoryBudget is a [Budget] within one process. It starts from what a shop on
// the Standard plan has (2,000 points, 100 a second) and follows the numbers in
// every answer, as plans change. Its zero value is not ready: see [NewMemoryBudget].
type MemoryBudget struct {
	mu    sync.Mutex
	shops map[string]*bucket
}

// NewMemoryBudget returns a budget for any number of shops.
func NewMemoryBudget() *MemoryBudget {
	return &MemoryBudget{shops: map[string]*bucket{}}
}

// bucket is the estimate of one shop's points.
type bucket struct {
	points, restore, maximum float64
	at                       time.Time // when points was right
	told                     bool      // an answer has been seen
	sent                     []taken   // calls whose answer is not in yet, oldest first
	waiting                  []*taker  // in the order in which they are served
}

type taken struct {
	cost float64
	at   time.Time
}

type taker struct {
	cost, reserve float64
	turn          time.Time     // the earlier, the sooner
	wake          chan struct{} // buffered, 1
}

// forget is when a call without an answer no longer counts against the points:
// longer than a call lasts.
const forget = time.Minute

// Take waits for points. See [Budget].
func (m *MemoryBudget) Take(ctx context.Context, shop string, cost float64, priority Priority) error {
	if math.IsNaN(cost) || cost < 0 {
		return fmt.Errorf("shopify: cost of %v points makes no sense", cost)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &taker{
		cost: cost, reserve: reserve(priority),
		turn: time.Now().Add(time.Duration(priority) * patience), wake: make(chan struct{}, 1),
	}
	m.mu.Lock()
	b := m.shop(shop)
	at, _ := slices.BinarySearchFunc(b.waiting, t, func(a, t *taker) int {
		return cmp.Or(a.turn.Compare(t.turn), -1) // behind those of the same turn
	})
	b.waiting = slices.Insert(b.waiting, at, t)
	for {
		if b.waiting[0] != t { // not our turn: whoever leaves wakes the first
			m.mu.Unlock()
			select {
			case <-t.wake:
			case <-ctx.Done():
				m.leave(b, t)
				return ctx.Err()
			}
			m.mu.Lock()
			continue
		}
		wait := b.wait(t)
		if wait <= 0 {
			b.points -= t.cost
			b.sent = append(b.sent, taken{cost: t.cost, at: time.Now()})
			b.remove(t)
			m.mu.Unlock()
			return nil
		}
		m.mu.Unlock()
		if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
			m.leave(b, t)
			return &APIError{Kind: ErrThrottled, Shop: shop, Wait: wait, Message: "not sent: the points will not be back before the deadline"}
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-t.wake: // somebody went ahead, or the numbers changed
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			m.leave(b, t)
			return ctx.Err()
		}
		m.mu.Lock()
	}
}

// Learn takes over what Shopify says. See [Budget].
//
// Answers overtake each other and know nothing of calls that came after them,
// so calls under way are taken off, and one answer raises the estimate by no
// more than its own call can have been refunded. What is missing then comes back
// at the restore rate.
func (m *MemoryBudget) Learn(shop string, cost, left, restore, maximum float64) {
	if !(maximum > 0) || !(restore > 0) || math.IsNaN(left) || math.IsInf(maximum+restore+left, 0) {
		return // nothing that could be right
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.shop(shop)
	b.refill()
	refund := 0.0
	if i := slices.IndexFunc(b.sent, func(t taken) bool { return t.cost == cost }); i >= 0 {
		refund, b.sent = cost, slices.Delete(b.sent, i, i+1)
	}
	b.sent = slices.DeleteFunc(b.sent, func(t taken) bool { return b.at.Sub(t.at) > forget })
	for _, t := range b.sent {
		left -= t.cost
	}
	if b.told {
		left = min(left, b.points+refund)
	}
	b.points, b.restore, b.maximum, b.told = min(left, maximum), restore, maximum, true
	b.wakeFirst()
}

// Left is the estimate of the points that a shop has now, and of its maximum.
func (m *MemoryBudget) Left(shop string) (points, maximum float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.shop(shop)
	b.refill()
	return b.points, b.maximum
}

// shop returns the bucket of a shop; m.mu is held.
func (m *MemoryBudget) shop(name string) *bucket {
	b := m.shops[name]
	if b == nil {
		b = &bucket{points: 2000, restore: 100, maximum: 2000, at: time.Now()}
		m.shops[name] = b
	}
	return b
}

func (m *MemoryBudget) leave(b *bucket, t *taker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b.remove(t)
}

func (b *bucket) refill() {
	now := time.Now()
	b.points = min(b.points+now.Sub(b.at).Seconds()*b.restore, b.maximum)
	b.at = now
}

// wait is how long the points for t will take. More than the whole bucket
// cannot come together, so who wants more waits for a full one, and lets
// Shopify judge.
func (b *bucket) wait(t *taker) time.Duration {
	b.refill()
	need := min(t.cost+t.reserve*b.maximum, b.maximum)
	missing := need - b.points
	if missing <= 1e-6 {
		return 0
	}
	return time.Duration(math.Ceil(missing / b.restore * float64(time.Second)))
}

func (b *bucket) remove(t *taker) {
	b.waiting = slices.DeleteFunc(b.waiting, func(w *taker) bool { return w == t })
	b.wakeFirst()
}

func (b *bucket) wakeFirst() {
	if len(b.waiting) == 0 {
		return
	}
	select {
	case b.waiting[0].wake <- struct{}{}:
	default:
	}
}
