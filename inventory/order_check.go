package inventory

import (
	"fmt"
	"unicode/utf8"
)

// maxSeconds is the end of the year 9999.
const maxSeconds = 253_402_300_799

// Validate checks an order that comes from outside, and returns an
// [*InvalidError] that names the first bad field. Channel and ID are required;
// they, the document's name and every other name have up to 255 bytes of UTF-8
// without control characters; quantities are 0 to [MaxQuantity]; times lie in
// the years 1970 to 9999; nothing occurs twice in a list: an ID, a line of a
// refund with the same kind and place (sum them), a line of a fulfillment, a
// place of a line.
func (o Order) Validate() error {
	if f := o.fault(); f.problem != "" {
		return &InvalidError{Field: "Order" + f.field, Problem: f.problem}
	}
	return nil
}

// fault is a field and what is wrong with it; no problem, no fault.
type fault struct{ field, problem string }

// in says where in the parent the field is.
func (f fault) in(parent string) fault {
	if f.problem == "" {
		return fault{}
	}
	return fault{parent + f.field, f.problem}
}

func faulty(faults ...fault) fault {
	for _, f := range faults {
		if f.problem != "" {
			return f
		}
	}
	return fault{}
}

func required(field, s string) fault {
	if !validName(s) || !utf8.ValidString(s) {
		return fault{field, badName}
	}
	return fault{}
}

func optional(field, s string) fault {
	if s == "" {
		return fault{}
	}
	return required(field, s)
}

func quantity(field string, n int64) fault {
	if n < 0 || n > MaxQuantity {
		return fault{field, fmt.Sprintf("is %d, must be 0 to %d", n, MaxQuantity)}
	}
	return fault{}
}

func seconds(field string, at int64) fault {
	if at < 0 || at > maxSeconds {
		return fault{field, fmt.Sprintf("is %d, must be seconds since 1970", at)}
	}
	return fault{}
}

// each checks the parts of a list, and that no two have the same key.
func each[T any, K comparable](field string, parts []T, key func(T) K, check func(T) fault) fault {
	seen := make(map[K]struct{}, len(parts))
	for i, x := range parts {
		f := check(x)
		if _, twice := seen[key(x)]; twice {
			f = faulty(f, fault{problem: "is there twice"})
		}
		if f.problem != "" {
			return f.in(fmt.Sprintf("%s[%d]", field, i))
		}
		seen[key(x)] = struct{}{}
	}
	return fault{}
}

func (o Order) fault() fault {
	if n := o.parts(); n > MaxOrderParts {
		return fault{"", fmt.Sprintf("has %d lines, refunds, fulfillments and places, more than %d", n, MaxOrderParts)}
	}
	return faulty(
		required(".Channel", o.Channel),
		required(".ID", o.ID),
		required(".Document", o.Document()),
		optional(".Location", o.Location),
		optional(".Settles", o.Settles),
		seconds(".Created", o.Created),
		seconds(".Updated", o.Updated),
		seconds(".Read", o.Read),
		seconds(".Edited", o.Edited),
		each(".Lines", o.Lines, func(l OrderLine) string { return l.ID }, OrderLine.fault),
		each(".Refunds", o.Refunds, func(r Refund) string { return r.ID }, Refund.fault),
		each(".Fulfillments", o.Fulfillments, func(f Fulfillment) string { return f.ID }, Fulfillment.fault),
		seconds(".Places.Updated", o.Places.Updated),
		seconds(".Places.Read", o.Places.Read),
		each(".Places.Lines", o.Places.Lines, func(l LinePlaces) string { return l.Line }, LinePlaces.fault),
	)
}

// parts counts what the order's size is made of.
func (o Order) parts() int {
	n := len(o.Lines) + len(o.Refunds) + len(o.Fulfillments) + len(o.Places.Lines)
	for _, r := range o.Refunds {
		n += len(r.Lines)
	}
	for _, f := range o.Fulfillments {
		n += len(f.Lines)
	}
	for _, l := range o.Places.Lines {
		n += len(l.At)
	}
	return n
}

func (l OrderLine) fault() fault {
	return faulty(required(".ID", l.ID), optional(".SKU", l.SKU), quantity(".Ordered", l.Ordered),
		quantity(".Removed", l.Removed), quantity(".Dropped", l.Dropped), quantity(".Judged", l.Judged))
}

func (r Refund) fault() fault {
	type key struct{ line, restock, location string }
	return faulty(required(".ID", r.ID), each(".Lines", r.Lines,
		func(l RefundLine) key { return key{l.Line, string(l.Restock), l.Location} }, RefundLine.fault))
}

func (l RefundLine) fault() fault {
	switch l.Restock {
	case RestockCancel, RestockReturn, RestockNone:
	default:
		return fault{".Restock", fmt.Sprintf("is %q, must be cancel, return or none", l.Restock)}
	}
	return faulty(required(".Line", l.Line), optional(".Location", l.Location), quantity(".Quantity", l.Quantity))
}

func (f Fulfillment) fault() fault {
	if f.Status.rank() < 0 || f.Confirmed != "" && f.Confirmed.rank() < 0 {
		return fault{".Status", fmt.Sprintf("is %q, confirmed %q; must be pending, shipped or dead", f.Status, f.Confirmed)}
	}
	return faulty(required(".ID", f.ID), optional(".Location", f.Location),
		each(".Lines", f.Lines, func(l FulfillmentLine) string { return l.Line }, FulfillmentLine.fault))
}

func (l FulfillmentLine) fault() fault {
	return faulty(required(".Line", l.Line), quantity(".Quantity", l.Quantity))
}

func (l LinePlaces) fault() fault {
	return faulty(required(".Line", l.Line),
		each(".At", l.At, func(p PlaceLine) string { return p.Location }, PlaceLine.fault))
}

func (p PlaceLine) fault() fault {
	return faulty(optional(".Location", p.Location), quantity(".Open", p.Open), quantity(".Shipped", p.Shipped), quantity(".Gone", p.Gone))
}
