package shopify

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// The names of Shopify's quantities. on_hand is a sum of the others but
// incoming, which stands outside of it.
var quantityNames = []string{
	"available", "on_hand", "committed", "damaged", "incoming", "quality_control", "reserved", "safety_stock",
}

// level is a reading of one item at one location.
type level struct {
	ID, Item, Location string // gids
	Active             bool   // an inactive level keeps its quantities and sells nothing
	Quantities         map[string]quantity
	At                 time.Time // when Shopify answered
}

type quantity struct {
	N       int64
	Updated time.Time // zero if Shopify keeps no time for it, as for on_hand
}

// available is the quantity that may be sold, and false if it was not read.
func (l level) available() (int64, bool) {
	q, ok := l.Quantities["available"]
	return q.N, ok
}

// itemLevels is an item with all its levels, active and inactive.
type itemLevels struct {
	item
	Levels []level
}

// inventoryPage is a page of a walk through all items.
type inventoryPage struct {
	Items []itemLevels
	At    time.Time // the earliest answer that is part of it
}

// levels reads levels by their own ids; those that do not exist are left out.
// names are the quantities, all of them if nil.
func (c *Client) levels(ctx context.Context, ids []string, names []string, p Priority) ([]level, error) {
	if err := checkGIDs(ids, "InventoryLevel"); err != nil {
		return nil, err
	}
	var out []level
	err := chunked(c, c.sizes.levels, p, ids, func(k *call, ids []string) (*admin.LevelsResponse, error) {
		return admin.Levels(ctx, k, ids, orAll(names))
	}, func(got *admin.LevelsResponse, k *call) error {
		for _, n := range got.Nodes {
			if l, ok := n.(*admin.LevelsNodesInventoryLevel); ok {
				out = append(out, toLevel(l.Level, k.at))
			}
		}
		return nil
	})
	return out, err
}

// levelsOf reads items by their ids with all their levels; those that do not
// exist are left out.
func (c *Client) levelsOf(ctx context.Context, items []string, names []string, p Priority) ([]itemLevels, error) {
	if err := checkGIDs(items, "InventoryItem"); err != nil {
		return nil, err
	}
	names = orAll(names)
	var out []itemLevels
	err := chunked(c, c.sizes.itemLevels, p, items, func(k *call, ids []string) (*admin.ItemLevelsResponse, error) {
		return admin.ItemLevels(ctx, k, ids, levelPage, names)
	}, func(got *admin.ItemLevelsResponse, k *call) error {
		for _, n := range got.Nodes {
			it, ok := n.(*admin.ItemLevelsNodesInventoryItem)
			if !ok {
				continue
			}
			full, err := c.wholeItem(ctx, it.ItemWithLevels, k.at, names, p)
			if err != nil {
				return err
			}
			out = append(out, full)
		}
		return nil
	})
	return out, err
}

// windowItems is after how many items a walk starts anew behind the last id:
// Shopify pages no deeper than 25,000 (shopify.dev, API limits).
const windowItems = 20_000

// inventory walks through all items of the shop with their levels. It is a
// moving picture: each page is of its own time. The walk ends after an error.
func (c *Client) inventory(ctx context.Context, names []string, p Priority) iter.Seq2[inventoryPage, error] {
	names = orAll(names)
	return func(yield func(inventoryPage, error) bool) {
		var after, query *string
		var inWindow int
		var last uint64
		ordered := true
		for {
			got, k, _, err := sized(c, c.sizes.inventory, p, maxIDs, func(k *call, n int) (*admin.InventoryPageResponse, error) {
				return admin.InventoryPage(ctx, k, int64(n), after, query, levelPage, names)
			})
			if err != nil {
				yield(inventoryPage{}, err)
				return
			}
			page := inventoryPage{At: k.at}
			for _, n := range got.InventoryItems.Nodes {
				full, err := c.wholeItem(ctx, n, k.at, names, p)
				if err != nil {
					yield(inventoryPage{}, err)
					return
				}
				page.Items = append(page.Items, full)
				id := number(n.Id)
				ordered = ordered && id > last
				last = max(last, id)
			}
			info := got.InventoryItems.PageInfo
			if !yield(page, nil) || !info.HasNextPage {
				return
			}
			if info.EndCursor == nil || after != nil && *after == *info.EndCursor {
				yield(inventoryPage{}, c.stuck("InventoryPage"))
				return
			}
			after = info.EndCursor
			if inWindow += len(page.Items); ordered && inWindow >= windowItems {
				behind := fmt.Sprintf("id:>%d", last)
				after, query, inWindow = nil, &behind, 0
			}
		}
	}
}

// wholeItem reads what did not fit into the first page of an item.
func (c *Client) wholeItem(ctx context.Context, in admin.ItemWithLevels, at time.Time, names []string, p Priority) (itemLevels, error) {
	it, err := c.wholeVariants(ctx, in.Item, p)
	if err != nil {
		return itemLevels{}, err
	}
	out := itemLevels{item: it}
	for _, l := range in.InventoryLevels.Nodes {
		out.Levels = append(out.Levels, toLevel(l, at))
	}
	err = following(ctx, in.InventoryLevels.PageInfo, func(after *string) (admin.Page, error) {
		k := c.call(p, moreLevels)
		got, err := admin.MoreLevels(ctx, k, in.Id, moreLevels, after, names)
		if err != nil || got.InventoryItem == nil { // deleted meanwhile
			return admin.Page{}, err
		}
		for _, l := range got.InventoryItem.InventoryLevels.Nodes {
			out.Levels = append(out.Levels, toLevel(l, k.at))
		}
		return got.InventoryItem.InventoryLevels.PageInfo, nil
	})
	return out, err
}

func (c *Client) stuck(operation string) error {
	return &APIError{Kind: ErrNoAnswer, Shop: c.domain, Operation: operation, Message: endless}
}

func toLevel(l admin.Level, at time.Time) level {
	out := level{
		ID: l.Id, Item: l.Item.Id, Location: l.Location.Id, Active: l.IsActive,
		Quantities: make(map[string]quantity, len(l.Quantities)), At: at,
	}
	for _, q := range l.Quantities {
		v := quantity{N: q.Quantity}
		if q.UpdatedAt != nil {
			v.Updated = *q.UpdatedAt
		}
		out.Quantities[q.Name] = v
	}
	return out
}

func orAll(names []string) []string {
	if len(names) == 0 {
		return quantityNames
	}
	return names
}
