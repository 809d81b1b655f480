package shopify

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

func TestMalformedBodiesNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	const order = `{"id":1,"updated_at":"2026-11-12T04:36:00-05:00","line_items":[{"id":2,"quantity":1,"current_quantity":1}],"refunds":[],"fulfillments":[]}`
	_, err := decodeWebhook("orders/updated", []byte(order))
	require.NoError(t, err)
	for _, c := range []struct{ topic, body, want string }{
		{"orders/updated", ``, "body of orders/updated is not a JSON object"},
		{"orders/updated", `[]`, "is not a JSON object"},
		{"orders/updated", `{"id":1`, "is not JSON"},
		{"orders/updated", `{"id":1} {}`, "is not JSON"},
		{"orders/updated", `{}`, "id is missing"},
		{"orders/updated", strings.Replace(order, `"id":1,`, ``, 1), "id is missing"},
		{"orders/updated", strings.Replace(order, `"id":1,`, `"id":1.5,`, 1), `id "1.5" that is neither a number nor a gid`},
		{"orders/updated", strings.Replace(order, `"id":1,`, `"id":-1,`, 1), "neither a number nor a gid"},
		{"orders/updated", strings.Replace(order, `"refunds":[],`, ``, 1), "refunds is missing"},
		{"orders/updated", strings.Replace(order, `"refunds":[]`, `"refunds":null`, 1), "refunds is missing"},
		{"orders/updated", strings.Replace(order, `,"fulfillments":[]`, ``, 1), "fulfillments is missing"},
		{"orders/updated", strings.Replace(order, `"2026-11-12T04:36:00-05:00"`, `null`, 1), "updated_at is missing"},
		{"orders/updated", strings.Replace(order, `"2026-11-12T04:36:00-05:00"`, `"yesterday"`, 1), "is not RFC 3339"},
		{"orders/updated", strings.Replace(order, `"2026-11-12T04:36:00-05:00"`, `17`, 1), "no string"},
		{"orders/updated", strings.Replace(order, `"quantity":1,`, ``, 1), "line_items[0].quantity is missing"},
		{"orders/updated", strings.Replace(order, `"quantity":1,`, `"quantity":-1,`, 1), "line_items[0].quantity is -1"},
		{"orders/updated", strings.Replace(order, `"quantity":1,`, `"quantity":1e30,`, 1), "number 1e30"},
		{"orders/updated", strings.Replace(order, `"current_quantity":1`, `"x":1`, 1), "line_items[0].current_quantity is missing"},
		{
			"orders/updated", strings.Replace(order, `"refunds":[]`, `"refunds":[{"id":3,"refund_line_items":[{"quantity":1}]}]`, 1),
			"refunds[0].refund_line_items[0].line_item_id is missing",
		},
		{"orders/edited", `{"order_edit":{"order_id":1}}`, "order_edit.committed_at is missing"},
		{"orders/edited", `{"id":1}`, "order_edit.order_id is missing"},
		{"refunds/create", `{"id":1,"refund_line_items":[]}`, "order_id is missing"},
		{"refunds/create", `{"id":1,"order_id":2}`, "refund_line_items is missing"},
		{"fulfillments/create", `{"id":1,"order_id":2,"line_items":[]}`, "status is missing"},
		{"fulfillments/update", `{"id":1,"order_id":2,"status":"success","line_items":[{"id":3}]}`, "line_items[0].quantity is missing"},
		{"orders/delete", `{"id":1}`, "is not about the stock of an order"},
		{"products/update", `{"id":1}`, "is not about the stock of an order"},
	} {
		_, err := decodeWebhook(c.topic, []byte(c.body))
		var bad *MalformedError
		require.ErrorAs(t, err, &bad, "%s %s", c.topic, c.body)
		require.ErrorContains(t, err, c.want)
		require.Equal(t, c.topic, bad.Topic)
		require.True(t, bad.Permanent())
	}
}

func TestBodiesThatOnlyAskForAFetch(t *testing.T) {
	t.Parallel()
	for topic, body := range map[string]string{
		"orders/updated":           `{"id":7}`, // too large to be sent whole
		"fulfillment_orders/moved": `{"fulfillment_order":{"id":1,"order_id":"gid://shopify/Order/7","status":"open"}}`,
	} {
		b, err := decodeWebhook(topic, []byte(body))
		require.NoError(t, err, topic)
		require.Equal(t, orderBody{Kind: bodyNews, ID: "7"}, b, topic)
	}
	b, err := decodeWebhook("fulfillment_orders/moved", []byte(`{"original_fulfillment_order":{"id":1}}`))
	require.NoError(t, err)
	require.Equal(t, orderBody{Kind: bodyNews}, b)
}

func TestLinesThatMoveNothing(t *testing.T) {
	t.Parallel()
	b, err := decodeWebhook("orders/create", []byte(`{"id":1,"updated_at":"2026-11-12T04:36:00Z","refunds":[],"fulfillments":[],"line_items":[
		{"id":1,"variant_id":null,"sku":"custom","quantity":1,"current_quantity":1,"variant_inventory_management":null},
		{"id":2,"variant_id":12,"sku":"card","quantity":1,"current_quantity":1,"gift_card":true},
		{"id":3,"variant_id":13,"sku":"free","quantity":1,"current_quantity":1,"variant_inventory_management":null},
		{"id":4,"variant_id":14,"sku":"","quantity":1,"current_quantity":1,"variant_inventory_management":"shopify"},
		{"id":5,"variant_id":15,"sku":"old","quantity":1,"current_quantity":1}]}`))
	require.NoError(t, err)
	require.Equal(t, []string{"14", "15"}, b.variants())
	o := facts(b, resolver{Channel: "shopify/acme", SKU: func(variant, sku string) string {
		return map[string]string{"14": "item:140", "15": "new"}[variant]
	}})
	skus := map[string]string{}
	for _, l := range o.Lines {
		skus[l.ID] = l.SKU
	}
	require.Equal(t, map[string]string{"1": "", "2": "", "3": "", "4": "item:140", "5": "new"}, skus)
}

// Whatever comes in, the answer is an error that names it or an order that the
// stock accepts, and never a panic.
func FuzzDecodeWebhook(f *testing.F) {
	for _, m := range recordedLife {
		f.Add(m.topic, webhook(f, m.file))
	}
	f.Add("orders/edited", webhook(f, "orders_edited"))
	f.Add("inventory_levels/update", webhook(f, "inventory_levels_update"))
	f.Add("fulfillments/create", []byte(`{"id":1,"order_id":2,"status":"success","location_id":null,"line_items":[{"id":3,"quantity":1}]}`))
	f.Add("fulfillment_orders/moved", []byte(`{"fulfillment_order":{"id":"gid://shopify/FulfillmentOrder/1","order_id":7,"updated_at":"2026-11-12T04:36:00Z"}}`))
	f.Add("orders/updated", []byte(`{"id":1,"updated_at":"2026-11-12T04:36:00Z","line_items":[{"id":2,"variant_id":3,"quantity":1000000000,`+
		`"current_quantity":0}],"refunds":[{"id":4,"refund_line_items":[{"line_item_id":2,"quantity":9,"restock_type":"no_restock"}]}],"fulfillments":[]}`))
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		b, err := decodeWebhook(topic, body)
		var bad *MalformedError
		if err != nil {
			require.ErrorAs(t, err, &bad)
			require.NotEmpty(t, bad.Problem)
			return
		}
		o := facts(b, modelResolver)
		if err := o.Validate(); err != nil {
			require.True(t, errors.Is(err, inventory.ErrInvalid))
			return
		}
		places := inventory.Places{Locations: []string{"A", "B"}}
		first, why := o.Implied(places)
		o = inventory.Merge(o, o)
		again, whyAgain := o.Implied(places)
		require.Equal(t, first, again)
		require.Equal(t, why, whyAgain)
		_, err = json.Marshal(o)
		require.NoError(t, err)
	})
}
