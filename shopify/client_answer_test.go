package shopify

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every shape of answer that the facts about Shopify list, for a read and for a
// write. again means that the client itself sends it once more.
func TestEveryAnswerThatIsNoSuccess(t *testing.T) {
	t.Parallel()
	const cost = `"extensions":{"cost":{"requestedQueryCost":400,"actualQueryCost":null,"throttleStatus":{"maximumAvailable":2000.0,"currentlyAvailable":130,"restoreRate":100.0}}}`
	html := "<html><body>Oops, " + strings.Repeat("something went wrong ", 1000) + "</body></html>"
	for name, c := range map[string]struct {
		status int
		body   string
		header []string
		read   error // kinds
		write  error
		code   string
		wait   time.Duration
	}{
		"throttled":             {200, `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],` + cost + `}`, nil, ErrThrottled, ErrThrottled, "THROTTLED", 3 * time.Second},
		"throttled, no numbers": {200, `{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}]}`, nil, ErrThrottled, ErrThrottled, "THROTTLED", time.Second},
		"429":                   {429, `{"errors":"Exceeded 2 calls per second"}`, []string{"Retry-After", "2.0"}, ErrThrottled, ErrThrottled, "", 2 * time.Second},
		"429 with a date":       {429, `{}`, []string{"Retry-After", "Mon, 23 Nov 2026 10:00:09 GMT", "Date", "Mon, 23 Nov 2026 10:00:02 GMT"}, ErrThrottled, ErrThrottled, "", 7 * time.Second},
		"429 without a word":    {429, ``, nil, ErrThrottled, ErrThrottled, "", time.Second},
		"401":                   {401, `{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}`, nil, ErrUnauthorized, ErrUnauthorized, "", 0},
		"403":                   {403, `{"errors":"[API] This action requires merchant approval for read_orders scope."}`, nil, ErrUnauthorized, ErrUnauthorized, "", 0},
		"402 frozen":            {402, `{"errors":"Unavailable Shop"}`, nil, ErrSuspended, ErrSuspended, "", 5 * time.Minute},
		"423 locked":            {423, `{"errors":{"base":"locked"}}`, nil, ErrSuspended, ErrSuspended, "", 5 * time.Minute},
		"430 security":          {430, html, []string{"Retry-After", "30"}, ErrSuspended, ErrSuspended, "", 30 * time.Second},
		"404":                   {404, `{"errors":"Not Found"}`, nil, ErrNotFound, ErrNotFound, "", 0},
		"400":                   {400, `{"errors":"bad"}`, nil, ErrInvalidRequest, ErrInvalidRequest, "", 0},
		"406":                   {406, ``, nil, ErrInvalidRequest, ErrInvalidRequest, "", 0},
		"422":                   {422, `{"errors":[{"message":"x","extensions":{"code":"Y"}}]}`, nil, ErrInvalidRequest, ErrInvalidRequest, "Y", 0},
		"413":                   {413, html, nil, ErrTooLarge, ErrTooLarge, "", 0},
		"500":                   {500, `{"errors":"Internal Server Error"}`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"502 HTML":              {502, html, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"503":                   {503, ``, []string{"Retry-After", "4"}, ErrNoAnswer, ErrNoAnswer, "", 4 * time.Second},
		"504":                   {504, ``, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"418":                   {418, ``, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 HTML":              {200, html, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 empty":             {200, ``, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 cut":               {200, `{"data":{"inventoryAdjustQuantities":{"inv`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 no data":           {200, `{}`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 null data":         {200, `{"data":null,"errors":[]}`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"200 errors as text":    {200, `{"errors":"something"}`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"internal error":        {200, `{"errors":[{"message":"Internal error. Looks like something went wrong on our end.","extensions":{"code":"INTERNAL_SERVER_ERROR","requestId":"1"}}]}`, nil, ErrNoAnswer, ErrNoAnswer, "INTERNAL_SERVER_ERROR", 0},
		"time-out at Shopify":   {200, `{"errors":[{"message":"Timeout"}]}`, nil, ErrNoAnswer, ErrNoAnswer, "", 0},
		"max cost": {
			200, `{"errors":[{"message":"Query cost is 2003, which exceeds the single query max cost limit (1000).","extensions":{"code":"MAX_COST_EXCEEDED","cost":2003,"maxCost":1000}}]}`,
			nil, ErrTooCostly, ErrTooCostly, "MAX_COST_EXCEEDED", 0,
		},
		"251 entries": {
			200, `{"errors":[{"message":"The input array size of 251 is greater than the maximum allowed of 250.","path":["inventoryAdjustQuantities","input","changes"],"extensions":{"code":"MAX_INPUT_SIZE_EXCEEDED"}}]}`,
			nil, ErrTooLarge, ErrTooLarge, "MAX_INPUT_SIZE_EXCEEDED", 0,
		},
		"no directive": {
			200, `{"errors":[{"message":"The @idempotent directive is required for this mutation but was not provided.","extensions":{"code":"BAD_REQUEST"},"path":["inventorySetQuantities"]}],"data":{"inventorySetQuantities":null}}`,
			nil, ErrInvalidRequest, ErrInvalidRequest, "BAD_REQUEST", 0,
		},
		"no guard": {
			200, `{"errors":[{"message":"InventoryQuantityInput must include the following argument: changeFromQuantity.","extensions":{"code":"INVALID_FIELD_ARGUMENTS"},"path":["inventorySetQuantities"]}],"data":{"inventorySetQuantities":null}}`,
			nil, ErrInvalidRequest, ErrInvalidRequest, "INVALID_FIELD_ARGUMENTS", 0,
		},
		"bad variable": {
			200, `{"errors":[{"message":"Variable $input of type X was provided invalid value","extensions":{"code":"INVALID_VARIABLE","problems":[{"path":["changes",0,"delta"],"explanation":"Expected value to not be null"}]}}]}`,
			nil, ErrInvalidRequest, ErrInvalidRequest, "INVALID_VARIABLE", 0,
		},
		"validation": {
			200, `{"errors":[{"message":"Field 'x' doesn't exist","path":["query A","x"],"extensions":{"code":"undefinedField"}}]}`,
			nil, ErrInvalidRequest, ErrInvalidRequest, "undefinedField", 0,
		},
		"access denied": {
			200, `{"errors":[{"message":"Access denied for x field.","extensions":{"code":"ACCESS_DENIED"},"path":["x"]}],"data":{"x":null}}`,
			nil, ErrUnauthorized, ErrUnauthorized, "ACCESS_DENIED", 0,
		},
		"access denied below what ran": {
			200, `{"errors":[{"message":"Access denied for item field.","extensions":{"code":"ACCESS_DENIED"},"path":["x","group","item"]}],"data":{"x":null}}`,
			nil, ErrUnauthorized, ErrNoAnswer, "ACCESS_DENIED", 0,
		},
		"a refusal, and yet data": {
			200, `{"errors":[{"message":"y","extensions":{"code":"BAD_REQUEST"},"path":["x"]}],"data":{"x":{"id":1}}}`,
			nil, ErrInvalidRequest, ErrNoAnswer, "BAD_REQUEST", 0,
		},
		"a refusal, and something worse": {
			200, `{"errors":[{"message":"y","extensions":{"code":"BAD_REQUEST"}},{"message":"boom"}]}`,
			nil, ErrNoAnswer, ErrNoAnswer, "", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mutation := range []bool{false, true} {
				want := c.read
				if mutation {
					want = c.write
				}
				res, _ := reply(c.status, c.body, append(c.header, "X-Request-Id", "r-1")...)()
				raw, err := io.ReadAll(res.Body)
				require.NoError(t, err)
				_, err = readAnswer(request{operation: "Op", mutation: mutation}, res, raw, nil)
				require.ErrorIs(t, err, want)
				var e *APIError
				require.ErrorAs(t, err, &e)
				assert.Equal(t, want, e.Kind)
				assert.Equal(t, c.code, e.Code)
				assert.Equal(t, c.wait, e.RetryAfter())
				assert.Equal(t, c.status, e.Status)
				assert.Equal(t, "r-1", e.RequestID)
				assert.Less(t, len(err.Error()), 600, "foreign pages are not repeated")
				assert.NotContains(t, err.Error(), "<html>")
				assert.False(t, e.Permanent() && e.Unavailable())
			}
		})
	}
}

func TestKindsSteerQueues(t *testing.T) {
	t.Parallel()
	for kind, want := range map[error]string{
		ErrThrottled: "pause", ErrUnauthorized: "pause", ErrSuspended: "pause", ErrNotFound: "pause",
		ErrBreakerOpen: "pause", ErrVersion: "pause", ErrNoAnswer: "retry",
		ErrTooCostly: "never", ErrTooLarge: "never", ErrInvalidRequest: "never",
	} {
		e := &APIError{Kind: kind}
		got := "retry"
		switch {
		case e.Permanent():
			got = "never"
		case e.Unavailable():
			got = "pause"
		}
		assert.Equal(t, want, got, kind)
	}
}

func TestAPIErrorSaysWhatHappened(t *testing.T) {
	t.Parallel()
	e := &APIError{
		Kind: ErrNoAnswer, Shop: "acme.myshopify.com", Operation: "Levels", Status: 502, Code: "X", Message: "m",
		RequestID: "r", cause: io.ErrUnexpectedEOF,
	}
	assert.EqualError(t, e, "shopify: no answer, outcome unknown: Levels at acme.myshopify.com, HTTP 502, X: m: unexpected EOF (request r)")
	assert.ErrorIs(t, e, io.ErrUnexpectedEOF)
	assert.EqualError(t, &APIError{Kind: ErrBreakerOpen}, ErrBreakerOpen.Error())
}

func TestUserErrorIndex(t *testing.T) {
	t.Parallel()
	e := &UserError{Code: "INVALID_LOCATION", Message: "no", Field: []string{"input", "changes", "12", "locationId"}}
	n, ok := e.Index()
	assert.True(t, ok)
	assert.Equal(t, 12, n)
	assert.EqualError(t, e, "shopify: refused: INVALID_LOCATION at input.changes.12.locationId: no")
	_, ok = (&UserError{Field: []string{"input", "reason"}}).Index()
	assert.False(t, ok)
	_, ok = (&UserError{}).Index()
	assert.False(t, ok)
}

func TestEndlessAnswerIsCut(t *testing.T) {
	t.Parallel()
	s := &script{reply: func(int, exchanged) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(zeros{})}, nil
	}}
	c := newTestClient(t, s, nil)
	_, err := c.send(t.Context(), []byte(`{"query":"mutation X { x }","operationName":"X"}`))
	require.ErrorIs(t, err, ErrNoAnswer)
	assert.ErrorContains(t, err, "answer of more than")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestNoSecretInErrors(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]func() (*http.Response, error){
		"transport": lost(errors.New("connection reset by peer")),
		"401":       reply(401, `{"errors":"Invalid API key"}`),
		"HTML":      reply(500, "<html>"),
	} {
		c := newTestClient(t, answers(r), nil)
		_, err := c.send(t.Context(), []byte(`{"query":"mutation X { x }","operationName":"X"}`))
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), testToken, name)
		assert.Contains(t, err.Error(), "X at acme.myshopify.com", name)
	}
}
