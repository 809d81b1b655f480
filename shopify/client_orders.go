package shopify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// fetchedOrder is a whole order: all pages of everything in it, of one state.
type fetchedOrder struct {
	admin.Order
	// Places are the fulfillment orders, if they were asked for (HasPlaces).
	Places    []admin.FulfillmentOrder
	HasPlaces bool
	// At is when Shopify answered with the first page, by its own clock, to the
	// second: the order is not older than that.
	At time.Time
}

// orderPage is a page of a walk through changed orders.
type orderPage struct {
	Orders []fetchedOrder
	At     time.Time // when Shopify answered
}

// errTorn says that an order changed between two of its pages.
var errTorn = errors.New("the order changed while it was read")

// tornTries is how often an order that changes while it is read is read anew.
const tornTries = 4

// windowOrders is after how many orders a walk starts anew at the last change.
const windowOrders = 20_000

// ordersChanged walks through the orders changed since a time, the oldest
// change first, without their places. An order that changes during the walk
// comes again later, and Shopify's index lags behind, so begin some time before
// the last walk and take repeats as normal. The walk ends after an error.
func (c *Client) ordersChanged(ctx context.Context, since time.Time, p Priority) iter.Seq2[orderPage, error] {
	return func(yield func(orderPage, error) bool) {
		var after *string
		inWindow := 0
		for {
			query := "updated_at:>='" + since.UTC().Format(time.RFC3339) + "'"
			got, k, _, err := sized(c, c.sizes.orders, p, maxIDs, func(k *call, n int) (*admin.OrdersChangedResponse, error) {
				return admin.OrdersChanged(ctx, k, query, int64(n), after)
			})
			if err != nil {
				yield(orderPage{}, err)
				return
			}
			page := orderPage{At: k.at}
			last := since
			for _, o := range got.Orders.Nodes {
				last = o.UpdatedAt
				full, found, err := c.wholeOrder(ctx, fetchedOrder{Order: o, At: k.at}, admin.Page{}, p)
				if err != nil {
					yield(orderPage{}, err)
					return
				}
				if found {
					page.Orders = append(page.Orders, full)
				}
			}
			info := got.Orders.PageInfo
			if !yield(page, nil) || !info.HasNextPage {
				return
			}
			if info.EndCursor == nil || after != nil && *after == *info.EndCursor {
				yield(orderPage{}, c.stuck("OrdersChanged"))
				return
			}
			after = info.EndCursor
			if inWindow += len(page.Orders); inWindow >= windowOrders && last.After(since) {
				since, after, inWindow = last, nil, 0
			}
		}
	}
}

// order reads one order, and false if there is none.
func (c *Client) order(ctx context.Context, id string, places bool, p Priority) (fetchedOrder, bool, error) {
	got, err := c.ordersByID(ctx, []string{id}, places, p)
	if err != nil || len(got) == 0 {
		return fetchedOrder{}, false, err
	}
	return got[0], true, nil
}

// ordersByID reads orders, with their fulfillment orders if places; that needs
// a scope for these. Orders that do not exist are left out.
func (c *Client) ordersByID(ctx context.Context, ids []string, places bool, p Priority) ([]fetchedOrder, error) {
	if err := checkGIDs(ids, "Order"); err != nil {
		return nil, err
	}
	var out []fetchedOrder
	err := chunked(c, c.sizes.ordersByID, p, ids, func(k *call, ids []string) (*admin.OrdersByIDResponse, error) {
		return admin.OrdersByID(ctx, k, ids, places)
	}, func(got *admin.OrdersByIDResponse, k *call) error {
		for _, n := range got.Nodes {
			v, ok := n.(*admin.OrdersByIDNodesOrder)
			if !ok {
				continue
			}
			first := fetchedOrder{Order: v.Order, Places: v.FulfillmentOrders.Nodes, HasPlaces: places, At: k.at}
			full, found, err := c.wholeOrder(ctx, first, v.FulfillmentOrders.PageInfo, p)
			if err != nil {
				return err
			}
			if found {
				out = append(out, full)
			}
		}
		return nil
	})
	return out, err
}

// wholeOrder reads what did not fit into the first pages of an order. If the
// order changes meanwhile it reads it anew: false if it is gone by then.
func (c *Client) wholeOrder(ctx context.Context, o fetchedOrder, places admin.Page, p Priority) (fetchedOrder, bool, error) {
	for try := 1; ; try++ {
		err := c.restOfOrder(ctx, &o, places, p)
		if err == nil {
			return o, true, nil
		}
		if !errors.Is(err, errTorn) {
			return o, false, err
		}
		if try == tornTries {
			return o, false, &APIError{Kind: ErrNoAnswer, Shop: c.domain, Operation: "OrdersByID", Wait: time.Second, cause: err}
		}
		k := c.call(p, 1)
		got, err := admin.OrdersByID(ctx, k, []string{o.Id}, o.HasPlaces)
		if err != nil {
			return o, false, err
		}
		v, ok := (*admin.OrdersByIDNodesOrder)(nil), false
		if len(got.Nodes) == 1 {
			v, ok = got.Nodes[0].(*admin.OrdersByIDNodesOrder)
		}
		if !ok {
			return o, false, nil
		}
		o = fetchedOrder{Order: v.Order, Places: v.FulfillmentOrders.Nodes, HasPlaces: o.HasPlaces, At: k.at}
		places = v.FulfillmentOrders.PageInfo
	}
}

// The sizes of the lists in an order that have no pages, as in orders.graphql:
// a list of this length may go on.
const (
	firstParts = 5
	mostParts  = 250
)

// restOfOrder appends the following pages of everything in the order. It
// returns errTorn if one of them is of another state of the order.
func (c *Client) restOfOrder(ctx context.Context, o *fetchedOrder, places admin.Page, p Priority) error {
	same := func(updated time.Time) error {
		if !updated.Equal(o.UpdatedAt) {
			return errTorn
		}
		return nil
	}
	err := following(ctx, o.LineItems.PageInfo, func(after *string) (admin.Page, error) {
		got, err := admin.MoreLines(ctx, c.call(p, 1), o.Id, after)
		if err != nil {
			return admin.Page{}, err
		}
		if got.Order == nil {
			return admin.Page{}, errTorn
		}
		o.LineItems.Nodes = append(o.LineItems.Nodes, got.Order.LineItems.Nodes...)
		return got.Order.LineItems.PageInfo, same(got.Order.UpdatedAt)
	})
	if err != nil {
		return err
	}
	if len(o.Refunds) >= firstParts || len(o.Fulfillments) >= firstParts {
		if err := c.allParts(ctx, o, same, p); err != nil {
			return err
		}
	}
	for i := range o.Refunds {
		if err := c.restOfRefund(ctx, &o.Refunds[i], same, p); err != nil {
			return err
		}
	}
	for i := range o.Fulfillments {
		if err := c.restOfFulfillment(ctx, &o.Fulfillments[i], same, p); err != nil {
			return err
		}
	}
	return c.restOfPlaces(ctx, o, places, same, p)
}

// allParts adds the refunds and fulfillments behind the first few, each with
// its lines yet to be read.
func (c *Client) allParts(ctx context.Context, o *fetchedOrder, same func(time.Time) error, p Priority) error {
	got, err := admin.OrderParts(ctx, c.call(p, 1), o.Id)
	if err != nil {
		return err
	}
	if got.Order == nil {
		return errTorn
	}
	if err := same(got.Order.UpdatedAt); err != nil {
		return err
	}
	if len(got.Order.Refunds) >= mostParts || len(got.Order.Fulfillments) >= mostParts {
		return &APIError{
			Kind: ErrTooLarge, Shop: c.domain, Operation: "OrderParts",
			Message: fmt.Sprintf("order %s has %d refunds or fulfillments or more: it cannot be read whole", o.Id, mostParts),
		}
	}
	unread := admin.Page{HasNextPage: true}
	refunds := map[string]bool{}
	for _, r := range o.Refunds {
		refunds[r.Id] = true
	}
	for _, r := range got.Order.Refunds {
		if !refunds[r.Id] {
			o.Refunds = append(o.Refunds, admin.Refund{Id: r.Id, RefundLineItems: admin.RefundLinePage{PageInfo: unread}})
		}
	}
	fulfillments := map[string]bool{}
	for _, f := range o.Fulfillments {
		fulfillments[f.Id] = true
	}
	for _, f := range got.Order.Fulfillments {
		if !fulfillments[f.Id] {
			o.Fulfillments = append(o.Fulfillments, admin.Fulfillment{Id: f.Id, FulfillmentLineItems: admin.FulfillmentLinePage{PageInfo: unread}})
		}
	}
	return nil
}

func (c *Client) restOfRefund(ctx context.Context, r *admin.Refund, same func(time.Time) error, p Priority) error {
	return rest(ctx, r.RefundLineItems.PageInfo, func(after *string) (admin.Page, error) {
		got, err := admin.MoreRefundLines(ctx, c.call(p, 1), r.Id, after)
		if err != nil {
			return admin.Page{}, err
		}
		if got.Refund == nil || got.Refund.Order.UpdatedAt.IsZero() {
			return admin.Page{}, errTorn
		}
		r.CreatedAt = got.Refund.CreatedAt
		r.RefundLineItems.Nodes = append(r.RefundLineItems.Nodes, got.Refund.RefundLineItems.Nodes...)
		return got.Refund.RefundLineItems.PageInfo, same(got.Refund.Order.UpdatedAt)
	})
}

func (c *Client) restOfFulfillment(ctx context.Context, f *admin.Fulfillment, same func(time.Time) error, p Priority) error {
	return rest(ctx, f.FulfillmentLineItems.PageInfo, func(after *string) (admin.Page, error) {
		got, err := admin.MoreFulfillmentLines(ctx, c.call(p, 1), f.Id, after)
		if err != nil {
			return admin.Page{}, err
		}
		if got.Fulfillment == nil {
			return admin.Page{}, errTorn
		}
		f.Status = got.Fulfillment.Status
		f.Location = nil
		if l := got.Fulfillment.Location; l != nil {
			f.Location = &admin.FulfillmentLocation{Id: l.Id}
		}
		f.FulfillmentLineItems.Nodes = append(f.FulfillmentLineItems.Nodes, got.Fulfillment.FulfillmentLineItems.Nodes...)
		return got.Fulfillment.FulfillmentLineItems.PageInfo, same(got.Fulfillment.Order.UpdatedAt)
	})
}

func (c *Client) restOfPlaces(ctx context.Context, o *fetchedOrder, page admin.Page, same func(time.Time) error, p Priority) error {
	err := following(ctx, page, func(after *string) (admin.Page, error) {
		got, err := admin.MoreFulfillmentOrders(ctx, c.call(p, 1), o.Id, after)
		if err != nil {
			return admin.Page{}, err
		}
		if got.Order == nil {
			return admin.Page{}, errTorn
		}
		o.Places = append(o.Places, got.Order.FulfillmentOrders.Nodes...)
		return got.Order.FulfillmentOrders.PageInfo, same(got.Order.UpdatedAt)
	})
	if err != nil {
		return err
	}
	for i := range o.Places {
		f := &o.Places[i]
		err := following(ctx, f.LineItems.PageInfo, func(after *string) (admin.Page, error) {
			got, err := admin.MoreFulfillmentOrderLines(ctx, c.call(p, 1), f.Id, after)
			if err != nil {
				return admin.Page{}, err
			}
			if got.FulfillmentOrder == nil {
				return admin.Page{}, errTorn
			}
			f.LineItems.Nodes = append(f.LineItems.Nodes, got.FulfillmentOrder.LineItems.Nodes...)
			return got.FulfillmentOrder.LineItems.PageInfo, same(got.FulfillmentOrder.Order.UpdatedAt)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rest is following for lists of which nothing may have been read yet.
func rest(ctx context.Context, page admin.Page, next func(after *string) (admin.Page, error)) error {
	if page.HasNextPage && page.EndCursor == nil {
		var err error
		if page, err = next(nil); err != nil {
			return err
		}
	}
	return following(ctx, page, next)
}
