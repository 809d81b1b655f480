package shopify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Item is what Shopify counts, as stock knows it.
type Item struct {
	// ID is the inventory item's gid.
	ID string
	// SKU names its levels: the item's SKU, or "item:<number>" if it has none.
	SKU string
	// Tracked is false for an item that Shopify does not count.
	Tracked bool
}

// Catalog says which of Shopify's things is which of the merchant's: the one
// that asks Shopify ([NewCatalog]), or the merchant's own table. It is safe for
// concurrent use. All ids are gids. What does not exist is left out of a
// result, and no error.
type Catalog interface {
	// ItemsByVariant finds the item that a variant sells.
	ItemsByVariant(ctx context.Context, variants []string) (map[string]Item, error)
	// ItemsBySKU finds the items of SKUs as stock names them. More than one is
	// ambiguous, and nothing is pushed to it.
	ItemsBySKU(ctx context.Context, skus []string) (map[string][]Item, error)
	// Locations maps the merchant's names of locations to Shopify's ids.
	Locations(ctx context.Context) (map[string]string, error)
}

// ShopCatalog is the Catalog that asks Shopify and remembers the answers for a
// while.
type ShopCatalog struct {
	client *Client
	cfg    CatalogConfig

	mu        sync.Mutex
	variants  map[string]remembered[Item]
	skus      map[string]remembered[[]Item]
	locations remembered[map[string]string]
}

// CatalogConfig of a ShopCatalog. Nil and zero values mean defaults.
type CatalogConfig struct {
	// Locations maps the merchant's names to Shopify's location ids. Default:
	// every location of the shop, by the name it has there; set it where those
	// may change.
	Locations map[string]string
	// TTL is how long an answer is remembered. Default: 45 s.
	TTL time.Duration
}

type remembered[T any] struct {
	value T
	until time.Time
}

// NewCatalog returns the Catalog of the client's shop.
func NewCatalog(c *Client, cfg *CatalogConfig) *ShopCatalog {
	var own CatalogConfig
	if cfg != nil {
		own = *cfg
	}
	own.Locations = maps.Clone(own.Locations)
	own.TTL = cmp.Or(max(own.TTL, 0), 45*time.Second)
	return &ShopCatalog{client: c, cfg: own, variants: map[string]remembered[Item]{}, skus: map[string]remembered[[]Item]{}}
}

// ItemsByVariant implements [Catalog].
func (c *ShopCatalog) ItemsByVariant(ctx context.Context, variants []string) (map[string]Item, error) {
	return lookUp(c, c.variants, variants, func(missing []string) (map[string]Item, error) {
		items, err := c.client.itemsByVariant(ctx, missing, PriorityRead)
		found := map[string]Item{}
		for v, it := range items {
			found[v] = it.known()
		}
		return found, err
	})
}

// ItemsBySKU implements [Catalog].
func (c *ShopCatalog) ItemsBySKU(ctx context.Context, skus []string) (map[string][]Item, error) {
	return lookUp(c, c.skus, skus, func(missing []string) (map[string][]Item, error) {
		found := map[string][]Item{}
		var named, ids []string
		for _, s := range missing {
			if id, ok := itemOfKey(s); ok {
				ids = append(ids, id)
			} else {
				named = append(named, s)
			}
		}
		bySKU, err := c.client.itemsBySKU(ctx, named, PriorityRead)
		if err != nil {
			return nil, err
		}
		for s, items := range bySKU {
			for _, it := range items {
				found[s] = append(found[s], it.known())
			}
		}
		byID, err := c.client.itemsByID(ctx, ids, PriorityRead)
		for _, it := range byID {
			// An item that was given a SKU since has other levels now.
			if k := it.known(); it.SKU == "" {
				found[k.SKU] = append(found[k.SKU], k)
			}
		}
		return found, err
	})
}

// Locations implements [Catalog].
func (c *ShopCatalog) Locations(ctx context.Context) (map[string]string, error) {
	if c.cfg.Locations != nil {
		return maps.Clone(c.cfg.Locations), nil
	}
	c.mu.Lock()
	known := c.locations
	c.mu.Unlock()
	if time.Now().Before(known.until) {
		return maps.Clone(known.value), nil
	}
	all, err := c.client.locations(ctx, PriorityRead)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for _, l := range all {
		if other, ok := m[l.Name]; ok {
			return nil, fmt.Errorf("shopify: two locations are named %q (%s and %s): name them in CatalogConfig.Locations", l.Name, other, l.ID)
		}
		m[l.Name] = l.ID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.locations = remembered[map[string]string]{m, time.Now().Add(c.cfg.TTL)}
	return maps.Clone(m), nil
}

// mostRemembered bounds each memory of a catalog.
const mostRemembered = 100_000

// lookUp answers from memory and asks for what is missing there.
func lookUp[T any](c *ShopCatalog, memory map[string]remembered[T], keys []string, ask func([]string) (map[string]T, error)) (map[string]T, error) {
	out := map[string]T{}
	var missing []string
	now := time.Now()
	c.mu.Lock()
	for _, k := range keys {
		if r, ok := memory[k]; ok && now.Before(r.until) {
			out[k] = r.value
		} else if !slices.Contains(missing, k) {
			missing = append(missing, k)
		}
	}
	c.mu.Unlock()
	if len(missing) == 0 {
		return out, nil
	}
	found, err := ask(missing)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(memory)+len(found) > mostRemembered {
		clear(memory)
	}
	for k, v := range found {
		out[k] = v
		memory[k] = remembered[T]{v, now.Add(c.cfg.TTL)}
	}
	return out, nil
}

// known is the item as stock knows it.
func (it item) known() Item {
	return Item{ID: it.ID, SKU: cmp.Or(it.SKU, itemKey(it.ID)), Tracked: it.Tracked}
}

const keyPrefix = "item:"

// itemKey names the levels of an item without a SKU.
func itemKey(gid string) string { return keyPrefix + strconv.FormatUint(number(gid), 10) }

func itemOfKey(sku string) (gid string, ok bool) {
	if len(sku) <= len(keyPrefix) || sku[:len(keyPrefix)] != keyPrefix {
		return "", false
	}
	n, err := strconv.ParseUint(sku[len(keyPrefix):], 10, 64)
	if err != nil {
		return "", false
	}
	return "gid://shopify/InventoryItem/" + strconv.FormatUint(n, 10), true
}

var _ Catalog = (*ShopCatalog)(nil)

// reversed maps Shopify's location ids to the merchant's names.
func reversed(locations map[string]string) map[string]string {
	out := make(map[string]string, len(locations))
	for name, id := range locations {
		out[id] = name
	}
	return out
}

// keyOf is the level of an item at a location.
func keyOf(it Item, location string) inventory.Key {
	return inventory.Key{SKU: it.SKU, Location: location}
}
