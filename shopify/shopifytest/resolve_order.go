package shopifytest

import (
	"strings"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// orderLine is a line in its order.
type orderLine struct {
	order *order
	*line
}

func (r *resolver) ordersPage(f *graphql.Field) (any, error) {
	text, _ := f.Args["query"].(string)
	match := parseSearch(text)
	sort, _ := f.Args["sortKey"].(string)
	var all []entry
	for _, o := range r.orderList {
		seen, ok := r.found(o)
		if !ok || !match(func(field string) (any, bool) { return r.searched(o, seen, field) }) {
			continue
		}
		rank := rankOf(o.created)
		switch sort {
		case "UPDATED_AT":
			rank = rankOf(seen.updated)
		case "ID", "ORDER_NUMBER":
			rank = o.number
		}
		all = append(all, entry{rank: rank, id: o.id, node: o})
	}
	return paged("Order", all, f)
}

// searched is the value of an order's field in the index.
func (r *resolver) searched(o *order, seen indexed, field string) (any, bool) {
	switch field {
	case "updated_at":
		return seen.updated, true
	case "created_at", "processed_at":
		return o.created, true
	case "id":
		return o.id, true
	case "name", "default":
		return o.name(), true
	case "source_name":
		return o.sale.Source, true
	case "test":
		return o.sale.Test, true
	case "status":
		return orderStatus(seen), true
	}
	return nil, false
}

// orderStatus is what a search calls the status of an order.
type orderStatus indexed

func (s orderStatus) is(want string) bool {
	switch want {
	case "open":
		return !s.closed && !s.cancelled
	case "closed":
		return s.closed
	case "cancelled":
		return s.cancelled
	case "not_closed":
		return !s.closed
	}
	return true // any
}

func timeOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}

func locationOrNil(l *location) any {
	if l == nil {
		return nil
	}
	return l
}

func (r *resolver) orderField(o *order, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return o.gid(), nil
	case "legacyResourceId":
		return o.id, nil
	case "name":
		return o.name(), nil
	case "number":
		return o.number, nil
	case "createdAt", "processedAt":
		return o.created, nil
	case "updatedAt":
		return o.updated, nil
	case "cancelledAt", "closedAt":
		return timeOrNil(o.cancelled), nil
	case "cancelReason":
		if o.cancelled.IsZero() {
			return nil, nil
		}
		return "CUSTOMER", nil
	case "confirmed":
		return true, nil
	case "closed":
		return !o.cancelled.IsZero(), nil
	case "test":
		return o.sale.Test, nil
	case "sourceName":
		return o.sale.Source, nil
	case "note":
		return nil, nil
	case "tags":
		return []any{}, nil
	case "app":
		return &record{"OrderApp", fields{"id": gid("App", o.sale.App), "name": o.sale.Source}}, nil
	case "retailLocation", "physicalLocation":
		return locationOrNil(o.pos), nil
	case "displayFinancialStatus":
		return strings.ToUpper(o.financialStatus()), nil
	case "displayFulfillmentStatus":
		return displayStatus(o), nil
	case "customAttributes":
		var out []any
		for _, a := range o.sale.Attributes {
			out = append(out, &record{"Attribute", fields{"key": a[0], "value": a[1]}})
		}
		return append([]any{}, out...), nil
	case "lineItems":
		var all []entry
		for i, l := range o.lines {
			all = append(all, entry{rank: int64(i), id: l.id, node: &orderLine{o, l}})
		}
		return paged("LineItem", all, f)
	case "refunds":
		out := []any{}
		for _, x := range o.refunds {
			out = append(out, x)
		}
		return list(out, f), nil
	case "fulfillments":
		out := []any{}
		for _, x := range o.shipments {
			out = append(out, x)
		}
		return list(out, f), nil
	case "fulfillmentOrders":
		var all []entry
		for i, x := range o.assigned {
			if !x.visible.After(r.now()) {
				all = append(all, entry{rank: int64(i), id: x.id, node: x})
			}
		}
		return paged("FulfillmentOrder", all, f)
	}
	return nil, unresolved(f)
}

func displayStatus(o *order) string {
	switch o.fulfillmentStatus() {
	case "fulfilled":
		return "FULFILLED"
	case "partial":
		return "PARTIALLY_FULFILLED"
	}
	return "UNFULFILLED"
}

func (r *resolver) lineField(l *orderLine, f *graphql.Field) (any, error) {
	o := l.order
	switch f.Name {
	case "id":
		return gid("LineItem", l.id), nil
	case "name", "title":
		return l.title, nil
	case "sku":
		return l.sku(), nil
	case "quantity":
		return l.quantity, nil
	case "currentQuantity", "refundableQuantity":
		return o.current(l.line), nil
	case "unfulfilledQuantity":
		return o.open(l.line, false), nil
	case "fulfillableQuantity":
		return o.open(l.line, true), nil
	case "nonFulfillableQuantity":
		return max(0, l.quantity-o.open(l.line, false)-o.shipped(l.line)), nil
	case "isGiftCard":
		return l.giftCard, nil
	case "requiresShipping":
		return !l.giftCard, nil
	case "variant":
		if l.item == nil {
			return nil, nil
		}
		return &variant{l.item}, nil
	}
	return nil, unresolved(f)
}

func (r *resolver) refundField(x *refund, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("Refund", x.id), nil
	case "legacyResourceId":
		return x.id, nil
	case "createdAt", "processedAt", "updatedAt":
		return x.created, nil
	case "note":
		return nil, nil
	case "order":
		return x.order, nil
	case "refundLineItems":
		var all []entry
		for i, y := range x.lines {
			var id any // the schema lets it be null, and at times it is
			if y.id%2 == 0 {
				id = gid("RefundLineItem", y.id)
			}
			all = append(all, entry{rank: int64(i), id: y.id, node: &record{"RefundLineItem", fields{
				"id": id, "quantity": y.quantity, "lineItem": &orderLine{x.order, y.line},
				"restockType": strings.ToUpper(string(y.kind)), "restocked": y.kind != NoRestock, "location": locationOrNil(y.location),
			}}})
		}
		return paged("RefundLineItem", all, f)
	}
	return nil, unresolved(f)
}

func (r *resolver) shipmentField(x *shipment, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("Fulfillment", x.id), nil
	case "legacyResourceId":
		return x.id, nil
	case "status":
		return strings.ToUpper(x.status), nil
	case "createdAt":
		return x.created, nil
	case "updatedAt":
		return x.updated, nil
	case "order":
		return x.order, nil
	case "location":
		return x.location, nil
	case "totalQuantity":
		sum := int64(0)
		for _, y := range x.lines {
			sum += y.quantity
		}
		return sum, nil
	case "fulfillmentLineItems":
		var all []entry
		for i, y := range x.lines {
			all = append(all, entry{rank: int64(i), id: y.id, node: &record{"FulfillmentLineItem", fields{
				"id": gid("FulfillmentLineItem", y.id), "quantity": y.quantity, "lineItem": &orderLine{x.order, y.line},
			}}})
		}
		return paged("FulfillmentLineItem", all, f)
	}
	return nil, unresolved(f)
}

func (r *resolver) assignedField(x *fulfillmentOrder, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("FulfillmentOrder", x.id), nil
	case "status":
		return x.status, nil
	case "requestStatus":
		return "UNSUBMITTED", nil
	case "updatedAt":
		return x.updated, nil
	case "order":
		return x.order, nil
	case "orderId":
		return x.order.gid(), nil
	case "assignedLocation":
		return &record{"FulfillmentOrderAssignedLocation", fields{"location": x.location, "name": x.location.name}}, nil
	case "lineItems":
		var all []entry
		for i, y := range x.lines {
			fields := fields{
				"id": gid("FulfillmentOrderLineItem", y.id), "totalQuantity": y.total, "remainingQuantity": y.remaining,
				"lineItem": &orderLine{x.order, y.line}, "sku": y.line.sku(), "inventoryItemId": nil,
			}
			if y.line.item != nil {
				fields["inventoryItemId"] = gid("InventoryItem", y.line.item.id)
			}
			all = append(all, entry{rank: int64(i), id: y.id, node: &record{"FulfillmentOrderLineItem", fields}})
		}
		return paged("FulfillmentOrderLineItem", all, f)
	}
	return nil, unresolved(f)
}
