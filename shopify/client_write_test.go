package shopify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

func TestWriteBodies(t *testing.T) {
	t.Parallel()
	seven := int64(7)
	w := someWrite()
	w.Reference = "gid://onhand/Batch/1"
	w.Entries = append(w.Entries, writeEntry{
		Item: "gid://shopify/InventoryItem/9", Location: "gid://shopify/Location/2", Quantity: 4, From: &seven,
	})
	adjust, err := adjustBody(w)
	require.NoError(t, err)
	again, err := adjustBody(w)
	require.NoError(t, err)
	assert.Equal(t, adjust, again, "the same write, the same bytes")
	set, err := setBody(w)
	require.NoError(t, err)

	for operation, c := range map[string]struct {
		body []byte
		want string
	}{
		"AdjustQuantities": {adjust, `{"key":"k1","input":{"name":"available","reason":"correction","referenceDocumentUri":"gid://onhand/Batch/1","changes":[
			{"changeFromQuantity":null,"delta":-3,"inventoryItemId":"gid://shopify/InventoryItem/1","locationId":"gid://shopify/Location/2"},
			{"changeFromQuantity":7,"delta":4,"inventoryItemId":"gid://shopify/InventoryItem/9","locationId":"gid://shopify/Location/2"}]}}`},
		"SetQuantities": {set, `{"key":"k1","input":{"name":"available","reason":"correction","referenceDocumentUri":"gid://onhand/Batch/1","quantities":[
			{"changeFromQuantity":null,"quantity":-3,"inventoryItemId":"gid://shopify/InventoryItem/1","locationId":"gid://shopify/Location/2"},
			{"changeFromQuantity":7,"quantity":4,"inventoryItemId":"gid://shopify/InventoryItem/9","locationId":"gid://shopify/Location/2"}]}}`},
	} {
		var got struct {
			Query, OperationName string
			Variables            json.RawMessage
		}
		require.NoError(t, json.Unmarshal(c.body, &got))
		assert.Equal(t, operation, got.OperationName)
		assert.True(t, isMutation(got.Query))
		assert.Contains(t, got.Query, "@idempotent(key: $key)")
		assert.JSONEq(t, c.want, string(got.Variables))
		for _, version := range admin.Versions() {
			sdl, _ := admin.Schema(version)
			schema, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
			require.NoError(t, err)
			_, errs := gqlparser.LoadQueryWithRules(schema, got.Query, rules.NewDefaultRules())
			assert.Empty(t, errs, version)
		}
	}
}

func TestWritesThatShopifyWouldRefuseAreNotRendered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*write)
		kind   error
	}{
		"no key":         {func(w *write) { w.Key = " \t" }, ErrInvalidRequest},
		"no name":        {func(w *write) { w.Name = "" }, ErrInvalidRequest},
		"no reason":      {func(w *write) { w.Reason = "" }, ErrInvalidRequest},
		"no entries":     {func(w *write) { w.Entries = nil }, ErrInvalidRequest},
		"251 entries":    {func(w *write) { w.Entries = make([]writeEntry, 251) }, ErrTooLarge},
		"numeric item":   {func(w *write) { w.Entries[0].Item = "1" }, ErrInvalidRequest},
		"wrong kind":     {func(w *write) { w.Entries[0].Location = "gid://shopify/InventoryItem/1" }, ErrInvalidRequest},
		"empty location": {func(w *write) { w.Entries[0].Location = "gid://shopify/Location/" }, ErrInvalidRequest},
		"too high":       {func(w *write) { w.Entries[0].Quantity = quantityBound + 1 }, ErrInvalidRequest},
		"too low":        {func(w *write) { w.Entries[0].Quantity = -quantityBound - 1 }, ErrInvalidRequest},
	} {
		w := someWrite()
		c.change(&w)
		_, err := adjustBody(w)
		require.ErrorIs(t, err, c.kind, name)
		_, err = setBody(w)
		require.ErrorIs(t, err, c.kind, name)
		_, err = newTestClient(t, answers(lost(nil)), nil).adjust(t.Context(), w)
		require.ErrorIs(t, err, c.kind, name)
	}
	w := someWrite()
	w.Entries = nil
	for i := range maxIDs {
		w.Entries = append(w.Entries, writeEntry{Item: fmt.Sprint("gid://shopify/InventoryItem/", i+1), Location: "gid://shopify/Location/2"})
	}
	_, err := adjustBody(w)
	require.NoError(t, err, "250 are fine")
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	s := answers(reply(200, `{"data":{"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":{"id":"gid://shopify/InventoryAdjustmentGroup/5","changes":[
		{"name":"available","delta":-3,"item":{"id":"gid://shopify/InventoryItem/1"},"location":{"id":"gid://shopify/Location/2"}},
		{"name":"on_hand","delta":-3,"item":null,"location":null}]},"userErrors":[]}}}`, "Date", "Mon, 23 Nov 2026 10:00:07 GMT"))
	got, err := newTestClient(t, s, nil).adjust(t.Context(), someWrite())
	require.NoError(t, err)
	assert.Equal(t, writeResult{
		Group: "gid://shopify/InventoryAdjustmentGroup/5",
		Changes: []writeChange{
			{Name: "available", Item: "gid://shopify/InventoryItem/1", Location: "gid://shopify/Location/2", Delta: -3},
			{Name: "on_hand", Delta: -3},
		},
		At: time.Date(2026, 11, 23, 10, 0, 7, 0, time.UTC),
	}, got)
}

func TestAnswersToWrites(t *testing.T) {
	t.Parallel()
	payload := func(group, users string) string {
		return `{"data":{"inventoryAdjustQuantities":{"inventoryAdjustmentGroup":` + group + `,"userErrors":[` + users + `]}}}`
	}
	stale := `{"field":["input","changes","0","changeFromQuantity"],"message":"stale","code":"CHANGE_FROM_QUANTITY_STALE"}`
	send := func(body string) (writeResult, error) {
		c := newTestClient(t, answers(reply(200, body)), nil)
		return c.adjust(t.Context(), someWrite())
	}

	got, err := send(payload("null", ""))
	require.NoError(t, err)
	assert.Empty(t, got.Refused, "nothing had to change: success")
	assert.Empty(t, got.Group)

	got, err = send(payload("null", stale+`,{"field":null,"message":"m","code":null}`))
	require.NoError(t, err)
	require.Len(t, got.Refused, 2)
	assert.Equal(t, "CHANGE_FROM_QUANTITY_STALE", got.Refused[0].Code)
	i, ok := got.Refused[0].Index()
	assert.True(t, ok)
	assert.Zero(t, i)
	assert.Equal(t, UserError{Message: "m"}, got.Refused[1])

	for _, code := range []string{"IDEMPOTENCY_CONCURRENT_REQUEST", "SERVICE_UNAVAILABLE"} {
		_, err = send(payload("null", strings.ReplaceAll(stale, "CHANGE_FROM_QUANTITY_STALE", code)))
		require.ErrorIs(t, err, ErrNoAnswer, "neither done nor refused")
		var e *APIError
		require.ErrorAs(t, err, &e)
		assert.Equal(t, code, e.Code)
		assert.Positive(t, e.RetryAfter())
	}
	for _, body := range []string{
		`{"data":{"inventoryAdjustQuantities":null}}`, `{"data":{}}`, `{"data":[]}`, `{"data":{"inventoryAdjustQuantities":7}}`,
	} {
		_, err = send(body)
		require.ErrorIs(t, err, ErrNoAnswer, body)
	}
}
