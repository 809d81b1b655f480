package shopify

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// linearCost is the documented upper bound of a query's cost when its variable
// lists and first pages have the given size.
func linearCost(set ast.SelectionSet, size int) float64 {
	total := 0.0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.FragmentSpread:
			total += linearCost(s.Definition.SelectionSet, size)
		case *ast.InlineFragment:
			total += linearCost(s.SelectionSet, size)
		case *ast.Field:
			if len(s.SelectionSet) == 0 || s.Name == "pageInfo" {
				continue
			}
			one := 1 + linearCost(s.SelectionSet, size)
			switch first, ids := s.Arguments.ForName("first"), s.Arguments.ForName("ids"); {
			case ids != nil:
				total += float64(size) * one
			case first != nil && strings.HasSuffix(s.Definition.Type.Name(), "Connection"):
				total += float64(pageOf(first, size)) * (one - 1) // nodes counts itself
			case first != nil:
				total += float64(pageOf(first, size)) * one
			case s.Arguments.ForName("names") != nil:
				total += float64(len(quantityNames)) * one
			default:
				total += one
			}
		}
	}
	return total
}

func pageOf(arg *ast.Argument, size int) int {
	switch arg.Value.Raw {
	case "first":
		return size
	case "levels":
		return levelPage
	}
	n, _ := strconv.Atoi(arg.Value.Raw)
	return n
}

func TestQueryCostsFollowTheDocumentedRule(t *testing.T) {
	sdl, ok := admin.Schema(DefaultVersion)
	require.True(t, ok)
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	require.NoError(t, err)
	doc, errs := gqlparser.LoadQueryWithRules(schema, admin.Operations(), rules.NewDefaultRules())
	require.Empty(t, errs)

	s := newSizes()
	starts := map[string]int{
		"Levels": s.levels.get(), "ItemLevels": s.itemLevels.get(), "InventoryPage": s.inventory.get(),
		"OrdersChanged": s.orders.get(), "OrdersByID": s.ordersByID.get(),
		"ItemsBySKU": skuPage, "ItemsByID": 100, "ItemsByVariant": 100, "Locations": 100, "MoreLevels": moreLevels,
	}
	require.Len(t, doc.Operations, len(queryCosts), "an entry for every operation")
	for _, op := range doc.Operations {
		got, ok := queryCosts[op.Name]
		if !assert.True(t, ok, op.Name) || op.Operation == ast.Mutation {
			continue
		}
		base := linearCost(op.SelectionSet, 0)
		want := queryCost{base: base, each: linearCost(op.SelectionSet, 1) - base}
		assert.Equal(t, want, got, op.Name)
		assert.Less(t, got.base+got.each*float64(max(starts[op.Name], 1)), 1000.0, "%s at its first size", op.Name)
	}
}
