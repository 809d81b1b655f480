package shopify

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/queue"
)

// levelWebhook is what the receiver publishes of a webhook about a level.
func levelWebhook(t *testing.T, topic string, item, location int) queue.Event {
	t.Helper()
	body := fmt.Appendf(nil, `{"inventory_item_id":%d,"location_id":%d,"available":null,"updated_at":"2026-11-23T10:00:07-05:00","admin_graphql_api_id":"gid://shopify/InventoryLevel/1?inventory_item_id=2"}`, item, location)
	reduced, _ := reduce(topic, body)
	require.NotContains(t, string(reduced), "admin_graphql_api_id")
	return queue.Event{Type: topic, Merchant: "acme", Schema: webhookSchema, Body: reduced}
}

func TestShownIsDroppedByAWebhook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		reads := 0
		s := &script{}
		available := int64(7)
		s.reply = func(_ int, x exchanged) (*http.Response, error) {
			require.Equal(t, "ItemLevels", x.Operation)
			reads++
			var nodes []any
			for range strs(x.Variables["ids"]) {
				nodes = append(nodes, itemNode(1, "MUG", page("", levelNode(1, 2, available), levelNode(1, 3, 50))))
			}
			return data(obj{"nodes": nodes}, 10)()
		}
		c := newTestClient(t, s, nil)
		cat := fixedCatalog{items: map[string][]Item{
			"MUG": {{ID: nodeID("InventoryItem", 1), SKU: "MUG", Tracked: true}}, "TWICE": {{ID: "1"}, {ID: "2"}},
		}, locations: map[string]string{"berlin": nodeID("Location", 2), "lyon": nodeID("Location", 3)}}
		shown := NewShown(c, cat, nil)
		o, err := NewOrderConsumer(nil, c, cat, &OrderConfig{Merchant: "acme", Shown: shown})
		require.NoError(t, err)

		berlin, lyon := inventory.Key{SKU: "MUG", Location: "berlin"}, inventory.Key{SKU: "MUG", Location: "lyon"}
		get := func() [2]int64 {
			t.Helper()
			got, err := shown.Get(ctx, berlin, inventory.Key{SKU: "TWICE", Location: "berlin"}, inventory.Key{SKU: "MUG", Location: "oslo"}, lyon)
			require.NoError(t, err)
			require.Equal(t, []inventory.Key{berlin, {SKU: "TWICE", Location: "berlin"}, {SKU: "MUG", Location: "oslo"}, lyon},
				[]inventory.Key{got[0].Key, got[1].Key, got[2].Key, got[3].Key})
			require.True(t, got[0].Known && got[3].Known)
			require.False(t, got[1].Known || got[2].Known)
			return [2]int64{got[0].Available, got[3].Available}
		}
		require.Equal(t, [2]int64{7, 50}, get())
		available = 6
		time.Sleep(44 * time.Second)
		require.Equal(t, [2]int64{7, 50}, get(), "it is remembered for 45 s")
		require.Equal(t, 1, reads)
		for _, other := range []queue.Event{
			levelWebhook(t, "inventory_levels/update", 9, 2), levelWebhook(t, "inventory_levels/update", 1, 9), levelWebhook(t, "products/update", 1, 2),
		} {
			require.NoError(t, o.Handle(ctx, other))
		}
		require.Equal(t, [2]int64{7, 50}, get(), "what is about another level drops nothing")
		for i, topic := range LevelTopics {
			require.NoError(t, o.Handle(ctx, levelWebhook(t, topic, 1, 2)))
			require.Equal(t, [2]int64{6, 50}, get(), "dropped at once by %s", topic)
			require.Equal(t, 2+i, reads)
		}
		available = 5
		time.Sleep(45 * time.Second)
		require.Equal(t, [2]int64{5, 50}, get(), "and without a webhook after its time")

		bad := levelWebhook(t, "inventory_levels/update", 1, 2)
		bad.Body = []byte("{")
		var permanent interface{ Permanent() bool }
		require.ErrorAs(t, o.Handle(ctx, bad), &permanent)
		o.cfg.Shown = nil
		require.NoError(t, o.Handle(ctx, levelWebhook(t, "inventory_levels/update", 1, 2)), "without a view it is acknowledged")
		require.Equal(t, ConsumerStats{Ignored: 1, Levels: 7}, o.Stats())
	})
}

type fixedCatalog struct {
	Catalog
	items     map[string][]Item
	locations map[string]string
}

func (c fixedCatalog) ItemsBySKU(context.Context, []string) (map[string][]Item, error) {
	return c.items, nil
}

func (c fixedCatalog) Locations(context.Context) (map[string]string, error) { return c.locations, nil }

func TestShownAgainstAShop(t *testing.T) {
	t.Parallel()
	shop, c := newShop(t, DefaultVersion)
	shop.Stock("MUG", "Berlin", 5)
	shown := NewShown(c, NewCatalog(c, nil), nil)
	got, err := shown.Get(t.Context(), inventory.Key{SKU: "MUG", Location: "Berlin"}, inventory.Key{SKU: "CUP", Location: "Berlin"})
	require.NoError(t, err)
	require.True(t, got[0].Known)
	require.EqualValues(t, 5, got[0].Available)
	require.False(t, got[1].Known)
}
