package shopify

import (
	"encoding/json"
	"strings"
)

// fields names what is kept of a JSON object: nil for a whole value.
type fields map[string]fields

// read is what the order consumer reads of a body, and so all that is kept of
// it: no names, no addresses, no prices.
var read = func() fields {
	refund := fields{
		"id": nil, "order_id": nil, "created_at": nil,
		"refund_line_items": {"id": nil, "line_item_id": nil, "location_id": nil, "quantity": nil, "restock_type": nil},
	}
	fulfillment := fields{
		"id": nil, "order_id": nil, "status": nil, "location_id": nil, "created_at": nil, "updated_at": nil,
		"line_items": {"id": nil, "quantity": nil},
	}
	body := fields{
		// a full order
		"id": nil, "created_at": nil, "updated_at": nil, "cancelled_at": nil, "app_id": nil, "source_name": nil,
		"location_id": nil, "test": nil, "note_attributes": nil, "refunds": refund, "fulfillments": fulfillment,
		"line_items": {
			"id": nil, "variant_id": nil, "sku": nil, "quantity": nil, "current_quantity": nil, "fulfillable_quantity": nil,
			"variant_inventory_management": nil, "gift_card": nil, "product_exists": nil,
		},
		// an edit, a fulfillment order
		"order_edit":        {"id": nil, "order_id": nil, "created_at": nil, "committed_at": nil},
		"fulfillment_order": {"id": nil, "order_id": nil, "status": nil, "created_at": nil, "updated_at": nil},
		// a level
		"inventory_item_id": nil,
	}
	for _, part := range []fields{refund, fulfillment} { // alone, a part is a body
		for k, v := range part {
			if _, ok := body[k]; !ok {
				body[k] = v
			}
		}
	}
	return body
}()

// reduce keeps of a body what is read, and finds the order that it is about. A
// body that does not parse stays as it is: the consumer will refuse it, and
// whoever looks into the dead letter wants to see why.
func reduce(topic string, body []byte) (reduced []byte, order string) {
	if !json.Valid(body) {
		return body, ""
	}
	s := sieve{in: body, out: make([]byte, 0, len(body)/4)}
	s.keep(read)
	var about struct {
		ID      json.Number `json:"id"`
		OrderID json.Number `json:"order_id"`
		Edit    struct {
			OrderID json.Number `json:"order_id"`
		} `json:"order_edit"`
		FulfillmentOrder struct {
			OrderID json.Number `json:"order_id"`
		} `json:"fulfillment_order"`
	}
	if json.Unmarshal(s.out, &about) != nil {
		return body, ""
	}
	switch {
	case about.Edit.OrderID != "":
		order = about.Edit.OrderID.String()
	case about.FulfillmentOrder.OrderID != "":
		order = about.FulfillmentOrder.OrderID.String()
	case strings.HasPrefix(topic, "orders/"):
		order = about.ID.String()
	default:
		order = about.OrderID.String()
	}
	return s.out, order
}
