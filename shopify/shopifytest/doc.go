// Package shopifytest is a Shopify to test against: a shop that sells, with an
// Admin API that answers GraphQL and webhooks that are late, doubled or lost.
//
//	shop := shopifytest.New(t, nil)            // listens at shop.URL
//	shop.Stock("MUG", "Berlin", 5)             // the merchant counts five
//	shop.DeliverTo(receiver)                   // your http.Handler
//	id, err := shop.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
//	shop.Flush(ctx)                            // deliver what is under way
//
// A [Server] is an http.Handler. [Server.Transport] calls it without a socket
// and without goroutines, so it also works inside testing/synctest bubbles.
// Nothing happens by itself: the clock is the one of [Config], moved ahead by
// [Server.Advance]; webhooks are sent by [Server.Advance], [Server.Deliver],
// [Server.Flush] or [Server.Run]; orders are placed by calls, or by a
// [Shopper]. All chance comes from the seed, so a seed repeats.
//
// # The API
//
// POST /admin/api/{version}/graphql.json runs any valid operation over the
// schema of the version: the part of Shopify's official schema that package
// shopify uses. A version that is no longer served falls forward to the oldest
// that is; X-Shopify-API-Version tells which one answered. Errors have
// Shopify's shapes: INVALID_VARIABLE with problems, MAX_INPUT_SIZE_EXCEEDED
// beyond 250 entries, MAX_COST_EXCEEDED, THROTTLED with HTTP 200, a missing
// @idempotent directive or changeFromQuantity, userErrors with an index in
// decimal, 401 and 404.
//
// Writes of quantities are all or nothing. changeFromQuantity compares and
// swaps unless it is null. A write that changes nothing answers with neither a
// group nor an error. An idempotency key is remembered for 24 hours of the
// shop's clock once its request applied: a repeat is not applied again, and its
// answer is made anew.
//
// The orders connection is served by an index that lags (10 s); reads by id are
// not. Every answer has its cost, and a bucket throttles.
//
// # The shop
//
// Stock moves as Shopify moves it. An order takes available and adds committed;
// shipping takes committed; cancelling, refunding and editing give units back
// to available, or not; a moved fulfillment order moves both. Returned units
// come back where they are restocked. Unclaimed orders take nothing. Items are
// refused when sold out unless they may be oversold. Orders come from the first
// location with enough, else from several.
//
// Webhooks have the bodies of the REST resources, headers and signature:
// orders/create, orders/updated, orders/cancelled, orders/fulfilled,
// orders/edited, refunds/create, fulfillments/create, fulfillments/update and
// inventory_levels/update. A refused one is tried eight times more in four
// hours, with its first body.
//
// # What it rests on
//
// Recorded answers of a real shop: the error shapes, the no-op, the mirrored
// on_hand rows, the reasons, the limits, costs of 10 and 13, the bodies of
// orders, refunds, edits and levels, refund lines of edits and cancellations,
// fulfillable_quantity without held units, a closed fulfillment order's stale
// remainder. Shopify's documentation: order and shipment in stock, deny and
// continue, the key's 24 hours, the cost table, headers, signature, retries.
//
// Inferred, and to be doubted: stock in all other steps of an order, that a
// write is all or nothing, that a refused write leaves its key free (see
// [Config].FailedKeys), that levels are told of only when available moved, the
// codes of validation errors but directiveCannotBeApplied, the messages of user
// errors, the cost of a list of ids and the steps of the logarithm, the body of
// a fulfillment.
//
// Not played: what the schema leaves out (transfers, activation, bulk
// operations, webhook subscriptions, introspection), draft orders, returns with
// dispositions, exchanges, bundles, payments and taxes, REST, OAuth,
// resource-based throttling, concurrent use of one idempotency key, webhooks of
// products, locations and fulfillment orders, and Shopify's own dropping of
// repeated bodies.
package shopifytest
