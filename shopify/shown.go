package shopify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// LevelTopics are the webhooks about levels that a [Shown] is dropped by. Give
// them to [ReceiverConfig.Topics], so that they reach the consumer.
var LevelTopics = []string{"inventory_levels/update", "inventory_levels/connect", "inventory_levels/disconnect"}

// Shown is what a shop was read to show lately: the cached view of the shop's
// side, for dashboards and comparisons. Give it to [OrderConfig.Shown], and a
// webhook about a level drops what was read of it at once; without webhooks an
// answer is used for its TTL, 45 s by default. In a process that other consumers
// of the queue leave without the webhook, too.
//
// It is never a source of stock: a webhook's number is of no known moment, and
// what may be sold is in the [inventory.Stock]. It is safe for concurrent use.
type Shown struct {
	client  *Client
	catalog Catalog
	view    *inventory.View[levelOf, Showing]
}

// levelOf names a level by Shopify's ids.
type levelOf struct{ item, location string }

// Showing is what a shop was read to show of one level.
type Showing struct {
	inventory.Key
	// Available is the shop's number, if Known: if the shop has the item, counts
	// it and stocks it there.
	Available int64
	Known     bool
	// At is when Shopify answered, by its clock; zero if there was nothing to ask.
	At time.Time
}

// NewShown returns a view of the client's shop. A nil config means defaults.
func NewShown(c *Client, cat Catalog, cfg *inventory.ViewConfig) *Shown {
	s := &Shown{client: c, catalog: cat}
	s.view = inventory.NewView(s.fetch, cfg)
	return s
}

// Get returns what the shop shows of levels, in order; what is not remembered is
// read. A SKU or location that the catalog does not know, or a SKU that it knows
// twice, is not Known. Errors are those of the catalog and the [Client].
func (s *Shown) Get(ctx context.Context, keys ...inventory.Key) ([]Showing, error) {
	skus := make([]string, len(keys))
	for i, k := range keys {
		skus[i] = k.SKU
	}
	items, err := s.catalog.ItemsBySKU(ctx, skus)
	if err != nil {
		return nil, err
	}
	locations, err := s.catalog.Locations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Showing, len(keys))
	var asked []levelOf
	var at []int
	for i, k := range keys {
		out[i].Key = k
		if found, location := items[k.SKU], locations[k.Location]; len(found) == 1 && location != "" {
			asked, at = append(asked, levelOf{found[0].ID, location}), append(at, i)
		}
	}
	got, err := s.view.Get(ctx, asked...)
	if err != nil {
		return nil, err
	}
	for i, v := range got {
		v.Key = keys[at[i]]
		out[at[i]] = v
	}
	return out, nil
}

// fetch reads levels of the shop.
func (s *Shown) fetch(ctx context.Context, asked []levelOf) ([]Showing, error) {
	var items []string
	for _, l := range asked {
		if !slices.Contains(items, l.item) {
			items = append(items, l.item)
		}
	}
	read, err := s.client.levelsOf(ctx, items, []string{"available"}, PriorityRead)
	if err != nil {
		return nil, err
	}
	found := map[levelOf]Showing{}
	for _, it := range read {
		for _, l := range it.Levels {
			n, known := l.available()
			found[levelOf{it.ID, l.Location}] = Showing{Available: n, Known: known && it.Tracked && l.Active, At: l.At}
		}
	}
	out := make([]Showing, len(asked))
	for i, l := range asked {
		out[i] = found[l]
	}
	return out, nil
}

// Drop forgets what was read of levels, by the catalog's ids of items and
// locations.
func (s *Shown) Drop(item, location string) { s.view.Drop(levelOf{item, location}) }

// heard drops what a webhook is about. Its number is not looked at.
func (s *Shown) heard(body []byte) error {
	var about struct {
		Item     json.Number `json:"inventory_item_id"`
		Location json.Number `json:"location_id"`
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return fmt.Errorf("shopify: webhook about a level: %w", err)
	}
	s.Drop("gid://shopify/InventoryItem/"+about.Item.String(), "gid://shopify/Location/"+about.Location.String())
	return nil
}
