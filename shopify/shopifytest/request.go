package shopifytest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// call is one request to the API.
type call struct {
	method, path, token string
	body                []byte
}

// answer is what the API says, or that it says nothing.
type answer struct {
	status int
	header http.Header
	body   []byte
	lost   bool
}

// ServeHTTP answers POST /admin/api/{version}/graphql.json.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a := s.answer(r.Context(), call{r.Method, r.URL.Path, r.Header.Get("X-Shopify-Access-Token"), body})
	if a.lost {
		panic(http.ErrAbortHandler) // net/http's way to break a connection
	}
	for name, v := range a.header {
		w.Header()[name] = v
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // or the client has gone
}

// Transport calls the server directly, whatever host the request names. It
// needs no socket and no goroutine, so it works inside testing/synctest.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

type transport struct{ s *Server }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		body, err = io.ReadAll(r.Body)
		if cerr := r.Body.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
	}
	a := t.s.answer(r.Context(), call{r.Method, r.URL.Path, r.Header.Get("X-Shopify-Access-Token"), body})
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if a.lost {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), StatusCode: a.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: a.header, Request: r,
		Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)),
	}, nil
}

// version picks the version that serves a request for one: itself, or the next
// newer one that is still served. A version that is not one has none.
func (s *Server) version(asked string) (string, bool) {
	if _, err := time.Parse("2006-01", asked); err != nil {
		return "", false
	}
	for _, v := range s.versions {
		if v >= asked {
			return v, true
		}
	}
	return "", false
}

// answer serves one request: the door, the operation, its faults, its cost.
func (s *Server) answer(ctx context.Context, c call) answer {
	rest, ok := strings.CutPrefix(c.path, "/admin/api/")
	asked, file, cut := strings.Cut(rest, "/")
	version, known := s.version(asked)
	switch {
	case !ok || !cut || file != "graphql.json" || !known || c.method != http.MethodPost:
		return s.refuse(http.StatusNotFound, "Not Found")
	case c.token != s.cfg.Token:
		return s.refuse(http.StatusUnauthorized, "[API] Invalid API key or access token (unrecognized login or wrong password)")
	}
	var request struct {
		Query         string                     `json:"query"`
		OperationName string                     `json:"operationName"`
		Variables     map[string]json.RawMessage `json:"variables"`
	}
	if err := json.Unmarshal(c.body, &request); err != nil || request.Query == "" {
		return s.refuse(http.StatusBadRequest, "Required parameter missing or invalid")
	}
	op, errs := s.schemas[version].Prepare(request.Query, request.OperationName, request.Variables)
	name := ""
	if op != nil {
		op.Linear = s.cfg.LinearCost
		if root := op.Root(); len(root) > 0 {
			name = root[0].Name
		}
	}
	fault := s.fault(name)
	if fault.Drop {
		return answer{lost: true}
	}
	if !pause(ctx, fault.Delay) {
		return answer{lost: true}
	}
	var a answer
	switch {
	case fault.Status != 0:
		a = s.refuse(fault.Status, http.StatusText(fault.Status))
	case errs != nil:
		a = s.reply(version, response{Errors: errs})
	default:
		a = s.run(version, op, fault.Throttle)
	}
	if fault.LoseReply || !pause(ctx, fault.Slow) {
		return answer{lost: true}
	}
	return a
}

// fault counts a request and asks the hook what is to go wrong with it.
func (s *Server) fault(name string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counters.Requests++
	s.calls[name]++
	if s.outage {
		s.counters.Faults++
		return Fault{Status: http.StatusServiceUnavailable}
	}
	if s.hook == nil {
		return Fault{}
	}
	f := s.hook(name, s.calls[name])
	if f != (Fault{}) {
		s.counters.Faults++
	}
	return f
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

type response struct {
	Data       json.RawMessage  `json:"data,omitempty"`
	Errors     []*graphql.Error `json:"errors,omitempty"`
	Extensions *extensions      `json:"extensions,omitempty"`
}

type extensions struct {
	Cost *cost `json:"cost"`
}

// run executes an operation in one step: nothing else happens meanwhile.
func (s *Server) run(version string, op *graphql.Operation, throttle bool) answer {
	s.mu.Lock()
	requested := op.Cost()
	s.bucket.refill(s.now(), s.cfg.MaximumAvailable, s.cfg.RestoreRate)
	var r response
	switch oversized := tooLong(op); {
	case oversized != nil:
		r.Errors = []*graphql.Error{oversized}
		r.Extensions = &extensions{s.cost(requested, nil)}
	case requested > s.cfg.MaxCost:
		r.Errors = []*graphql.Error{s.tooDear(requested)}
		r.Extensions = &extensions{s.cost(requested, nil)}
	case throttle || float64(requested) > s.bucket.level:
		s.counters.Throttled++
		r.Errors = []*graphql.Error{graphql.Errorf("THROTTLED", "Throttled")}
		r.Extensions = &extensions{s.cost(requested, nil)}
	default:
		got := op.Execute(&resolver{Server: s, version: version})
		actual := min(got.Cost, requested)
		s.bucket.level -= float64(actual)
		r = response{got.Data, got.Errors, &extensions{s.cost(requested, &actual)}}
	}
	s.mu.Unlock()
	return s.reply(version, r)
}

func (s *Server) tooDear(cost int) *graphql.Error {
	return &graphql.Error{
		Message: fmt.Sprintf("Query cost is %d, which exceeds the single query max cost limit (%d).", cost, s.cfg.MaxCost),
		Extensions: map[string]any{
			"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": s.cfg.MaxCost,
			"documentation": "https://shopify.dev/api/usage/limits#rate-limits",
		},
	}
}

// maxInput is the most entries that any array in the input may have.
const maxInput = 250

// tooLong finds an array in the input that is too long.
func tooLong(op *graphql.Operation) *graphql.Error {
	var find func(v any, path []any) *graphql.Error
	find = func(v any, path []any) *graphql.Error {
		switch v := v.(type) {
		case []any:
			if len(v) > maxInput {
				return &graphql.Error{
					Message:    fmt.Sprintf("The input array size of %d is greater than the maximum allowed of %d.", len(v), maxInput),
					Path:       append([]any{}, path...),
					Extensions: map[string]any{"code": "MAX_INPUT_SIZE_EXCEEDED"},
				}
			}
			for i, e := range v {
				if err := find(e, append(path, i)); err != nil {
					return err
				}
			}
		case map[string]any:
			for name, e := range v {
				if err := find(e, append(path, name)); err != nil {
					return err
				}
			}
		}
		return nil
	}
	for _, f := range op.Root() {
		if err := find(f.Args, []any{f.Key}); err != nil {
			return err
		}
	}
	return nil
}

// refuse answers outside GraphQL, as a Shopify door does.
func (s *Server) refuse(status int, why string) answer {
	body, err := json.Marshal(map[string]string{"errors": why})
	if err != nil {
		body = []byte("{}")
	}
	return answer{status: status, header: s.header(), body: body}
}

func (s *Server) reply(version string, r response) answer {
	body, err := json.Marshal(r)
	if err != nil {
		return s.refuse(http.StatusInternalServerError, err.Error())
	}
	h := s.header()
	h.Set("X-Shopify-API-Version", version)
	return answer{status: http.StatusOK, header: h, body: body}
}

func (s *Server) header() http.Header {
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Date", s.Now().UTC().Format(http.TimeFormat))
	return h
}
