package shopifytest

import (
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// variant is an item seen as what is sold.
type variant struct{ *item }

func (r *resolver) itemsPage(f *graphql.Field) (any, error) {
	text, _ := f.Args["query"].(string)
	match := parseSearch(text)
	var all []entry
	for _, it := range r.itemList {
		ok := match(func(field string) (any, bool) {
			switch field {
			case "sku":
				return it.sku, true
			case "id":
				return it.id, true
			case "created_at", "updated_at":
				return it.created, true
			case "default":
				return it.sku, true
			}
			return nil, false
		})
		if ok {
			all = append(all, entry{id: it.id, node: it})
		}
	}
	return paged("InventoryItem", all, f)
}

func (r *resolver) locationsPage(f *graphql.Field) (any, error) {
	inactive, _ := f.Args["includeInactive"].(bool)
	var all []entry
	for _, l := range r.locationList {
		if l.active || inactive {
			all = append(all, entry{text: l.name, id: l.id, node: l})
		}
	}
	return paged("Location", all, f)
}

func (r *resolver) itemField(it *item, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("InventoryItem", it.id), nil
	case "legacyResourceId":
		return it.id, nil
	case "sku":
		return it.sku, nil
	case "tracked":
		return it.tracked, nil
	case "requiresShipping":
		return !it.giftCard, nil
	case "createdAt", "updatedAt":
		return it.created, nil
	case "duplicateSkuCount":
		n := -1
		for _, o := range r.itemList {
			if o.sku == it.sku {
				n++
			}
		}
		return n, nil
	case "variant":
		return &variant{it}, nil
	case "variants":
		return paged("ProductVariant", []entry{{id: it.variant, node: &variant{it}}}, f)
	case "inventoryLevel":
		id, _ := f.Args["locationId"].(string)
		n, _ := number("Location", id)
		for _, l := range it.levels {
			if l.location.id == n && (l.active || includeInactive(f)) {
				return l, nil
			}
		}
		return nil, nil
	case "inventoryLevels":
		var all []entry
		for i, l := range it.levels {
			if l.active || includeInactive(f) {
				all = append(all, entry{rank: int64(i), id: l.id, node: l})
			}
		}
		return paged("InventoryLevel", all, f)
	}
	return nil, unresolved(f)
}

func includeInactive(f *graphql.Field) bool {
	on, _ := f.Args["includeInactive"].(bool)
	return on
}

func (r *resolver) variantField(v *variant, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("ProductVariant", v.variant), nil
	case "legacyResourceId":
		return v.variant, nil
	case "sku":
		return v.sku, nil
	case "title", "displayName":
		return v.title, nil
	case "price":
		return cents(v.price), nil
	case "inventoryItem":
		return v.item, nil
	case "inventoryPolicy":
		if v.oversell {
			return "CONTINUE", nil
		}
		return "DENY", nil
	case "inventoryQuantity":
		sum := int64(0)
		for _, l := range v.levels {
			if l.active {
				sum += l.quantity(available)
			}
		}
		return sum, nil
	}
	return nil, unresolved(f)
}

func (r *resolver) levelField(l *level, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return l.gid(), nil
	case "isActive":
		return l.active, nil
	case "item":
		return l.item, nil
	case "location":
		return l.location, nil
	case "createdAt":
		return l.created, nil
	case "updatedAt":
		return l.updated, nil
	case "quantities":
		names, _ := f.Args["names"].([]any)
		out := make([]any, 0, len(names))
		for _, name := range names {
			name, _ := name.(string)
			if !isQuantity(name) {
				return nil, graphql.Errorf("BAD_REQUEST", fmt.Sprintf("The quantity name %q is invalid.", name))
			}
			out = append(out, r.quantityOf(l, name))
		}
		return out, nil
	}
	return nil, unresolved(f)
}

func (r *resolver) quantityOf(l *level, name string) *record {
	var updated any
	if q, ok := l.stored[name]; ok && q.updated != (time.Time{}) {
		updated = q.updated
	}
	return &record{"InventoryQuantity", fields{
		"id":   fmt.Sprintf("gid://shopify/InventoryQuantity/%d?inventory_item_id=%d&name=%s", l.id, l.item.id, name),
		"name": name, "quantity": l.quantity(name), "updatedAt": updated,
	}}
}

func (r *resolver) locationField(l *location, f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("Location", l.id), nil
	case "legacyResourceId":
		return l.id, nil
	case "name":
		return l.name, nil
	case "isActive", "fulfillsOnlineOrders", "shipsInventory":
		return l.active, nil
	case "isFulfillmentService":
		return false, nil
	case "createdAt", "updatedAt":
		return l.created, nil
	}
	return nil, unresolved(f)
}
