package shopifytest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// lived is a shop in which something of everything has happened.
func lived(t *testing.T) (*Server, string) {
	t.Helper()
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	s, err := Open(&Config{Now: func() time.Time { return at }, Lag: -1})
	require.NoError(t, err)
	s.Stock("MUG", "Berlin", 10)
	id, err := s.Sell(Sale{Retail: "Berlin", Attributes: [][2]string{{"cart", "7"}}, Lines: []Line{{SKU: "MUG", Quantity: 3}, {Custom: "Engraving", Quantity: 1}}})
	require.NoError(t, err)
	_, err = s.Fulfill(id, Line{SKU: "MUG", Quantity: 1})
	require.NoError(t, err)
	_, err = s.Refund(id, RefundLine{Line: "MUG", Quantity: 1, Restock: CancelUnits})
	require.NoError(t, err)
	return s, id
}

// TestEveryFieldIsPlayed resolves every field of every type of every schema.
func TestEveryFieldIsPlayed(t *testing.T) {
	t.Parallel()
	s, _ := lived(t)
	for version, schema := range s.schemas {
		for _, def := range schema.Types.Types {
			if def.Kind != ast.Object || strings.HasPrefix(def.Name, "__") {
				continue
			}
			for _, f := range def.Fields {
				if strings.HasPrefix(f.Name, "__") {
					continue
				}
				require.True(t, plays(s, version, def.Name, f.Name), "%s: %s.%s", version, def.Name, f.Name)
			}
		}
	}
}

// plays looks for an object of the type that knows the field.
func plays(s *Server, version, kind, field string) bool {
	r := &resolver{Server: s, version: version}
	o := s.orderList[0]
	it := s.itemList[0]
	group := &adjustment{changes: []change{{level: it.levels[0], name: available, delta: 1}}}
	objects := map[string]any{
		"QueryRoot": nil, "Mutation": nil, "InventoryItem": it, "ProductVariant": &variant{it}, "InventoryLevel": it.levels[0],
		"Location": s.locationList[0], "Order": o, "LineItem": &orderLine{o, o.lines[0]}, "Refund": o.refunds[0],
		"Fulfillment": o.shipments[0], "FulfillmentOrder": o.assigned[0], "InventoryAdjustmentGroup": group, "InventoryChange": &group.changes[0],
	}
	obj, known := objects[kind]
	if !known {
		obj = small(r, kind)
	}
	args := map[string]any{"first": int64(1), "names": []any{"available"}, "input": map[string]any{}}
	_, err := r.Resolve(obj, &graphql.Field{Parent: kind, Name: field, Key: field, Args: args})
	return err == nil || !strings.Contains(err.Error(), "does not play")
}

// small finds a connection or a record of a type.
func small(r *resolver, kind string) any {
	if strings.HasSuffix(kind, "Connection") {
		return &connection{}
	}
	o := r.orderList[0]
	get := func(obj any, name string) any {
		v, err := r.Resolve(obj, &graphql.Field{Name: name, Args: map[string]any{"first": int64(9), "names": []any{"available"}}})
		if err != nil {
			return nil
		}
		return v
	}
	first := func(v any) any {
		if c, ok := v.(*connection); ok && len(c.page) > 0 {
			return c.page[0].node
		}
		if list, ok := v.([]any); ok && len(list) > 0 {
			return list[0]
		}
		return nil
	}
	failed := r.payload(&graphql.Field{Name: "inventoryAdjustQuantities"}, nil, userError{})
	set := r.payload(&graphql.Field{Name: "inventorySetQuantities"}, nil, userError{})
	for _, v := range []any{
		get(&connection{}, "pageInfo"), get(nil, "shop"), get(nil, "currentAppInstallation"), get(r.installation(), "app"),
		first(get(r.installation(), "accessScopes")), get(o, "app"), first(get(o, "customAttributes")),
		first(get(o.refunds[0], "refundLineItems")), first(get(o.shipments[0], "fulfillmentLineItems")),
		first(get(o.assigned[0], "lineItems")), get(o.assigned[0], "assignedLocation"),
		first(get(r.itemList[0].levels[0], "quantities")), failed, set, first(failed.fields["userErrors"]), first(set.fields["userErrors"]),
	} {
		if x, ok := v.(*record); ok && x.kind == kind {
			return x
		}
	}
	return nil
}

// TestEveryOperationRuns runs what package shopify asks, as it asks it.
func TestEveryOperationRuns(t *testing.T) {
	t.Parallel()
	s, id := lived(t)
	o := s.orderList[0]
	files, err := filepath.Glob(filepath.Join("..", "internal", "admin", "*.graphql"))
	require.NoError(t, err)
	var text strings.Builder
	for _, f := range files {
		raw, err := os.ReadFile(f)
		require.NoError(t, err)
		text.Write(raw)
		text.WriteByte('\n')
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: text.String()})
	require.NoError(t, err)
	ids := map[string]string{
		"order": id, "inventoryItem": gid("InventoryItem", s.itemList[0].id), "refund": gid("Refund", o.refunds[0].id),
		"fulfillment": gid("Fulfillment", o.shipments[0].id), "fulfillmentOrder": gid("FulfillmentOrder", o.assigned[0].id),
	}
	var all []string
	for _, x := range ids {
		all = append(all, x)
	}
	level := s.itemList[0].levels[0]
	for _, op := range doc.Operations {
		list, amount := "changes", "delta"
		if op.Name == "SetQuantities" {
			list, amount = "quantities", "quantity"
		}
		vars := map[string]any{
			"ids": append(all, level.gid()), "first": 5, "after": nil, "query": "sku:MUG", "levels": 5, "names": []string{"available", "on_hand"},
			"places": true, "key": op.Name, "id": ids[op.SelectionSet[0].(*ast.Field).Name],
			"input": map[string]any{"name": "available", "reason": "other", list: []any{map[string]any{
				amount: 3, "inventoryItemId": ids["inventoryItem"], "locationId": gid("Location", level.location.id), "changeFromQuantity": nil,
			}}},
		}
		raw := map[string]json.RawMessage{}
		for name, v := range vars {
			b, err := json.Marshal(v)
			require.NoError(t, err)
			raw[name] = b
		}
		for version, schema := range s.schemas {
			run, errs := schema.Prepare(text.String(), op.Name, raw)
			require.Empty(t, errs, op.Name)
			got := run.Execute(&resolver{Server: s, version: version})
			require.Empty(t, got.Errors, op.Name)
			require.True(t, json.Valid(got.Data), op.Name)
			require.LessOrEqual(t, got.Cost, run.Cost(), op.Name)
		}
	}
}
