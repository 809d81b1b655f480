package queue

import (
	"bytes"
	"maps"
	"time"
)

// An Event is one message on its way through a topic. It is plain data and
// travels as JSON, with the body in base64, so that any bytes come through
// every broker unchanged. Field names of that form are part of the contract:
// processes of different versions read each other's events.
//
// Events with the same non-empty Key are handled one after the other, in the
// order they were published. Events without a Key have no order.
//
// An Event holds a slice and a map: whoever receives one owns it, and may not
// change what he has handed to Publish until Publish has returned.
type Event struct {
	// ID names what happened, not the attempt to report it: whoever publishes
	// an event again uses the same ID, so that handlers recognise the repeat.
	ID string `json:"id"`
	// Key orders: one order's number, one SKU. Empty means no order.
	Key string `json:"key,omitempty"`
	// Type tells handlers of one topic what the body is, such as "orders/create".
	Type string `json:"type,omitempty"`
	// Merchant is the tenant that the event belongs to.
	Merchant string `json:"merchant,omitempty"`
	// Origin is the channel where it happened, such as "shopify/acme-eu".
	Origin string `json:"origin,omitempty"`
	// TraceID follows one cause from the webhook to the last effect. The Router
	// writes it into every log line about the event.
	TraceID string `json:"trace_id,omitempty"`
	// Time is when it happened. Zero means unknown.
	Time time.Time `json:"time,omitzero"`
	// Schema is the version of the body's layout, as publisher and handler agree.
	Schema int `json:"schema,omitempty"`
	// Attempt is 1 on the first delivery and rises with every further one. It is
	// set on delivery and ignored by Publish. It bounds how often the event may
	// have been tried from above: a delivery that was given back unhandled
	// counts too.
	Attempt int `json:"attempt,omitempty"`
	// Headers carries small extras. Names that start with "onhand-" are reserved.
	Headers map[string]string `json:"headers,omitempty"`
	// Body is opaque here. Handlers must not assume that it is text.
	Body []byte `json:"body,omitempty"`
}

// Clone returns a copy that shares no memory with e.
func (e Event) Clone() Event {
	e.Body = bytes.Clone(e.Body)
	e.Headers = maps.Clone(e.Headers)
	return e
}
