package shopify

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// topError is an entry of the errors at the top of an answer.
type topError struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Extensions struct {
		Code     string `json:"code"`
		Problems []struct {
			Path        []any  `json:"path"`
			Explanation string `json:"explanation"`
		} `json:"problems"`
	} `json:"extensions"`
}

// readAnswer turns an exchange into an answer or an error. An answer may come with
// an error: for the cost in it.
func readAnswer(r request, res *http.Response, raw []byte, readErr error) (*answer, error) {
	fail := func(kind error) *APIError {
		return &APIError{Kind: kind, Operation: r.operation, Status: res.StatusCode, RequestID: requestID(res.Header)}
	}
	var env struct {
		Data       json.RawMessage `json:"data"`
		Errors     json.RawMessage `json:"errors"` // a list, a text, or an object
		Extensions struct {
			Cost *cost `json:"cost"`
		} `json:"extensions"`
	}
	jsonErr := readErr
	if jsonErr == nil {
		jsonErr = json.Unmarshal(raw, &env)
	}
	list, text := topErrors(env.Errors)
	a := &answer{data: env.Data, cost: env.Extensions.Cost}

	if res.StatusCode != http.StatusOK {
		kind, wait := statusKind(res.StatusCode, res.Header)
		e := fail(kind)
		e.Wait, e.Message = wait, shorten(text)
		if jsonErr != nil {
			e.Message = "not JSON: " + http.StatusText(res.StatusCode)
		}
		if host := redirectHost(res); host != "" {
			e.Message = "redirected to " + host + ", not followed: use the shop's own myshopify.com domain"
		}
		if len(list) > 0 {
			e.Code = list[0].Extensions.Code
		}
		return a, e
	}
	empty := len(env.Data) == 0 || string(env.Data) == "null"
	switch {
	case jsonErr != nil:
		e := fail(ErrNoAnswer)
		e.Message, e.cause = "the answer does not decode", jsonErr
		return nil, e
	case len(list) == 0 && text == "" && !empty:
		return a, nil
	case len(list) == 0:
		e := fail(ErrNoAnswer)
		e.Message = "neither data nor a list of errors"
		if text != "" {
			e.Message = shorten(text)
		}
		return a, e
	}
	kind, which := errorsKind(r.mutation, list, env.Data)
	e := fail(kind)
	e.Code, e.Message = which.Extensions.Code, which.text()
	if kind == ErrThrottled {
		e.Wait = throttledWait(a.cost, res.Header)
	}
	return a, e
}

// topErrors reads the three shapes of errors: a list of objects, or a text or
// an object of texts, which come with some HTTP statuses.
func topErrors(raw json.RawMessage) (list []topError, text string) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, ""
	}
	if json.Unmarshal(raw, &list) == nil {
		if len(list) > 0 {
			text = list[0].text()
		}
		return list, text
	}
	if json.Unmarshal(raw, &text) == nil {
		return nil, text
	}
	return nil, string(raw)
}

func (t topError) text() string {
	s := t.Message
	for _, p := range t.Extensions.Problems {
		s += "; " + p.Explanation
	}
	return shorten(s)
}

// errorsKind judges a list of errors in HTTP 200, and picks the one to report.
// For a mutation, a refusal is believed only if every error is one and no data
// came; one that is found while running must also be that of the mutation's own
// field, not of something below it. Else parts of it ran: outcome unknown.
func errorsKind(mutation bool, list []topError, data json.RawMessage) (error, topError) {
	kind, which := error(nil), list[0]
	for _, t := range list {
		k := codeKind(t.Extensions.Code)
		if mutation && len(t.Path) > 1 && foundRunning(t.Extensions.Code) {
			k = ErrNoAnswer
		}
		if kind == nil || k == ErrNoAnswer && kind != ErrNoAnswer {
			kind, which = k, t
		}
	}
	if mutation && kind != ErrNoAnswer && holdsData(data) {
		kind = ErrNoAnswer
	}
	return kind, which
}

// foundRunning tells the refusals that fields give when they run from those of
// the whole document, whose paths lead into arguments.
func foundRunning(code string) bool { return code == "ACCESS_DENIED" || code == "BAD_REQUEST" }

// holdsData says whether any field of the data has a value.
func holdsData(data json.RawMessage) bool {
	var fields map[string]json.RawMessage
	if len(data) == 0 || json.Unmarshal(data, &fields) != nil {
		return len(data) > 0
	}
	for _, v := range fields {
		if string(v) != "null" {
			return true
		}
	}
	return false
}

// codeKind maps extensions.code.
func codeKind(code string) error {
	switch code {
	case "THROTTLED":
		return ErrThrottled
	case "ACCESS_DENIED":
		return ErrUnauthorized
	case "SHOP_INACTIVE":
		return ErrSuspended
	case "MAX_COST_EXCEEDED":
		return ErrTooCostly
	case "MAX_INPUT_SIZE_EXCEEDED":
		return ErrTooLarge
	case "BAD_REQUEST", "INVALID_VARIABLE", "INVALID_FIELD_ARGUMENTS", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED":
		return ErrInvalidRequest
	}
	if code != "" && code[0] >= 'a' && code[0] <= 'z' { // the validator's: directiveCannotBeApplied, undefinedField, ...
		return ErrInvalidRequest
	}
	return ErrNoAnswer // INTERNAL_SERVER_ERROR, TIMEOUT, none, unknown ones
}

// statusKind maps an HTTP status other than 200, and says how long to wait
// (shopify.dev, API response status codes).
func statusKind(status int, h http.Header) (error, time.Duration) {
	wait := retryAfter(h)
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrUnauthorized, wait
	case http.StatusPaymentRequired, http.StatusLocked, 430:
		if wait == 0 {
			wait = 5 * time.Minute
		}
		return ErrSuspended, wait
	case http.StatusNotFound, http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return ErrNotFound, wait
	case http.StatusTooManyRequests:
		if wait == 0 {
			wait = time.Second
		}
		return ErrThrottled, wait
	case http.StatusRequestEntityTooLarge:
		return ErrTooLarge, 0
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusUnprocessableEntity:
		return ErrInvalidRequest, 0
	}
	return ErrNoAnswer, wait
}

// retryAfter reads the header in seconds (also with a fraction) or as a date.
func retryAfter(h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s > 0 && s < 1e6 {
		return time.Duration(math.Ceil(s * float64(time.Second)))
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	now := time.Now()
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date // both by the same clock
	}
	return max(at.Sub(now), 0)
}

// throttledWait is how long the missing points take. It goes by the requested
// cost, which Shopify reserves before it runs a query, not by the actual one.
func throttledWait(c *cost, h http.Header) time.Duration {
	if wait := retryAfter(h); wait > 0 {
		return wait
	}
	if c == nil || c.Throttle == nil || !(c.Throttle.Restore > 0) {
		return time.Second
	}
	seconds := math.Ceil((c.Requested - c.Throttle.Left) / c.Throttle.Restore)
	return time.Duration(min(max(seconds, 1), 3600)) * time.Second
}

func requestID(h http.Header) string {
	id := h.Get("X-Request-Id")
	if len(id) > 100 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	return id
}

func redirectHost(res *http.Response) string {
	if res.StatusCode < 300 || res.StatusCode >= 400 {
		return ""
	}
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		return ""
	}
	return u.Host
}

// withoutURL takes the address off a transport's error: APIError names the shop.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
