package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// ClientCredentialsConfig configures a [ClientCredentials]. The zero value and
// nil are the defaults.
type ClientCredentialsConfig struct {
	// BaseURL is where Shopify is, "https://" and the domain if empty. For tests.
	BaseURL string
	// HTTP sends the requests, http.DefaultClient's transport if nil. Redirects
	// are never followed.
	HTTP *http.Client
	// Early is how long before its end a token is replaced, 5 minutes if 0.
	Early time.Duration
	// Timeout ends one request for a token, 10 seconds if 0.
	Timeout time.Duration
}

// ClientCredentials is the [TokenSource] of an app in the Dev Dashboard of the
// organisation that owns the shop: it exchanges the client's id and secret for
// a token that lives 24 hours (shopify.dev, client credentials grant), and asks
// again before that is over. Goroutines that need a token at the same time
// share one exchange. If an early exchange fails, the old token serves on until
// it ends.
type ClientCredentials struct {
	domain, address string
	id, secret      string
	http            *http.Client
	early, timeout  time.Duration

	mu     sync.Mutex
	token  string
	ends   time.Time
	flight *exchange
}

// exchange is one request for a token that is under way.
type exchange struct {
	done  chan struct{}
	token string
	err   error
}

// NewClientCredentials makes a source of tokens for the shop, such as
// "acme.myshopify.com". It sends nothing yet.
func NewClientCredentials(domain, clientID, clientSecret string, cfg *ClientCredentialsConfig) (*ClientCredentials, error) {
	var c ClientCredentialsConfig
	if cfg != nil {
		c = *cfg
	}
	domain, base, err := address(domain, c.BaseURL)
	if err != nil {
		return nil, err
	}
	if clientID == "" || clientSecret == "" {
		return nil, errors.New("shopify: the client's id and secret must not be empty: see the app's settings in the Dev Dashboard")
	}
	if c.Early < 0 || c.Timeout < 0 {
		return nil, errors.New("shopify: ClientCredentialsConfig.Early and Timeout must not be negative")
	}
	if c.Early == 0 {
		c.Early = 5 * time.Minute
	}
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	return &ClientCredentials{
		domain: domain, address: base + "/admin/oauth/access_token", id: clientID, secret: clientSecret,
		http: withoutRedirects(c.HTTP), early: c.Early, timeout: c.Timeout,
	}, nil
}

// Token returns a token that is valid for a while. An error is an [*APIError]:
// ErrUnauthorized if Shopify refuses the client, ErrNoAnswer if there was no
// answer, which is worth another try.
func (s *ClientCredentials) Token(ctx context.Context) (string, error) {
	for {
		s.mu.Lock()
		left := time.Until(s.ends)
		if s.token != "" && left > s.early {
			defer s.mu.Unlock()
			return s.token, nil
		}
		if f := s.flight; f != nil {
			old := s.token
			s.mu.Unlock()
			if old != "" && left > 0 {
				return old, nil
			}
			select {
			case <-f.done:
			case <-ctx.Done():
				return "", ctx.Err()
			}
			if errors.Is(f.err, context.Canceled) {
				continue // the one that asked went away, so ask again
			}
			return f.token, f.err
		}
		f := &exchange{done: make(chan struct{})}
		s.flight = f
		s.mu.Unlock()
		return s.exchange(ctx, f)
	}
}

// DropToken forgets a token that Shopify refused.
func (s *ClientCredentials) DropToken(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token, s.ends = "", time.Time{}
	}
}

func (s *ClientCredentials) exchange(ctx context.Context, f *exchange) (string, error) {
	defer close(f.done)
	token, lives, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight = nil
	switch {
	case err == nil:
		s.token, s.ends = token, time.Now().Add(lives)
	case s.token != "" && time.Until(s.ends) > 0:
		err = nil // the old one serves on
	}
	f.token, f.err = s.token, err
	return f.token, f.err
}

func (s *ClientCredentials) fetch(ctx context.Context) (token string, lives time.Duration, err error) {
	failed := func(kind error, status int, code string, cause error) *APIError {
		return &APIError{Kind: kind, Shop: s.domain, Operation: "access token", Status: status, Code: code, cause: cause}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.id}, "client_secret": {s.secret}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, failed(ErrInvalidRequest, 0, "", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	res, err := s.http.Do(req)
	if err != nil {
		return "", 0, failed(ErrNoAnswer, 0, "", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return "", 0, failed(ErrNoAnswer, res.StatusCode, "", err)
	}
	var body struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"` // seconds
		Error       string  `json:"error"`
	}
	jsonErr := json.Unmarshal(raw, &body)
	switch {
	case res.StatusCode == http.StatusOK && jsonErr == nil && body.AccessToken != "" && body.ExpiresIn > 0:
		return body.AccessToken, time.Duration(body.ExpiresIn * float64(time.Second)), nil
	case res.StatusCode == http.StatusBadRequest:
		// Also the shape of a wrong id or secret. The code is an OAuth word; the
		// rest of the body is not repeated, as it may echo what was sent.
		return "", 0, failed(ErrUnauthorized, res.StatusCode, oauthCode(body.Error), nil)
	case res.StatusCode >= 300 && res.StatusCode < 500:
		kind, wait := statusKind(res.StatusCode, res.Header)
		e := failed(kind, res.StatusCode, oauthCode(body.Error), nil)
		e.Wait = wait
		return "", 0, e
	default:
		return "", 0, failed(ErrNoAnswer, res.StatusCode, "", fmt.Errorf("not a token (%d bytes)", len(raw)))
	}
}

// oauthCode lets through what looks like an error code of OAuth, nothing else.
func oauthCode(s string) string {
	if len(s) > 40 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return s
}
