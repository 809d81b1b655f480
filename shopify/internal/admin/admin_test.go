package admin

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/Khan/genqlient/graphql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

func load(t *testing.T, version string) *ast.Schema {
	t.Helper()
	sdl, ok := Schema(version)
	require.True(t, ok, "no schema for %s", version)
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: version, Input: sdl})
	require.NoError(t, err)
	return schema
}

func TestEveryOperationIsValidInEveryVersion(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"2026-04", "2026-07", "2026-10"}, Versions())
	for _, version := range Versions() {
		doc, errs := gqlparser.LoadQueryWithRules(load(t, version), Operations(), rules.NewDefaultRules())
		require.Empty(t, errs, version)
		assert.NotEmpty(t, doc.Operations)
	}
}

func TestSchemaOfUnknownVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"", "2025-01", "../schema/2026-10", "unstable"} {
		_, ok := Schema(version)
		assert.False(t, ok, version)
	}
}

// The texts that the generated code sends are those of the .graphql files, so
// that nobody forgets to generate after an edit.
func TestGeneratedCodeFitsTheOperations(t *testing.T) {
	t.Parallel()
	doc, errs := gqlparser.LoadQueryWithRules(load(t, "2026-10"), Operations(), rules.NewDefaultRules())
	require.Empty(t, errs)
	sent := map[string]string{
		"AdjustQuantities": AdjustQuantities_Operation, "InventoryPage": InventoryPage_Operation,
		"ItemLevels": ItemLevels_Operation, "ItemsByID": ItemsByID_Operation, "ItemsBySKU": ItemsBySKU_Operation,
		"ItemsByVariant": ItemsByVariant_Operation, "Levels": Levels_Operation, "Locations": Locations_Operation,
		"MoreFulfillmentLines": MoreFulfillmentLines_Operation, "MoreFulfillmentOrderLines": MoreFulfillmentOrderLines_Operation,
		"MoreFulfillmentOrders": MoreFulfillmentOrders_Operation, "MoreLevels": MoreLevels_Operation,
		"MoreLines": MoreLines_Operation, "MoreRefundLines": MoreRefundLines_Operation, "MoreVariants": MoreVariants_Operation,
		"OrderParts": OrderParts_Operation, "OrdersByID": OrdersByID_Operation, "OrdersChanged": OrdersChanged_Operation,
		"SetQuantities": SetQuantities_Operation, "ShopInfo": ShopInfo_Operation,
	}
	assert.Len(t, sent, len(doc.Operations))
	for _, version := range Versions() {
		schema := load(t, version)
		for name, text := range sent {
			generated, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
			if !assert.Empty(t, errs, "%s in %s", name, version) {
				continue
			}
			want := doc.Operations.ForName(name)
			if assert.NotNil(t, want, name) {
				assert.Equal(t, paths(want.SelectionSet), paths(generated.Operations[0].SelectionSet), name)
			}
		}
	}
}

// paths lists what is selected, sorted, without the __typename that the
// generator adds.
func paths(set ast.SelectionSet) []string {
	var list []string
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if s.Name == "__typename" {
				continue
			}
			var args []string
			for _, a := range s.Arguments {
				args = append(args, a.Name+":"+a.Value.String())
			}
			name := s.Name + "(" + strings.Join(args, ",") + ")"
			for _, d := range s.Directives {
				name += "@" + d.Name
			}
			list = append(list, name)
			for _, p := range paths(s.SelectionSet) {
				list = append(list, name+"."+p)
			}
		case *ast.InlineFragment:
			for _, p := range paths(s.SelectionSet) {
				list = append(list, s.TypeCondition+"."+p)
			}
		case *ast.FragmentSpread:
			list = append(list, paths(s.Definition.SelectionSet)...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func TestWritesCarryTheirKeyOnTheField(t *testing.T) {
	t.Parallel()
	doc, errs := gqlparser.LoadQueryWithRules(load(t, "2026-04"), Operations(), rules.NewDefaultRules())
	require.Empty(t, errs)
	for _, op := range doc.Operations {
		if op.Operation != ast.Mutation {
			continue
		}
		field := op.SelectionSet[0].(*ast.Field)
		directive := field.Directives.ForName("idempotent")
		if assert.NotNil(t, directive, op.Name) {
			assert.Equal(t, "$key", directive.Arguments.ForName("key").Value.String())
		}
	}
}

type body struct{ raw []byte }

func (b *body) MakeRequest(_ context.Context, req *graphql.Request, _ *graphql.Response) (err error) {
	b.raw, err = json.Marshal(req.Variables)
	return err
}

func TestAbsentGuardIsSentAsNull(t *testing.T) {
	t.Parallel()
	var b body
	seven := int64(7)
	_, err := AdjustQuantities(t.Context(), &b, InventoryAdjustQuantitiesInput{
		Name: "available", Reason: "correction",
		Changes: []InventoryChangeInput{
			{Delta: -1, InventoryItemId: "i", LocationId: "l"},
			{Delta: 2, InventoryItemId: "i", LocationId: "l", ChangeFromQuantity: &seven},
		},
	}, "k")
	require.NoError(t, err)
	assert.JSONEq(t, `{"key":"k","input":{"name":"available","reason":"correction","changes":[
		{"changeFromQuantity":null,"delta":-1,"inventoryItemId":"i","locationId":"l"},
		{"changeFromQuantity":7,"delta":2,"inventoryItemId":"i","locationId":"l"}]}}`, string(b.raw))

	_, err = SetQuantities(t.Context(), &b, InventorySetQuantitiesInput{
		Name: "on_hand", Reason: "correction",
		Quantities: []InventoryQuantityInput{{Quantity: 0, InventoryItemId: "i", LocationId: "l"}},
	}, "k")
	require.NoError(t, err)
	assert.JSONEq(t, `{"key":"k","input":{"name":"on_hand","reason":"correction","quantities":[
		{"changeFromQuantity":null,"quantity":0,"inventoryItemId":"i","locationId":"l"}]}}`, string(b.raw))
}
