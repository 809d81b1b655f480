package shopify

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const clientSecret = "shpss_5ecret"

func newTestCredentials(t *testing.T, rt http.RoundTripper) *ClientCredentials {
	t.Helper()
	s, err := NewClientCredentials("acme.myshopify.com", "id", clientSecret, &ClientCredentialsConfig{HTTP: &http.Client{Transport: rt}})
	require.NoError(t, err)
	return s
}

func granted(token string) func() (*http.Response, error) {
	return reply(200, `{"access_token":"`+token+`","scope":"read_inventory","expires_in":86399}`)
}

func TestClientCredentialsAskBeforeTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := answers(granted("one"), granted("two"))
		s := newTestCredentials(t, rt)
		for range 3 {
			tok, err := s.Token(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "one", tok)
		}
		require.Len(t, rt.seen, 1)
		x := rt.seen[0]
		assert.Equal(t, "https://acme.myshopify.com/admin/oauth/access_token", x.url)
		form, err := url.ParseQuery(string(x.raw))
		require.NoError(t, err)
		assert.Equal(t, url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {clientSecret}}, form)

		time.Sleep(86399*time.Second - 5*time.Minute)
		tok, err := s.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "two", tok)
	})
}

// slow answers after a second, and counts.
type slow struct {
	http.RoundTripper
}

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Second):
		return s.RoundTripper.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestClientCredentialsAskOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := answers(granted("one"))
		s := newTestCredentials(t, slow{rt})
		first, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := s.Token(first)
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				tok, err := s.Token(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, "one", tok)
			})
		}
		synctest.Wait()
		time.Sleep(500 * time.Millisecond)
		cancel() // the one that asks goes away: another asks in its place
		wg.Wait()
		assert.Len(t, rt.seen, 1)
	})
}

func TestOldTokenServesOnWhileTheNewOneDoesNotCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := answers(granted("one"), reply(503, ""))
		s := newTestCredentials(t, rt)
		_, err := s.Token(t.Context())
		require.NoError(t, err)
		time.Sleep(86399*time.Second - time.Minute)
		tok, err := s.Token(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "one", tok)
		time.Sleep(time.Minute)
		_, err = s.Token(t.Context())
		require.ErrorIs(t, err, ErrNoAnswer)
	})
}

func TestDropToken(t *testing.T) {
	t.Parallel()
	rt := answers(granted("one"), granted("two"))
	s := newTestCredentials(t, rt)
	_, err := s.Token(t.Context())
	require.NoError(t, err)
	s.DropToken("another")
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "one", tok)
	s.DropToken("one")
	tok, err = s.Token(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "two", tok)
}

func TestClientCredentialsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		r    func() (*http.Response, error)
		kind error
		code string
	}{
		"wrong secret":  {reply(400, `{"error":"invalid_client","error_description":"`+clientSecret+`"}`), ErrUnauthorized, "invalid_client"},
		"not installed": {reply(400, `<html>`+clientSecret), ErrUnauthorized, ""},
		"strange code":  {reply(401, `{"error":"`+clientSecret+`"}`), ErrUnauthorized, ""},
		"no shop":       {reply(404, ``), ErrNotFound, ""},
		"redirect":      {reply(302, ``, "Location", "https://evil.example/"), ErrNotFound, ""},
		"throttled":     {reply(429, ``, "Retry-After", "2"), ErrThrottled, ""},
		"down":          {reply(502, clientSecret), ErrNoAnswer, ""},
		"HTML":          {reply(200, `<html>`+clientSecret), ErrNoAnswer, ""},
		"no expiry":     {reply(200, `{"access_token":"x"}`), ErrNoAnswer, ""},
		"no connection": {lost(errors.New("refused")), ErrNoAnswer, ""},
	} {
		_, err := newTestCredentials(t, answers(c.r)).Token(t.Context())
		require.ErrorIs(t, err, c.kind, name)
		var e *APIError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, c.code, e.Code, name)
		assert.NotContains(t, err.Error(), clientSecret, name)
	}
}

func TestNewClientCredentialsChecks(t *testing.T) {
	t.Parallel()
	for _, f := range []func() error{
		func() error { _, err := NewClientCredentials("acme.com", "i", "s", nil); return err },
		func() error { _, err := NewClientCredentials("a.myshopify.com", "", "s", nil); return err },
		func() error { _, err := NewClientCredentials("a.myshopify.com", "i", "", nil); return err },
		func() error {
			_, err := NewClientCredentials("a.myshopify.com", "i", "s", &ClientCredentialsConfig{Early: -1})
			return err
		},
	} {
		assert.Error(t, f())
	}
}

func TestClientWithCredentialsReplacesARefusedToken(t *testing.T) {
	t.Parallel()
	auth := answers(granted("one"), granted("two"))
	api := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		if x.header.Get("X-Shopify-Access-Token") == "two" {
			return reply(200, okWrite)()
		}
		return reply(401, `{"errors":"[API] Invalid API key or access token"}`)()
	}}
	c := newTestClient(t, api, nil)
	c.tokens = newTestCredentials(t, auth)
	_, err := c.send(t.Context(), []byte(mutationX))
	require.NoError(t, err)
	assert.Len(t, auth.seen, 2)
	assert.Len(t, api.seen, 2)
}
