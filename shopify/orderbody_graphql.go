package shopify

import (
	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// orderFromGraphQL is a fetched order as a body. It must be whole: all pages,
// of one state of the order.
func orderFromGraphQL(f fetchedOrder) orderBody {
	b := orderBody{
		Kind: bodyFull, ID: gidNumber(f.Id), Created: f.CreatedAt.Unix(), Updated: f.UpdatedAt.Unix(),
		Cancelled: f.CancelledAt != nil,
	}
	if !f.At.IsZero() {
		b.Read = f.At.Unix()
	}
	if f.SourceName != nil {
		b.Source = *f.SourceName
	}
	if f.App != nil {
		b.App = gidNumber(f.App.Id)
	}
	if f.RetailLocation != nil {
		b.Location = gidNumber(f.RetailLocation.Id)
	}
	for _, a := range f.CustomAttributes {
		if a.Value != nil {
			if b.Attributes == nil {
				b.Attributes = map[string]string{}
			}
			b.Attributes[a.Key] = *a.Value
		}
	}
	for _, l := range f.LineItems.Nodes {
		b.Lines = append(b.Lines, lineFromGraphQL(l))
	}
	for _, r := range f.Refunds {
		b.Refunds = append(b.Refunds, refundFromGraphQL(r))
	}
	for _, x := range f.Fulfillments {
		b.Fulfillments = append(b.Fulfillments, fulfillmentFromGraphQL(x))
	}
	if f.HasPlaces {
		for _, p := range f.Places {
			b.Places = append(b.Places, placeFromGraphQL(p))
		}
	}
	return b
}

func lineFromGraphQL(l admin.Line) bodyLine {
	line := bodyLine{
		ID: gidNumber(l.Id), GiftCard: l.IsGiftCard,
		Quantity: l.Quantity, Current: l.CurrentQuantity, Fulfillable: l.FulfillableQuantity,
	}
	if l.Sku != nil {
		line.SKU = *l.Sku
	}
	if l.Variant != nil {
		line.Variant = gidNumber(l.Variant.Id)
	}
	return line
}

func refundFromGraphQL(r admin.Refund) bodyRefund {
	out := bodyRefund{ID: gidNumber(r.Id)}
	for _, l := range r.RefundLineItems.Nodes {
		line := bodyRefundLine{Line: gidNumber(l.LineItem.Id), Restock: string(l.RestockType), Quantity: l.Quantity}
		if l.Location != nil {
			line.Location = gidNumber(l.Location.Id)
		}
		out.Lines = append(out.Lines, line)
	}
	return out
}

func fulfillmentFromGraphQL(f admin.Fulfillment) bodyFulfillment {
	out := bodyFulfillment{ID: gidNumber(f.Id), Status: string(f.Status)}
	if f.Location != nil {
		out.Location = gidNumber(f.Location.Id)
	}
	for _, l := range f.FulfillmentLineItems.Nodes {
		if l.Quantity != nil {
			out.Lines = append(out.Lines, bodyUnits{Line: gidNumber(l.LineItem.Id), Quantity: *l.Quantity})
		}
	}
	return out
}

func placeFromGraphQL(f admin.FulfillmentOrder) bodyPlace {
	out := bodyPlace{Status: string(f.Status)}
	if l := f.AssignedLocation.Location; l != nil {
		out.Location = gidNumber(l.Id)
	}
	for _, l := range f.LineItems.Nodes {
		out.Lines = append(out.Lines, bodyUnits{Line: gidNumber(l.LineItem.Id), Quantity: l.RemainingQuantity})
	}
	return out
}

// gidNumber is the number of a gid, or the id itself if it has none, which
// keeps apart what differs.
func gidNumber(id string) string {
	if n, ok := idNumber(id); ok {
		return n
	}
	return id
}
