package shopify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

type fakePublisher struct {
	events []queue.Event
	err    error
}

func (p *fakePublisher) Publish(_ context.Context, topic string, events ...queue.Event) error {
	if p.err == nil {
		p.events = append(p.events, events...)
	}
	return p.err
}

// hook is a webhook as Shopify sends it.
func hook(topic, body, secret string) *http.Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(body))
	r := httptest.NewRequest(http.MethodPost, "/webhooks/shopify", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Shopify-Topic", topic)
	r.Header.Set("X-Shopify-Shop-Domain", "acme.myshopify.com")
	r.Header.Set("X-Shopify-Webhook-Id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043")
	r.Header.Set("X-Shopify-Triggered-At", "2026-11-12T07:42:47.123Z")
	r.Header.Set("X-Shopify-Hmac-SHA256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

const tiny = `{"id":17,"email":"somebody@example.com","line_items":[]}`

func TestReceiverAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		err    error
		topic  string
		status int
		stat   string
	}{
		{name: "authentic", status: 200, stat: "published"},
		{name: "old secret", change: func(r *http.Request) { *r = *hook("orders/create", tiny, "old") }, status: 200, stat: "published"},
		{name: "other secret", change: func(r *http.Request) { *r = *hook("orders/create", tiny, "wrong") }, status: 401, stat: "unauthentic"},
		{name: "no signature", change: func(r *http.Request) { r.Header.Del("X-Shopify-Hmac-SHA256") }, status: 401, stat: "unauthentic"},
		{name: "no base64", change: func(r *http.Request) { r.Header.Set("X-Shopify-Hmac-SHA256", "!") }, status: 401, stat: "unauthentic"},
		{name: "too large", change: func(r *http.Request) { *r = *hook("orders/create", `{"id":"`+strings.Repeat("x", 2000)+`"}`, "new") }, status: 413, stat: "refused"},
		{name: "no JSON", change: func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, status: 415, stat: "refused"},
		{name: "GET", change: func(r *http.Request) { r.Method = http.MethodGet }, status: 405, stat: "refused"},
		{name: "unknown shop", change: func(r *http.Request) { r.Header.Set("X-Shopify-Shop-Domain", "evil.myshopify.com") }, status: 404, stat: "refused"},
		{name: "queue is down", err: errors.New("connection refused"), status: 503, stat: "unconfirmed"},
		{name: "event too large", err: queue.ErrTooLarge, status: 413, stat: "refused"},
		{name: "level", topic: "inventory_levels/update", status: 200, stat: "acknowledged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			pub := &fakePublisher{err: c.err}
			rec, err := NewReceiver(pub, []string{"new", "old"}, &ReceiverConfig{
				MaxBody: 1000,
				MerchantOf: func(shop string) (string, error) {
					if shop != "acme.myshopify.com" {
						return "", errors.New("no such shop")
					}
					return "acme", nil
				},
			})
			require.NoError(t, err)
			topic := c.topic
			if topic == "" {
				topic = "orders/create"
			}
			r := hook(topic, tiny, "new")
			if c.change != nil {
				c.change(r)
			}
			w := httptest.NewRecorder()
			rec.ServeHTTP(w, r)
			require.Equal(t, c.status, w.Code)
			require.EqualValues(t, 1, rec.Stats()[c.stat], "%v", rec.Stats())
			if c.status == http.StatusServiceUnavailable {
				require.NotEmpty(t, w.Header().Get("Retry-After"))
			}
			published := 0
			if c.stat == "published" {
				published = 1
			}
			require.Len(t, pub.events, published)
		})
	}
}

func TestReceiverNeedsASecretThatIsNotEmpty(t *testing.T) {
	for _, secrets := range [][]string{nil, {""}, {"a", ""}} {
		_, err := NewReceiver(&fakePublisher{}, secrets, nil)
		require.Error(t, err)
	}
	_, err := NewReceiver(&fakePublisher{}, nil, &ReceiverConfig{SecretsOf: func(string) []string { return []string{""} }})
	require.NoError(t, err)
}

func TestEmptySecretOfAShopAuthenticatesNobody(t *testing.T) {
	rec, err := NewReceiver(&fakePublisher{}, nil, &ReceiverConfig{SecretsOf: func(string) []string { return []string{""} }})
	require.NoError(t, err)
	w := httptest.NewRecorder()
	rec.ServeHTTP(w, hook("orders/create", tiny, ""))
	require.Equal(t, http.StatusUnauthorized, w.Code)
}

func TestEventOfAWebhook(t *testing.T) {
	pub := &fakePublisher{}
	rec, err := NewReceiver(pub, []string{"s"}, nil)
	require.NoError(t, err)
	for range 2 {
		rec.ServeHTTP(httptest.NewRecorder(), hook("orders/create", tiny, "s"))
	}
	rec.ServeHTTP(httptest.NewRecorder(), hook("refunds/create", `{"id":1,"order_id":17,"refund_line_items":[]}`, "s"))
	rec.ServeHTTP(httptest.NewRecorder(), hook("orders/edited", `{"order_edit":{"id":1,"order_id":17}}`, "s"))
	rec.ServeHTTP(httptest.NewRecorder(), hook("orders/create", `{`, "s"))
	e := pub.events[0]
	require.Equal(t, "acme.myshopify.com", e.Merchant)
	require.Equal(t, "shopify/acme", e.Origin)
	require.Equal(t, "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043", e.TraceID)
	require.Equal(t, e, pub.events[1], "a repeat is the same event")
	require.JSONEq(t, `{"id":17,"line_items":[]}`, string(e.Body), "personal data stay outside")
	for _, other := range pub.events[2:4] {
		require.Equal(t, e.Key, other.Key, "all about one order are in order")
		require.NotEqual(t, e.ID, other.ID)
	}
	require.Equal(t, "{", string(pub.events[4].Body), "what does not parse is kept for whoever looks into the dead letter")
}

// What is left of Shopify's bodies says the same to the consumer.
func TestReducedBodiesSayTheSame(t *testing.T) {
	files, err := filepath.Glob("shopifytest/testdata/webhooks/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		topic, ok := map[string]string{
			"orders_create": "orders/create", "orders_updated_after_refund": "orders/updated", "orders_cancelled": "orders/cancelled",
			"orders_edited": "orders/edited", "refunds_create_restock": "refunds/create",
		}[strings.TrimSuffix(filepath.Base(f), ".json")]
		if !ok {
			continue
		}
		body, err := os.ReadFile(f)
		require.NoError(t, err)
		reduced, _ := reduce(topic, body)
		require.Less(t, len(reduced), len(body)/2)
		require.NotContains(t, string(reduced), "email")
		want, err := decodeWebhook(topic, body)
		require.NoError(t, err)
		got, err := decodeWebhook(topic, reduced)
		require.NoError(t, err)
		require.Equal(t, want, got, "%s", f)
	}
}

func TestUnreadableWebhookIsADeadLetterAndItsNeighboursGoOn(t *testing.T) {
	q := memqueue.New(nil)
	o := &OrderConsumer{cfg: OrderConfig{Merchant: "acme"}, client: &Client{domain: "acme.myshopify.com"}}
	r := queue.NewRouter(q, nil)
	r.Handle("t", "g", o.Handle)
	for _, e := range []queue.Event{
		{ID: "garbage", Merchant: "acme", Schema: 1, Type: "orders/create", Body: []byte("{")},
		{ID: "other merchant", Merchant: "other", Schema: 1, Type: "orders/create", Body: []byte("{}")},
		{ID: "other schema", Merchant: "acme", Schema: 7, Type: "orders/create", Body: []byte("{}")},
		{ID: "other shop", Merchant: "acme", Schema: 1, Origin: "shopify/other", Type: "orders/create", Body: []byte("{}")},
		{ID: "not for us", Merchant: "acme", Schema: 1, Type: "app/uninstalled", Body: []byte("{}")},
	} {
		require.NoError(t, q.Publish(t.Context(), "t", e))
	}
	require.NoError(t, r.Drain(t.Context()))
	dead := map[string]bool{}
	for l, err := range r.DeadLetters("t", "g").List(t.Context(), queue.Filter{}) {
		require.NoError(t, err)
		dead[l.Event.ID] = true
	}
	require.Equal(t, map[string]bool{"garbage": true, "other merchant": true, "other schema": true, "other shop": true}, dead)
	require.EqualValues(t, 1, o.Stats().Ignored)
}

func FuzzReduce(f *testing.F) {
	for _, body := range []string{tiny, `{`, `[]`, `{"order_edit":{"order_id":1}}`, `{"id":1.5,"refunds":[{"id":null,"x":1}]}`, `{"line_items":{"id":[1,{"sku":"a"}]}}`} {
		f.Add("orders/updated", []byte(body))
	}
	f.Fuzz(func(t *testing.T, topic string, body []byte) {
		reduced, _ := reduce(topic, body)
		if json.Valid(body) != json.Valid(reduced) {
			t.Fatalf("%q became %q", body, reduced)
		}
		if again, _ := reduce(topic, reduced); string(again) != string(reduced) {
			t.Fatalf("%q became %q, then %q", body, reduced, again)
		}
	})
}

type deafCatalog struct{ Catalog }

func (deafCatalog) Locations(context.Context) (map[string]string, error) {
	return nil, &APIError{Kind: ErrNoAnswer, Shop: "acme.myshopify.com"}
}

func TestShopThatDoesNotAnswerIsNotTheWebhooksFault(t *testing.T) {
	o := &OrderConsumer{cfg: OrderConfig{Merchant: "acme"}, client: &Client{domain: "acme.myshopify.com"}, catalog: deafCatalog{}}
	body, err := os.ReadFile("shopifytest/testdata/webhooks/orders_create.json")
	require.NoError(t, err)
	err = o.Handle(t.Context(), queue.Event{Merchant: "acme", Schema: webhookSchema, Type: "orders/create", Body: body})
	var u interface{ Unavailable() bool }
	require.ErrorAs(t, err, &u)
	require.True(t, u.Unavailable(), "else a long outage ends in dead letters")
}
