package shopify

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// DefaultVersion is the version of the Admin API that a client asks for unless
// told otherwise. Shopify supports a version for at least twelve months
// (shopify.dev, API versioning).
const DefaultVersion = "2026-10"

// oldestVersion is the first with the write rules that this package relies on:
// required idempotency keys, changeFromQuantity, inactive levels.
const oldestVersion = "2026-04"

// ClientConfig configures a [Client]. The zero value and nil are the defaults.
type ClientConfig struct {
	// BaseURL is where Shopify is, "https://" and the domain if empty. It is for
	// tests and proxies, and receives the token; with it, any domain is accepted.
	BaseURL string
	// Version is the API version, [DefaultVersion] if empty. At least "2026-04".
	Version string
	// HTTP sends the requests; a client with http.DefaultTransport if nil. It is
	// copied, and the copy never follows redirects. Its connections are not
	// closed by this package.
	HTTP *http.Client
	// Budget keeps to the rate limit; a [MemoryBudget] of its own if nil. Clients
	// of one app and shop should share one.
	Budget Budget
	// Timeout ends one request, waits for points and retries not counted; 15
	// seconds if 0.
	Timeout time.Duration
	// Logger gets warnings about deprecations and versions, slog.Default() if nil.
	Logger *slog.Logger
}

// Client talks to the Admin API of one shop. All that read from or write to
// the shop should share one Client: they then share its token, its breaker and
// its budget. It is safe for concurrent use, starts no goroutine, and need not
// be closed.
//
// Every error from talking to Shopify is an [*APIError].
type Client struct {
	domain, address, version string

	tokens  TokenSource
	http    *http.Client
	budget  Budget
	breaker *breaker
	timeout time.Duration
	log     *slog.Logger
	costs   costs
	sizes   sizes

	served     atomic.Pointer[string] // the last X-Shopify-API-Version
	deprecated sync.Map               // reasons that were logged

	requests, throttled, unanswered, mismatched atomic.Int64
}

var (
	shopDomain   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*\.myshopify\.com$`)
	versionShape = regexp.MustCompile(`^20\d\d-(01|04|07|10)$`)
)

// NewClient makes a client for a shop, such as "acme.myshopify.com". It sends
// nothing yet.
func NewClient(domain string, tokens TokenSource, cfg *ClientConfig) (*Client, error) {
	var c ClientConfig
	if cfg != nil {
		c = *cfg
	}
	domain, base, err := address(domain, c.BaseURL)
	if err != nil {
		return nil, err
	}
	if c.Version == "" {
		c.Version = DefaultVersion
	}
	switch {
	case tokens == nil:
		return nil, errors.New("shopify: tokens must not be nil: use StaticToken or NewClientCredentials")
	case !versionShape.MatchString(c.Version):
		return nil, fmt.Errorf("shopify: ClientConfig.Version %q is no API version: it looks like %q", c.Version, DefaultVersion)
	case c.Version < oldestVersion:
		return nil, fmt.Errorf("shopify: ClientConfig.Version %q is too old: at least %q", c.Version, oldestVersion)
	case c.Timeout < 0:
		return nil, fmt.Errorf("shopify: ClientConfig.Timeout %v is negative", c.Timeout)
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Budget == nil {
		c.Budget = NewMemoryBudget()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Client{
		domain: domain, address: base + "/admin/api/" + c.Version + "/graphql.json", version: c.Version,
		tokens: tokens, http: withoutRedirects(c.HTTP), budget: c.Budget, breaker: newBreaker(domain),
		timeout: c.Timeout, log: c.Logger.With("shop", domain), sizes: newSizes(),
	}, nil
}

// Channel is the name of the shop as a channel of stock: "shopify/" and the
// first label of its domain.
func (c *Client) Channel() string {
	label, _, _ := strings.Cut(c.domain, ".")
	return "shopify/" + label
}

// Domain is the shop's domain, such as "acme.myshopify.com".
func (c *Client) Domain() string { return c.domain }

// Version is the API version that the client asks for.
func (c *Client) Version() string { return c.version }

// ServedVersion is the API version that Shopify said it answered with last,
// empty before the first answer. When a version is retired, Shopify answers with
// the oldest that is left, in HTTP 200 and without another word (shopify.dev,
// API versioning). The client logs this once for every version and counts the
// answers. It goes on reading and writing if this build knows the version that
// was served; if not, it goes on reading and refuses to write, with
// [ErrVersion], as the rules of writes may have changed.
func (c *Client) ServedVersion() string {
	if v := c.served.Load(); v != nil {
		return *v
	}
	return ""
}

// ClientStats counts what a client has seen since it was made.
type ClientStats struct {
	Requests          int64  // sent, repeats included
	Throttled         int64  // answers THROTTLED or HTTP 429
	Unanswered        int64  // requests without an answer (ErrNoAnswer)
	VersionMismatches int64  // answers with another API version than asked for
	Breaker           string // "closed", "half-open" or "open"
}

// Stats returns the counts as of now.
func (c *Client) Stats() ClientStats {
	return ClientStats{
		Requests: c.requests.Load(), Throttled: c.throttled.Load(), Unanswered: c.unanswered.Load(),
		VersionMismatches: c.mismatched.Load(), Breaker: c.breaker.state(),
	}
}

// address checks a shop's domain and the URL to reach it, which is made from
// the domain if empty.
func address(domain, base string) (shop, url string, err error) {
	domain = strings.ToLower(strings.TrimSpace(domain))
	if base == "" {
		if !shopDomain.MatchString(domain) {
			return "", "", fmt.Errorf("shopify: %q is no shop's domain: it looks like \"acme.myshopify.com\", without scheme or path, and is not the storefront's own domain", domain)
		}
		return domain, "https://" + domain, nil
	}
	if domain == "" {
		return "", "", errors.New("shopify: the shop's domain must not be empty")
	}
	if err := checkBase(base); err != nil {
		return "", "", err
	}
	return domain, strings.TrimRight(base, "/"), nil
}

func checkBase(base string) error {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return errors.New("shopify: BaseURL must look like \"https://host\", without user or password")
	}
	return nil
}

// withoutRedirects copies the client and stops it from following redirects: Go
// takes Authorization off when it goes to another host, but not
// X-Shopify-Access-Token.
func withoutRedirects(h *http.Client) *http.Client {
	if h == nil {
		h = &http.Client{}
	}
	own := *h
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// observe notes which version answered, and what it says about deprecations.
func (c *Client) observe(h http.Header) {
	if served := h.Get("X-Shopify-API-Version"); versionShape.MatchString(served) {
		old := c.served.Swap(&served)
		if served != c.version {
			c.mismatched.Add(1)
			if old == nil || *old != served {
				c.log.Warn("shopify: API version retired, another one answers: upgrade and set ClientConfig.Version",
					"asked", c.version, "served", served, "writes", known(served))
			}
		}
	}
	if reason := shorten(h.Get("X-Shopify-API-Deprecated-Reason")); reason != "" {
		if _, again := c.deprecated.LoadOrStore(reason, true); !again {
			c.log.Info("shopify: request uses something deprecated", "version", c.version, "reason", reason)
		}
	}
}

// writable says whether the version that answers is one to write to.
func (c *Client) writable() error {
	served := c.ServedVersion()
	if served == "" || served == c.version || known(served) {
		return nil
	}
	return &APIError{Kind: ErrVersion, Shop: c.domain, Message: "asked for " + c.version + ", served " + served}
}

func known(version string) bool {
	_, ok := admin.Schema(version)
	return ok
}
