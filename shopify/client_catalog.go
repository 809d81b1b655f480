package shopify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// item is an inventory item: what is counted.
type item struct {
	ID, SKU  string
	Tracked  bool     // false: Shopify does not count it
	Variants []string // gids of the variants that sell it, mostly one
}

// location is a place of the shop.
type location struct {
	ID, Name string
	Active   bool
	Online   bool // fulfils online orders
}

// identity is who the shop is, and what the token may do there.
type identity struct {
	ID, Name, Domain string
	Timezone         string // IANA name
	App              string // gid of the app whose token it is
	Scopes           []string
}

// skusAtATime bounds the length of a search, and skuPage its answer: SKUs are
// not unique, so it may be longer.
const (
	skusAtATime = 50
	skuPage     = 100
)

// itemsBySKU finds the items of SKUs. A SKU may have several items, or none and
// then is not in the result. SKUs are compared exactly, also by case.
func (c *Client) itemsBySKU(ctx context.Context, skus []string, p Priority) (map[string][]item, error) {
	out := map[string][]item{}
	list := slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(skus))), func(s string) bool { return s == "" })
	for some := range slices.Chunk(list, skusAtATime) {
		query := skuQuery(some)
		read := func(after *string) (admin.Page, error) {
			got, err := admin.ItemsBySKU(ctx, c.call(p, skuPage), query, skuPage, after)
			if err != nil {
				return admin.Page{}, err
			}
			for _, n := range got.InventoryItems.Nodes {
				if n.Sku == nil || !slices.Contains(some, *n.Sku) {
					continue // the search folds case and splits words
				}
				it, err := c.wholeVariants(ctx, n, p)
				if err != nil {
					return admin.Page{}, err
				}
				out[it.SKU] = append(out[it.SKU], it)
			}
			return got.InventoryItems.PageInfo, nil
		}
		page, err := read(nil)
		if err == nil {
			err = following(ctx, page, read)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// itemsByID reads items; those that do not exist are left out.
func (c *Client) itemsByID(ctx context.Context, ids []string, p Priority) (map[string]item, error) {
	if err := checkGIDs(ids, "InventoryItem"); err != nil {
		return nil, err
	}
	out := map[string]item{}
	for len(ids) > 0 {
		n := min(len(ids), 100)
		got, err := admin.ItemsByID(ctx, c.call(p, n), ids[:n])
		if err != nil {
			return nil, err
		}
		for _, node := range got.Nodes {
			if v, ok := node.(*admin.ItemsByIDNodesInventoryItem); ok {
				it, err := c.wholeVariants(ctx, v.Item, p)
				if err != nil {
					return nil, err
				}
				out[it.ID] = it
			}
		}
		ids = ids[n:]
	}
	return out, nil
}

// itemsByVariant finds the items that variants sell; variants that do not exist
// are left out.
func (c *Client) itemsByVariant(ctx context.Context, variants []string, p Priority) (map[string]item, error) {
	if err := checkGIDs(variants, "ProductVariant"); err != nil {
		return nil, err
	}
	out := map[string]item{}
	for len(variants) > 0 {
		n := min(len(variants), 100)
		got, err := admin.ItemsByVariant(ctx, c.call(p, n), variants[:n])
		if err != nil {
			return nil, err
		}
		for _, node := range got.Nodes {
			if v, ok := node.(*admin.ItemsByVariantNodesProductVariant); ok {
				it, err := c.wholeVariants(ctx, v.InventoryItem, p)
				if err != nil {
					return nil, err
				}
				out[v.Id] = it
			}
		}
		variants = variants[n:]
	}
	return out, nil
}

// wholeVariants reads the variants that did not fit into an item's first page.
func (c *Client) wholeVariants(ctx context.Context, in admin.Item, p Priority) (item, error) {
	out := item{ID: in.Id, Tracked: in.Tracked}
	if in.Sku != nil {
		out.SKU = *in.Sku
	}
	if in.Variants == nil {
		return out, nil
	}
	add := func(page *admin.VariantPage) admin.Page {
		for _, v := range page.Nodes {
			out.Variants = append(out.Variants, v.Id)
		}
		return page.PageInfo
	}
	err := following(ctx, add(in.Variants), func(after *string) (admin.Page, error) {
		got, err := admin.MoreVariants(ctx, c.call(p, 1), in.Id, after)
		if err != nil || got.InventoryItem == nil || got.InventoryItem.Variants == nil {
			return admin.Page{}, err
		}
		return add(got.InventoryItem.Variants), nil
	})
	return out, err
}

// locations reads all locations, inactive ones included.
func (c *Client) locations(ctx context.Context, p Priority) ([]location, error) {
	var out []location
	read := func(after *string) (admin.Page, error) {
		got, err := admin.Locations(ctx, c.call(p, 100), 100, after)
		if err != nil {
			return admin.Page{}, err
		}
		for _, l := range got.Locations.Nodes {
			out = append(out, location{ID: l.Id, Name: l.Name, Active: l.IsActive, Online: l.FulfillsOnlineOrders})
		}
		return got.Locations.PageInfo, nil
	}
	page, err := read(nil)
	if err == nil {
		err = following(ctx, page, read)
	}
	return out, err
}

// identify reads who the shop is.
func (c *Client) identify(ctx context.Context) (identity, error) {
	got, err := admin.ShopInfo(ctx, c.call(PriorityRead, 1))
	if err != nil {
		return identity{}, err
	}
	out := identity{
		ID: got.Shop.Id, Name: got.Shop.Name, Domain: got.Shop.MyshopifyDomain,
		Timezone: got.Shop.IanaTimezone, App: got.CurrentAppInstallation.App.Id,
	}
	for _, s := range got.CurrentAppInstallation.AccessScopes {
		out.Scopes = append(out.Scopes, s.Handle)
	}
	return out, nil
}

// skuQuery is a search for any of the SKUs.
func skuQuery(skus []string) string {
	terms := make([]string, len(skus))
	for i, s := range skus {
		s = strings.ReplaceAll(s, `\`, `\\`)
		terms[i] = "sku:'" + strings.ReplaceAll(s, `'`, `\'`) + "'"
	}
	return strings.Join(terms, " OR ")
}

// checkGIDs refuses ids of other things: Shopify would answer with those.
func checkGIDs(ids []string, kind string) error {
	for _, id := range ids {
		if !isGID(id, kind) {
			return fmt.Errorf("%w: %q is not an id like gid://shopify/%s/1", ErrInvalidRequest, id, kind)
		}
	}
	return nil
}

// number is the numeric part of a gid, 0 if it has none.
func number(gid string) uint64 {
	n, err := strconv.ParseUint(gid[strings.LastIndexByte(gid, '/')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
