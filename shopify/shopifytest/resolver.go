package shopifytest

import (
	"fmt"
	"strings"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// resolver answers the fields of one request. The server is locked meanwhile.
type resolver struct {
	*Server
	version string
}

// ownApp is the id of the app that the token belongs to.
const ownApp = 987654

// TypeOf implements graphql.Resolver.
func (r *resolver) TypeOf(obj any) string {
	switch o := obj.(type) {
	case *item:
		return "InventoryItem"
	case *variant:
		return "ProductVariant"
	case *level:
		return "InventoryLevel"
	case *location:
		return "Location"
	case *order:
		return "Order"
	case *orderLine:
		return "LineItem"
	case *refund:
		return "Refund"
	case *shipment:
		return "Fulfillment"
	case *fulfillmentOrder:
		return "FulfillmentOrder"
	case *adjustment:
		return "InventoryAdjustmentGroup"
	case *record:
		return o.kind
	}
	return ""
}

// Resolve implements graphql.Resolver.
func (r *resolver) Resolve(obj any, f *graphql.Field) (any, error) {
	switch o := obj.(type) {
	case nil:
		if f.Parent == "Mutation" {
			return r.mutation(f)
		}
		return r.query(f)
	case *item:
		return r.itemField(o, f)
	case *variant:
		return r.variantField(o, f)
	case *level:
		return r.levelField(o, f)
	case *location:
		return r.locationField(o, f)
	case *order:
		return r.orderField(o, f)
	case *orderLine:
		return r.lineField(o, f)
	case *refund:
		return r.refundField(o, f)
	case *shipment:
		return r.shipmentField(o, f)
	case *fulfillmentOrder:
		return r.assignedField(o, f)
	case *adjustment:
		return o.resolve(f)
	case *change:
		return o.resolve(f)
	case *connection:
		return o.resolve(f)
	case *record:
		if v, ok := o.fields[f.Name]; ok {
			return v, nil
		}
	}
	return nil, unresolved(f)
}

func (r *resolver) mutation(f *graphql.Field) (any, error) {
	switch f.Name {
	case "inventoryAdjustQuantities":
		return r.mutate(f, "changes", planAdjust)
	case "inventorySetQuantities":
		return r.mutate(f, "quantities", planSet)
	}
	return nil, unresolved(f)
}

func (r *resolver) query(f *graphql.Field) (any, error) {
	switch f.Name {
	case "node":
		id, _ := f.Args["id"].(string)
		return r.node(id), nil
	case "nodes":
		ids, _ := f.Args["ids"].([]any)
		out := make([]any, len(ids))
		for i, id := range ids {
			id, _ := id.(string)
			out[i] = r.node(id)
		}
		return out, nil
	case "order", "refund", "fulfillment", "fulfillmentOrder", "inventoryItem", "inventoryLevel", "location", "productVariant":
		id, _ := f.Args["id"].(string)
		obj := r.node(id)
		if obj != nil && r.TypeOf(obj) != strings.ToUpper(f.Name[:1])+f.Name[1:] {
			return nil, graphql.Errorf("RESOURCE_NOT_FOUND", fmt.Sprintf("Invalid id: %s", id))
		}
		return obj, nil
	case "orders":
		return r.ordersPage(f)
	case "inventoryItems":
		return r.itemsPage(f)
	case "locations":
		return r.locationsPage(f)
	case "shop":
		return &record{"Shop", fields{
			"id": gid("Shop", 1), "name": r.cfg.Domain, "myshopifyDomain": r.cfg.Domain, "ianaTimezone": "America/New_York",
			"currencyCode": "USD", "email": "owner@example.com",
		}}, nil
	case "currentAppInstallation":
		return r.installation(), nil
	case "inventoryProperties":
		return r.properties(), nil
	}
	return nil, unresolved(f)
}

// node finds an object by its gid; what does not exist is null. A nil pointer
// must not become a value.
func (r *resolver) node(id string) any {
	rest, ok := strings.CutPrefix(id, "gid://shopify/")
	if !ok {
		return nil
	}
	kind, tail, _ := strings.Cut(rest, "/")
	digits, _, _ := strings.Cut(tail, "?")
	n, ok := number("", digits)
	if !ok {
		return nil
	}
	switch kind {
	case "InventoryItem":
		return found(r.items[n])
	case "ProductVariant":
		if it := r.variants[n]; it != nil {
			return &variant{it}
		}
	case "InventoryLevel":
		if l := r.levels[n]; l != nil && (l.gid() == id) {
			return l
		}
	case "Location":
		return found(r.locations[n])
	case "Order":
		return found(r.orders[n])
	case "Refund":
		return found(r.Server.refunds[n])
	case "Fulfillment":
		return found(r.shipments[n])
	case "FulfillmentOrder":
		if f := r.assigned[n]; f != nil && !f.visible.After(r.now()) {
			return f
		}
	}
	return nil
}

func found[T any](p *T) any {
	if p == nil {
		return nil
	}
	return p
}

func (r *resolver) installation() *record {
	var scopes []any
	for _, handle := range []string{
		"read_inventory", "write_inventory", "read_locations", "read_products", "read_orders",
		"read_merchant_managed_fulfillment_orders", "read_assigned_fulfillment_orders", "read_third_party_fulfillment_orders",
	} {
		scopes = append(scopes, &record{"AccessScope", fields{"handle": handle, "description": handle}})
	}
	app := &record{"App", fields{"id": gid("App", ownApp), "title": "onhand"}}
	return &record{"AppInstallation", fields{"id": gid("AppInstallation", 1), "app": app, "accessScopes": scopes}}
}

func (r *resolver) properties() *record {
	var names []any
	for _, name := range quantityNames {
		comprises, belongs := []any{}, []any{}
		switch name {
		case onHand:
			for _, part := range append([]string{available, committed}, unavailable...) {
				comprises = append(comprises, part)
			}
		case incoming:
		default:
			belongs = append(belongs, onHand)
		}
		names = append(names, &record{"InventoryQuantityName", fields{
			"name": name, "displayName": name, "isInUse": true, "comprises": comprises, "belongsTo": belongs,
		}})
	}
	return &record{"InventoryProperties", fields{"quantityNames": names}}
}
