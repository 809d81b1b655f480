package shopify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
)

const (
	maxAnswer    = 32 << 20         // bytes of an answer that are read
	maxThrottled = 8                // throttled answers to one call
	maxReads     = 3                // tries of a read without an answer
	longestWait  = 60 * time.Second // the longest that a call waits before it goes again
)

// request is one call, ready to send as often as needed.
type request struct {
	operation string
	mutation  bool
	body      []byte
	cost      float64 // expected
	priority  Priority
}

// answer is a clear success: data, and no errors at the top.
type answer struct {
	data json.RawMessage
	at   time.Time // when Shopify answered, by its own clock (HTTP Date), to the second
	cost *cost     // nil if Shopify did not say
}

type cost struct {
	Requested float64  `json:"requestedQueryCost"`
	Actual    *float64 `json:"actualQueryCost"`
	Throttle  *struct {
		Maximum float64 `json:"maximumAvailable"`
		Left    float64 `json:"currentlyAvailable"`
		Restore float64 `json:"restoreRate"`
	} `json:"throttleStatus"`
}

// call is the graphql.Client of one call: generated code is given one, and the
// caller reads what came with the answer from it afterwards.
type call struct {
	client   *Client
	priority Priority
	size     int // how many things are asked for: the cost depends on it

	at        time.Time // of the answer
	requested float64   // points, 0 if not known
}

func (c *Client) call(p Priority, size int) *call {
	return &call{client: c, priority: p, size: size}
}

// MakeRequest implements graphql.Client.
func (k *call) MakeRequest(ctx context.Context, req *graphql.Request, resp *graphql.Response) error {
	body, err := json.Marshal(req)
	if err != nil {
		return k.client.invalid(req.OpName, err)
	}
	c := k.client
	a, err := c.do(ctx, request{
		operation: req.OpName, mutation: isMutation(req.Query), body: body,
		cost: c.costs.of(req.OpName, k.size), priority: k.priority,
	})
	if err != nil {
		return err
	}
	k.at = a.at
	if a.cost != nil {
		k.requested = a.cost.Requested
		c.costs.learn(req.OpName, k.size, k.requested)
	}
	if err := json.Unmarshal(a.data, resp.Data); err != nil {
		return &APIError{Kind: ErrNoAnswer, Shop: c.domain, Operation: req.OpName, Message: "the data does not decode", cause: err}
	}
	return nil
}

// send posts exactly these bytes, a rendered GraphQL request. See do.
func (c *Client) send(ctx context.Context, body []byte) (*answer, error) {
	var r struct {
		Query     string `json:"query"`
		Operation string `json:"operationName"`
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, c.invalid("", err)
	}
	a, err := c.do(ctx, request{
		operation: r.Operation, mutation: isMutation(r.Query), body: body,
		cost: c.costs.of(r.Operation, 1), priority: PriorityPush,
	})
	if err == nil && a.cost != nil {
		c.costs.learn(r.Operation, 1, a.cost.Requested)
	}
	return a, err
}

// do sends the request until there is an answer worth returning. The same
// bytes go again after a throttled answer, read or write, as Shopify did not
// carry it out; once after HTTP 401 if there is another token; and, for reads
// only, after no answer. A write without an answer is the caller's to repeat.
func (c *Client) do(ctx context.Context, r request) (*answer, error) {
	refused := "" // the token that was refused
	for throttled, unanswered := 0, 0; ; {
		a, token, err := c.once(ctx, r, refused)
		var e *APIError
		if err == nil || !errors.As(err, &e) {
			return a, err
		}
		wait := time.Duration(0)
		switch {
		case e.Kind == ErrThrottled && e.Status != 0:
			if throttled++; throttled >= maxThrottled {
				return nil, err
			}
			wait = max(e.Wait, time.Second)
			wait += rand.N(wait/4 + 1) // so that many who were throttled do not come back as one
		case e.Kind == ErrUnauthorized && e.Status == http.StatusUnauthorized && refused == "" && token != "":
			dropper, ok := c.tokens.(TokenDropper)
			if !ok {
				return nil, err
			}
			dropper.DropToken(token)
			refused = token
		case e.Kind == ErrNoAnswer && !r.mutation && ctx.Err() == nil:
			if unanswered++; unanswered >= maxReads {
				return nil, err
			}
			wait = 250*time.Millisecond<<unanswered + rand.N(250*time.Millisecond)
		default:
			return nil, err
		}
		if end, ok := ctx.Deadline(); wait > longestWait || ok && time.Until(end) < wait {
			return nil, err // it says what happened better than the deadline will
		}
		if sleep(ctx, wait) != nil {
			return nil, err
		}
	}
}

// once sends the request once, with points and the breaker's leave. It does
// not send it with a token that is known to be refused.
func (c *Client) once(ctx context.Context, r request, refused string) (a *answer, token string, err error) {
	defer func() {
		var e *APIError
		if errors.As(err, &e) && (e.Shop == "" || e.Operation == "") { // made here, nobody else has it
			e.Shop, e.Operation = c.domain, r.operation
		}
	}()
	if r.mutation {
		if err := c.writable(); err != nil {
			return nil, "", err
		}
	}
	if err := c.breaker.open(); err != nil {
		return nil, "", err // before points are taken for it
	}
	token, err = c.tokens.Token(ctx)
	switch {
	case err != nil:
		return nil, "", c.noToken(ctx, err)
	case token == "" || token == refused:
		return nil, "", &APIError{Kind: ErrUnauthorized, Message: "no token that Shopify has not refused already"}
	}
	if err := c.budget.Take(ctx, c.domain, r.cost, r.priority); err != nil {
		return nil, "", fmt.Errorf("shopify: %s at %s not sent: waiting for the rate budget: %w", r.operation, c.domain, err)
	}
	report, err := c.breaker.allow()
	if err != nil {
		return nil, "", err
	}
	a, err = c.post(ctx, r, token)
	report(err)
	return a, token, err
}

// post makes one HTTP exchange, and judges it.
func (c *Client) post(ctx context.Context, r request, token string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(r.body))
	if err != nil {
		return nil, c.invalid(r.operation, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "onhand (+https://github.com/onhand-dev/onhand)")
	req.Header.Set("X-Shopify-Access-Token", token)
	c.requests.Add(1)
	before := time.Now()
	res, err := c.http.Do(req)
	if err != nil {
		c.unanswered.Add(1)
		return nil, &APIError{Kind: ErrNoAnswer, cause: withoutURL(err)}
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err == nil && len(raw) > maxAnswer {
		err = fmt.Errorf("answer of more than %d bytes", maxAnswer)
	}
	c.observe(res.Header)
	a, err := readAnswer(r, res, raw, err)
	if err == nil {
		if a.at, err = http.ParseTime(res.Header.Get("Date")); err != nil {
			a.at, err = before.UTC(), nil // no clock of Shopify's: the earliest it can have been
		}
	}
	if a != nil && a.cost != nil && a.cost.Throttle != nil {
		t := a.cost.Throttle
		c.budget.Learn(c.domain, r.cost, t.Left, t.Restore, t.Maximum)
	}
	switch {
	case errors.Is(err, ErrNoAnswer):
		c.unanswered.Add(1)
	case errors.Is(err, ErrThrottled):
		c.throttled.Add(1)
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// noToken makes an *APIError of what a TokenSource returns.
func (c *Client) noToken(ctx context.Context, err error) error {
	var e *APIError
	if errors.As(err, &e) {
		if e.Kind != ErrNoAnswer {
			return err
		}
		// Nothing was sent to the API: there is nothing unknown about it.
		return &APIError{Kind: ErrUnauthorized, Message: "no token", Wait: time.Second, cause: hide(e)}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &APIError{Kind: ErrUnauthorized, Message: "no token", cause: err}
}

// hide keeps the text of an error, and not what it matches.
func hide(err error) error { return errors.New(err.Error()) }

func (c *Client) invalid(operation string, cause error) error {
	return &APIError{Kind: ErrInvalidRequest, Shop: c.domain, Operation: operation, Message: "not sent", cause: cause}
}

func isMutation(query string) bool {
	return strings.HasPrefix(strings.TrimSpace(query), "mutation")
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
