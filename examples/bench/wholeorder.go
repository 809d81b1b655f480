package main

import "time"

// wholeOrder is an order as a struct of every field: how one begins who reads
// webhooks by hand.
type wholeOrder struct {
	ID                   int64           `json:"id"`
	GID                  string          `json:"admin_graphql_api_id"`
	AppID                int64           `json:"app_id"`
	BrowserIP            *string         `json:"browser_ip"`
	AcceptsMarketing     bool            `json:"buyer_accepts_marketing"`
	CancelReason         *string         `json:"cancel_reason"`
	CancelledAt          *time.Time      `json:"cancelled_at"`
	CartToken            string          `json:"cart_token"`
	CheckoutID           int64           `json:"checkout_id"`
	ClosedAt             *time.Time      `json:"closed_at"`
	Confirmed            bool            `json:"confirmed"`
	ContactEmail         *string         `json:"contact_email"`
	CreatedAt            time.Time       `json:"created_at"`
	Currency             string          `json:"currency"`
	Locale               string          `json:"customer_locale"`
	Email                string          `json:"email"`
	EstimatedTaxes       bool            `json:"estimated_taxes"`
	FinancialStatus      string          `json:"financial_status"`
	FulfillmentStatus    *string         `json:"fulfillment_status"`
	LandingSite          *string         `json:"landing_site"`
	LocationID           *int64          `json:"location_id"`
	Name                 string          `json:"name"`
	Note                 *string         `json:"note"`
	NoteAttributes       []wholeNote     `json:"note_attributes"`
	OrderNumber          int64           `json:"order_number"`
	Gateways             []string        `json:"payment_gateway_names"`
	Phone                *string         `json:"phone"`
	PresentmentCurrency  string          `json:"presentment_currency"`
	ProcessedAt          time.Time       `json:"processed_at"`
	ReferringSite        string          `json:"referring_site"`
	SourceName           string          `json:"source_name"`
	SubtotalPrice        string          `json:"subtotal_price"`
	Tags                 string          `json:"tags"`
	TaxExempt            bool            `json:"tax_exempt"`
	Test                 bool            `json:"test"`
	Token                string          `json:"token"`
	TotalTax             string          `json:"total_tax"`
	TotalWeight          int64           `json:"total_weight"`
	UpdatedAt            time.Time       `json:"updated_at"`
	UserID               *int64          `json:"user_id"`
	BillingAddress       *wholeAddress   `json:"billing_address"`
	ShippingAddress      *wholeAddress   `json:"shipping_address"`
	Customer             *wholeCustomer  `json:"customer"`
	LineItems            []wholeLine     `json:"line_items"`
	ShippingLines        []wholeShipping `json:"shipping_lines"`
	CurrentSubtotalPrice wholeMoney      `json:"current_subtotal_price_set"`
	CurrentTotalPrice    wholeMoney      `json:"current_total_price_set"`
	CurrentTotalTax      wholeMoney      `json:"current_total_tax_set"`
	SubtotalPriceSet     wholeMoney      `json:"subtotal_price_set"`
	TotalDiscounts       wholeMoney      `json:"total_discounts_set"`
	TotalLineItemsPrice  wholeMoney      `json:"total_line_items_price_set"`
	TotalPrice           wholeMoney      `json:"total_price_set"`
	TotalShippingPrice   wholeMoney      `json:"total_shipping_price_set"`
	TotalTaxSet          wholeMoney      `json:"total_tax_set"`
	DiscountCodes        []wholeDiscount `json:"discount_codes"`
	Discounts            []wholeDiscount `json:"discount_applications"`
}

type wholeNote struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type wholeDiscount struct {
	Code   string `json:"code"`
	Amount string `json:"amount"`
	Type   string `json:"type"`
}

type wholeAmount struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency_code"`
}

type wholeMoney struct {
	Shop        wholeAmount `json:"shop_money"`
	Presentment wholeAmount `json:"presentment_money"`
}

type wholeAddress struct {
	FirstName    string  `json:"first_name"`
	LastName     string  `json:"last_name"`
	Address1     string  `json:"address1"`
	Address2     *string `json:"address2"`
	Phone        *string `json:"phone"`
	City         string  `json:"city"`
	Zip          string  `json:"zip"`
	Province     *string `json:"province"`
	Country      string  `json:"country"`
	Company      *string `json:"company"`
	Latitude     float64 `json:"latitude"`
	Longitude    float64 `json:"longitude"`
	Name         string  `json:"name"`
	CountryCode  string  `json:"country_code"`
	ProvinceCode *string `json:"province_code"`
}

type wholeCustomer struct {
	ID             int64         `json:"id"`
	Email          string        `json:"email"`
	FirstName      string        `json:"first_name"`
	LastName       string        `json:"last_name"`
	Note           *string       `json:"note"`
	State          string        `json:"state"`
	Tags           string        `json:"tags"`
	VerifiedEmail  bool          `json:"verified_email"`
	TaxExempt      bool          `json:"tax_exempt"`
	DefaultAddress *wholeAddress `json:"default_address"`
}

type wholeLine struct {
	ID                 int64      `json:"id"`
	GID                string     `json:"admin_graphql_api_id"`
	CurrentQuantity    int64      `json:"current_quantity"`
	Fulfillable        int64      `json:"fulfillable_quantity"`
	FulfillmentService string     `json:"fulfillment_service"`
	FulfillmentStatus  *string    `json:"fulfillment_status"`
	GiftCard           bool       `json:"gift_card"`
	Grams              int64      `json:"grams"`
	Name               string     `json:"name"`
	Price              string     `json:"price"`
	PriceSet           wholeMoney `json:"price_set"`
	ProductExists      bool       `json:"product_exists"`
	ProductID          int64      `json:"product_id"`
	Quantity           int64      `json:"quantity"`
	RequiresShipping   bool       `json:"requires_shipping"`
	SKU                string     `json:"sku"`
	Taxable            bool       `json:"taxable"`
	Title              string     `json:"title"`
	TotalDiscount      string     `json:"total_discount"`
	TotalDiscountSet   wholeMoney `json:"total_discount_set"`
	VariantID          int64      `json:"variant_id"`
	Management         *string    `json:"variant_inventory_management"`
	VariantTitle       string     `json:"variant_title"`
	Vendor             string     `json:"vendor"`
}

type wholeShipping struct {
	ID       int64      `json:"id"`
	Code     string     `json:"code"`
	Price    string     `json:"price"`
	PriceSet wholeMoney `json:"price_set"`
	Title    string     `json:"title"`
}
