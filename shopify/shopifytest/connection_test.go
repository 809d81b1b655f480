package shopifytest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// TestPages cuts pages in both directions, whatever the trimmed schemas allow.
func TestPages(t *testing.T) {
	t.Parallel()
	var all []entry
	for i := range 5 {
		all = append(all, entry{rank: int64(i / 2), id: int64(i), node: i})
	}
	cut := func(args map[string]any) ([]any, *connection) {
		c, err := paged("Thing", append([]entry{}, all...), &graphql.Field{Args: args})
		require.NoError(t, err)
		nodes, err := c.(*connection).resolve(&graphql.Field{Name: "nodes"})
		require.NoError(t, err)
		return nodes.([]any), c.(*connection)
	}
	for _, c := range []struct {
		args           map[string]any
		want           []any
		more, previous bool
	}{
		{map[string]any{"first": int64(2)}, []any{0, 1}, true, false},
		{map[string]any{"first": int64(9)}, []any{0, 1, 2, 3, 4}, false, false},
		{map[string]any{"first": int64(2), "after": all[1].cursor()}, []any{2, 3}, true, true},
		{map[string]any{"first": int64(2), "after": all[4].cursor()}, []any{}, false, true},
		{map[string]any{"last": int64(2)}, []any{3, 4}, false, true},
		{map[string]any{"last": int64(2), "before": all[3].cursor()}, []any{1, 2}, true, true},
		{map[string]any{"first": int64(2), "reverse": true}, []any{4, 3}, true, false},
		{map[string]any{"first": int64(2), "reverse": true, "after": all[3].cursor()}, []any{2, 1}, true, true},
		{map[string]any{"first": int64(5), "after": all[0].cursor(), "before": all[3].cursor()}, []any{1, 2}, true, true},
	} {
		got, page := cut(c.args)
		require.Equal(t, c.want, got, "%v", c.args)
		require.Equal(t, [2]bool{c.more, c.previous}, [2]bool{page.more, page.previous}, "%v", c.args)
	}
	_, page := cut(map[string]any{"first": int64(1)})
	edges, err := page.resolve(&graphql.Field{Name: "edges"})
	require.NoError(t, err)
	require.Equal(t, fields{"node": 0, "cursor": all[0].cursor()}, edges.([]any)[0].(*record).fields)
	_, err = paged("Thing", all, &graphql.Field{Args: map[string]any{"first": int64(1), "last": int64(1)}})
	require.Error(t, err)
}
