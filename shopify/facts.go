package shopify

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// resolver says what the ids of a body are here. The zero value knows nothing:
// then a line's SKU is taken as it stands and a location is "location:<id>".
type resolver struct {
	// Channel is the shop, such as "shopify/acme-eu".
	Channel string
	// SKU of the level that a variant's line moves, given Shopify's number of
	// the variant and the line's own SKU; "" if it moves nothing. It is not
	// asked about custom lines, gift cards, and lines known to be untracked. A
	// tracked item without a SKU is "item:<inventory item id>".
	SKU func(variant, sku string) string
	// Location names a location, given its number. "" means unknown: it then is
	// "location:<id>", so its units are not lost, and not put elsewhere either.
	Location func(id string) string
	// Reservation finds in the order's attributes what the order settles.
	Reservation func(attributes map[string]string) string
	// Unclaimed reports whether orders of an app (its number) or source moved
	// no stock in Shopify.
	Unclaimed func(app, source string) bool
}

func (r resolver) sku(l bodyLine) string {
	if !l.counted() {
		return ""
	}
	if r.SKU == nil {
		return l.SKU
	}
	return r.SKU(l.Variant, l.SKU)
}

func (r resolver) location(id string) string {
	if id == "" {
		return ""
	}
	if r.Location != nil {
		if name := r.Location(id); name != "" {
			return name
		}
	}
	return "location:" + id
}

// facts says what one body says about its order. It looks at nothing else: a
// line's numbers and its refunds are of one reading only within one body.
func facts(b orderBody, r resolver) inventory.Order {
	o := inventory.Order{Channel: r.Channel, ID: b.ID}
	if b.Kind == bodyNews {
		o.Edited = b.At
		return o
	}
	full := b.Kind == bodyFull
	for _, x := range b.Refunds {
		if lines := r.refundLines(x); len(lines) > 0 { // else only money
			o.Refunds = append(o.Refunds, inventory.Refund{ID: x.ID, Confirmed: full, Lines: lines})
		}
	}
	for _, x := range b.Fulfillments {
		f := inventory.Fulfillment{ID: x.ID, Status: shipment(x.Status), Location: r.location(x.Location), Lines: shipped(x)}
		if full {
			f.Confirmed = f.Status
		}
		o.Fulfillments = append(o.Fulfillments, f)
	}
	if !full {
		return o
	}
	o.Full, o.Created, o.Updated, o.Read, o.Cancelled = true, b.Created, b.Updated, b.Read, b.Cancelled
	o.Location = r.location(b.Location)
	o.Unclaimed = r.Unclaimed != nil && r.Unclaimed(b.App, b.Source)
	if r.Reservation != nil && len(b.Attributes) > 0 {
		o.Settles = r.Reservation(b.Attributes)
	}
	all := b.tallies(o, r)
	for _, x := range b.Lines {
		line, places, read := lineFacts(x, all[x.ID], len(b.Places) > 0, b.Cancelled)
		line.SKU = r.sku(x)
		o.Lines = append(o.Lines, line)
		if read {
			o.Places.Lines = append(o.Places.Lines, places)
		}
	}
	if len(o.Places.Lines) > 0 {
		o.Places.Updated, o.Places.Read = b.Updated, b.Read
	}
	return o
}

// refundLines sums a refund by line, kind and place, in a fixed order.
func (r resolver) refundLines(x bodyRefund) []inventory.RefundLine {
	var out []inventory.RefundLine
	for _, y := range x.Lines {
		if y.Quantity > 0 {
			out = append(out, inventory.RefundLine{Line: y.Line, Restock: restock(y.Restock), Location: r.location(y.Location), Quantity: y.Quantity})
		}
	}
	compare := func(a, b inventory.RefundLine) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Restock, b.Restock), cmp.Compare(a.Location, b.Location))
	}
	slices.SortFunc(out, compare)
	sums := out[:0]
	for _, y := range out {
		if n := len(sums); n > 0 && compare(sums[n-1], y) == 0 {
			sums[n-1].Quantity += y.Quantity
		} else {
			sums = append(sums, y)
		}
	}
	return sums
}

// shipped sums a fulfillment by line.
func shipped(x bodyFulfillment) []inventory.FulfillmentLine {
	var out []inventory.FulfillmentLine
	for _, y := range x.Lines {
		i := slices.IndexFunc(out, func(l inventory.FulfillmentLine) bool { return l.Line == y.Line })
		if i < 0 {
			out = append(out, inventory.FulfillmentLine{Line: y.Line, Quantity: y.Quantity})
		} else {
			out[i].Quantity += y.Quantity
		}
	}
	return out
}

// restock is the kind of a refund line. Old orders have legacy_restock, which
// is a return. What Shopify may add is taken as not restocked, so that it never
// makes units available that are not there.
func restock(kind string) inventory.Restock {
	switch strings.ToLower(kind) {
	case "cancel":
		return inventory.RestockCancel
	case "return", "legacy_restock":
		return inventory.RestockReturn
	default:
		return inventory.RestockNone
	}
}

// shipment is the state of a fulfillment. What Shopify may add is taken as not
// shipped yet, the only state that can still become any other.
func shipment(status string) inventory.FulfillmentStatus {
	switch strings.ToLower(status) {
	case "success":
		return inventory.FulfillmentShipped
	case "cancelled", "error", "failure":
		return inventory.FulfillmentDead
	default:
		return inventory.FulfillmentPending
	}
}

// lineTally is what one body says about a line beside the line itself.
type lineTally struct {
	cancelled, returned, none, shipped int64
	places                             []inventory.PlaceLine // open, shipped, and gone where restocked
	homes                              []string              // places in Shopify's order, the last one listed last
	restocked                          []string              // places where cancelled units were put back
}

// at returns the units at a place, which is there afterwards.
func (t *lineTally) at(place string) *inventory.PlaceLine {
	i := slices.IndexFunc(t.places, func(p inventory.PlaceLine) bool { return p.Location == place })
	if i < 0 {
		i = len(t.places)
		t.places = append(t.places, inventory.PlaceLine{Location: place})
	}
	return &t.places[i]
}

// tallies sums refunds, shipments and what remains to be shipped by line.
func (b orderBody) tallies(o inventory.Order, r resolver) map[string]*lineTally {
	all := make(map[string]*lineTally, len(b.Lines))
	for _, l := range b.Lines {
		all[l.ID] = &lineTally{}
	}
	of := func(line string) *lineTally {
		if all[line] == nil {
			all[line] = &lineTally{} // of a line that the body does not have
		}
		return all[line]
	}
	for _, x := range o.Refunds {
		for _, y := range x.Lines {
			t := of(y.Line)
			switch y.Restock {
			case inventory.RestockCancel:
				t.cancelled += y.Quantity
				t.at(y.Location).Gone += y.Quantity
				t.restocked = append(t.restocked, y.Location)
			case inventory.RestockReturn:
				t.returned += y.Quantity
			default:
				t.none += y.Quantity
			}
		}
	}
	for _, x := range o.Fulfillments {
		if x.Status != inventory.FulfillmentShipped {
			continue
		}
		for _, y := range x.Lines {
			if t := of(y.Line); y.Quantity > 0 {
				t.shipped += y.Quantity
				t.at(x.Location).Shipped += y.Quantity
			}
		}
	}
	for _, x := range b.Places {
		place := r.location(x.Location)
		for _, y := range x.Lines {
			t := of(y.Line)
			t.homes = append(t.homes, place)
			if s := strings.ToLower(x.Status); s != "closed" && s != "cancelled" && y.Quantity > 0 { // else stale
				t.at(place).Open += y.Quantity
			}
		}
	}
	return all
}

// lineFacts applies the rules for full orders to one line: rule 1 without and
// rule 2 with the fulfillment orders. read is false if these lag behind the
// order and so say nothing.
func lineFacts(x bodyLine, t *lineTally, asked, cancelled bool) (line inventory.OrderLine, places inventory.LinePlaces, read bool) {
	removed := max(0, x.Quantity-x.Current-t.cancelled-t.returned-t.none)
	dropped := removed + max(0, t.none-max(0, t.shipped-t.returned))                // at least
	most := removed + min(t.none, max(0, x.Quantity-removed-t.shipped-t.cancelled)) // at most
	line = inventory.OrderLine{ID: x.ID, Ordered: x.Quantity, Removed: removed, Dropped: dropped}
	if dropped == most {
		line.Judged = t.none
	}
	if !asked {
		return line, places, false
	}
	var open int64
	for _, p := range t.places {
		open += p.Open
	}
	gone := x.Quantity - open - t.shipped - t.cancelled
	if open < x.Fulfillable || gone < dropped || gone > most && !cancelled {
		return line, places, false
	}
	line.Dropped, line.Judged = max(gone, 0), t.none
	if n := len(t.homes); gone > 0 && n > 0 {
		t.at(t.homes[n-1]).Gone += gone
	}
	return line, inventory.LinePlaces{
		Line: x.ID,
		Sure: gone <= 0 && (len(t.restocked) == 0 || sameSet(t.homes, t.restocked)),
		At:   t.places,
	}, true
}

func sameSet(a, b []string) bool {
	in := func(x []string) func(string) bool { return func(s string) bool { return !slices.Contains(x, s) } }
	return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
}
