package shopifytest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// start is the time that a still clock shows.
var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func still() time.Time { return start }

// shop opens a shop on a still clock.
func shop(t testing.TB, cfg shopifytest.Config) *shopifytest.Server {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = still
	}
	s, err := shopifytest.Open(&cfg)
	require.NoError(t, err)
	return s
}

type reply struct {
	Status int             `json:"-"`
	Header http.Header     `json:"-"`
	Raw    string          `json:"-"`
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path"`
		Extensions map[string]any `json:"extensions"`
	} `json:"errors"`
	Extensions struct {
		Cost struct {
			RequestedQueryCost int
			ActualQueryCost    *int
			ThrottleStatus     struct{ MaximumAvailable, CurrentlyAvailable, RestoreRate float64 }
		}
	} `json:"extensions"`
}

func (r reply) code(t testing.TB) any {
	t.Helper()
	require.NotEmpty(t, r.Errors, r.Raw)
	return r.Errors[0].Extensions["code"]
}

// post sends a query without a socket.
func post(t testing.TB, s *shopifytest.Server, version, query string, vars map[string]any) (reply, error) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		"https://"+s.Domain+"/admin/api/"+version+"/graphql.json", bytes.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Shopify-Access-Token", s.Token)
	resp, err := s.Transport().RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	r := reply{Status: resp.StatusCode, Header: resp.Header, Raw: string(raw)}
	if resp.StatusCode == http.StatusOK {
		require.NoError(t, json.Unmarshal(raw, &r), string(raw))
	}
	return r, nil
}

func query(t testing.TB, s *shopifytest.Server, q string, vars map[string]any) reply {
	t.Helper()
	r, err := post(t, s, "2026-10", q, vars)
	require.NoError(t, err)
	return r
}

const adjust = `mutation Adjust($input: InventoryAdjustQuantitiesInput!, $key: String!) {
  inventoryAdjustQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id changes { name delta item { id } location { id } } }
    userErrors { field message code }
  }
}`

func input(changes ...map[string]any) map[string]any {
	return map[string]any{"name": "available", "reason": "correction", "changes": changes}
}

func entry(level shopifytest.Level, delta int, from any) map[string]any {
	return map[string]any{"inventoryItemId": level.Item, "locationId": level.Location, "delta": delta, "changeFromQuantity": from}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 5)
	l := s.Levels()[0]
	r := query(t, s, adjust, map[string]any{"key": "k1", "input": input(entry(l, -2, 5))})
	require.Empty(t, r.Errors, r.Raw)
	require.JSONEq(t, `{"inventoryAdjustQuantities":{"userErrors":[],"inventoryAdjustmentGroup":{"id":"`+groupID(t, r)+`","changes":[
		{"name":"available","delta":-2,"item":{"id":"`+l.Item+`"},"location":{"id":"`+l.Location+`"}},
		{"name":"on_hand","delta":-2,"item":{"id":"`+l.Item+`"},"location":{"id":"`+l.Location+`"}}]}}}`, string(r.Data))
	require.EqualValues(t, 3, s.Available("MUG", "Berlin"))
	require.Equal(t, 13, r.Extensions.Cost.RequestedQueryCost)
	require.Equal(t, 13, *r.Extensions.Cost.ActualQueryCost)
	require.Equal(t, "Tue, 24 Nov 2026 09:00:00 GMT", r.Header.Get("Date"))
	require.Equal(t, "2026-10", r.Header.Get("X-Shopify-API-Version"))
}

func groupID(t testing.TB, r reply) string {
	t.Helper()
	var data map[string]struct {
		InventoryAdjustmentGroup struct{ ID string }
	}
	require.NoError(t, json.Unmarshal(r.Data, &data), r.Raw)
	for _, d := range data {
		return d.InventoryAdjustmentGroup.ID
	}
	return ""
}
