package inventory

import (
	"cmp"
	"slices"
	"strings"
)

// Merge joins what two messages, or documents, say about one order. It is
// commutative, associative and idempotent, so documents do not depend on the
// order of messages, on repeats, or on how they were grouped. The result shares
// no memory with a and b and is in canonical form: slices sorted by ID, parts
// of one ID joined, empty slices nil. Merging with the zero Order brings an
// Order into that form.
//
// Both are expected to be about the same order; Merge does not check it.
func Merge(a, b Order) Order {
	return Order{
		Channel:      max(a.Channel, b.Channel),
		ID:           max(a.ID, b.ID),
		Created:      max(a.Created, b.Created),
		Updated:      max(a.Updated, b.Updated),
		Read:         max(a.Read, b.Read),
		Edited:       max(a.Edited, b.Edited),
		Full:         a.Full || b.Full,
		Cancelled:    a.Cancelled || b.Cancelled,
		Unclaimed:    a.Unclaimed || b.Unclaimed,
		Location:     max(a.Location, b.Location),
		Settles:      max(a.Settles, b.Settles),
		Lines:        union(a.Lines, b.Lines, compareLines, joinLines),
		Refunds:      union(a.Refunds, b.Refunds, compareRefunds, joinRefunds),
		Fulfillments: union(a.Fulfillments, b.Fulfillments, compareFulfillments, joinFulfillments),
		Places:       newestPlaces(a.Places, b.Places),
	}
}

// union returns the parts of both, sorted, parts with one key joined. Joining a
// part with itself must copy it.
func union[S ~[]T, T any](a, b S, compare func(x, y T) int, join func(x, y T) T) S {
	a, b = sorted(a, compare), sorted(b, compare)
	if len(a)+len(b) == 0 {
		return nil
	}
	out := make(S, 0, max(len(a), len(b)))
	for len(a)+len(b) > 0 {
		from := &a
		if len(a) == 0 || len(b) > 0 && compare(b[0], a[0]) < 0 {
			from = &b
		}
		x := (*from)[0]
		*from = (*from)[1:]
		if n := len(out); n > 0 && compare(out[n-1], x) == 0 {
			out[n-1] = join(out[n-1], x)
		} else {
			out = append(out, join(x, x))
		}
	}
	return out
}

// sorted returns s if it is, as documents are, or else a sorted copy.
func sorted[S ~[]T, T any](s S, compare func(x, y T) int) S {
	if slices.IsSortedFunc(s, compare) {
		return s
	}
	s = slices.Clone(s)
	slices.SortFunc(s, compare)
	return s
}

func compareLines(x, y OrderLine) int { return strings.Compare(x.ID, y.ID) }

func joinLines(x, y OrderLine) OrderLine {
	return OrderLine{
		ID:      x.ID,
		SKU:     max(x.SKU, y.SKU),
		Ordered: max(x.Ordered, y.Ordered),
		Removed: max(x.Removed, y.Removed),
		Dropped: max(x.Dropped, y.Dropped),
		Judged:  max(x.Judged, y.Judged),
	}
}

func compareRefunds(x, y Refund) int { return strings.Compare(x.ID, y.ID) }

func joinRefunds(x, y Refund) Refund {
	return Refund{
		ID:        x.ID,
		Confirmed: x.Confirmed || y.Confirmed,
		Lines:     union(refundGroups(x.Lines), refundGroups(y.Lines), compareGroups, greaterGroup).lines(),
	}
}

// refundGroup is what a refund did to one line in one way. Of two such
// statements the one with more units counts, whole: a refund never changes, so
// if they differ in places it is because a place had no name at first, and
// adding them up would make units out of nothing.
type refundGroup []RefundLine

type groups []refundGroup

func refundGroups(lines []RefundLine) groups {
	var out groups
	for _, l := range union(lines, nil, compareRefundLines, joinRefundLines) {
		if n := len(out); n > 0 && compareGroups(out[n-1], refundGroup{l}) == 0 {
			out[n-1] = append(out[n-1], l)
		} else {
			out = append(out, refundGroup{l})
		}
	}
	return out
}

func (g groups) lines() []RefundLine { return slices.Concat(g...) }

func compareGroups(x, y refundGroup) int {
	return cmp.Or(strings.Compare(x[0].Line, y[0].Line), cmp.Compare(x[0].Restock, y[0].Restock))
}

func greaterGroup(x, y refundGroup) refundGroup {
	c := cmp.Or(cmp.Compare(x.units(), y.units()), slices.CompareFunc(x, y, func(a, b RefundLine) int {
		return cmp.Or(compareRefundLines(a, b), cmp.Compare(a.Quantity, b.Quantity))
	}))
	if c < 0 {
		return y
	}
	return x
}

func (g refundGroup) units() int64 {
	var n int64
	for _, l := range g {
		n += l.Quantity
	}
	return n
}

func compareRefundLines(x, y RefundLine) int {
	return cmp.Or(strings.Compare(x.Line, y.Line), cmp.Compare(x.Restock, y.Restock), strings.Compare(x.Location, y.Location))
}

func joinRefundLines(x, y RefundLine) RefundLine {
	x.Quantity = max(x.Quantity, y.Quantity)
	return x
}

func compareFulfillments(x, y Fulfillment) int { return strings.Compare(x.ID, y.ID) }

func joinFulfillments(x, y Fulfillment) Fulfillment {
	return Fulfillment{
		ID:        x.ID,
		Status:    x.Status.later(y.Status),
		Confirmed: x.Confirmed.later(y.Confirmed),
		Location:  max(x.Location, y.Location),
		Lines:     union(x.Lines, y.Lines, compareFulfillmentLines, joinFulfillmentLines),
	}
}

func compareFulfillmentLines(x, y FulfillmentLine) int { return strings.Compare(x.Line, y.Line) }

func joinFulfillmentLines(x, y FulfillmentLine) FulfillmentLine {
	x.Quantity = max(x.Quantity, y.Quantity)
	return x
}

// newestPlaces returns the newer of two readings in canonical form. Content
// decides between readings of one second, so that either order gives the same.
func newestPlaces(a, b OrderPlaces) OrderPlaces {
	a, b = canonicalPlaces(a), canonicalPlaces(b)
	if comparePlaces(a, b) < 0 {
		return b
	}
	return a
}

func canonicalPlaces(p OrderPlaces) OrderPlaces {
	p.Lines = union(p.Lines, nil, compareLinePlaces, joinLinePlaces)
	return p
}

func comparePlaces(a, b OrderPlaces) int {
	return cmp.Or(
		cmp.Compare(a.Updated, b.Updated),
		cmp.Compare(a.Read, b.Read),
		slices.CompareFunc(a.Lines, b.Lines, func(x, y LinePlaces) int {
			return cmp.Or(compareLinePlaces(x, y), compareBools(x.Sure, y.Sure),
				slices.CompareFunc(x.At, y.At, func(x, y PlaceLine) int {
					return cmp.Or(comparePlaceLines(x, y), cmp.Compare(x.Open, y.Open),
						cmp.Compare(x.Shipped, y.Shipped), cmp.Compare(x.Gone, y.Gone))
				}))
		}))
}

func compareLinePlaces(x, y LinePlaces) int { return strings.Compare(x.Line, y.Line) }

func joinLinePlaces(x, y LinePlaces) LinePlaces {
	return LinePlaces{
		Line: x.Line,
		Sure: x.Sure && y.Sure,
		At:   union(x.At, y.At, comparePlaceLines, joinPlaceLines),
	}
}

func comparePlaceLines(x, y PlaceLine) int { return strings.Compare(x.Location, y.Location) }

func joinPlaceLines(x, y PlaceLine) PlaceLine {
	return PlaceLine{
		Location: x.Location,
		Open:     max(x.Open, y.Open),
		Shipped:  max(x.Shipped, y.Shipped),
		Gone:     max(x.Gone, y.Gone),
	}
}

func compareBools(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	default:
		return 1
	}
}
