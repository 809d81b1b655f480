package shopify

import "fmt"

// orderBody is what Shopify says about an order, in one form for the bodies of
// webhooks (REST: snake_case, ids as integers, lower case) and for what is
// fetched (GraphQL: gids, upper case). Ids are the decimal number as a string,
// "" where Shopify says null; times are seconds since 1970, 0 for null. facts
// turns it into an inventory.Order. Enums keep the case they came in.
type orderBody struct {
	Kind bodyKind
	ID   string // of the order; "" if a webhook does not say which
	At   int64  // bodyNews: when it happened

	// The rest is of a bodyFull, but for Refunds and Fulfillments, of which a
	// webhook of one part holds one.
	Created, Updated int64
	Read             int64 // when a fetch was answered, by Shopify's clock
	Cancelled        bool
	App, Source      string
	Location         string // of a till
	Attributes       map[string]string
	Lines            []bodyLine
	Refunds          []bodyRefund
	Fulfillments     []bodyFulfillment
	Places           []bodyPlace // the fulfillment orders, in Shopify's order
}

type bodyKind string

const (
	bodyFull bodyKind = "full" // everything, all pages
	bodyPart bodyKind = "part" // one refund or fulfillment
	bodyNews bodyKind = "news" // something changed; it takes a fetch to know what
)

type bodyLine struct {
	ID, Variant, SKU string
	GiftCard         bool
	Untracked        bool // known not to be counted; a fetch does not say
	Quantity         int64
	Current          int64 // after edits and refunds
	Fulfillable      int64 // leaves held units out
}

type bodyRefund struct {
	ID    string
	Lines []bodyRefundLine
}

type bodyRefundLine struct {
	Line, Restock, Location string
	Quantity                int64
}

type bodyFulfillment struct {
	ID, Status, Location string
	Lines                []bodyUnits
}

type bodyPlace struct {
	Status, Location string
	Lines            []bodyUnits // what remains
}

type bodyUnits struct {
	Line     string
	Quantity int64
}

// variants lists the variants whose items must be known to say what the lines
// are.
func (b orderBody) variants() []string {
	var out []string
	for _, l := range b.Lines {
		if l.counted() {
			out = append(out, l.Variant)
		}
	}
	return out
}

// counted reports whether the line may move stock. A custom line has no
// variant; a line without a SKU may well be tracked.
func (l bodyLine) counted() bool { return l.Variant != "" && !l.GiftCard && !l.Untracked }

// MalformedError says that a webhook's body is not what its topic says. It will
// not become better: look at the body, and fetch the order.
type MalformedError struct {
	// Topic of the webhook, such as "orders/create".
	Topic string
	// Field that is missing or wrong, such as "line_items[2].quantity"; "" for
	// the body as a whole.
	Field   string
	Problem string

	cause error
}

func (e *MalformedError) Error() string {
	if e.Field == "" {
		return fmt.Sprintf("shopify: body of %s %s", e.Topic, e.Problem)
	}
	return fmt.Sprintf("shopify: body of %s: %s %s", e.Topic, e.Field, e.Problem)
}

// Unwrap returns the error of encoding/json, if it was that.
func (e *MalformedError) Unwrap() error { return e.cause }

// Permanent tells a queue that trying again does not help.
func (e *MalformedError) Permanent() bool { return true }
