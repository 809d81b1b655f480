package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/shopify"
)

const ingestHelp = `
receiver is the webhook receiver with the memory queue, at 64 connections, against
net/http that only checks the signature; whole keeps bodies as they came. Client and
server share the processors.

consumer is the order consumer on a body as the receiver queues it, until it has the
facts, against encoding/json that reads the whole body into a map; consumer-whole is
the same on the whole body, and struct is encoding/json into a struct of every field.
`

func runIngest(ctx context.Context, args []string, out io.Writer) error {
	var o options
	f := o.flags("ingest", os.Stderr)
	usage := f.Usage
	f.Usage = func() {
		usage()
		fmt.Fprint(f.Output(), ingestHelp)
	}
	err := f.Parse(args)
	if err == nil {
		err = o.valid()
	}
	if err != nil {
		return err
	}
	var ends []func() error
	rows, err := ingestRows(ctx, &o, func(end func() error) { ends = append(ends, end) })
	if err == nil {
		err = o.measure(ctx, rows)
	}
	for _, end := range slices.Backward(ends) {
		err = errors.Join(err, end())
	}
	if err != nil {
		return err
	}
	r := report{command: "go run ./examples/bench ingest", unit: "done", machine: machine(fmt.Sprintf("orders of %d bytes", len(order(1)))), rows: rows}
	return r.print(out, &o)
}

// connectionsIn is how many webhooks come at the same time.
const connectionsIn = 64

func ingestRows(ctx context.Context, o *options, later func(end func() error)) ([]row, error) {
	serve := func(what string, h http.Handler) (*entry, error) {
		addr, end, err := web(ctx, h)
		if err != nil {
			return nil, err
		}
		later(end)
		return &entry{what: what, subject: &posts{addr: addr}}, nil
	}
	floor, err := serve("net/http, only the HMAC", http.HandlerFunc(onlyHMAC))
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, r := range []struct {
		name string
		cfg  *shopify.ReceiverConfig
	}{{"receiver-64", nil}, {"receiver-whole-64", &shopify.ReceiverConfig{KeepBodies: true}}} {
		h, end, err := receiver(ctx, r.cfg)
		if err != nil {
			return nil, err
		}
		later(end)
		e, err := serve("the receiver", h)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{name: r.name, ours: e, peer: floor})
	}
	reading, err := readers(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(append(rows, reading...), func(r row) bool { return !o.wants(r.name) }), nil
}

// posts is webhooks sent to a server, on new connections in each round.
type posts struct{ addr string }

func (p *posts) measure(ctx context.Context, w window) (sample, error) {
	var opened []net.Conn
	defer func() {
		for _, c := range opened {
			_ = c.Close() // nothing is under way
		}
	}()
	return load{callers: connectionsIn, caller: post(p.addr, &opened)}.measure(ctx, w)
}

// readers are ways to read what is to be known of an order, one caller each.
func readers(ctx context.Context) ([]row, error) {
	whole := order(1)
	reduced, err := asQueued(ctx, whole)
	if err != nil {
		return nil, err
	}
	consumer, err := newConsumer()
	if err != nil {
		return nil, err
	}
	alone := func(what string, read sale) *entry {
		return &entry{what: what, subject: load{callers: 1, caller: func(context.Context, int) (sale, error) { return read, nil }}}
	}
	asMap := alone("encoding/json into a map", func(context.Context) error {
		var m map[string]any
		return json.Unmarshal(whole, &m)
	})
	handle := func(e queue.Event) sale {
		return func(ctx context.Context) error { return consumer.Handle(ctx, e) }
	}
	uncut := reduced
	uncut.Body = whole
	return []row{
		{name: "consumer", ours: alone("the consumer", handle(reduced)), peer: asMap},
		{name: "consumer-whole", ours: alone("the consumer", handle(uncut)), peer: asMap},
		{name: "struct", peer: asMap, ours: alone("encoding/json", func(context.Context) error {
			var o wholeOrder
			return json.Unmarshal(whole, &o)
		})},
	}, nil
}

// asQueued is the event that the receiver makes of a body.
func asQueued(ctx context.Context, body []byte) (queue.Event, error) {
	q := memqueue.New(nil)
	defer q.Close(ctx) //nolint:errcheck // it is empty, or read
	r, err := shopify.NewReceiver(q, []string{secret}, nil)
	if err != nil {
		return queue.Event{}, err
	}
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", bytes.NewReader(body))
	for k, v := range map[string]string{
		"Content-Type": "application/json", "X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": domain,
		"X-Shopify-Webhook-Id": "1", "X-Shopify-Hmac-SHA256": sign(body),
	} {
		req.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	for d, err := range q.Browse(ctx, "shopify.webhooks") {
		return d.Event, err
	}
	return queue.Event{}, fmt.Errorf("the receiver answered %d", w.Code)
}

// newConsumer returns an order consumer whose facts go nowhere.
func newConsumer() (*shopify.OrderConsumer, error) {
	client, err := shopify.NewClient(domain, shopify.StaticToken("none"), nil)
	if err != nil {
		return nil, err
	}
	return shopify.NewOrderConsumer(nowhere{}, client, nowhere{}, &shopify.OrderConfig{Merchant: domain})
}

// nowhere takes facts and knows no items, so a line's SKU is taken as it stands.
type nowhere struct{}

func (nowhere) Emit(context.Context, ...inventory.Change) error { return nil }

func (nowhere) ItemsByVariant(context.Context, []string) (map[string]shopify.Item, error) {
	return nil, nil
}

func (nowhere) ItemsBySKU(context.Context, []string) (map[string][]shopify.Item, error) {
	return nil, nil
}

func (nowhere) Locations(context.Context) (map[string]string, error) { return nil, nil }
