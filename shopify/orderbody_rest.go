package shopify

import (
	"errors"
	"strings"
)

// decodeWebhook reads the body of a webhook about an order. It returns a
// [*MalformedError] for anything but what the topic promises; in particular a
// list that is left out is not an empty list, since facts are never taken back.
// A body cut down to its id, as Shopify sends what is too large, is news.
func decodeWebhook(topic string, body []byte) (orderBody, error) {
	b, err := decodeTopic(topic, body)
	var bad *MalformedError
	if errors.As(err, &bad) {
		bad.Topic = topic
	}
	return b, err
}

func decodeTopic(topic string, body []byte) (orderBody, error) {
	switch {
	case topic == "orders/edited":
		var w restEdited
		if err := parse(body, &w); err != nil {
			return orderBody{}, err
		}
		return w.body()
	case topic == "orders/delete" || !strings.Contains(topic, "/"):
		return orderBody{}, &MalformedError{Problem: "is not about the stock of an order"}
	case strings.HasPrefix(topic, "orders/"):
		var w restOrder
		if err := parse(body, &w); err != nil {
			return orderBody{}, err
		}
		return w.body()
	case strings.HasPrefix(topic, "refunds/"):
		var w restRefund
		if err := parse(body, &w); err != nil {
			return orderBody{}, err
		}
		r, err := w.body()
		return orderBody{Kind: bodyPart, ID: string(w.OrderID), Refunds: []bodyRefund{r}}, first(w.OrderID.missing("order_id"), err)
	case strings.HasPrefix(topic, "fulfillments/"):
		var w restFulfillment
		if err := parse(body, &w); err != nil {
			return orderBody{}, err
		}
		f, err := w.body()
		return orderBody{Kind: bodyPart, ID: string(w.OrderID), Fulfillments: []bodyFulfillment{f}}, first(w.OrderID.missing("order_id"), err)
	case strings.HasPrefix(topic, "fulfillment_orders/"):
		var w restMoved
		if err := parse(body, &w); err != nil {
			return orderBody{}, err
		}
		return w.body(), nil
	default:
		return orderBody{}, &MalformedError{Problem: "is not about the stock of an order"}
	}
}

type restOrder struct {
	ID           restID             `json:"id"`
	Created      restTime           `json:"created_at"`
	Updated      restTime           `json:"updated_at"`
	Cancelled    restTime           `json:"cancelled_at"`
	App          restID             `json:"app_id"`
	Source       string             `json:"source_name"`
	Location     restID             `json:"location_id"`
	Attributes   []restAttribute    `json:"note_attributes"`
	Lines        *[]restLine        `json:"line_items"`
	Refunds      *[]restRefund      `json:"refunds"`
	Fulfillments *[]restFulfillment `json:"fulfillments"`
}

func (w restOrder) body() (orderBody, error) {
	b := orderBody{
		Kind: bodyFull, ID: string(w.ID), Created: int64(w.Created), Updated: int64(w.Updated), Cancelled: w.Cancelled != 0,
		App: string(w.App), Source: w.Source, Location: string(w.Location),
	}
	if w.ID == "" {
		return orderBody{}, w.ID.missing("id")
	}
	if w.Updated == 0 && w.Lines == nil && w.Refunds == nil && w.Fulfillments == nil {
		return orderBody{Kind: bodyNews, ID: b.ID}, nil
	}
	for _, a := range w.Attributes {
		if s, ok := a.Value.(string); ok {
			if b.Attributes == nil {
				b.Attributes = map[string]string{}
			}
			b.Attributes[a.Name] = s
		}
	}
	var err1, err2, err3 error
	b.Lines, err1 = list("line_items", w.Lines, restLine.body)
	b.Refunds, err2 = list("refunds", w.Refunds, restRefund.body)
	b.Fulfillments, err3 = list("fulfillments", w.Fulfillments, restFulfillment.body)
	return b, first(w.Updated.missing("updated_at"), err1, err2, err3)
}

type restAttribute struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type restLine struct {
	ID          restID     `json:"id"`
	Variant     restID     `json:"variant_id"`
	SKU         string     `json:"sku"`
	GiftCard    bool       `json:"gift_card"`
	Management  management `json:"variant_inventory_management"`
	Quantity    *int64     `json:"quantity"`
	Current     *int64     `json:"current_quantity"`
	Fulfillable int64      `json:"fulfillable_quantity"`
}

// management tells null, which is an untracked item, from a field left out.
type management struct{ untracked bool }

func (m *management) UnmarshalJSON(raw []byte) error {
	m.untracked = string(raw) == "null"
	return nil
}

func (w restLine) body() (bodyLine, error) {
	err := first(w.ID.missing("id"), units(w.Quantity, "quantity"), units(w.Current, "current_quantity"), units(&w.Fulfillable, "fulfillable_quantity"))
	if err != nil {
		return bodyLine{}, err
	}
	return bodyLine{
		ID: string(w.ID), Variant: string(w.Variant), SKU: w.SKU, GiftCard: w.GiftCard, Untracked: w.Management.untracked,
		Quantity: *w.Quantity, Current: *w.Current, Fulfillable: w.Fulfillable,
	}, nil
}

type restRefund struct {
	ID      restID            `json:"id"`
	OrderID restID            `json:"order_id"`
	Lines   *[]restRefundLine `json:"refund_line_items"`
}

func (w restRefund) body() (bodyRefund, error) {
	lines, err := list("refund_line_items", w.Lines, restRefundLine.body)
	return bodyRefund{ID: string(w.ID), Lines: lines}, first(w.ID.missing("id"), err)
}

type restRefundLine struct {
	Line     restID `json:"line_item_id"`
	Restock  string `json:"restock_type"`
	Location restID `json:"location_id"`
	Quantity *int64 `json:"quantity"`
}

func (w restRefundLine) body() (bodyRefundLine, error) {
	if err := first(w.Line.missing("line_item_id"), units(w.Quantity, "quantity")); err != nil {
		return bodyRefundLine{}, err
	}
	return bodyRefundLine{Line: string(w.Line), Restock: w.Restock, Location: string(w.Location), Quantity: *w.Quantity}, nil
}

type restFulfillment struct {
	ID       restID       `json:"id"`
	OrderID  restID       `json:"order_id"`
	Status   string       `json:"status"`
	Location restID       `json:"location_id"`
	Lines    *[]restUnits `json:"line_items"`
}

func (w restFulfillment) body() (bodyFulfillment, error) {
	lines, err := list("line_items", w.Lines, restUnits.body)
	var status error
	if w.Status == "" {
		status = &MalformedError{Field: "status", Problem: "is missing"}
	}
	return bodyFulfillment{ID: string(w.ID), Status: w.Status, Location: string(w.Location), Lines: lines},
		first(w.ID.missing("id"), status, err)
}

type restUnits struct {
	ID       restID `json:"id"`
	Quantity *int64 `json:"quantity"`
}

func (w restUnits) body() (bodyUnits, error) {
	if err := first(w.ID.missing("id"), units(w.Quantity, "quantity")); err != nil {
		return bodyUnits{}, err
	}
	return bodyUnits{Line: string(w.ID), Quantity: *w.Quantity}, nil
}

// restEdited says neither what was edited, with variant and place, nor the
// order's new state.
type restEdited struct {
	Edit struct {
		OrderID   restID   `json:"order_id"`
		Created   restTime `json:"created_at"`
		Committed restTime `json:"committed_at"`
	} `json:"order_edit"`
}

func (w restEdited) body() (orderBody, error) {
	b := orderBody{Kind: bodyNews, ID: string(w.Edit.OrderID), At: int64(max(w.Edit.Created, w.Edit.Committed))}
	return b, first(w.Edit.OrderID.missing("order_edit.order_id"), restTime(b.At).missing("order_edit.committed_at"))
}

// restMoved is of the topics of fulfillment orders, which often name neither
// the order nor a time.
type restMoved struct {
	FulfillmentOrder struct {
		OrderID restID   `json:"order_id"`
		Created restTime `json:"created_at"`
		Updated restTime `json:"updated_at"`
	} `json:"fulfillment_order"`
}

func (w restMoved) body() orderBody {
	f := w.FulfillmentOrder
	return orderBody{Kind: bodyNews, ID: string(f.OrderID), At: int64(max(f.Created, f.Updated))}
}
