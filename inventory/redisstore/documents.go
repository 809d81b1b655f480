package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Documents implements [inventory.Ledger].
func (s *Store) Documents(ctx context.Context, name string, names []string) ([]inventory.Document, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	out := make([]inventory.Document, 0, len(names))
	for part := range slices.Chunk(names, 50) { // bodies can be large
		docs, _, err := s.documents(ctx, m, part, true)
		if err != nil {
			return nil, err
		}
		out = append(out, docs...)
	}
	return out, nil
}

func (s *Store) documents(ctx context.Context, m *merchant, names []string, bodies bool) ([]inventory.Document, []time.Time, error) {
	_, r, err := s.read(ctx, m, func(r *reading) error {
		for _, n := range names {
			fields := []string{n}
			if bodies {
				fields = append(fields, n+"\x00")
			}
			r.hmget(m.places.document(n), fields)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	out, written := make([]inventory.Document, len(names)), make([]time.Time, len(names))
	for i, n := range names {
		out[i].Name = n
		values, _ := r.rest[i].([]any)
		if len(values) == 0 || bodies && len(values) != 2 {
			return nil, nil, unreadable(m)
		}
		text, ok := values[0].(string)
		if !ok {
			continue
		}
		if out[i], written[i], ok = decodeDocument(n, text); !ok {
			return nil, nil, &CorruptError{Merchant: m.name, Record: "document " + n}
		}
		if bodies {
			body, ok := values[1].(string)
			if !ok {
				return nil, nil, &CorruptError{Merchant: m.name, Record: "document " + n}
			}
			if body != "" {
				out[i].Body = []byte(body)
			}
		}
	}
	return out, written, nil
}

// Doubtful implements [inventory.Ledger].
func (s *Store) Doubtful(ctx context.Context, name string, fetchable bool, most int) ([]inventory.Doubt, error) {
	m, err := s.open(ctx, name)
	if err != nil || most < 1 {
		return nil, err
	}
	list, wanted := "dc", "c"
	if fetchable {
		list, wanted = "df", "f"
	}
	names, err := s.members(ctx, m, "ZRANGE", m.places.at(list), 0, most-1)
	if err != nil {
		return nil, err
	}
	var out []inventory.Doubt
	for part := range slices.Chunk(names, chunk) {
		docs, written, err := s.documents(ctx, m, part, false)
		if err != nil {
			return nil, err
		}
		for i, d := range docs {
			if class(&d) == wanted { // else it was written meanwhile
				out = append(out, inventory.Doubt{Document: d.Name, Reasons: d.Doubts, Since: written[i]})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b inventory.Doubt) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Document, b.Document))
	})
	return out, nil
}

// ScanDocuments implements [inventory.Ledger]. The cursor is the hash to go on
// in, and Redis's own cursor in it. On another server, such as a replica that was
// promoted meanwhile, that one is worth nothing, and a scan can miss some.
func (s *Store) ScanDocuments(ctx context.Context, name string, q inventory.DocumentQuery, cursor string, most int) (docs []inventory.Document, next string, err error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, "", err
	}
	first, within, ok := decodeCursor(cursor)
	if !ok {
		return nil, "", &inventory.InvalidError{Field: "cursor", Problem: fmt.Sprintf("is %q, must be one that ScanDocuments returned, or empty", cursor)}
	}
	r, err := s.run(ctx, m, scanScript, false, func(c *call, sh *shape) error {
		s.header(c, m, sh, []int{})
		c.arg(shards-first, within, max(most, 1), age(q.Whole), age(q.Compact), q.Bases)
		for i := first; i < shards; i++ {
			c.key(m.places.at("doc:") + strconv.Itoa(i))
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	a := &answer{raw: r.rest}
	looked, within := int(a.int()), a.text()
	for range a.count() {
		name, record, body := a.text(), a.text(), a.text()
		d, _, ok := decodeDocument(name, record)
		if !a.bad && !ok {
			return nil, "", &CorruptError{Merchant: m.name, Record: "document " + name}
		}
		if body != "" {
			d.Body = []byte(body)
		}
		docs = append(docs, d)
	}
	if a.bad {
		return nil, "", unreadable(m)
	}
	if at := first + looked; at < shards {
		next = strconv.Itoa(at) + " " + within
	}
	return docs, next, nil
}

// age is how the script wants it: in us, and below zero for none.
func age(d time.Duration) int64 {
	if d < 0 {
		return -1
	}
	return d.Microseconds()
}

func decodeCursor(cursor string) (first int, within string, ok bool) {
	if cursor == "" {
		return 0, "0", true
	}
	at, within, _ := strings.Cut(cursor, " ")
	first, err := strconv.Atoi(at)
	_, err2 := strconv.ParseUint(within, 10, 64)
	return first, within, err == nil && err2 == nil && first >= 0 && first < shards
}

// members reads a list of names by one command.
func (s *Store) members(ctx context.Context, m *merchant, command, key string, args ...any) ([]string, error) {
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add(command, key, args...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	values, ok := r.rest[0].([]any)
	if !ok {
		return nil, unreadable(m)
	}
	out := make([]string, len(values))
	for i, v := range values {
		if out[i], ok = v.(string); !ok {
			return nil, unreadable(m)
		}
	}
	return out, nil
}
