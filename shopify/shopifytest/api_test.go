package shopifytest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	for version, served := range map[string]string{"2026-10": "2026-10", "2026-07": "2026-07", "2025-01": "2026-04", "2026-05": "2026-07"} {
		r, err := post(t, s, version, `{ shop { myshopifyDomain } }`, nil)
		require.NoError(t, err)
		require.Equal(t, served, r.Header.Get("X-Shopify-API-Version"), version)
		require.JSONEq(t, `{"shop":{"myshopifyDomain":"test.myshopify.com"}}`, string(r.Data))
	}
	for _, version := range []string{"2031-01", "latest", ""} {
		r, err := post(t, s, version, `{ shop { id } }`, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, r.Status, version)
	}
	s.Token = "another"
	r, err := post(t, s, "2026-10", `{ shop { id } }`, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, r.Status)
}

func TestServesOverHTTP(t *testing.T) {
	t.Parallel()
	s := shopifytest.New(t, nil)
	s.Stock("MUG", "Berlin", 1)
	send := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/admin/api/2026-10/graphql.json",
			strings.NewReader(`{"query":"{ locations(first: 1) { nodes { name } } }"}`))
		require.NoError(t, err)
		req.Header.Set("X-Shopify-Access-Token", "test")
		return http.DefaultClient.Do(req)
	}
	resp, err := send()
	require.NoError(t, err)
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(raw), `{"data":{"locations":{"nodes":[{"name":"Berlin"}]}},"extensions":{"cost":{"requestedQueryCost":3,`)
	s.OnRequest(func(string, int) shopifytest.Fault { return shopifytest.Fault{Drop: true} })
	_, err = send()
	require.Error(t, err)
}

func TestErrorShapes(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	unguarded := entry(l, 1, nil)
	delete(unguarded, "changeFromQuantity")
	bare := strings.Replace(strings.Replace(adjust, " @idempotent(key: $key)", "", 1), ", $key: String!", "", 1)

	r := query(t, s, bare, map[string]any{"input": input(entry(l, 1, nil))})
	require.Equal(t, "BAD_REQUEST", r.code(t))
	require.Equal(t, "The @idempotent directive is required for this mutation but was not provided.", r.Errors[0].Message)
	require.Equal(t, []any{"inventoryAdjustQuantities"}, r.Errors[0].Path)
	require.JSONEq(t, `{"inventoryAdjustQuantities":null}`, string(r.Data))

	for _, q := range []string{adjust, bare} { // without both, the guard is missed first
		r = query(t, s, q, map[string]any{"key": "k", "input": input(unguarded)})
		require.Equal(t, "INVALID_FIELD_ARGUMENTS", r.code(t))
		require.Equal(t, "InventoryChangeInput must include the following argument: changeFromQuantity.", r.Errors[0].Message)
	}

	bad := entry(l, 1, nil)
	bad["delta"], bad["surprise"] = "1", true
	r = query(t, s, adjust, map[string]any{"key": "k", "input": input(bad)})
	require.Equal(t, "INVALID_VARIABLE", r.code(t))
	require.Equal(t, []any{
		map[string]any{"path": []any{"changes", 0.0, "delta"}, "explanation": `Could not coerce value "1" to Int`},
		map[string]any{"path": []any{"changes", 0.0, "surprise"}, "explanation": "Field is not defined on InventoryChangeInput"},
	}, r.Errors[0].Extensions["problems"])
	require.Empty(t, r.Data)

	r = query(t, s, `{ shop { nonsense } }`, nil)
	require.Equal(t, "undefinedField", r.code(t))
	require.Empty(t, r.Data)
	r = query(t, s, `query @idempotent(key: "k") { shop { id } }`, nil)
	require.Equal(t, "directiveCannotBeApplied", r.code(t))
	r = query(t, s, `{ shop { id }`, nil)
	require.NotEmpty(t, r.Errors)

	many := make([]map[string]any, 251)
	for i := range many {
		many[i] = entry(l, 1, nil)
	}
	r = query(t, s, adjust, map[string]any{"key": "k", "input": input(many...)})
	require.Equal(t, "MAX_INPUT_SIZE_EXCEEDED", r.code(t))
	require.Equal(t, "The input array size of 251 is greater than the maximum allowed of 250.", r.Errors[0].Message)
	require.Nil(t, r.Extensions.Cost.ActualQueryCost)
	require.EqualValues(t, 5, s.Available("MUG", "Berlin"))
	r = query(t, s, adjust, map[string]any{"key": "k", "input": input(many[:250]...)})
	require.Empty(t, r.Errors)
	require.EqualValues(t, 255, s.Available("MUG", "Berlin"))
}

// refusals gives the user errors of an answer as "field.path CODE".
func refusals(t testing.TB, r reply) []string {
	t.Helper()
	require.Empty(t, r.Errors, r.Raw)
	var data map[string]*struct {
		InventoryAdjustmentGroup *struct{ ID string }
		UserErrors               []struct {
			Field         []string
			Message, Code string
		}
	}
	require.NoError(t, json.Unmarshal(r.Data, &data), r.Raw)
	var out []string
	for _, d := range data {
		if len(d.UserErrors) > 0 {
			require.Nil(t, d.InventoryAdjustmentGroup)
		}
		for _, e := range d.UserErrors {
			out = append(out, strings.Join(e.Field, ".")+" "+e.Code)
		}
	}
	return out
}

func TestUserErrors(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	s.Stock("TEE", "Berlin", 5)
	mug, tee := s.Levels()[0], s.Levels()[1]
	with := func(m map[string]any, name string, v any) map[string]any { m[name] = v; return m }
	key := 0
	try := func(in map[string]any) []string {
		key++
		return refusals(t, query(t, s, adjust, map[string]any{"key": fmt.Sprint(key), "input": in}))
	}
	require.Equal(t, []string{"input.changes.1.changeFromQuantity CHANGE_FROM_QUANTITY_STALE"},
		try(input(entry(mug, 1, 5), entry(tee, 1, 4))))
	require.EqualValues(t, 5, s.Available("MUG", "Berlin"), "all or nothing")
	require.Equal(t, []string{"input.reason INVALID_REASON"}, try(with(input(entry(mug, 1, nil)), "reason", "sold")))
	require.Equal(t, []string{"input.name INVALID_QUANTITY_NAME"}, try(with(input(entry(mug, 1, nil)), "name", "on_hand"))[:1])
	require.Equal(t, []string{"input.referenceDocumentUri INVALID_REFERENCE_DOCUMENT"},
		try(with(input(entry(mug, 1, nil)), "referenceDocumentUri", "gid://app/only")))
	require.Empty(t, try(with(input(entry(mug, 0, nil)), "referenceDocumentUri", "gid://onhand/Batch/7")))
	require.Equal(t, []string{
		"input.changes.0.inventoryItemId INVALID_INVENTORY_ITEM", "input.changes.0.locationId INVALID_LOCATION",
	}, try(input(map[string]any{"inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": "x", "delta": 1, "changeFromQuantity": nil})))
	require.Equal(t, []string{"input.changes.0.delta INVALID_QUANTITY_TOO_HIGH"}, try(input(entry(mug, 1_000_000_000, nil))))
	require.Equal(t, []string{"input.changes.0.delta INVALID_QUANTITY_TOO_LOW"}, try(input(entry(mug, -1_000_000_006, nil))))
	require.Equal(t, []string{"input.changes.0.ledgerDocumentUri INVALID_AVAILABLE_DOCUMENT"},
		try(input(with(entry(mug, 1, nil), "ledgerDocumentUri", "a://b"))))
	require.Equal(t, []string{"input.changes.0.ledgerDocumentUri INVALID_QUANTITY_DOCUMENT"},
		try(with(input(entry(mug, 1, nil)), "name", "damaged")))
	require.Empty(t, try(with(input(with(entry(mug, 2, nil), "ledgerDocumentUri", "a://b")), "name", "damaged")))
	require.EqualValues(t, 7, s.Quantity("MUG", "Berlin", "on_hand"))
	require.Equal(t, 2, s.Counters().Writes)
}

func TestSetQuantities(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	_, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 2})
	require.NoError(t, err)
	l := s.Levels()[0]
	q := strings.NewReplacer("InventoryAdjustQ", "InventorySetQ", "inventoryAdjustQ", "inventorySetQ").Replace(adjust)
	set := func(key, name string, list ...map[string]any) []string {
		in := map[string]any{"name": name, "reason": "correction", "quantities": list}
		return refusals(t, query(t, s, q, map[string]any{"key": key, "input": in}))
	}
	row := func(n int, from any) map[string]any {
		return map[string]any{"inventoryItemId": l.Item, "locationId": l.Location, "quantity": n, "changeFromQuantity": from}
	}
	require.Empty(t, set("a", "on_hand", row(9, 5)))
	require.EqualValues(t, 7, s.Available("MUG", "Berlin"))
	require.Equal(t, []string{"input.quantities.0.quantity INVALID_QUANTITY_NEGATIVE"}, set("b", "on_hand", row(-1, nil)))
	require.Equal(t, []string{"input.quantities.1.locationId NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"}, set("c", "available", row(1, nil), row(2, nil)))
	require.Equal(t, []string{"input.name INVALID_NAME"}, set("d", "reserved", row(1, nil)))
	require.Empty(t, set("e", "available", row(-4, 7)))
	require.EqualValues(t, -4, s.Available("MUG", "Berlin"))
}

func TestNotStocked(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	l.Location = s.AddLocation("Lyon")
	vars := map[string]any{"key": "k", "input": input(entry(l, 1, nil))}
	r, err := post(t, s, "2026-07", adjust, vars)
	require.NoError(t, err)
	require.Equal(t, []string{"input.changes.0.locationId ITEM_NOT_STOCKED_AT_LOCATION"}, refusals(t, r))
	require.Len(t, s.Levels(), 1)
	require.Empty(t, refusals(t, query(t, s, adjust, vars)))
	require.EqualValues(t, 1, s.Available("MUG", "Lyon"))
}

func TestNoOp(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	s.Stock("TEE", "Berlin", 5)
	mug, tee := s.Levels()[0], s.Levels()[1]
	r := query(t, s, adjust, map[string]any{"key": "k", "input": input(entry(mug, 0, 5))})
	require.JSONEq(t, `{"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":null,"userErrors":[]}}`, string(r.Data))
	require.Equal(t, 10, *r.Extensions.Cost.ActualQueryCost)
	r = query(t, s, adjust, map[string]any{"key": "l", "input": input(entry(mug, 0, 5), entry(tee, 1, 5))})
	require.Equal(t, 2, strings.Count(r.Raw, `"delta"`), "zero rows are left out")
	require.NotContains(t, r.Raw, mug.Item)
}

func TestReplay(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	send := func(key string, delta int, from any) reply {
		return query(t, s, adjust, map[string]any{"key": key, "input": input(entry(l, delta, from))})
	}
	first := send("k", -2, 5)
	again := send("k", -2, 5) // although 5 is stale by now
	require.Equal(t, string(first.Data), string(again.Data))
	require.EqualValues(t, 3, s.Available("MUG", "Berlin"))
	require.Equal(t, []string{" IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}, refusals(t, send("k", -3, 5)))
	require.Equal(t, []string{"input.changes.0.changeFromQuantity CHANGE_FROM_QUANTITY_STALE"}, refusals(t, send("stale", 1, 5)))
	s.Stock("MUG", "Berlin", 5)
	require.Empty(t, refusals(t, send("stale", 1, 5)), "a refused request leaves its key free")
	require.EqualValues(t, 6, s.Available("MUG", "Berlin"))
	require.Equal(t, 1, s.Counters().Replays)

	s.Advance(t.Context(), 24*time.Hour)
	s.Stock("MUG", "Berlin", 5)
	require.Empty(t, refusals(t, send("k", -2, 5)))
	require.EqualValues(t, 3, s.Available("MUG", "Berlin"), "after a day a key is new")
	s.ForgetKeys()
	require.NotEmpty(t, refusals(t, send("k", -2, 5)))
}

func TestKeyOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  shopifytest.Config
		left int64
		want []string
	}{
		"forgets": {shopifytest.Config{ForgetKeys: true}, 1, nil},
		"failed":  {shopifytest.Config{FailedKeys: true}, 5, []string{" IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"}},
	} {
		s := shop(t, c.cfg)
		s.Stock("MUG", "Berlin", 5)
		l := s.Levels()[0]
		from := any(nil)
		if c.cfg.FailedKeys {
			from = 4
		}
		vars := map[string]any{"key": "k", "input": input(entry(l, -2, from))}
		query(t, s, adjust, vars)
		require.Equal(t, c.want, refusals(t, query(t, s, adjust, vars)), name)
		require.Equal(t, c.left, s.Available("MUG", "Berlin"), name)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{MaximumAvailable: 20, RestoreRate: 2})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	vars := map[string]any{"key": "k", "input": input(entry(l, 1, nil))}
	r := query(t, s, adjust, vars)
	require.Empty(t, r.Errors)
	require.EqualValues(t, 7, r.Extensions.Cost.ThrottleStatus.CurrentlyAvailable)
	vars["key"] = "l"
	r = query(t, s, adjust, vars)
	require.Equal(t, http.StatusOK, r.Status)
	require.Equal(t, "THROTTLED", r.code(t))
	require.Empty(t, r.Data)
	require.Equal(t, 13, r.Extensions.Cost.RequestedQueryCost)
	require.Nil(t, r.Extensions.Cost.ActualQueryCost)
	s.Advance(t.Context(), 3*time.Second)
	require.Empty(t, query(t, s, adjust, vars).Errors)
	require.EqualValues(t, 7, s.Available("MUG", "Berlin"))
	require.Equal(t, 1, s.Counters().Throttled)
}

func TestCost(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{MaxCost: 100})
	s.Stock("MUG", "Berlin", 5)
	q := `query($n: Int!) { inventoryItems(first: $n) { nodes { id inventoryLevels(first: $n) { nodes { location { id } } } } pageInfo { endCursor } } }`
	r := query(t, s, q, map[string]any{"n": 2})
	require.Equal(t, 2+1*(1+2+1*(1+1)), r.Extensions.Cost.RequestedQueryCost)
	require.Equal(t, 7, *r.Extensions.Cost.ActualQueryCost)
	r = query(t, s, q, map[string]any{"n": 250})
	require.Equal(t, "MAX_COST_EXCEEDED", r.code(t))
	require.EqualValues(t, 2+11*(1+2+11*2), r.Errors[0].Extensions["cost"])
	linear := shop(t, shopifytest.Config{LinearCost: true})
	r = query(t, linear, q, map[string]any{"n": 10})
	require.Equal(t, 2+10*(1+2+10*2), r.Extensions.Cost.RequestedQueryCost)
	require.Equal(t, 2, *r.Extensions.Cost.ActualQueryCost)
}

func TestPaging(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	for i := range 7 {
		s.AddItem(shopifytest.Item{SKU: fmt.Sprintf("SKU-%d", i)})
	}
	var got []string
	after := any(nil)
	for page := 0; ; page++ {
		r := query(t, s, `query($after: String) { inventoryItems(first: 3, after: $after) { nodes { sku } pageInfo { hasNextPage endCursor } } }`,
			map[string]any{"after": after})
		var d struct {
			InventoryItems struct {
				Nodes    []struct{ SKU string }
				PageInfo struct {
					HasNextPage bool
					EndCursor   string
				}
			}
		}
		require.NoError(t, json.Unmarshal(r.Data, &d), r.Raw)
		for _, n := range d.InventoryItems.Nodes {
			got = append(got, n.SKU)
		}
		if !d.InventoryItems.PageInfo.HasNextPage {
			require.Equal(t, 2, page)
			break
		}
		after = d.InventoryItems.PageInfo.EndCursor
	}
	require.Equal(t, []string{"SKU-0", "SKU-1", "SKU-2", "SKU-3", "SKU-4", "SKU-5", "SKU-6"}, got)
	for _, bad := range []string{`inventoryItems`, `inventoryItems(first: 251)`, `inventoryItems(first: 1, after: "?")`} {
		r := query(t, s, `{ `+bad+` { nodes { id } } }`, nil)
		require.Equal(t, "BAD_REQUEST", r.code(t), bad)
		require.Equal(t, "null", string(r.Data), bad)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	for _, sku := range []string{"MUG", "MUG-XL", "TEE M", "tee", ""} {
		s.AddItem(shopifytest.Item{SKU: sku})
	}
	for q, want := range map[string]string{
		`sku:'MUG'`:                 `MUG MUG-XL`, // words: the caller picks what it meant
		`sku:"TEE M"`:               `TEE M`,
		`sku:tee`:                   `TEE M tee`,
		`sku:MUG-XL OR sku:'TEE M'`: `MUG-XL TEE M`,
		`(sku:mug OR sku:tee) AND -sku:xl NOT sku:m`: `MUG tee`,
		`sku:MUG*`:               `MUG MUG-XL`,
		`color:red sku:"MUG XL"`: `MUG-XL`,
	} {
		r := query(t, s, `query($q: String!) { inventoryItems(first: 9, query: $q) { nodes { sku } } }`, map[string]any{"q": q})
		var d struct {
			InventoryItems struct{ Nodes []struct{ SKU string } }
		}
		require.NoError(t, json.Unmarshal(r.Data, &d), r.Raw)
		var got []string
		for _, n := range d.InventoryItems.Nodes {
			got = append(got, n.SKU)
		}
		require.Equal(t, want, strings.Join(got, " "), q)
	}
}

func TestSelections(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	r := query(t, s, `query Q($ids: [ID!]!, $deep: Boolean!) {
		things: nodes(ids: $ids) {
			kind: __typename
			... on InventoryItem { sku ...Deep @include(if: $deep) }
			... on InventoryLevel { isActive item { sku } item { tracked } location @skip(if: $deep) { name } quantities(names: ["available", "on_hand"]) { name quantity } }
			id
		}
		shop { id }
	}
	fragment Deep on InventoryItem { variants(first: 1) { nodes { item: inventoryItem { id } } } }`,
		map[string]any{"ids": []string{l.ID, "gid://shopify/InventoryLevel/1?inventory_item_id=2", l.Item, "nonsense"}, "deep": true})
	require.Empty(t, r.Errors, r.Raw)
	require.Equal(t, `{"things":[{"kind":"InventoryLevel","isActive":true,"item":{"sku":"MUG","tracked":true},`+
		`"quantities":[{"name":"available","quantity":5},{"name":"on_hand","quantity":5}],"id":"`+l.ID+`"},null,`+
		`{"kind":"InventoryItem","sku":"MUG","variants":{"nodes":[{"item":{"id":"`+l.Item+`"}}]},"id":"`+l.Item+`"},null],"shop":{"id":"gid://shopify/Shop/1"}}`,
		string(r.Data))
}

func TestOrderIndexLags(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
	require.NoError(t, err)
	count := func(search string) int {
		r := query(t, s, `query($q: String!) { orders(first: 5, query: $q, sortKey: UPDATED_AT) { nodes { id } } }`, map[string]any{"q": search})
		require.Empty(t, r.Errors, r.Raw)
		return strings.Count(r.Raw, "gid://shopify/Order/")
	}
	byID := query(t, s, `query($id: ID!) { order(id: $id) { name updatedAt } }`, map[string]any{"id": id})
	require.JSONEq(t, `{"order":{"name":"#1001","updatedAt":"2026-11-24T09:00:00Z"}}`, string(byID.Data), "reads by id do not lag")
	require.Equal(t, 0, count(""))
	s.Advance(t.Context(), 10*time.Second)
	require.Equal(t, 1, count(""))
	require.Equal(t, 1, count("status:open"))
	require.NoError(t, s.Cancel(id, true))
	require.Equal(t, 0, count("updated_at:>='2026-11-24T09:00:05Z'"), "the index has the old time")
	require.Equal(t, 1, count("updated_at:>='2026-11-24T04:00:00-05:00'"))
	require.Equal(t, 1, count("status:open"))
	s.Advance(t.Context(), 10*time.Second)
	require.Equal(t, 1, count("updated_at:>='2026-11-24T09:00:05Z'"))
	require.Equal(t, 0, count("status:open"))
	require.Equal(t, 1, count("status:cancelled created_at:<2026-11-25"))
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	var seen []string
	faults := []shopifytest.Fault{{Drop: true}, {LoseReply: true}, {Status: 502}, {Throttle: true}}
	s.OnRequest(func(op string, n int) shopifytest.Fault {
		seen = append(seen, fmt.Sprint(op, n))
		if op == "inventoryAdjustQuantities" && n <= len(faults) {
			return faults[n-1]
		}
		return shopifytest.Fault{}
	})
	send := func() (reply, error) {
		return post(t, s, "2026-10", adjust, map[string]any{"key": "k", "input": input(entry(l, -2, 5))})
	}
	_, err := send()
	require.Error(t, err)
	require.EqualValues(t, 5, s.Available("MUG", "Berlin"), "dropped before")
	_, err = send()
	require.Error(t, err)
	require.EqualValues(t, 3, s.Available("MUG", "Berlin"), "lost after")
	r, err := send()
	require.NoError(t, err)
	require.Equal(t, 502, r.Status)
	r, err = send()
	require.NoError(t, err)
	require.Equal(t, "THROTTLED", r.code(t))
	r, err = send()
	require.NoError(t, err)
	require.Empty(t, refusals(t, r))
	require.EqualValues(t, 3, s.Available("MUG", "Berlin"), "the key was known")
	require.Equal(t, "inventoryAdjustQuantities5", seen[4])

	s.Outage(true)
	r, err = send()
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, r.Status)
	_, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
	require.NoError(t, err, "the shop goes on selling")
	s.Outage(false)
	r, err = send()
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, r.Status)
}
