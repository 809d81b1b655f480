package shopifytest_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

const world = `{
 "locations": [
  {"id": "gid://shopify/Location/11", "name": "Berlin", "active": true},
  {"id": "gid://shopify/Location/12", "name": "Old", "active": false}],
 "items": [
  {"id": "gid://shopify/InventoryItem/9007199254740993", "sku": "MUG", "variant": "gid://shopify/ProductVariant/31",
   "product": null, "tracked": true, "levels": [
    {"id": "gid://shopify/InventoryLevel/41?inventory_item_id=9007199254740993", "location": "gid://shopify/Location/12",
     "active": false, "available": null, "on_hand": 4, "committed": 1, "damaged": 1, "incoming": 5},
    {"id": "gid://shopify/InventoryLevel/42?inventory_item_id=9007199254740993", "location": "gid://shopify/Location/11",
     "active": true, "available": 7, "on_hand": 9, "committed": null}]},
  {"id": "gid://shopify/InventoryItem/22", "sku": null, "variant": "gid://shopify/ProductVariant/32", "product": "gid://shopify/Product/52",
   "tracked": false, "levels": []}]}`

func TestWorld(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{World: json.RawMessage(world)})
	levels := s.Levels()
	require.Len(t, levels, 2)
	require.Equal(t, "gid://shopify/InventoryLevel/41?inventory_item_id=9007199254740993", levels[0].ID)
	require.False(t, levels[0].Active)
	require.EqualValues(t, 2, levels[0].Quantities["available"], "follows from what is on hand")
	require.EqualValues(t, 2, levels[1].Quantities["committed"])
	require.EqualValues(t, 9, levels[1].Quantities["on_hand"])
	r := query(t, s, `{ inventoryItems(first: 5) { nodes { id sku tracked variants(first: 1) { nodes { id } }
		inventoryLevels(first: 5) { nodes { id } } all: inventoryLevels(first: 5, includeInactive: true) { nodes { isActive location { name } } } } }
		locations(first: 5) { nodes { name } } }`, nil)
	require.JSONEq(t, `{"inventoryItems":{"nodes":[
		{"id":"gid://shopify/InventoryItem/22","sku":"","tracked":false,"variants":{"nodes":[{"id":"gid://shopify/ProductVariant/32"}]},
		 "inventoryLevels":{"nodes":[]},"all":{"nodes":[]}},
		{"id":"gid://shopify/InventoryItem/9007199254740993","sku":"MUG","tracked":true,"variants":{"nodes":[{"id":"gid://shopify/ProductVariant/31"}]},
		 "inventoryLevels":{"nodes":[{"id":"gid://shopify/InventoryLevel/42?inventory_item_id=9007199254740993"}]},
		 "all":{"nodes":[{"isActive":false,"location":{"name":"Old"}},{"isActive":true,"location":{"name":"Berlin"}}]}}]},
		"locations":{"nodes":[{"name":"Berlin"}]}}`, string(r.Data))

	var first, second bytes.Buffer
	require.NoError(t, s.DumpWorld(&first))
	again := shop(t, shopifytest.Config{World: first.Bytes()})
	require.NoError(t, again.DumpWorld(&second))
	require.Equal(t, first.String(), second.String())
	require.Equal(t, levels, again.Levels())
	again.Stock("NEW", "Berlin", 1)
	require.Len(t, again.Levels(), 3, "new ids keep clear of loaded ones")
}

func TestWorldRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`[`, `{"locations":[{"id":"gid://shopify/Shop/1"}]}`, `{"items":[{"id":"x"}]}`,
		`{"items":[{"id":"gid://shopify/InventoryItem/1","variant":"gid://shopify/Product/2"}]}`,
		`{"items":[{"id":"gid://shopify/InventoryItem/1","product":"gid://shopify/ProductVariant/2"}]}`,
		`{"items":[{"id":"gid://shopify/InventoryItem/1","levels":[{"id":"gid://shopify/InventoryLevel/1","location":"gid://shopify/Location/1"}]}]}`,
		`{"items":[{"id":"gid://shopify/InventoryItem/1"},{"id":"gid://shopify/InventoryItem/1"}]}`,
	} {
		_, err := shopifytest.Open(&shopifytest.Config{World: json.RawMessage(bad)})
		require.ErrorContains(t, err, "load world", bad)
	}
}
