package shopify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const testToken = "shpat_5ecret"

// exchanged is what a scripted shop saw of one request.
type exchanged struct {
	Query     string         `json:"query"`
	Operation string         `json:"operationName"`
	Variables map[string]any `json:"variables"`

	raw    []byte
	header http.Header
	url    string
	at     time.Time
}

// script is an http.RoundTripper that answers in process: reply gets the
// number of the request, from 0.
type script struct {
	reply func(n int, x exchanged) (*http.Response, error)

	mu   sync.Mutex
	seen []exchanged
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	x := exchanged{raw: raw, header: r.Header.Clone(), url: r.URL.String(), at: time.Now()}
	_ = json.Unmarshal(raw, &x)
	s.mu.Lock()
	n := len(s.seen)
	s.seen = append(s.seen, x)
	s.mu.Unlock()
	res, err := s.reply(n, x)
	if res != nil {
		res.Request = r
	}
	return res, err
}

// answers makes a script of fixed replies; the last one repeats.
func answers(list ...func() (*http.Response, error)) *script {
	return &script{reply: func(n int, _ exchanged) (*http.Response, error) {
		return list[min(n, len(list)-1)]()
	}}
}

func reply(status int, body string, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func lost(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

func newTestClient(t *testing.T, s http.RoundTripper, change func(*ClientConfig)) *Client {
	t.Helper()
	cfg := &ClientConfig{HTTP: &http.Client{Transport: s}, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(cfg)
	}
	c, err := NewClient("acme.myshopify.com", StaticToken(testToken), cfg)
	require.NoError(t, err)
	return c
}

func TestNewClient(t *testing.T) {
	t.Parallel()
	c, err := NewClient(" Acme-EU.myshopify.com ", StaticToken("t"), nil)
	require.NoError(t, err)
	assert.Equal(t, "shopify/acme-eu", c.Channel())
	assert.Equal(t, "acme-eu.myshopify.com", c.Domain())
	assert.Equal(t, "https://acme-eu.myshopify.com/admin/api/2026-10/graphql.json", c.address)
	assert.Equal(t, DefaultVersion, c.Version())

	c, err = NewClient("shop", StaticToken("t"), &ClientConfig{BaseURL: "http://127.0.0.1:9/", Version: "2026-04"})
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:9/admin/api/2026-04/graphql.json", c.address)

	for domain, cfg := range map[string]*ClientConfig{
		"":                           nil,
		"acme.com":                   nil,
		"https://acme.myshopify.com": nil,
		"acme.myshopify.com/admin":   nil,
		"acme.myshopify.com.evil.io": nil,
		"evil.io/.myshopify.com":     nil,
		"a.myshopify.com":            {Version: "2026-01"},
		"b.myshopify.com":            {Version: "unstable"},
		"c.myshopify.com":            {Timeout: -1},
		"d.myshopify.com":            {BaseURL: "ftp://x"},
		"e.myshopify.com":            {BaseURL: "https://user:pw@x"},
	} {
		_, err := NewClient(domain, StaticToken("t"), cfg)
		assert.Error(t, err, "%q %v", domain, cfg)
	}
	_, err = NewClient("acme.myshopify.com", nil, nil)
	assert.ErrorContains(t, err, "StaticToken")
}

func TestStaticTokenNeverPrintsItself(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	tok := StaticToken(testToken)
	fmt.Fprintf(&b, "%v %s %+v %#v", tok, tok, struct{ T StaticToken }{tok}, tok)
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "token", tok)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "token", tok)
	assert.NotContains(t, b.String(), testToken)
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	s := answers(reply(200, `{"data":{"shop":{"id":"gid://shopify/Shop/1","name":"Acme","myshopifyDomain":"acme.myshopify.com","ianaTimezone":"Europe/Berlin"},
		"currentAppInstallation":{"app":{"id":"gid://shopify/App/7"},"accessScopes":[{"handle":"read_inventory"}]}}}`))
	got, err := newTestClient(t, s, nil).identify(t.Context())
	require.NoError(t, err)
	assert.Equal(t, identity{
		ID: "gid://shopify/Shop/1", Name: "Acme", Domain: "acme.myshopify.com", Timezone: "Europe/Berlin",
		App: "gid://shopify/App/7", Scopes: []string{"read_inventory"},
	}, got)
	require.Len(t, s.seen, 1)
	x := s.seen[0]
	assert.Equal(t, "https://acme.myshopify.com/admin/api/2026-10/graphql.json", x.url)
	assert.Equal(t, testToken, x.header.Get("X-Shopify-Access-Token"))
	assert.Equal(t, "application/json", x.header.Get("Content-Type"))
	assert.Empty(t, x.header.Get("Idempotency-Key"), "with it the transport would send a write again by itself")
	assert.Equal(t, "ShopInfo", x.Operation)
}

// A redirect would carry the token to another host: Go forwards headers that it
// does not know to be secret.
func TestRedirectsAreNotFollowed(t *testing.T) {
	defer goleak.VerifyNone(t)
	var thief int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { thief++ }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, status)
		}))
		h := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}
		c, err := NewClient("shop", StaticToken(testToken), &ClientConfig{BaseURL: shop.URL, HTTP: h, Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		_, err = c.identify(t.Context())
		require.ErrorIs(t, err, ErrNotFound)
		assert.ErrorContains(t, err, "redirected to "+strings.TrimPrefix(other.URL, "http://"))
		h.CloseIdleConnections()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
		shop.Close()
	}
	assert.Zero(t, thief)
}

func TestAnotherVersionAnswers(t *testing.T) {
	t.Parallel()
	version := "2026-07"
	s := &script{reply: func(int, exchanged) (*http.Response, error) {
		return reply(200, `{"data":{"locations":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}},
			"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":null,"userErrors":[]}}}`, "X-Shopify-API-Version", version)()
	}}
	var log bytes.Buffer
	c := newTestClient(t, s, func(cfg *ClientConfig) {
		cfg.Version = "2026-04"
		cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	body, err := adjustBody(someWrite())
	require.NoError(t, err)
	assert.Empty(t, c.ServedVersion())

	for range 2 { // a version that this build knows: warn once, go on
		_, err = c.locations(t.Context(), PriorityRead)
		require.NoError(t, err)
	}
	_, err = c.send(t.Context(), body)
	require.NoError(t, err)
	assert.Equal(t, "2026-07", c.ServedVersion())
	assert.EqualValues(t, 3, c.Stats().VersionMismatches)
	assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())

	version = "2027-04" // one that it does not know: no writes
	_, err = c.locations(t.Context(), PriorityRead)
	require.NoError(t, err)
	before := len(s.seen)
	_, err = c.send(t.Context(), body)
	require.ErrorIs(t, err, ErrVersion)
	var e *APIError
	require.ErrorAs(t, err, &e)
	assert.True(t, e.Unavailable())
	assert.False(t, e.Permanent())
	assert.Len(t, s.seen, before, "nothing was sent")
	assert.Equal(t, 2, strings.Count(log.String(), "level=WARN"))

	version = "2026-04"
	_, err = c.locations(t.Context(), PriorityRead)
	require.NoError(t, err)
	_, err = c.send(t.Context(), body)
	require.NoError(t, err)
}

func TestDeprecationsAreLoggedOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := answers(reply(200, `{"data":{"locations":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}`,
		"X-Shopify-API-Deprecated-Reason", "LineItem.fulfillableQuantity"))
	c := newTestClient(t, s, func(cfg *ClientConfig) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 3 {
		_, err := c.locations(t.Context(), PriorityRead)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, strings.Count(log.String(), "LineItem.fulfillableQuantity"))
}

func TestAnswersAreStampedByShopifysClock(t *testing.T) {
	t.Parallel()
	empty := `{"data":{"nodes":[{"__typename":"InventoryLevel","id":"gid://shopify/InventoryLevel/1?inventory_item_id=2","isActive":true,
		"item":{"id":"gid://shopify/InventoryItem/2"},"location":{"id":"gid://shopify/Location/3"},"quantities":[]}]}}`
	ids := []string{"gid://shopify/InventoryLevel/1?inventory_item_id=2"}
	c := newTestClient(t, answers(reply(200, empty, "Date", "Mon, 23 Nov 2026 10:00:07 GMT")), nil)
	got, err := c.levels(t.Context(), ids, nil, PriorityRead)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 11, 23, 10, 0, 7, 0, time.UTC), got[0].At)

	before := time.Now()
	c = newTestClient(t, answers(reply(200, empty)), nil)
	got, err = c.levels(t.Context(), ids, nil, PriorityRead)
	require.NoError(t, err)
	assert.WithinRange(t, got[0].At, before.Add(-time.Second), time.Now(), "without a Date: when it was sent")
}

func ExampleNewClient() {
	client, err := NewClient("acme.myshopify.com", StaticToken("shpat_..."), &ClientConfig{
		Budget: NewMemoryBudget(), // shared by all clients of this app in the process
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Channel(), client.Version())

	_, err = NewClient("www.acme.com", StaticToken("shpat_..."), nil)
	fmt.Println(err)
	// Output:
	// shopify/acme 2026-10
	// shopify: "www.acme.com" is no shop's domain: it looks like "acme.myshopify.com", without scheme or path, and is not the storefront's own domain
}

func someWrite() write {
	return write{
		Key: "k1", Name: "available", Reason: "correction",
		Entries: []writeEntry{{Item: "gid://shopify/InventoryItem/1", Location: "gid://shopify/Location/2", Quantity: -3}},
	}
}
