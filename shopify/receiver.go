package shopify

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// Webhook topics that the order consumer reads. Subscribe a shop to the first
// six at least; the rest settle the place of units sooner.
var orderTopics = []string{
	"orders/create", "orders/updated", "orders/cancelled", "orders/edited", "refunds/create", "fulfillments/create",
	"fulfillments/update", "orders/paid", "orders/fulfilled", "orders/partially_fulfilled",
	"fulfillment_orders/moved", "fulfillment_orders/order_routing_complete", "fulfillment_orders/placed_on_hold",
	"fulfillment_orders/hold_released", "fulfillment_orders/cancelled", "fulfillment_orders/split", "fulfillment_orders/merged",
}

// Receiver is the webhook receiver: an [http.Handler] that checks the
// signature, puts the body into a queue and answers 200 once the queue has
// confirmed it. Nothing else happens in the request, since Shopify waits five
// seconds.
//
// Other answers: 401 for a wrong or missing signature, 405 and 415 for what is
// no JSON POST, 413 for a body that is too large, 404 for a shop that nobody
// knows, 503 with Retry-After when the queue did not confirm. Shopify sends
// again after anything but 2xx, eight times in four hours; what is lost then
// is found by [OrderConsumer.CatchUp].
//
// Bodies of orders hold personal data. By default they are reduced to the
// fields that the order consumer reads before they are published.
type Receiver struct {
	pub     queue.Publisher
	secrets []string
	cfg     ReceiverConfig

	mu    sync.Mutex
	stats map[string]int64
}

// ReceiverConfig of a Receiver. Nil and zero values mean defaults.
type ReceiverConfig struct {
	// Topic of the queue. Default: "shopify.webhooks".
	Topic string
	// MerchantOf names the merchant of a shop's domain; an error is a shop that
	// nobody knows. Default: the domain itself.
	MerchantOf func(shop string) (string, error)
	// SecretsOf gives further secrets of one shop. Default: none.
	SecretsOf func(shop string) []string
	// MaxBody in bytes. Default: 4 MiB. (Shopify's largest orders have 1 MB.)
	MaxBody int64
	// Topics are Shopify's topics to publish, beside those that the order
	// consumer reads. Others are acknowledged and counted.
	Topics []string
	// KeepBodies publishes bodies as they came, personal data included.
	KeepBodies bool
	// Timeout of the queue's confirmation. Default: 4 s.
	Timeout time.Duration
	// Logger of refusals. Default: none.
	Logger *slog.Logger
}

// NewReceiver returns a Receiver. Secrets are the app's client secret and, for
// the hour of a rotation, the old one; webhooks made in the shop's admin are
// signed with a secret that is shown there. One at least is needed, here or by
// SecretsOf.
func NewReceiver(pub queue.Publisher, secrets []string, cfg *ReceiverConfig) (*Receiver, error) {
	var c ReceiverConfig
	if cfg != nil {
		c = *cfg
	}
	c.Topic = cmp.Or(c.Topic, "shopify.webhooks")
	c.MaxBody = cmp.Or(max(c.MaxBody, 0), 4<<20)
	c.Timeout = cmp.Or(max(c.Timeout, 0), 4*time.Second)
	if c.MerchantOf == nil {
		c.MerchantOf = func(shop string) (string, error) { return shop, nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if slices.Contains(secrets, "") {
		return nil, errors.New("shopify: a webhook secret is empty, so anybody could sign: set it to the app's client secret")
	}
	if len(secrets) == 0 && c.SecretsOf == nil {
		return nil, errors.New("shopify: no webhook secret: pass the app's client secret, or set SecretsOf")
	}
	return &Receiver{pub: pub, secrets: slices.Clone(secrets), cfg: c, stats: map[string]int64{}}, nil
}

// Stats counts what came in: "published", "acknowledged" (a topic that nobody
// reads), "unauthentic", "refused", "unconfirmed", and each of Shopify's topics
// by its name.
func (r *Receiver) Stats() map[string]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]int64, len(r.stats))
	for k, v := range r.stats {
		out[k] = v
	}
	return out
}

func (r *Receiver) count(names ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range names {
		r.stats[n]++
	}
}

// ServeHTTP implements [http.Handler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	status, err := r.receive(w, req)
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	r.cfg.Logger.WarnContext(req.Context(), "webhook not taken", "status", status, "shop", req.Header.Get("X-Shopify-Shop-Domain"),
		"topic", req.Header.Get("X-Shopify-Topic"), "trace", req.Header.Get("X-Shopify-Webhook-Id"), "error", err)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	http.Error(w, http.StatusText(status), status)
}

func (r *Receiver) receive(w http.ResponseWriter, req *http.Request) (status int, err error) {
	if req.Method != http.MethodPost {
		r.count("refused")
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed, fmt.Errorf("method %s", req.Method)
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		r.count("refused")
		return http.StatusUnsupportedMediaType, fmt.Errorf("content type %q", req.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, r.cfg.MaxBody))
	if err != nil {
		r.count("refused")
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return http.StatusRequestEntityTooLarge, err
		}
		return http.StatusBadRequest, err
	}
	shop := strings.ToLower(req.Header.Get("X-Shopify-Shop-Domain"))
	if !r.authentic(shop, req.Header.Get("X-Shopify-Hmac-SHA256"), body) {
		r.count("unauthentic")
		return http.StatusUnauthorized, errors.New("signature does not fit any secret")
	}
	merchant, err := r.cfg.MerchantOf(shop)
	if err != nil {
		r.count("refused")
		return http.StatusNotFound, err
	}
	topic := req.Header.Get("X-Shopify-Topic")
	if !slices.Contains(orderTopics, topic) && !slices.Contains(r.cfg.Topics, topic) {
		r.count("acknowledged", topic)
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(req.Context(), r.cfg.Timeout)
	defer cancel()
	err = r.pub.Publish(ctx, r.cfg.Topic, r.event(req.Header, merchant, shop, topic, body))
	switch {
	case errors.Is(err, queue.ErrTooLarge):
		r.count("refused")
		return http.StatusRequestEntityTooLarge, err
	case err != nil:
		r.count("unconfirmed")
		return http.StatusServiceUnavailable, err
	}
	r.count("published", topic)
	return 0, nil
}

// authentic checks the signature of the raw body, before anybody looks into
// it, in constant time and against every secret.
func (r *Receiver) authentic(shop, signature string, body []byte) bool {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	secrets := r.secrets
	if r.cfg.SecretsOf != nil {
		secrets = slices.Concat(secrets, r.cfg.SecretsOf(shop))
	}
	ok := false
	for _, s := range secrets {
		if s == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write(body)
		ok = hmac.Equal(mac.Sum(nil), got) || ok
	}
	return ok
}

// event makes the queue's event of a webhook. Its ID is the delivery's, which
// a re-delivery repeats, with the body's hash, as a re-delivery may have been
// assembled anew.
func (r *Receiver) event(h http.Header, merchant, shop, topic string, body []byte) queue.Event {
	sum := sha256.Sum256(body)
	id := h.Get("X-Shopify-Webhook-Id")
	e := queue.Event{
		ID: shop + "/" + id + "/" + hex.EncodeToString(sum[:8]), Type: topic, Merchant: merchant, Origin: channelOf(shop),
		TraceID: cmp.Or(id, hex.EncodeToString(sum[8:16])), Schema: webhookSchema, Body: body,
	}
	if at, err := time.Parse(time.RFC3339Nano, h.Get("X-Shopify-Triggered-At")); err == nil {
		e.Time = at
	}
	reduced, about := reduce(topic, body)
	e.Key = shop + "/" + cmp.Or(about, id, e.TraceID)
	if !r.cfg.KeepBodies {
		e.Body = reduced
	}
	return e
}

// webhookSchema is the version of the body's layout: Shopify's JSON, with the
// fields that [OrderConsumer] reads, at least.
const webhookSchema = 1

// channelOf is the name of a shop as a channel: "shopify/" and the first label
// of its domain.
func channelOf(domain string) string {
	label, _, _ := strings.Cut(domain, ".")
	return "shopify/" + label
}

var _ http.Handler = (*Receiver)(nil)
