// Package shopify connects stock with a Shopify shop, through the GraphQL Admin
// API of 2026-04 to 2026-10 and webhooks.
//
// Its parts run together or apart; each takes what it needs:
//
//	Receiver       checks webhooks and puts them into a queue
//	OrderConsumer  turns them into facts, and fetches what they leave open or what never came
//	Syncer         tells the shop what to show; an inventory.Pusher drives it
//	Catalog        which of Shopify's items and locations is which of ours
//	Load           reads a shop for the first time
//	Shown          remembers for seconds what a shop was read to show
//	Client         the API: token, rate limit, time-outs, breaker
//
// # What Shopify says
//
// Shopify moves its own numbers for its own orders, so these cause no push. They
// are learned of from the orders themselves: every webhook about an order, and
// every order fetched, is turned into an [inventory.Order], and the order's
// document in the stock remembers. Webhooks may come twice, late, in any order
// or never; [OrderConsumer.CatchUp] reads what changed since a bookmark.
// Webhooks about levels (inventory_levels/update) are acknowledged and counted,
// and drop what a [Shown] remembers of the level; nothing else: their number is
// of no known moment, and deltas between them mean nothing.
//
// # What Shopify is told
//
// A push is inventoryAdjustQuantities with a delta for each of up to 250
// levels, under an idempotency key that is the same for every try. A delta
// commutes with orders that were not heard of yet, where an absolute number
// would give back what they sold. Whether a shop honours keys is found out by
// [ProveReplay]; without that nothing is pushed.
//
// # When it goes wrong
//
// Every answer that is not a clear success is an error that says whether the
// request may have been carried out and what to do: see [ErrNoAnswer] and those
// beside it, and [UserError]. Errors steer a [queue.Router] by the methods
// Permanent, Unavailable and RetryAfter.
//
// Package shopifytest is a Shopify to test against.
package shopify
