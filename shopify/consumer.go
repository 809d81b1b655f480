package shopify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/queue"
)

// OrderConsumer turns what a shop says about its orders into facts and hands
// them on: to the [*inventory.Stock], or to the topic that the adjuster
// consumes. Webhooks come in by Handle; what they leave open, and what never
// came, is fetched by Run.
//
// Facts may be handed on in any order, repeated, by any number of consumers:
// the order's document in the stock remembers. It is safe for concurrent use.
type OrderConsumer struct {
	to      inventory.Emitter
	client  *Client
	catalog Catalog
	cfg     OrderConfig

	mu    sync.Mutex
	tries map[string]try // documents fetched lately, by name
	stats ConsumerStats
}

// OrderConfig of an OrderConsumer. Merchant is required; other zero values
// mean defaults.
type OrderConfig struct {
	// Merchant whose shop it is. An event for another one is refused.
	Merchant string
	// ReservationOf finds in the note attributes of an order the reservation
	// that it settles, "" if none. Default: the attribute "onhand_reservation".
	ReservationOf func(attributes map[string]string) string
	// UnclaimedApps and UnclaimedSources are ids of apps ("580111") and source
	// names of orders that are imported without claiming stock in Shopify.
	UnclaimedApps, UnclaimedSources []string
	// Overlap of the reads of changed orders: how far behind Shopify's index may
	// be. Default: 2 min.
	Overlap time.Duration
	// CatchUpEvery is the pause between reads of changed orders. Default: 1 min.
	CatchUpEvery time.Duration
	// Settle is how long a document may be unsure before its order is fetched.
	// Default: 3 s; less than 1 s is of no use, as Shopify stamps by the second.
	Settle time.Duration
	// Shown, if set, is dropped by webhooks about levels ([LevelTopics]), at once.
	// Their numbers are not looked at. Default: they are acknowledged and counted.
	Shown *Shown
	// Logger of what somebody should look at. Default: none.
	Logger *slog.Logger
}

// ConsumerStats count what an OrderConsumer has done.
type ConsumerStats struct {
	// Facts handed on from webhooks; Ignored webhooks say nothing of stock.
	Facts, Ignored int64
	// Levels are webhooks about levels.
	Levels int64
	// Fetched orders because a document was unsure; CaughtUp orders read
	// because they had changed.
	Fetched, CaughtUp int64
}

// NewOrderConsumer returns an OrderConsumer for the client's shop.
func NewOrderConsumer(to inventory.Emitter, c *Client, cat Catalog, cfg *OrderConfig) (*OrderConsumer, error) {
	var own OrderConfig
	if cfg != nil {
		own = *cfg
	}
	if err := inventory.ValidMerchant(own.Merchant); err != nil {
		return nil, fmt.Errorf("shopify: OrderConfig: %w", err)
	}
	if own.ReservationOf == nil {
		own.ReservationOf = func(attributes map[string]string) string { return attributes["onhand_reservation"] }
	}
	own.Overlap = cmp.Or(max(own.Overlap, 0), 2*time.Minute)
	own.CatchUpEvery = cmp.Or(max(own.CatchUpEvery, 0), time.Minute)
	own.Settle = cmp.Or(max(own.Settle, 0), 3*time.Second)
	if own.Logger == nil {
		own.Logger = slog.New(slog.DiscardHandler)
	}
	return &OrderConsumer{to: to, client: c, catalog: cat, cfg: own, tries: map[string]try{}}, nil
}

// Stats returns what was done so far.
func (o *OrderConsumer) Stats() ConsumerStats {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stats
}

// Handle is a [queue.Handler] for the webhooks that a [Receiver] published. A
// body that is not what its topic says is a permanent error: it goes to the
// dead letters. A line without SKU or variant, a gift card or an untracked item
// is none.
func (o *OrderConsumer) Handle(ctx context.Context, e queue.Event) error {
	switch {
	case e.Merchant != o.cfg.Merchant:
		return queue.Permanent(fmt.Errorf("shopify: webhook of merchant %q came to the consumer of %q", e.Merchant, o.cfg.Merchant))
	case e.Origin != "" && e.Origin != o.client.Channel():
		return queue.Permanent(fmt.Errorf("shopify: webhook of %s came to the consumer of %s", e.Origin, o.client.Channel()))
	case e.Schema != webhookSchema:
		return queue.Permanent(fmt.Errorf("shopify: webhook has schema %d, and this build reads %d", e.Schema, webhookSchema))
	case slices.Contains(LevelTopics, e.Type):
		return o.level(e)
	case !slices.Contains(orderTopics, e.Type):
		o.count(func(s *ConsumerStats) { s.Ignored++ })
		return nil
	}
	body, err := decodeWebhook(e.Type, e.Body)
	if err != nil {
		return queue.Permanent(err)
	}
	if body.ID == "" { // it does not say of which order
		o.count(func(s *ConsumerStats) { s.Ignored++ })
		return nil
	}
	if body.Kind == bodyNews && body.At == 0 { // a body cut down to its id has no time
		body.At = cmp.Or(max(e.Time.Unix(), 0), time.Now().Unix())
	}
	if err := o.emit(ctx, e.TraceID, body); err != nil {
		return err
	}
	o.count(func(s *ConsumerStats) { s.Facts++ })
	return nil
}

// level drops what was read of a level that something happened to.
func (o *OrderConsumer) level(e queue.Event) error {
	o.count(func(s *ConsumerStats) { s.Levels++ })
	if o.cfg.Shown == nil {
		return nil
	}
	if err := o.cfg.Shown.heard(e.Body); err != nil {
		return queue.Permanent(err)
	}
	return nil
}

// emit hands on what bodies say.
func (o *OrderConsumer) emit(ctx context.Context, trace string, bodies ...orderBody) error {
	r, err := o.resolve(ctx, bodies)
	if err != nil {
		var steered interface{ Permanent() bool }
		if errors.As(err, &steered) && steered.Permanent() {
			return err
		}
		return queue.Unavailable(err) // the shop can't be asked, for no fault of the webhook
	}
	changes := make([]inventory.Change, len(bodies))
	for i, b := range bodies {
		changes[i] = inventory.Ordered(facts(b, r))
		changes[i].Merchant = o.cfg.Merchant
		changes[i].TraceID = cmp.Or(trace, changes[i].ID)
	}
	if err := o.to.Emit(ctx, changes...); err != nil {
		if inventory.Answered(err) {
			return err
		}
		return queue.Unavailable(err)
	}
	return nil
}

// resolve looks up everything that bodies name.
func (o *OrderConsumer) resolve(ctx context.Context, bodies []orderBody) (resolver, error) {
	locations, err := o.catalog.Locations(ctx)
	if err != nil {
		return resolver{}, err
	}
	var variants []string
	for _, b := range bodies {
		for _, v := range b.variants() {
			if id := "gid://shopify/ProductVariant/" + v; !slices.Contains(variants, id) {
				variants = append(variants, id)
			}
		}
	}
	items, err := o.catalog.ItemsByVariant(ctx, variants)
	if err != nil {
		return resolver{}, err
	}
	names := reversed(locations)
	return resolver{
		Channel: o.client.Channel(),
		SKU: func(variant, sku string) string {
			it, ok := items["gid://shopify/ProductVariant/"+variant]
			switch {
			case !ok:
				return sku // the variant is deleted: its SKU is all there is
			case !it.Tracked:
				return ""
			}
			return it.SKU
		},
		Location: func(id string) string {
			return cmp.Or(names["gid://shopify/Location/"+id], "location:"+id)
		},
		Reservation: o.cfg.ReservationOf,
		Unclaimed: func(app, source string) bool {
			return slices.Contains(o.cfg.UnclaimedApps, app) || slices.Contains(o.cfg.UnclaimedSources, source)
		},
	}, nil
}

func (o *OrderConsumer) count(f func(*ConsumerStats)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.stats)
}

// errNoBookmarks is about a store that can't keep a cursor.
var errNoBookmarks = errors.New("shopify: the store keeps no bookmarks (inventory.Bookmarker), so changed orders can't be followed")
