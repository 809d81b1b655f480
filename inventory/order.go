package inventory

import "cmp"

// MaxOrderParts is how many lines, refunds, fulfillments and places an [Order]
// may have in all.
const MaxOrderParts = 10_000

// Order is what one message says about an order, and, joined by [Merge], all
// that is known of it: its document. A part that is missing says nothing; in
// particular a line that a later message leaves out is not gone. docs/orders.md
// has the rule of every field.
//
// An Order names no vendor. Its IDs are the channel's own, as strings; times
// are seconds since 1970 UTC by the channel's clock, 0 if not said, because
// channels stamp to the second and a join must compare exactly. Quantities
// count units and are never negative.
//
// Almost everything in it only grows, so the join is made of maxima and unions
// and it does not matter in which order messages arrive, nor how often. The
// exception is Places, of which the newest wins as a whole.
type Order struct {
	// Channel is where the order was placed, such as "shopify/acme-eu", and ID
	// its name there. Both are required.
	Channel string `json:"channel,omitempty"`
	ID      string `json:"id,omitempty"`

	// Created is when the order was placed. Updated is the channel's own stamp
	// of the newest complete reading, Read the time at which that reading was
	// answered if it was fetched, and Edited the newest announcement that the
	// order was edited, by a message that does not say how.
	Created int64 `json:"created,omitempty"`
	Updated int64 `json:"updated,omitempty"`
	Read    int64 `json:"read,omitempty"`
	Edited  int64 `json:"edited,omitempty"`

	// Full says that all lines, refunds and fulfillments of one reading are
	// here, all pages of them. Before the first such message nothing moves.
	Full bool `json:"full,omitempty"`
	// Cancelled says that nothing more will be shipped. It does not say what
	// became of the units: refunds do.
	Cancelled bool `json:"cancelled,omitempty"`
	// Unclaimed says that the order was imported without moving the channel's
	// own stock. It moves nothing here either.
	Unclaimed bool `json:"unclaimed,omitempty"`
	// Location is where a till sold the order: the provisional place of its
	// units. It is not the place of an online order.
	Location string `json:"location,omitempty"`
	// Settles is the reservation or Change that this order settles instead of
	// selling its lines again.
	Settles string `json:"settles,omitempty"`

	Lines        []OrderLine   `json:"lines,omitempty"`
	Refunds      []Refund      `json:"refunds,omitempty"`
	Fulfillments []Fulfillment `json:"fulfillments,omitempty"`
	// Places is where the units were when the channel was last asked.
	Places OrderPlaces `json:"places,omitzero"`
}

// OrderLine is one line of an [Order]. All quantities grow only.
type OrderLine struct {
	ID string `json:"id"`
	// SKU is the level's SKU, "" if the line moves no stock: a custom line, a
	// gift card, an untracked item.
	SKU string `json:"sku,omitempty"`
	// Ordered counts every unit ever ordered, removed ones included.
	Ordered int64 `json:"ordered,omitempty"`
	// Removed counts units that left the order with no word on whether they
	// were restocked.
	Removed int64 `json:"removed,omitempty"`
	// Dropped counts units that left the order unshipped and not restocked, at
	// least: Removed ones, and refunded ones that cannot have been shipped.
	Dropped int64 `json:"dropped,omitempty"`
	// Judged is how many units refunded without restocking Dropped has settled:
	// whether they had been shipped is known of these.
	Judged int64 `json:"judged,omitempty"`
}

// Restock says what a refund did with the units.
type Restock string

const (
	// RestockCancel puts units back that had not been shipped.
	RestockCancel Restock = "cancel"
	// RestockReturn puts units back that had been shipped.
	RestockReturn Restock = "return"
	// RestockNone puts nothing back, nor says whether the units were shipped.
	RestockNone Restock = "none"
)

// Refund is one refund, one value under its own ID: its lines are summed by
// line, kind and place, because the IDs of refund lines are missing at times.
type Refund struct {
	ID string `json:"id"`
	// Confirmed says that a full order contained this refund. One that is only
	// heard of counts as far as the ordered units allow and leaves the order
	// unsure.
	Confirmed bool         `json:"confirmed,omitempty"`
	Lines     []RefundLine `json:"lines,omitempty"`
}

// RefundLine is how many units of one line a [Refund] treated in one way, at
// one place.
type RefundLine struct {
	Line    string  `json:"line"`
	Restock Restock `json:"restock"`
	// Location is where units were put back, "" if not said or none were.
	Location string `json:"location,omitempty"`
	Quantity int64  `json:"quantity"`
}

// FulfillmentStatus is how far a shipment is. It never goes back: pending, then
// shipped, then dead.
type FulfillmentStatus string

const (
	// FulfillmentPending is asked for: its units are still committed.
	FulfillmentPending FulfillmentStatus = "pending"
	// FulfillmentShipped has left.
	FulfillmentShipped FulfillmentStatus = "shipped"
	// FulfillmentDead was cancelled or failed: its units are committed again.
	FulfillmentDead FulfillmentStatus = "dead"
)

// rank orders the states of a shipment; -1 is no state at all.
func (s FulfillmentStatus) rank() int {
	switch s {
	case FulfillmentPending:
		return 0
	case FulfillmentShipped:
		return 1
	case FulfillmentDead:
		return 2
	default:
		return -1
	}
}

// later returns the state that is further along.
func (s FulfillmentStatus) later(t FulfillmentStatus) FulfillmentStatus {
	if c := cmp.Or(cmp.Compare(s.rank(), t.rank()), cmp.Compare(s, t)); c < 0 {
		return t
	}
	return s
}

// Fulfillment is one shipment, under its own ID.
type Fulfillment struct {
	ID     string            `json:"id"`
	Status FulfillmentStatus `json:"status"`
	// Confirmed is the furthest status in which a full order contained this
	// shipment, "" if none did. While it is behind Status the order is unsure.
	Confirmed FulfillmentStatus `json:"confirmed,omitempty"`
	// Location is where the units left from, "" if not said.
	Location string            `json:"location,omitempty"`
	Lines    []FulfillmentLine `json:"lines,omitempty"`
}

// FulfillmentLine is how many units of one line a [Fulfillment] holds.
type FulfillmentLine struct {
	Line     string `json:"line"`
	Quantity int64  `json:"quantity"`
}

// OrderPlaces is where an order's units were according to one reading. The
// newest is used as a whole, by Updated, then Read, then content.
type OrderPlaces struct {
	// Updated is the order's stamp in that reading and Read when it was
	// answered. A reading within the second of its own stamp is not settled.
	Updated int64        `json:"updated,omitempty"`
	Read    int64        `json:"read,omitempty"`
	Lines   []LinePlaces `json:"lines,omitempty"`
}

// LinePlaces is where the units of one line were.
type LinePlaces struct {
	Line string `json:"line"`
	// Sure says that the places of the gone units are known, not inferred.
	Sure bool        `json:"sure,omitempty"`
	At   []PlaceLine `json:"at,omitempty"`
}

// PlaceLine counts the units of one line that are, or were, at one place.
type PlaceLine struct {
	Location string `json:"location"`
	Open     int64  `json:"open,omitempty"`    // still to be shipped
	Shipped  int64  `json:"shipped,omitempty"` // shipped from here
	Gone     int64  `json:"gone,omitempty"`    // left the order unshipped
}

// Document names the order's document in a store.
func (o Order) Document() string { return o.Channel + "/" + o.ID }
