package shopify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// data wraps an operation's data in an answer that cost so much.
func data(d any, points float64) func() (*http.Response, error) {
	raw, err := json.Marshal(map[string]any{
		"data": d,
		"extensions": map[string]any{"cost": map[string]any{
			"requestedQueryCost": points,
			"throttleStatus":     map[string]any{"maximumAvailable": 20000, "currentlyAvailable": 19000, "restoreRate": 1000},
		}},
	})
	if err != nil {
		panic(err)
	}
	return reply(200, string(raw), "Date", "Mon, 23 Nov 2026 10:00:07 GMT")
}

type obj = map[string]any

func nodeID(kind string, n int) string { return fmt.Sprintf("gid://shopify/%s/%d", kind, n) }

func page(next string, nodes ...any) obj {
	if nodes == nil {
		nodes = []any{}
	}
	info := obj{"hasNextPage": next != "", "endCursor": nil}
	if next != "" {
		info["endCursor"] = next
	}
	return obj{"nodes": nodes, "pageInfo": info}
}

func levelNode(item, location int, available int64) obj {
	return obj{
		"__typename": "InventoryLevel", "id": fmt.Sprintf("gid://shopify/InventoryLevel/%d?inventory_item_id=%d", location, item), "isActive": true,
		"item": obj{"id": nodeID("InventoryItem", item)}, "location": obj{"id": nodeID("Location", location)},
		"quantities": []any{
			obj{"name": "available", "quantity": available, "updatedAt": "2026-11-23T09:00:00Z"},
			obj{"name": "on_hand", "quantity": available + 1, "updatedAt": nil},
		},
	}
}

func itemNode(n int, sku string, levels obj) obj {
	it := obj{
		"__typename": "InventoryItem", "id": nodeID("InventoryItem", n), "sku": sku, "tracked": true,
		"variants": page("", obj{"id": nodeID("ProductVariant", n)}),
	}
	if levels != nil {
		it["inventoryLevels"] = levels
	}
	return it
}

func strs(v any) (out []string) {
	for _, x := range v.([]any) {
		out = append(out, x.(string))
	}
	return out
}

func TestLevels(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		nodes := []any{nil} // a deleted level
		for range strs(x.Variables["ids"]) {
			nodes = append(nodes, levelNode(1, 2, -4))
		}
		return data(obj{"nodes": nodes}, 20)()
	}}
	var ids []string
	for i := range 500 {
		ids = append(ids, fmt.Sprintf("gid://shopify/InventoryLevel/2?inventory_item_id=%d", i))
	}
	got, err := newTestClient(t, s, nil).levels(t.Context(), ids, []string{"available"}, PriorityRead)
	require.NoError(t, err)
	require.Len(t, got, 500)
	n, ok := got[0].available()
	assert.True(t, ok)
	assert.EqualValues(t, -4, n)
	assert.Equal(t, level{
		ID: "gid://shopify/InventoryLevel/2?inventory_item_id=1", Item: "gid://shopify/InventoryItem/1", Location: "gid://shopify/Location/2", Active: true,
		Quantities: map[string]quantity{
			"available": {N: -4, Updated: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)},
			"on_hand":   {N: -3},
		},
		At: time.Date(2026, 11, 23, 10, 0, 7, 0, time.UTC),
	}, got[0])
	var sizes []int
	for _, x := range s.seen {
		sizes = append(sizes, len(strs(x.Variables["ids"])))
		assert.Equal(t, []string{"available"}, strs(x.Variables["names"]))
	}
	assert.Equal(t, []int{75, 150, 250, 25}, sizes, "grows while it is cheap, up to what Shopify takes")

	_, err = newTestClient(t, s, nil).levels(t.Context(), []string{"gid://shopify/InventoryItem/1"}, nil, PriorityRead)
	require.ErrorIs(t, err, ErrInvalidRequest)
}

func TestTooCostlyShrinks(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		if len(strs(x.Variables["ids"])) > 20 {
			return reply(200, `{"errors":[{"message":"Query cost is 2003","extensions":{"code":"MAX_COST_EXCEEDED"}}]}`)()
		}
		return data(obj{"nodes": []any{}}, 900)()
	}}
	ids := make([]string, 40)
	for i := range ids {
		ids[i] = fmt.Sprintf("gid://shopify/InventoryLevel/2?inventory_item_id=%d", i)
	}
	c := newTestClient(t, s, unlimited)
	_, err := c.levels(t.Context(), ids, nil, PriorityRead)
	require.NoError(t, err)
	assert.Len(t, s.seen, 3, "40, then 20 and 20")

	always := answers(reply(200, `{"errors":[{"message":"Query cost is 2003","extensions":{"code":"MAX_COST_EXCEEDED"}}]}`))
	_, err = newTestClient(t, always, unlimited).levels(t.Context(), ids, nil, PriorityRead)
	require.ErrorIs(t, err, ErrTooCostly, "one alone is too costly")
}

func TestLevelsOfReadsAllPages(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		switch {
		case x.Operation == "ItemLevels":
			return data(obj{"nodes": []any{itemNode(1, "A", page("c1", levelNode(1, 1, 1))), nil, itemNode(2, "B", page("", levelNode(2, 1, 5)))}}, 100)()
		case x.Variables["after"] == "c1":
			return data(obj{"inventoryItem": obj{"id": nodeID("InventoryItem", 1), "inventoryLevels": page("c2", levelNode(1, 2, 2))}}, 50)()
		default:
			return data(obj{"inventoryItem": obj{"id": nodeID("InventoryItem", 1), "inventoryLevels": page("", levelNode(1, 3, 3))}}, 50)()
		}
	}}
	got, err := newTestClient(t, s, nil).levelsOf(t.Context(), []string{nodeID("InventoryItem", 1), nodeID("InventoryItem", 3), nodeID("InventoryItem", 2)}, nil, PriorityRead)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, item{ID: nodeID("InventoryItem", 1), SKU: "A", Tracked: true, Variants: []string{nodeID("ProductVariant", 1)}}, got[0].item)
	assert.Len(t, got[0].Levels, 3)
	assert.Len(t, got[1].Levels, 1)
	assert.Equal(t, quantityNames, strs(s.seen[0].Variables["names"]))
}

func TestInventoryWalk(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(n int, _ exchanged) (*http.Response, error) {
		next := fmt.Sprint("c", n)
		if n == 3 {
			next = ""
		}
		return data(obj{"inventoryItems": page(next, itemNode(n+1, fmt.Sprint("S", n), page("")))}, 100)()
	}}
	c := newTestClient(t, s, nil)
	var skus []string
	for p, err := range c.inventory(t.Context(), nil, PriorityBulk) {
		require.NoError(t, err)
		for _, it := range p.Items {
			skus = append(skus, it.SKU)
		}
	}
	assert.Equal(t, []string{"S0", "S1", "S2", "S3"}, skus)
	assert.Nil(t, s.seen[0].Variables["after"])
	assert.Equal(t, "c0", s.seen[1].Variables["after"])
	assert.EqualValues(t, 7, s.seen[0].Variables["first"])
	assert.EqualValues(t, 14, s.seen[1].Variables["first"])

	for range c.inventory(t.Context(), nil, PriorityBulk) {
		break // stopping early is fine
	}
}

// Shopify pages no deeper than 25,000: the walk goes on behind the last id.
func TestInventoryWalkOfALargeCatalog(t *testing.T) {
	t.Parallel()
	const per = 5000
	s := &script{reply: func(n int, _ exchanged) (*http.Response, error) {
		var nodes []any
		for i := range per {
			nodes = append(nodes, itemNode(n*per+i+1, "S", page("")))
		}
		next := fmt.Sprint("c", n)
		if n == 5 {
			next = ""
		}
		return data(obj{"inventoryItems": page(next, nodes...)}, 300)()
	}}
	var n int
	for p, err := range newTestClient(t, s, nil).inventory(t.Context(), nil, PriorityBulk) {
		require.NoError(t, err)
		n += len(p.Items)
	}
	assert.Equal(t, 6*per, n)
	assert.Nil(t, s.seen[3].Variables["query"])
	assert.Equal(t, "id:>20000", s.seen[4].Variables["query"])
	assert.Nil(t, s.seen[4].Variables["after"])
	assert.Equal(t, "c4", s.seen[5].Variables["after"])
}

func TestWalksEndAfterAnError(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*script{
		"error": answers(reply(403, `{}`)),
		"same page for ever": {reply: func(_ int, x exchanged) (*http.Response, error) {
			return data(obj{"inventoryItems": page("c"), "orders": page("c")}, 10)()
		}},
	} {
		c := newTestClient(t, s, unlimited)
		var errs int
		for _, err := range c.inventory(t.Context(), nil, PriorityBulk) {
			if err != nil {
				errs++
			}
		}
		assert.Equal(t, 1, errs, name)
		errs = 0
		for _, err := range c.ordersChanged(t.Context(), time.Now(), PriorityOrder) {
			if err != nil {
				errs++
			}
		}
		assert.Equal(t, 1, errs, name)
	}
}

func TestItemsBySKU(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		if x.Variables["after"] == nil {
			return data(obj{"inventoryItems": page("c", itemNode(1, "MUG", nil), itemNode(2, "mug", nil), itemNode(3, "MUG RED", nil))}, 10)()
		}
		return data(obj{"inventoryItems": page("", itemNode(4, "MUG", nil))}, 10)()
	}}
	got, err := newTestClient(t, s, nil).itemsBySKU(t.Context(), []string{"MUG", "", "MUG", `O'Neil\x`}, PriorityRead)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Len(t, got["MUG"], 2, "two items with one SKU: the caller decides")
	assert.Equal(t, `sku:'MUG' OR sku:'O\'Neil\\x'`, s.seen[0].Variables["query"])

	var many []string
	for i := range 120 {
		many = append(many, fmt.Sprintf("S%03d", i))
	}
	none := answers(data(obj{"inventoryItems": page("")}, 10))
	got, err = newTestClient(t, none, nil).itemsBySKU(t.Context(), many, PriorityRead)
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Len(t, none.seen, 3)
}

func TestItemsByVariantAndID(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		switch x.Operation {
		case "ItemsByVariant":
			it := itemNode(1, "A", nil)
			it["variants"] = page("v1", obj{"id": nodeID("ProductVariant", 5)})
			return data(obj{"nodes": []any{obj{"__typename": "ProductVariant", "id": nodeID("ProductVariant", 5), "inventoryItem": it}, nil}}, 10)()
		case "ItemsByID":
			it := itemNode(1, "A", nil)
			it["variants"], it["sku"] = nil, nil
			return data(obj{"nodes": []any{it, nil}}, 10)()
		default:
			return data(obj{"inventoryItem": obj{"id": nodeID("InventoryItem", 1), "variants": page("", obj{"id": nodeID("ProductVariant", 6)})}}, 10)()
		}
	}}
	c := newTestClient(t, s, nil)
	got, err := c.itemsByVariant(t.Context(), []string{nodeID("ProductVariant", 5), nodeID("ProductVariant", 7)}, PriorityRead)
	require.NoError(t, err)
	assert.Equal(t, map[string]item{nodeID("ProductVariant", 5): {
		ID: nodeID("InventoryItem", 1), SKU: "A", Tracked: true, Variants: []string{nodeID("ProductVariant", 5), nodeID("ProductVariant", 6)},
	}}, got)
	got, err = c.itemsByID(t.Context(), []string{nodeID("InventoryItem", 1), nodeID("InventoryItem", 2)}, PriorityRead)
	require.NoError(t, err)
	assert.Equal(t, map[string]item{nodeID("InventoryItem", 1): {ID: nodeID("InventoryItem", 1), Tracked: true}}, got)

	_, err = c.itemsByVariant(t.Context(), []string{"5"}, PriorityRead)
	require.ErrorIs(t, err, ErrInvalidRequest)
	_, err = c.itemsByID(t.Context(), []string{""}, PriorityRead)
	require.ErrorIs(t, err, ErrInvalidRequest)
}

func TestLocations(t *testing.T) {
	t.Parallel()
	loc := func(n int, active bool) obj {
		return obj{"id": nodeID("Location", n), "name": fmt.Sprint("L", n), "isActive": active, "fulfillsOnlineOrders": active}
	}
	s := answers(data(obj{"locations": page("c", loc(1, true))}, 10), data(obj{"locations": page("", loc(2, false))}, 10))
	got, err := newTestClient(t, s, nil).locations(t.Context(), PriorityRead)
	require.NoError(t, err)
	assert.Equal(t, []location{
		{ID: nodeID("Location", 1), Name: "L1", Active: true, Online: true}, {ID: nodeID("Location", 2), Name: "L2"},
	}, got)
}

// shopOrders serves one order with more of everything than fits into a page.
type shopOrders struct {
	updated string // the order's updatedAt
	change  func(operation string, n int) string
	calls   map[string]int
}

func (o *shopOrders) order(places bool) obj {
	line := func(n int) obj {
		return obj{
			"id": nodeID("LineItem", n), "sku": "S", "quantity": 2, "currentQuantity": 1, "unfulfilledQuantity": 1,
			"fulfillableQuantity": 1, "nonFulfillableQuantity": 1, "isGiftCard": false, "requiresShipping": true, "variant": nil,
		}
	}
	var refunds, fulfillments []any
	for n := 1; n <= firstParts; n++ {
		next := ""
		if n == 1 {
			next = "r1"
		}
		refunds = append(refunds, obj{"id": nodeID("Refund", n), "createdAt": "2026-11-23T09:00:00Z", "refundLineItems": page(next, refundLine(n))})
	}
	fulfillments = append(fulfillments, obj{"id": nodeID("Fulfillment", 1), "status": "SUCCESS", "location": obj{"id": nodeID("Location", 1)}, "fulfillmentLineItems": page("f1", fulfillmentLine(1))})
	v := obj{
		"__typename": "Order", "id": nodeID("Order", 1), "name": "#1", "createdAt": "2026-11-23T08:00:00Z", "updatedAt": o.updated, "cancelledAt": nil,
		"test": false, "sourceName": "web", "app": obj{"id": nodeID("App", 1)}, "retailLocation": nil,
		"customAttributes": []any{obj{"key": "k", "value": "v"}},
		"lineItems":        page("l1", line(1)), "refunds": refunds, "fulfillments": fulfillments,
	}
	if places {
		v["fulfillmentOrders"] = page("p1", place(1, "pl1"))
	}
	return v
}

func refundLine(n int) obj {
	return obj{"id": nil, "quantity": n, "restockType": "RETURN", "lineItem": obj{"id": nodeID("LineItem", 1)}, "location": nil}
}

func fulfillmentLine(n int) obj {
	return obj{"id": nodeID("FulfillmentLineItem", n), "quantity": n, "lineItem": obj{"id": nodeID("LineItem", n)}}
}

func place(n int, next string) obj {
	return obj{
		"id": nodeID("FulfillmentOrder", n), "status": "OPEN", "assignedLocation": obj{"location": obj{"id": nodeID("Location", n)}},
		"lineItems": page(next, obj{"id": nodeID("FulfillmentOrderLineItem", n), "remainingQuantity": n, "totalQuantity": n, "lineItem": obj{"id": nodeID("LineItem", 1)}}),
	}
}

func (o *shopOrders) reply(_ int, x exchanged) (*http.Response, error) {
	if o.calls == nil {
		o.calls = map[string]int{}
	}
	o.calls[x.Operation]++
	if o.change != nil {
		if u := o.change(x.Operation, o.calls[x.Operation]); u != "" {
			o.updated = u
		}
	}
	at := obj{"updatedAt": o.updated}
	switch x.Operation {
	case "OrdersChanged":
		return data(obj{"orders": page("", o.order(false))}, 50)()
	case "OrdersByID":
		return data(obj{"nodes": []any{o.order(x.Variables["places"] == true)}}, 50)()
	case "MoreLines":
		l := o.order(false)["lineItems"].(obj)["nodes"].([]any)[0].(obj)
		l["id"] = nodeID("LineItem", 2)
		return data(obj{"order": obj{"updatedAt": o.updated, "lineItems": page("", l)}}, 10)()
	case "OrderParts":
		var ids []any
		for n := 1; n <= firstParts+1; n++ {
			ids = append(ids, obj{"id": nodeID("Refund", n)})
		}
		return data(obj{"order": obj{"updatedAt": o.updated, "refunds": ids, "fulfillments": []any{obj{"id": nodeID("Fulfillment", 1)}, obj{"id": nodeID("Fulfillment", 2)}}}}, 10)()
	case "MoreRefundLines":
		return data(obj{"refund": obj{"id": x.Variables["id"], "createdAt": "2026-11-23T09:00:00Z", "order": at, "refundLineItems": page("", refundLine(7))}}, 10)()
	case "MoreFulfillmentLines":
		return data(obj{"fulfillment": obj{"id": x.Variables["id"], "status": "CANCELLED", "location": obj{"id": nodeID("Location", 9)}, "order": at, "fulfillmentLineItems": page("", fulfillmentLine(2))}}, 10)()
	case "MoreFulfillmentOrders":
		return data(obj{"order": obj{"updatedAt": o.updated, "fulfillmentOrders": page("", place(2, ""))}}, 10)()
	case "MoreFulfillmentOrderLines":
		return data(obj{"fulfillmentOrder": obj{"order": at, "lineItems": place(3, "")["lineItems"]}}, 10)()
	}
	return reply(500, "")()
}

func TestOrderIsReadWhole(t *testing.T) {
	t.Parallel()
	shop := &shopOrders{updated: "2026-11-23T10:00:00Z"}
	got, found, err := newTestClient(t, &script{reply: shop.reply}, nil).order(t.Context(), nodeID("Order", 1), true, PriorityOrder)
	require.NoError(t, err)
	require.True(t, found)
	checkWhole(t, got)
	require.Len(t, got.Places, 2)
	assert.Len(t, got.Places[0].LineItems.Nodes, 2)
	assert.True(t, got.HasPlaces)
	assert.Equal(t, time.Date(2026, 11, 23, 10, 0, 7, 0, time.UTC), got.At)
}

func checkWhole(t *testing.T, got fetchedOrder) {
	t.Helper()
	require.Len(t, got.LineItems.Nodes, 2)
	assert.EqualValues(t, 1, got.LineItems.Nodes[0].FulfillableQuantity)
	require.Len(t, got.Refunds, firstParts+1)
	assert.Len(t, got.Refunds[0].RefundLineItems.Nodes, 2)
	assert.Len(t, got.Refunds[1].RefundLineItems.Nodes, 1)
	assert.Len(t, got.Refunds[firstParts].RefundLineItems.Nodes, 1, "one that was not in the first list")
	assert.NotNil(t, got.Refunds[firstParts].CreatedAt)
	require.Len(t, got.Fulfillments, 2)
	assert.Len(t, got.Fulfillments[0].FulfillmentLineItems.Nodes, 2)
	assert.Len(t, got.Fulfillments[1].FulfillmentLineItems.Nodes, 1)
	assert.Equal(t, nodeID("Location", 9), got.Fulfillments[1].Location.Id)
}

func TestOrdersChanged(t *testing.T) {
	t.Parallel()
	shop := &shopOrders{updated: "2026-11-23T10:00:00Z"}
	s := &script{reply: shop.reply}
	since := time.Date(2026, 11, 23, 11, 30, 0, 0, time.FixedZone("CET", 3600))
	var n int
	for p, err := range newTestClient(t, s, nil).ordersChanged(t.Context(), since, PriorityOrder) {
		require.NoError(t, err)
		for _, o := range p.Orders {
			n++
			checkWhole(t, o)
			assert.Empty(t, o.Places)
			assert.False(t, o.HasPlaces)
		}
	}
	assert.Equal(t, 1, n)
	assert.Equal(t, "updated_at:>='2026-11-23T10:30:00Z'", s.seen[0].Variables["query"])
	assert.Contains(t, s.seen[0].Query, "sortKey: UPDATED_AT")
}

// Pages of two states of an order do not make one order.
func TestOrderThatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"MoreLines", "OrderParts", "MoreRefundLines", "MoreFulfillmentLines", "MoreFulfillmentOrders", "MoreFulfillmentOrderLines"} {
		shop := &shopOrders{updated: "2026-11-23T10:00:00Z"}
		shop.change = func(op string, n int) string {
			if op == operation && n == 1 {
				return "2026-11-23T10:00:01Z"
			}
			return ""
		}
		got, found, err := newTestClient(t, &script{reply: shop.reply}, nil).order(t.Context(), nodeID("Order", 1), true, PriorityOrder)
		require.NoError(t, err, operation)
		require.True(t, found)
		checkWhole(t, got)
		assert.Len(t, got.Places, 2, operation)
		assert.Equal(t, 2, shop.calls["OrdersByID"], operation)
		assert.Equal(t, time.Date(2026, 11, 23, 10, 0, 1, 0, time.UTC), got.UpdatedAt)
	}

	shop := &shopOrders{updated: "2026-11-23T10:00:00Z"}
	shop.change = func(op string, n int) string {
		if op == "MoreLines" {
			return fmt.Sprintf("2026-11-23T10:00:%02dZ", n)
		}
		return ""
	}
	_, _, err := newTestClient(t, &script{reply: shop.reply}, nil).order(t.Context(), nodeID("Order", 1), false, PriorityOrder)
	require.ErrorIs(t, err, ErrNoAnswer)
	require.ErrorIs(t, err, errTorn)
	assert.Equal(t, tornTries, shop.calls["OrdersByID"])
}

func TestOrderThatIsGone(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, answers(data(obj{"nodes": []any{nil}}, 10)), nil)
	_, found, err := c.order(t.Context(), nodeID("Order", 1), false, PriorityOrder)
	require.NoError(t, err)
	assert.False(t, found)
	_, _, err = c.order(t.Context(), "1", false, PriorityOrder)
	require.ErrorIs(t, err, ErrInvalidRequest)
}

// An id of something else is an answer that does not decode, not a wrong order.
func TestStrangeNodeDoesNotDecode(t *testing.T) {
	t.Parallel()
	c := newTestClient(t, answers(data(obj{"nodes": []any{obj{"__typename": "Product"}}}, 10)), nil)
	_, _, err := c.order(t.Context(), nodeID("Order", 1), false, PriorityOrder)
	require.ErrorIs(t, err, ErrNoAnswer)
	assert.True(t, strings.Contains(err.Error(), "does not decode"), err)
}
