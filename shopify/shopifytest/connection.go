package shopifytest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// record is a small object that is only its fields.
type record struct {
	kind   string
	fields fields
}

// entry is a node of a connection with its place in the order.
type entry struct {
	text string
	rank int64
	id   int64
	node any
}

func (e entry) compare(o entry) int {
	return cmp.Or(cmp.Compare(e.rank, o.rank), cmp.Compare(e.text, o.text), cmp.Compare(e.id, o.id))
}

func (e entry) cursor() string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "%d %d %s", e.rank, e.id, e.text))
}

func parseCursor(s string) (entry, bool) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return entry{}, false
	}
	var e entry
	parts := strings.SplitN(string(raw), " ", 3)
	if len(parts) != 3 {
		return entry{}, false
	}
	_, err = fmt.Sscan(parts[0]+" "+parts[1], &e.rank, &e.id)
	e.text = parts[2]
	return e, err == nil
}

// connection is one page.
type connection struct {
	kind     string // of the nodes
	page     []entry
	more     bool
	previous bool
}

// Size implements graphql.Sized.
func (c *connection) Size() int { return len(c.page) }

func (c *connection) resolve(f *graphql.Field) (any, error) {
	switch f.Name {
	case "nodes":
		nodes := make([]any, len(c.page))
		for i, e := range c.page {
			nodes[i] = e.node
		}
		return nodes, nil
	case "edges":
		edges := make([]any, len(c.page))
		for i, e := range c.page {
			edges[i] = &record{c.kind + "Edge", fields{"node": e.node, "cursor": e.cursor()}}
		}
		return edges, nil
	case "pageInfo":
		info := fields{"hasNextPage": c.more, "hasPreviousPage": c.previous, "startCursor": nil, "endCursor": nil}
		if n := len(c.page); n > 0 {
			info["startCursor"], info["endCursor"] = c.page[0].cursor(), c.page[n-1].cursor()
		}
		return &record{"PageInfo", info}, nil
	}
	return nil, unresolved(f)
}

// paged cuts the page that a field's arguments ask for. Cursors name a place in
// the order and not a node, so they hold when nodes come and go.
func paged(kind string, all []entry, f *graphql.Field) (any, error) {
	first, hasFirst := f.Args["first"].(int64)
	last, hasLast := f.Args["last"].(int64)
	switch {
	case hasFirst == hasLast:
		return nil, graphql.Errorf("BAD_REQUEST", "you must provide one of first or last")
	case hasFirst && (first < 0 || first > maxInput), hasLast && (last < 0 || last > maxInput):
		return nil, graphql.Errorf("BAD_REQUEST", fmt.Sprintf("a page has at most %d nodes", maxInput))
	}
	reverse, _ := f.Args["reverse"].(bool)
	order := func(a, b entry) int {
		if reverse {
			return b.compare(a)
		}
		return a.compare(b)
	}
	slices.SortStableFunc(all, order)
	from, to := 0, len(all)
	for name, cut := range map[string]func(entry){
		"after":  func(c entry) { from = countUntil(all, func(e entry) bool { return order(e, c) <= 0 }) },
		"before": func(c entry) { to = countUntil(all, func(e entry) bool { return order(e, c) < 0 }) },
	} {
		text, given := f.Args[name].(string)
		if !given {
			continue
		}
		c, ok := parseCursor(text)
		if !ok {
			return nil, graphql.Errorf("BAD_REQUEST", fmt.Sprintf("Invalid cursor for current pagination sort: %q", text))
		}
		cut(c)
	}
	to = max(from, to)
	c := &connection{kind: kind, previous: from > 0, more: to < len(all)}
	if hasFirst && from+int(first) < to {
		to, c.more = from+int(first), true
	}
	if hasLast && to-int(last) > from {
		from, c.previous = to-int(last), true
	}
	c.page = all[from:to]
	return c, nil
}

func countUntil(all []entry, in func(entry) bool) int {
	n, _ := slices.BinarySearchFunc(all, true, func(e entry, _ bool) int {
		if in(e) {
			return -1
		}
		return 1
	})
	return n
}

// list cuts a plain list to first.
func list(all []any, f *graphql.Field) []any {
	if n, ok := f.Args["first"].(int64); ok && n >= 0 && int(n) < len(all) {
		return all[:n]
	}
	return all
}

func rankOf(t time.Time) int64 { return t.UnixMilli() }
