package shopify

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// modelState is an order as a body shows it, in the words of a webhook.
type modelState struct {
	ID           int64              `json:"id"`
	Updated      string             `json:"updated_at"`
	Cancelled    *string            `json:"cancelled_at"`
	App          int64              `json:"app_id"`
	Location     *int64             `json:"location_id"`
	Lines        []stateLine        `json:"line_items"`
	Refunds      []stateRefund      `json:"refunds"`
	Fulfillments []stateFulfillment `json:"fulfillments"`

	at     int64
	places []modelPlace
}

type stateLine struct {
	ID          int64   `json:"id"`
	Variant     *int64  `json:"variant_id"`
	SKU         string  `json:"sku"`
	Management  *string `json:"variant_inventory_management"`
	Quantity    int64   `json:"quantity"`
	Current     int64   `json:"current_quantity"`
	Fulfillable int64   `json:"fulfillable_quantity"`
}

type stateRefund struct {
	ID      int64             `json:"id"`
	OrderID int64             `json:"order_id"`
	Lines   []stateRefundLine `json:"refund_line_items"`
}

type stateRefundLine struct {
	ID       int64  `json:"id"`
	Line     int64  `json:"line_item_id"`
	Quantity int64  `json:"quantity"`
	Kind     string `json:"restock_type"`
	Location *int64 `json:"location_id"`
}

type stateFulfillment struct {
	ID       int64        `json:"id"`
	OrderID  int64        `json:"order_id"`
	Status   string       `json:"status"`
	Location *int64       `json:"location_id"`
	Lines    []stateUnits `json:"line_items"`
}

type stateUnits struct {
	ID       int64 `json:"id"`
	Quantity int64 `json:"quantity"`
}

const modelID = 9_007_199_254_740_993 // above 2^53: no float holds it

// number of an item or a location of the model, nil for none.
func numberOf(name string) *int64 {
	if name == "" {
		return nil
	}
	n := int64(modelID) + int64(name[0])
	return &n
}

// nameOf is the name of a number.
func nameOf(number string) string {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n <= modelID || n > modelID+255 {
		return ""
	}
	return string(rune(n - modelID))
}

var modelResolver = resolver{
	Channel:   "shopify/model",
	SKU:       func(variant, _ string) string { return nameOf(variant) },
	Location:  nameOf,
	Unclaimed: func(app, _ string) bool { return app == "99" },
}

func stamp(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// state renders the order.
func (s *modelOrder) state() modelState {
	st := modelState{
		ID: modelID, at: int64(s.now), Updated: stamp(int64(s.now)), App: 1, Location: numberOf(s.pos),
		Lines: []stateLine{}, Refunds: []stateRefund{}, Fulfillments: []stateFulfillment{},
	}
	if !s.claims {
		st.App = 99
	}
	if s.cancelled > 0 {
		at := stamp(int64(s.cancelled))
		st.Cancelled = &at
	}
	refunded, able := map[int64]int64{}, map[int64]int64{}
	for _, x := range s.refunds {
		r := stateRefund{ID: x.id, OrderID: modelID, Lines: []stateRefundLine{}}
		for _, y := range x.lines {
			refunded[y.line] += y.quantity
			r.Lines = append(r.Lines, stateRefundLine{y.id, y.line, y.quantity, y.kind, numberOf(y.place)})
		}
		st.Refunds = append(st.Refunds, r)
	}
	for _, u := range s.units() {
		if u.place.status == "OPEN" { // held units are left out, as recorded
			able[u.line] += u.place.find(u.line).remaining
		}
	}
	managed := "shopify"
	for _, l := range s.lines {
		line := stateLine{
			ID: l.id, Variant: numberOf(l.item), Management: &managed, Quantity: l.quantity,
			Current: l.quantity - l.removed - refunded[l.id], Fulfillable: able[l.id],
		}
		if l.item == "" {
			line.Management = nil
		}
		st.Lines = append(st.Lines, line)
	}
	for _, x := range s.shipments {
		f := stateFulfillment{ID: x.id, OrderID: modelID, Status: x.status, Location: numberOf(x.at), Lines: []stateUnits{}}
		for _, u := range x.lines {
			f.Lines = append(f.Lines, stateUnits{u.line, u.total})
		}
		st.Fulfillments = append(st.Fulfillments, f)
	}
	for _, f := range s.places {
		st.places = append(st.places, modelPlace{status: f.status, loc: f.loc, lines: append([]modelUnits(nil), f.lines...)})
	}
	return st
}

// message is one body: the step of its content, and what was decoded from the
// bytes that Shopify would send.
type message struct {
	step    int
	kind    string
	body    orderBody
	refunds []stateRefund         // with the ids of refund lines; nil if they have none
	python  func() map[string]any // the body as the model in Python has it
}

// hooks are all webhooks of the order's life, each once. A body is assembled
// when it is sent: sometimes a step later.
func (s *modelOrder) hooks() []message {
	var out []message
	for _, x := range s.sent {
		a := x.step
		if s.r.Float64() < .15 && a < len(s.states)-1 {
			a++
		}
		st := s.states[a]
		switch x.kind {
		case "full":
			out = append(out, message{step: a, kind: "full", body: decoded("orders/updated", st), refunds: st.Refunds, python: st.python})
		case "edit":
			edit := fmt.Sprintf(`{"order_edit":{"id":1,"order_id":%d,"committed_at":%q,"created_at":%q}}`,
				st.ID, stamp(int64(s.times[x.step])), stamp(int64(s.times[x.step])))
			out = append(out, message{
				step: x.step, kind: "edit", body: decoded("orders/edited", json.RawMessage(edit)),
				python: func() map[string]any { return map[string]any{"at": int64(s.times[x.step])} },
			})
		case "refund":
			for _, r := range st.Refunds {
				if r.ID == x.id {
					out = append(out, message{
						step: x.step, kind: "refund", body: decoded("refunds/create", r), refunds: []stateRefund{r},
						python: r.python,
					})
				}
			}
		case "ship":
			for _, f := range st.Fulfillments {
				if f.ID == x.id {
					out = append(out, message{step: x.step, kind: "ship", body: decoded("fulfillments/update", f), python: f.python})
				}
			}
		}
	}
	return out
}

func decoded(topic string, body any) orderBody {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	b, err := decodeWebhook(topic, raw)
	if err != nil {
		panic(err)
	}
	return b
}

// fetch reads the order with its fulfillment orders, in one of the two shapes.
// These are made after their lines: lag leaves the last ones out.
func (s *modelOrder) fetch(k int, late float64, lag int) message {
	st := s.states[k]
	read := s.times[k] + late
	if k+1 < len(s.times) {
		read = min(read, s.times[k+1])
	}
	st.places = st.places[:len(st.places)-lag]
	m := message{step: k, kind: "full", python: func() map[string]any {
		b := st.python()
		b["read"], b["fulfillment_orders"] = int64(read), st.pythonPlaces()
		return b
	}}
	if s.r.Float64() < .5 {
		m.body = orderFromGraphQL(st.graphQL(int64(read)))
		return m
	}
	m.body, m.refunds = decoded("orders/updated", st), st.Refunds
	m.body.Read = int64(read)
	for _, f := range st.places {
		p := bodyPlace{Status: strings.ToLower(f.status), Location: strconv.FormatInt(*numberOf(f.loc), 10)}
		for _, u := range f.lines {
			p.Lines = append(p.Lines, bodyUnits{strconv.FormatInt(u.line, 10), u.remaining})
		}
		m.body.Places = append(m.body.Places, p)
	}
	return m
}

func gid(kind string, n int64) string { return fmt.Sprintf("gid://shopify/%s/%d", kind, n) }

// graphQL is the state as the client returns it: gids, capitals, and refund
// lines without an id.
func (st modelState) graphQL(read int64) fetchedOrder {
	f := fetchedOrder{HasPlaces: true, At: time.Unix(read, 0)}
	f.Id, f.UpdatedAt, f.App = gid("Order", st.ID), time.Unix(st.at, 0), &admin.OrderApp{Id: gid("App", st.App)}
	if st.Cancelled != nil {
		at := f.UpdatedAt
		f.CancelledAt = &at
	}
	if st.Location != nil {
		f.RetailLocation = &admin.OrderRetailLocation{Id: gid("Location", *st.Location)}
	}
	for _, l := range st.Lines {
		line := admin.Line{Id: gid("LineItem", l.ID), Quantity: l.Quantity, CurrentQuantity: l.Current, FulfillableQuantity: l.Fulfillable}
		if l.Variant != nil {
			line.Variant = &admin.LineVariantProductVariant{Id: gid("ProductVariant", *l.Variant)}
		}
		f.LineItems.Nodes = append(f.LineItems.Nodes, line)
	}
	for _, r := range st.Refunds {
		refund := admin.Refund{Id: gid("Refund", r.ID)}
		for _, y := range r.Lines {
			line := admin.RefundLine{Quantity: y.Quantity, RestockType: admin.RefundLineItemRestockType(strings.ToUpper(y.Kind))}
			line.LineItem.Id = gid("LineItem", y.Line)
			if y.Location != nil {
				line.Location = &admin.RefundLineLocation{Id: gid("Location", *y.Location)}
			}
			refund.RefundLineItems.Nodes = append(refund.RefundLineItems.Nodes, line)
		}
		f.Refunds = append(f.Refunds, refund)
	}
	for _, x := range st.Fulfillments {
		sent := admin.Fulfillment{Id: gid("Fulfillment", x.ID), Status: admin.FulfillmentStatus(strings.ToUpper(x.Status))}
		if x.Location != nil {
			sent.Location = &admin.FulfillmentLocation{Id: gid("Location", *x.Location)}
		}
		for _, u := range x.Lines {
			line := admin.FulfillmentLine{Quantity: &u.Quantity}
			line.LineItem.Id = gid("LineItem", u.ID)
			sent.FulfillmentLineItems.Nodes = append(sent.FulfillmentLineItems.Nodes, line)
		}
		f.Fulfillments = append(f.Fulfillments, sent)
	}
	for _, p := range st.places {
		place := admin.FulfillmentOrder{Status: admin.FulfillmentOrderStatus(p.status)}
		place.AssignedLocation.Location = &admin.FulfillmentOrderAssignedLocationLocation{Id: gid("Location", *numberOf(p.loc))}
		for _, u := range p.lines {
			line := admin.FulfillmentOrderLine{RemainingQuantity: u.remaining}
			line.LineItem.Id = gid("LineItem", u.line)
			place.LineItems.Nodes = append(place.LineItems.Nodes, line)
		}
		f.Places = append(f.Places, place)
	}
	return f
}
