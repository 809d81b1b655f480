package main

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// order is the body of an orders/create webhook with three lines: 6.5 kB, as such
// bodies are, of which stock needs a tenth.
func order(n int) []byte {
	id := 5_364_772_000_000 + n
	gid := func(kind string, id int) string { return "gid://shopify/" + kind + "/" + strconv.Itoa(id) }
	money := func(amount string) map[string]any {
		m := map[string]any{"amount": amount, "currency_code": "EUR"}
		return map[string]any{"shop_money": m, "presentment_money": m}
	}
	address := map[string]any{
		"first_name": "Test", "last_name": "Customer", "address1": "Teststraße 1", "address2": nil, "phone": nil, "city": "Berlin", "zip": "10115",
		"province": nil, "country": "Germany", "company": nil, "latitude": 52.53, "longitude": 13.38, "name": "Test Customer",
		"country_code": "DE", "province_code": nil,
	}
	line := func(i int) map[string]any {
		item := id*10 + i
		return map[string]any{
			"id": item, "admin_graphql_api_id": gid("LineItem", item), "attributed_staffs": []any{}, "current_quantity": 1,
			"fulfillable_quantity": 1, "fulfillment_service": "manual", "fulfillment_status": nil, "gift_card": false, "grams": 250,
			"name": "A mug of the finest kind", "price": "19.90", "price_set": money("19.90"), "product_exists": true, "product_id": 788_032_119 + i,
			"properties": []any{}, "quantity": 1, "requires_shipping": true, "sku": sku(n%1000 + i), "taxable": true,
			"title": "A mug of the finest kind", "total_discount": "0.00", "total_discount_set": money("0.00"), "variant_id": 44_809_140_011_030 + i,
			"variant_inventory_management": "shopify", "variant_title": "blue", "vendor": "onhand", "tax_lines": []any{},
			"duties": []any{}, "discount_allocations": []any{},
		}
	}
	body := map[string]any{
		"id": id, "admin_graphql_api_id": gid("Order", id), "app_id": 580_111, "browser_ip": "192.0.2.1", "buyer_accepts_marketing": false,
		"cancel_reason": nil, "cancelled_at": nil, "cart_token": "Z2NwLXVzLWNlbnRyYWwx", "checkout_id": 34_309_611_520_214, "client_details": nil,
		"closed_at": nil, "confirmed": true, "contact_email": "customer@example.com", "created_at": "2026-11-12T02:42:45-05:00", "currency": "EUR",
		"customer_locale": "en", "discount_codes": []any{}, "email": "customer@example.com", "estimated_taxes": false, "financial_status": "paid",
		"fulfillment_status": nil, "landing_site": "/collections/mugs?utm_source=newsletter", "location_id": nil, "name": "#" + strconv.Itoa(n),
		"note": nil, "note_attributes": []any{}, "order_number": n, "payment_gateway_names": []any{"bogus"}, "phone": nil,
		"presentment_currency": "EUR", "processed_at": "2026-11-12T02:42:44-05:00", "referring_site": "https://www.example.com/", "source_name": "web",
		"subtotal_price": "39.80", "tags": "", "tax_exempt": false, "test": false, "token": fmt.Sprintf("%016x", id), "total_tax": "0.00",
		"total_weight": 500, "updated_at": "2026-11-12T02:42:47-05:00", "user_id": nil, "billing_address": address, "shipping_address": address,
		"customer": map[string]any{
			"id": 207_119_551 + n, "email": "customer@example.com", "first_name": "Test", "last_name": "Customer", "note": nil, "state": "disabled",
			"tags": "", "verified_email": true, "tax_exempt": false, "default_address": address,
		},
		"discount_applications": []any{}, "fulfillments": []any{}, "line_items": []any{line(1), line(2), line(3)}, "payment_terms": nil,
		"refunds": []any{}, "shipping_lines": []any{map[string]any{
			"id": id * 3, "code": "Standard", "price": "4.90", "price_set": money("4.90"), "title": "Standard", "tax_lines": []any{},
		}},
	}
	for _, price := range []string{
		"current_subtotal_price_set", "current_total_price_set", "current_total_tax_set", "subtotal_price_set", "total_discounts_set",
		"total_line_items_price_set", "total_price_set", "total_shipping_price_set", "total_tax_set",
	} {
		body[price] = money("39.80")
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // it is all plain data
	}
	return text
}
