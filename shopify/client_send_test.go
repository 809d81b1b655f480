package shopify

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const (
	okWrite   = `{"data":{"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":null,"userErrors":[]}}}`
	okRead    = `{"data":{"locations":{"nodes":[],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}`
	throttle  = `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{"requestedQueryCost":400,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":100,"restoreRate":100.0}}}}`
	mutationX = `{"query":"mutation X { x }","operationName":"X"}`
)

// free is a budget that never waits.
type free struct{}

func (free) Take(context.Context, string, float64, Priority) error { return nil }
func (free) Learn(string, float64, float64, float64, float64)      {}

func unlimited(cfg *ClientConfig) { cfg.Budget = free{} }

func TestThrottledGoesAgain(t *testing.T) {
	for name, first := range map[string]func() (*http.Response, error){
		"THROTTLED": reply(200, throttle),
		"429":       reply(429, `{}`, "Retry-After", "3"),
	} {
		synctest.Test(t, func(t *testing.T) {
			body, err := adjustBody(someWrite())
			require.NoError(t, err)
			s := answers(first, reply(200, okWrite))
			_, err = newTestClient(t, s, unlimited).send(t.Context(), body)
			require.NoError(t, err, name)
			require.Len(t, s.seen, 2)
			assert.Equal(t, s.seen[0].raw, s.seen[1].raw, "the same bytes, so the same key")
			assert.Equal(t, body, s.seen[1].raw)
			pause := s.seen[1].at.Sub(s.seen[0].at)
			assert.GreaterOrEqual(t, pause, 3*time.Second, "ceil((400-100)/100)")
			assert.LessOrEqual(t, pause, 4*time.Second, "jitter of a quarter")
		})
		synctest.Test(t, func(t *testing.T) {
			s := answers(first, reply(200, okRead))
			_, err := newTestClient(t, s, unlimited).locations(t.Context(), PriorityRead)
			require.NoError(t, err, name)
			assert.Len(t, s.seen, 2)
		})
	}
}

func TestThrottledForeverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := answers(reply(200, throttle))
		c := newTestClient(t, s, unlimited)
		_, err := c.send(t.Context(), []byte(mutationX))
		require.ErrorIs(t, err, ErrThrottled)
		assert.NotErrorIs(t, err, ErrNoAnswer, "it was not carried out, and that is known")
		assert.Len(t, s.seen, maxThrottled)
		assert.EqualValues(t, maxThrottled, c.Stats().Throttled)
		var e *APIError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 3*time.Second, e.RetryAfter())
	})
}

func TestThrottledBeyondTheDeadlineReturnsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := answers(reply(200, throttle))
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		_, err := newTestClient(t, s, unlimited).send(ctx, []byte(mutationX))
		require.ErrorIs(t, err, ErrThrottled)
		assert.Zero(t, time.Since(start))
		assert.Len(t, s.seen, 1)
	})
}

func TestWritesWithoutAnswerAreNotRepeated(t *testing.T) {
	for name, r := range map[string]func() (*http.Response, error){
		"transport": lost(io.ErrUnexpectedEOF), "500": reply(500, ""), "HTML": reply(200, "<html>"),
	} {
		synctest.Test(t, func(t *testing.T) {
			s := answers(r)
			c := newTestClient(t, s, unlimited)
			_, err := c.send(t.Context(), []byte(mutationX))
			require.ErrorIs(t, err, ErrNoAnswer, name)
			assert.Len(t, s.seen, 1)
			assert.EqualValues(t, 1, c.Stats().Unanswered)
		})
	}
}

func TestReadsWithoutAnswerAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := answers(lost(io.ErrUnexpectedEOF), reply(502, "<html>"), reply(200, okRead))
		_, err := newTestClient(t, s, unlimited).locations(t.Context(), PriorityRead)
		require.NoError(t, err)
		assert.Len(t, s.seen, 3)
	})
	synctest.Test(t, func(t *testing.T) {
		s := answers(lost(io.ErrUnexpectedEOF))
		_, err := newTestClient(t, s, unlimited).locations(t.Context(), PriorityRead)
		require.ErrorIs(t, err, ErrNoAnswer)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.Len(t, s.seen, maxReads)
	})
}

// hang answers nothing until the request's context ends.
type hang struct{}

func (hang) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestTimeoutIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := newTestClient(t, hang{}, nil).send(t.Context(), []byte(mutationX))
		require.ErrorIs(t, err, ErrNoAnswer)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 15*time.Second, time.Since(start))
	})
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, hang{}, func(cfg *ClientConfig) { cfg.Timeout = time.Second })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		_, err := c.send(ctx, []byte(mutationX))
		require.ErrorIs(t, err, ErrNoAnswer, "it was sent, so nobody knows")
		require.ErrorIs(t, err, context.Canceled)

		_, err = c.send(ctx, []byte(mutationX))
		require.ErrorIs(t, err, context.Canceled)
		assert.NotErrorIs(t, err, ErrNoAnswer, "it was not sent")
	})
}

func TestCutBodyIsNoAnswer(t *testing.T) {
	defer goleak.VerifyNone(t)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, okWrite[:20])
	}))
	defer shop.Close()
	h := &http.Client{Transport: &http.Transport{}}
	defer h.CloseIdleConnections()
	c, err := NewClient("shop", StaticToken(testToken), &ClientConfig{BaseURL: shop.URL, HTTP: h, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	_, err = c.send(t.Context(), []byte(mutationX))
	require.ErrorIs(t, err, ErrNoAnswer)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := false
		s := &script{reply: func(int, exchanged) (*http.Response, error) {
			if up {
				return reply(200, okWrite)()
			}
			return reply(503, "")()
		}}
		c := newTestClient(t, s, unlimited)
		send := func() error {
			_, err := c.send(t.Context(), []byte(mutationX))
			return err
		}
		for range breakerFailures {
			require.ErrorIs(t, send(), ErrNoAnswer)
		}
		assert.Equal(t, "open", c.Stats().Breaker)
		time.Sleep(breakerOpen / 4)
		err := send()
		require.ErrorIs(t, err, ErrBreakerOpen)
		assert.NotErrorIs(t, err, ErrNoAnswer)
		var e *APIError
		require.ErrorAs(t, err, &e)
		assert.True(t, e.Unavailable())
		assert.Equal(t, breakerOpen*3/4, e.RetryAfter())
		assert.Len(t, s.seen, breakerFailures)

		time.Sleep(e.RetryAfter() + 1) // half-open: one probe, which fails
		require.ErrorIs(t, send(), ErrNoAnswer)
		require.ErrorIs(t, send(), ErrBreakerOpen)

		up = true
		time.Sleep(breakerOpen + 1)
		require.NoError(t, send())
		assert.Equal(t, "half-open", c.Stats().Breaker)
		require.NoError(t, send())
		assert.Equal(t, "closed", c.Stats().Breaker)
	})
}

func TestBreakerIgnoresRefusalsAndCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := answers(reply(403, `{}`))
		c := newTestClient(t, s, unlimited)
		for range 3 * breakerFailures {
			_, err := c.send(t.Context(), []byte(mutationX))
			require.ErrorIs(t, err, ErrUnauthorized)
		}
		c = newTestClient(t, hang{}, unlimited)
		for range 3 * breakerFailures {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			_, err := c.send(ctx, []byte(mutationX))
			require.ErrorIs(t, err, context.Canceled)
		}
		assert.Equal(t, "closed", c.Stats().Breaker)
	})
}

// renewing is a token source that has another token after a drop.
type renewing struct {
	mu     sync.Mutex
	tokens []string
	drops  []string
}

func (r *renewing) Token(context.Context) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tokens[0], nil
}

func (r *renewing) DropToken(token string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drops = append(r.drops, token)
	if len(r.tokens) > 1 {
		r.tokens = r.tokens[1:]
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(_ int, x exchanged) (*http.Response, error) {
		if x.header.Get("X-Shopify-Access-Token") == "new" {
			return reply(200, okWrite)()
		}
		return reply(401, `{"errors":"Invalid API key"}`)()
	}}
	c := newTestClient(t, s, nil)
	r := &renewing{tokens: []string{"old", "new"}}
	c.tokens = r
	_, err := c.send(t.Context(), []byte(mutationX))
	require.NoError(t, err)
	assert.Len(t, s.seen, 2)
	assert.Equal(t, []string{"old"}, r.drops)

	c.tokens = &renewing{tokens: []string{"old", "older", "new"}} // only one more try
	_, err = c.send(t.Context(), []byte(mutationX))
	require.ErrorIs(t, err, ErrUnauthorized)
	assert.Len(t, s.seen, 4)

	c.tokens = &renewing{tokens: []string{"old"}} // no other token: not sent again
	_, err = c.send(t.Context(), []byte(mutationX))
	require.ErrorIs(t, err, ErrUnauthorized)
	assert.Len(t, s.seen, 5)

	c.tokens = StaticToken("old")
	_, err = c.send(t.Context(), []byte(mutationX))
	require.ErrorIs(t, err, ErrUnauthorized)
	assert.Len(t, s.seen, 6)
}

type noTokens struct{ err error }

func (n noTokens) Token(context.Context) (string, error) { return "", n.err }

func TestNoToken(t *testing.T) {
	t.Parallel()
	s := answers(reply(200, okWrite))
	c := newTestClient(t, s, nil)
	for _, err := range []error{nil, errors.New("vault sealed"), &APIError{Kind: ErrNoAnswer, Shop: "s", Operation: "access token"}} {
		c.tokens = noTokens{err}
		_, err := c.send(t.Context(), []byte(mutationX))
		require.ErrorIs(t, err, ErrUnauthorized)
		assert.NotErrorIs(t, err, ErrNoAnswer, "nothing was sent, so nothing is unknown")
	}
	c.tokens = noTokens{&APIError{Kind: ErrSuspended, Shop: "s", Operation: "access token"}}
	_, err := c.send(t.Context(), []byte(mutationX))
	require.ErrorIs(t, err, ErrSuspended)
	assert.Empty(t, s.seen)
}

func TestSendRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	s := answers(reply(200, okWrite))
	_, err := newTestClient(t, s, nil).send(t.Context(), []byte("<html>"))
	require.ErrorIs(t, err, ErrInvalidRequest)
	assert.Empty(t, s.seen)
}

// The client waits for points before a call, by what answers say they are.
func TestClientWaitsForPoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := answers(reply(200, strings.TrimSuffix(okWrite, "}")+`,"extensions":{"cost":{"requestedQueryCost":13,"actualQueryCost":10,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":3,"restoreRate":2.0}}}}`))
		c := newTestClient(t, s, nil)
		body, err := adjustBody(someWrite())
		require.NoError(t, err)
		for range 3 {
			_, err := c.send(t.Context(), body)
			require.NoError(t, err)
		}
		require.Len(t, s.seen, 3)
		assert.InDelta(t, 5, s.seen[1].at.Sub(s.seen[0].at).Seconds(), 0.001, "(13-3)/2")
		assert.InDelta(t, 5, s.seen[2].at.Sub(s.seen[1].at).Seconds(), 0.001)
	})
}

func TestClientFromManyGoroutines(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(n int, _ exchanged) (*http.Response, error) {
		if n%5 == 0 {
			return reply(500, "")()
		}
		return reply(200, okRead, "X-Shopify-API-Version", []string{"2026-07", "2026-10"}[n%2])()
	}}
	c := newTestClient(t, s, unlimited)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				_, _ = c.locations(t.Context(), PriorityRead)
				_ = c.Stats()
				_ = c.ServedVersion()
			}
		})
	}
	wg.Wait()
	assert.Positive(t, c.Stats().Requests)
}
