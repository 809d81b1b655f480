package shopify

import (
	"context"
	"time"
)

// Priority orders those who wait for points: a smaller one goes first.
type Priority int

// The priorities that this package uses.
const (
	PriorityPush  Priority = iota // pushes of stock
	PriorityOrder                 // orders whose movement is not known yet
	PriorityRead                  // checks of levels, look-ups
	PriorityBulk                  // first loads, whole catalogs
)

// Budget keeps an app within Shopify's rate limit for a shop: points that are
// taken before a call and come back at a constant rate (a leaky bucket per app
// and shop; shopify.dev, GraphQL Admin API rate limits). Processes that share
// an app should share a Budget, or each sees THROTTLED answers from the
// others' calls, which the [Client] survives but at the price of latency.
//
// Implementations are safe for concurrent use.
type Budget interface {
	// Take waits until the shop has cost points for this priority, and takes
	// them. It returns the context's error if that ends first. It may return an
	// error that matches [ErrThrottled] at once if the points will not come before
	// the context's deadline.
	Take(ctx context.Context, shop string, cost float64, priority Priority) error
	// Learn tells what the answer to a call said for which cost was taken: points
	// left now, points that come back a second, points at most. It must not block.
	// A call without an answer is never learned of.
	Learn(shop string, cost, left, restore, maximum float64)
}

// patience is how much longer than one of the next priority a call waits: so
// pushes go first, and yet nothing waits forever behind them.
const patience = 5 * time.Second

// reserves is the part of the bucket that each priority leaves to those before
// it, so that a push finds points at once although a first load is running.
var reserves = [...]float64{PriorityPush: 0, PriorityOrder: 0.05, PriorityRead: 0.10, PriorityBulk: 0.30}

func reserve(p Priority) float64 {
	return reserves[min(max(int(p), 0), len(reserves)-1)]
}
