package inventory

// Reason says why an order's document is unsure. docs/orders.md has the
// remedies.
type Reason string

const (
	// UnsureOrder: no full order was seen yet, or a refund, shipment or edit was
	// heard of that no full order contains. Fetch the order.
	UnsureOrder Reason = "order"
	// UnsureSplit: units were refunded without restocking, and whether they had
	// been shipped is not known. Available is right; committed may not be.
	// Fetch the order with its fulfillment orders.
	UnsureSplit Reason = "split"
	// UnsurePlace: there are several locations and no settled reading says at
	// which of them the units are. The sum is right. Fetch the order with its
	// fulfillment orders.
	UnsurePlace Reason = "place"
	// UnsureRestock: units left the order without a word on restocking and are
	// taken as not restocked. Check the level.
	UnsureRestock Reason = "restock"
	// UnsureOrigin: there are several locations and no reading can show which
	// of them some units left from. The sum is right. Check the levels.
	UnsureOrigin Reason = "origin"
)

// Moved is by how much an order has moved one level in all: units left
// Available (negative) and are Committed (positive). What neither holds has
// been shipped or lost, so no third number is needed.
type Moved struct {
	SKU       string
	Location  string
	Available int64
	Committed int64
}

// Movement is everything an order has moved, sorted by SKU and location,
// without zeros.
type Movement []Moved

// Implied returns what the order has moved, as far as its document tells, and
// why that is unsure; no reasons mean that it is right. It depends on nothing
// but its arguments, and not on the order of anything in them.
func (o Order) Implied(places Places) (Movement, []Reason) {
	return nil, []Reason{UnsureOrder}
}
