// Package onhand keeps stock right across Shopify, warehouses, tills and
// marketplaces. It is a library: import the packages below it into your own
// backend, or assemble a service from them as examples/service does.
//
// There are four layers, and imports point one way:
//
//		shopify, wms -> queue -> inventory <- lock
//
//	  - inventory is the stock: levels, Changes, reservations, orders, and what
//	    channels are told. redisstore keeps the truth, memstore a model of it.
//	  - queue carries events: order per key, retries, dead letters, pauses.
//	  - shopify turns webhooks into facts and tells a shop what to show.
//	  - lock (to come) has the strategies besides the atomic one.
//
// # A first program
//
//	stock, err := inventory.New(memstore.New(nil), "acme", nil)
//	...
//	hold, err := stock.Reserve(ctx, "cart-81", 10*time.Minute,
//		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 2})
//	...
//	_, err = stock.Commit(ctx, "cart-81", "order/17")
//
// # The blueprint
//
//	Shopify -- webhook --> shopify.Receiver -- queue --> shopify.OrderConsumer
//	                                                           | facts
//	                                                         queue
//	                                                           v
//	your checkout ----- inventory.Stock <--------------- adjuster.Handler
//	                          |
//	                     redisstore (the truth)
//	                          | pending levels
//	                          v
//	Shopify <-- deltas -- shopify.Syncer <-- inventory.Pusher
//
// Each arrow can be cut by a crash, and whoever comes back goes on: events are
// acknowledged when their effect is in the store, what a channel has to be told
// is in the store, too, and whatever is repeated takes effect once.
//
// What it promises:
//
//  1. Enforced Changes never take a level below its floor.
//  2. An acknowledged event has exactly one effect.
//  3. No push gives back stock that is sold, and no fault makes the store
//     believe in stock that is not there.
//  4. When events stop, every channel shows its target for every level that it
//     accepts, and every other level is listed with the reason.
package onhand
