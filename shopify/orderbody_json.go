package shopify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// parse reads exactly one JSON object.
func parse(body []byte, into any) error {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return &MalformedError{Problem: "is not a JSON object"}
	}
	err := json.Unmarshal(body, into)
	var wrong *json.UnmarshalTypeError
	var bad *MalformedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &bad):
		return bad
	case errors.As(err, &wrong):
		return &MalformedError{Field: wrong.Field, Problem: fmt.Sprintf("is a %s", wrong.Value), cause: err}
	default:
		return &MalformedError{Problem: "is not JSON: " + err.Error(), cause: err}
	}
}

// restID is an id in any of Shopify's forms: an integer, also above 2^53, a
// decimal string, or a gid. Null is "".
type restID string

func (id *restID) UnmarshalJSON(raw []byte) error {
	s := string(raw)
	if s == "null" {
		*id = ""
		return nil
	}
	if s[0] == '"' {
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if s == "" {
			*id = ""
			return nil
		}
	}
	n, ok := idNumber(s)
	if !ok {
		return &MalformedError{Problem: fmt.Sprintf("has an id %.80q that is neither a number nor a gid", s)}
	}
	*id = restID(n)
	return nil
}

// idNumber is the number of an id in any form, in decimal.
func idNumber(s string) (string, bool) {
	if strings.HasPrefix(s, "gid://") {
		s, _, _ = strings.Cut(s, "?")
		s = s[strings.LastIndexByte(s, '/')+1:]
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return strconv.FormatUint(n, 10), err == nil
}

func (id restID) missing(field string) error {
	if id == "" {
		return &MalformedError{Field: field, Problem: "is missing"}
	}
	return nil
}

// restTime is an RFC 3339 time in seconds since 1970; null is 0.
type restTime int64

func (t *restTime) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*t = 0
		return nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return &MalformedError{Problem: fmt.Sprintf("has a time %.80s that is no string", raw)}
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil || at.Unix() < 0 {
		return &MalformedError{Problem: fmt.Sprintf("has a time %.80q that is not RFC 3339", s), cause: err}
	}
	*t = restTime(at.Unix())
	return nil
}

func (t restTime) missing(field string) error {
	if t == 0 {
		return &MalformedError{Field: field, Problem: "is missing"}
	}
	return nil
}

// units checks a quantity that must be there.
func units(n *int64, field string) error {
	switch {
	case n == nil:
		return &MalformedError{Field: field, Problem: "is missing"}
	case *n < 0 || *n > inventory.MaxQuantity:
		return &MalformedError{Field: field, Problem: fmt.Sprintf("is %d, which is no quantity", *n)}
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// list converts the elements of a list that must be there.
func list[W, T any](field string, from *[]W, body func(W) (T, error)) ([]T, error) {
	if from == nil {
		return nil, &MalformedError{Field: field, Problem: "is missing"}
	}
	var out []T
	for i, w := range *from {
		x, err := body(w)
		var bad *MalformedError
		if errors.As(err, &bad) {
			bad.Field = fmt.Sprintf("%s[%d].%s", field, i, bad.Field)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}
