package shopify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The kinds of answers that are not a clear success. Every error of a [Client]
// that comes from talking to Shopify is an [*APIError] that matches one of them
// with errors.Is. Each comment says whether the request may have been carried
// out, and what to do. It speaks of this sending only: if the same bytes were sent
// before and got no answer, the outcome of that stays unknown.
var (
	// ErrThrottled: the budget of points is used up (code THROTTLED in HTTP 200,
	// or HTTP 429), and stayed so for as long as the client was willing to wait.
	// The request was not carried out. Send it again after RetryAfter.
	ErrThrottled = errors.New("shopify: throttled")

	// ErrUnauthorized: the token is wrong or expired (HTTP 401), or lacks a scope
	// (HTTP 403, code ACCESS_DENIED). The request was not carried out, and no
	// other will be: pause until the token is replaced or the scope granted.
	ErrUnauthorized = errors.New("shopify: not authorized")

	// ErrSuspended: the shop is frozen for lack of payment (HTTP 402) or locked
	// (423), or Shopify takes the request for an attack (430). The request was not
	// carried out. Pause; hammering makes it worse.
	ErrSuspended = errors.New("shopify: shop suspended or request rejected for security")

	// ErrNotFound: there is no such shop or API version (HTTP 404), or Shopify
	// redirects to another address (3xx), which the client never follows, as that
	// would give the token away. The request was not carried out. Pause, and
	// correct the domain.
	ErrNotFound = errors.New("shopify: no such shop or API version")

	// ErrNoAnswer: there is no answer that can be trusted: the connection broke,
	// the call timed out, HTTP 5xx, HTML, JSON that does not decode, errors of
	// Shopify's own making, or a mutation that failed in an unknown state.
	// The outcome of a write is UNKNOWN: it may have been carried out. Send the
	// same bytes with the same idempotency key again until there is an answer, and
	// conclude nothing before. A read can simply be repeated.
	ErrNoAnswer = errors.New("shopify: no answer, outcome unknown")

	// ErrBreakerOpen: the last calls got no answer, so this one was not sent at
	// all. Pause for RetryAfter.
	ErrBreakerOpen = errors.New("shopify: circuit breaker open, not sent")

	// ErrVersion: Shopify answers with an API version that this build does not
	// know, so a write was not sent: its rules may have changed. Upgrade this
	// module and set ClientConfig.Version. See [Client.ServedVersion].
	ErrVersion = errors.New("shopify: API version not known to this build")

	// ErrTooCostly: one query costs more than Shopify allows for one (1,000
	// points, code MAX_COST_EXCEEDED). It was not carried out, and never will be.
	// The client's own queries shrink their pages by themselves.
	ErrTooCostly = errors.New("shopify: query too costly")

	// ErrTooLarge: a list is longer than Shopify allows (250 entries, code
	// MAX_INPUT_SIZE_EXCEEDED), or the body is too large (HTTP 413). It was not
	// carried out, and never will be: send less at a time.
	ErrTooLarge = errors.New("shopify: request too large")

	// ErrInvalidRequest: Shopify does not understand the request (codes
	// BAD_REQUEST, INVALID_VARIABLE, INVALID_FIELD_ARGUMENTS, those of GraphQL's
	// validation, HTTP 400, 406, 422), or the client found a fault in it before
	// sending. It was not carried out, and never will be. This is a mistake of the
	// program: please report it if the request is one of this module's.
	ErrInvalidRequest = errors.New("shopify: invalid request")
)

// APIError says why a call had no clear success. It carries no token, no
// secret and nothing of the request but the operation's name.
//
// The methods Permanent, RetryAfter and Unavailable steer queues, which look
// for them with errors.As.
type APIError struct {
	Kind      error         // one of the Err variables above
	Shop      string        // the shop's domain
	Operation string        // name of the GraphQL operation
	Status    int           // HTTP status, 0 if there was none
	Code      string        // Shopify's code, such as "INVALID_VARIABLE", if it gave one
	Message   string        // what Shopify said, shortened
	RequestID string        // Shopify's X-Request-Id: its support asks for it
	Wait      time.Duration // how long to wait before the next try, 0 if not known

	cause error
}

// Error names the operation, the kind, and what Shopify said.
func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind.Error())
	if e.Operation != "" {
		b.WriteString(": " + e.Operation)
	}
	if e.Shop != "" {
		b.WriteString(" at " + e.Shop)
	}
	if e.Status != 0 {
		b.WriteString(", HTTP " + strconv.Itoa(e.Status))
	}
	if e.Code != "" {
		b.WriteString(", " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the kind and the cause, such as context.DeadlineExceeded.
func (e *APIError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.cause}
}

// Permanent says that the same request will never succeed: dead-letter it.
func (e *APIError) Permanent() bool {
	switch e.Kind {
	case ErrTooCostly, ErrTooLarge, ErrInvalidRequest:
		return true
	}
	return false
}

// Unavailable says that no request to this shop will succeed for now, through
// no fault of this one: pause, and count no attempt.
func (e *APIError) Unavailable() bool {
	switch e.Kind {
	case ErrThrottled, ErrUnauthorized, ErrSuspended, ErrNotFound, ErrBreakerOpen, ErrVersion:
		return true
	}
	return false
}

// RetryAfter is how long to wait before the next try, 0 if nobody said.
func (e *APIError) RetryAfter() time.Duration { return e.Wait }

// UserError is Shopify's reason to refuse a write, or one entry of it. The
// write as a whole was not carried out.
type UserError struct {
	Code    string   // such as "CHANGE_FROM_QUANTITY_STALE"
	Message string   // for people
	Field   []string // where: "input", "changes", "0", "delta"
}

// Error is the code, the place and the message.
func (e *UserError) Error() string {
	return fmt.Sprintf("shopify: refused: %s at %s: %s", e.Code, strings.Join(e.Field, "."), e.Message)
}

// Index is the number of the entry that is at fault, counted from 0, and false
// if the error is about the whole write.
func (e *UserError) Index() (int, bool) {
	for _, f := range e.Field {
		if n, err := strconv.Atoi(f); err == nil && n >= 0 {
			return n, true
		}
	}
	return 0, false
}

// shorten keeps foreign text, such as an HTML page, out of logs and errors.
func shorten(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
	const most = 300
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
