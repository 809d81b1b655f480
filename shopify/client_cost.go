package shopify

import (
	"errors"
	"sync"
	"sync/atomic"
)

// queryCost is what an operation costs before Shopify has said so: base points
// and more for each thing that is asked for. It follows the documented rule (an
// object 1, a scalar 0, a connection as many as asked for, a mutation 10), which
// is the upper bound: large connections have been seen to cost far less than
// that (250 variants with their items: 25 points).
type queryCost struct{ base, each float64 }

// queryCosts has every operation of internal/admin; a test computes them.
var queryCosts = map[string]queryCost{
	"AdjustQuantities":          {base: 13}, // recorded, with 1 entry as with 2
	"InventoryPage":             {base: 0, each: 113},
	"ItemLevels":                {base: 0, each: 113},
	"ItemsByID":                 {base: 0, each: 3},
	"ItemsBySKU":                {base: 0, each: 3},
	"ItemsByVariant":            {base: 0, each: 4},
	"Levels":                    {base: 0, each: 11},
	"Locations":                 {base: 0, each: 1},
	"MoreFulfillmentLines":      {base: 203, each: 0},
	"MoreFulfillmentOrderLines": {base: 202, each: 0},
	"MoreFulfillmentOrders":     {base: 231, each: 0},
	"MoreLevels":                {base: 1, each: 11},
	"MoreLines":                 {base: 201, each: 0},
	"MoreRefundLines":           {base: 302, each: 0},
	"MoreVariants":              {base: 101, each: 0},
	"OrderParts":                {base: 501, each: 0},
	"OrdersByID":                {base: 0, each: 299},
	"OrdersChanged":             {base: 0, each: 184},
	"SetQuantities":             {base: 13}, // recorded, with 1 entry as with 2
	"ShopInfo":                  {base: 4, each: 0},
}

// costs remembers what operations cost.
type costs struct {
	mu   sync.Mutex
	seen map[string]seenCost
}

type seenCost struct {
	size   int
	points float64
}

// of is the points to take for an operation that asks for so many things.
func (c *costs) of(operation string, size int) float64 {
	c.mu.Lock()
	s, ok := c.seen[operation]
	c.mu.Unlock()
	switch {
	case !ok:
		q := queryCosts[operation]
		return max(q.base+q.each*float64(size), 1)
	case size > s.size:
		return s.points * float64(size) / float64(s.size)
	}
	return s.points
}

func (c *costs) learn(operation string, size int, points float64) {
	if !(points > 0) || size <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]seenCost{}
	}
	c.seen[operation] = seenCost{size: size, points: points}
}

// size is how many things one call asks for. It starts from what is allowed by
// the upper bound of the cost, and grows and shrinks with what Shopify says.
type size struct {
	now  atomic.Int64
	most int
}

// sizes of the calls whose cost grows with what they ask for.
type sizes struct {
	levels, itemLevels, inventory, orders, ordersByID *size
}

// levelPage is how many levels of an item come with the item: more locations
// than most shops have. moreLevels is the size of the following pages.
const (
	levelPage  = 10
	moreLevels = 50
)

func newSizes() sizes {
	start := func(n int64, most int) *size {
		s := &size{most: most}
		s.now.Store(n)
		return s
	}
	return sizes{
		levels:     start(75, 250),
		itemLevels: start(7, 100),
		inventory:  start(7, 100),
		orders:     start(4, 100),
		ordersByID: start(2, 50),
	}
}

func (s *size) get() int { return int(s.now.Load()) }

// learn doubles the size while that must stay far below the limit of 1,000
// points: a cost at most doubles with the size.
func (s *size) learn(asked int, points float64) {
	if points > 0 && points < 250 && asked >= s.get() {
		s.now.Store(int64(min(2*asked, s.most)))
	}
}

// shrink halves the size after an error that says too costly, and says whether
// to try again.
func (s *size) shrink(asked int, err error) bool {
	if !errors.Is(err, ErrTooCostly) || asked <= 1 {
		return false
	}
	s.now.Store(int64(max(asked/2, 1)))
	return true
}
