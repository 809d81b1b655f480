package shopifytest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// shopZone is the shop's own time zone: bodies carry its offset.
var shopZone = time.FixedZone("", -5*60*60)

type fields = map[string]any

func shown(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(shopZone).Format(time.RFC3339)
}

func cents(n int64) string { return fmt.Sprintf("%d.%02d", n/100, n%100) }

func moneySet(n int64) fields {
	m := func() fields { return fields{"amount": cents(n), "currency_code": "USD"} }
	return fields{"shop_money": m(), "presentment_money": m()}
}

func idOrNull(l *location) any {
	if l == nil {
		return nil
	}
	return l.id
}

// lineBody renders a line. Inside a fulfillment its quantity is what was
// shipped.
func (o *order) lineBody(l *line, quantity int64) fields {
	shipped := o.shipped(l)
	var status any
	switch {
	case shipped > 0 && o.open(l, false) == 0:
		status = "fulfilled"
	case shipped > 0:
		status = "partial"
	}
	var variant, product, managed any
	if l.item != nil {
		variant, product = l.item.variant, l.item.product
		if l.tracked {
			managed = "shopify"
		}
	}
	return fields{
		"id": l.id, "admin_graphql_api_id": gid("LineItem", l.id), "attributed_staffs": []any{},
		"current_quantity": o.current(l), "fulfillable_quantity": o.open(l, true),
		"fulfillment_service": "manual", "fulfillment_status": status, "gift_card": l.giftCard, "grams": 0,
		"name": l.title, "price": cents(l.price), "price_set": moneySet(l.price), "product_exists": true,
		"product_id": product, "properties": []any{}, "quantity": quantity, "requires_shipping": !l.giftCard,
		"sku": l.sku(), "taxable": true, "title": l.title, "total_discount": "0.00", "total_discount_set": moneySet(0),
		"variant_id": variant, "variant_inventory_management": managed, "variant_title": nil, "vendor": "Example",
		"tax_lines": []any{}, "duties": []any{}, "discount_allocations": []any{},
	}
}

// refundBody renders a refund; only on its own do its lines carry their line.
func (o *order) refundBody(r *refund, alone bool) fields {
	restock := false
	lines := []any{}
	for _, x := range r.lines {
		restock = restock || x.kind != NoRestock
		sum := x.line.price * x.quantity
		y := fields{
			"id": x.id, "line_item_id": x.line.id, "location_id": idOrNull(x.location), "quantity": x.quantity,
			"restock_type": string(x.kind), "subtotal": json.Number(cents(sum)), "subtotal_set": moneySet(sum),
			"total_tax": json.Number("0.0"), "total_tax_set": moneySet(0),
		}
		if alone {
			y["line_item"] = o.lineBody(x.line, x.line.quantity)
		}
		lines = append(lines, y)
	}
	return fields{
		"id": r.id, "admin_graphql_api_id": gid("Refund", r.id), "created_at": shown(r.created), "note": "",
		"order_id": o.id, "processed_at": shown(r.created), "restock": restock, "total_duties_set": moneySet(0),
		"user_id": nil, "order_adjustments": []any{}, "duties": []any{}, "refund_shipping_lines": []any{},
		"return": nil, "transactions": []any{}, "refund_line_items": lines,
	}
}

func (o *order) shipmentBody(x *shipment) fields {
	lines := []any{}
	for _, y := range x.lines {
		lines = append(lines, o.lineBody(y.line, y.quantity))
	}
	return fields{
		"id": x.id, "admin_graphql_api_id": gid("Fulfillment", x.id), "order_id": o.id, "status": x.status,
		"created_at": shown(x.created), "updated_at": shown(x.updated), "location_id": x.location.id,
		"name": fmt.Sprintf("%s.%d", o.name(), x.number), "service": "manual", "shipment_status": nil,
		"origin_address": fields{}, "receipt": fields{}, "tracking_company": nil, "tracking_number": nil,
		"tracking_numbers": []any{}, "tracking_url": nil, "tracking_urls": []any{}, "line_items": lines,
	}
}

func (o *order) financialStatus() string {
	paid, gone := int64(0), int64(0)
	for _, l := range o.lines {
		paid += l.quantity
		gone += l.quantity - o.current(l)
	}
	switch {
	case !o.cancelled.IsZero() || gone >= paid:
		return "refunded"
	case len(o.refunds) > 0:
		return "partially_refunded"
	}
	return "paid"
}

// fulfillmentStatus is nil, partial or fulfilled.
func (o *order) fulfillmentStatus() any {
	shipped := int64(0)
	for _, l := range o.lines {
		shipped += o.shipped(l)
	}
	switch {
	case shipped > 0 && !o.live():
		return "fulfilled"
	case shipped > 0:
		return "partial"
	}
	return nil
}

func (o *order) attributes() []any {
	out := []any{}
	for _, a := range o.sale.Attributes {
		out = append(out, fields{"name": a[0], "value": a[1]})
	}
	return out
}

// body renders the whole order as the REST resource.
func (o *order) body() fields {
	total, now := int64(0), int64(0)
	lines, refunds, shipments := []any{}, []any{}, []any{}
	for _, l := range o.lines {
		total += l.price * l.quantity
		now += l.price * o.current(l)
		lines = append(lines, o.lineBody(l, l.quantity))
	}
	for _, r := range o.refunds {
		refunds = append(refunds, o.refundBody(r, false))
	}
	for _, x := range o.shipments {
		shipments = append(shipments, o.shipmentBody(x))
	}
	var reason any
	if !o.cancelled.IsZero() {
		reason = "customer"
	}
	token := fmt.Sprintf("%016x", o.id)
	b := fields{
		"id": o.id, "admin_graphql_api_id": o.gid(), "app_id": o.sale.App, "cancel_reason": reason,
		"cancelled_at": shown(o.cancelled), "closed_at": shown(o.cancelled), "confirmed": true,
		"confirmation_number": "C" + strings.ToUpper(token[8:]), "created_at": shown(o.created), "currency": "USD",
		"cart_token": token, "checkout_id": o.id - 1, "checkout_token": token, "token": token,
		"buyer_accepts_marketing": false, "customer_locale": "en", "discount_codes": []any{}, "email": "",
		"estimated_taxes": false, "financial_status": o.financialStatus(), "fulfillment_status": o.fulfillmentStatus(),
		"location_id": idOrNull(o.pos), "name": o.name(), "note_attributes": o.attributes(), "number": o.number - 1000,
		"order_number": o.number, "payment_gateway_names": []any{"bogus"}, "presentment_currency": "USD",
		"processed_at": shown(o.created), "referring_site": "", "source_name": o.sale.Source, "tags": "",
		"tax_exempt": false, "tax_lines": []any{}, "taxes_included": false, "test": o.sale.Test,
		"total_line_items_price": cents(total), "total_weight": 0, "updated_at": shown(o.updated),
		"discount_applications": []any{}, "fulfillments": shipments, "line_items": lines, "refunds": refunds,
		"shipping_lines": []any{}, "returns": []any{},
	}
	for _, name := range []string{
		"browser_ip", "client_details", "company", "contact_email", "current_total_additional_fees_set", "device_id",
		"landing_site", "merchant_of_record_app_id", "note", "phone", "po_number", "reference", "source_identifier",
		"source_url", "user_id", "billing_address", "customer", "payment_terms", "shipping_address",
	} {
		b[name] = nil
	}
	for name, n := range map[string]int64{"subtotal_price": total, "total_price": total, "current_subtotal_price": now, "current_total_price": now} {
		b[name], b[name+"_set"] = cents(n), moneySet(n)
	}
	for _, name := range []string{"current_total_discounts", "current_total_tax", "total_discounts", "total_outstanding", "total_tax", "total_tip_received"} {
		b[name] = "0.00"
	}
	return b
}

func (o *order) editBody(e edit) fields {
	list := func(all []units) []any {
		out := []any{}
		for _, u := range all {
			out = append(out, fields{"id": u.line.id, "delta": u.n})
		}
		return out
	}
	none := func() fields { return fields{"additions": []any{}, "removals": []any{}} }
	return fields{"order_edit": fields{
		"id": e.id, "app_id": nil, "created_at": shown(o.updated), "committed_at": shown(o.updated), "notify_customer": false,
		"order_id": o.id, "staff_note": "", "user_id": nil,
		"line_items": fields{"additions": list(e.additions), "removals": list(e.removals)},
		"discounts":  fields{"line_item": none()}, "shipping_lines": none(),
	}}
}

// body renders a level: what is available, and null if nobody counts.
func (l *level) body() fields {
	var n any
	if l.item.tracked {
		n = l.quantity(available)
	}
	return fields{
		"inventory_item_id": l.item.id, "location_id": l.location.id, "available": n,
		"updated_at": shown(l.updated), "admin_graphql_api_id": l.gid(),
	}
}
