package shopifytest_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// hook is a webhook that was received.
type hook struct {
	topic, id, event string
	at               time.Time
	body             map[string]any
	raw              string
}

// inbox receives webhooks and answers with status, or 200.
type inbox struct {
	t      testing.TB
	s      *shopifytest.Server
	mu     sync.Mutex
	got    []hook
	status func(n int) int
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	mac := hmac.New(sha256.New, []byte(b.s.Secret))
	mac.Write(raw)
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("X-Shopify-Hmac-SHA256") != want {
		b.t.Error("wrong signature")
	}
	h := hook{topic: r.Header.Get("X-Shopify-Topic"), id: r.Header.Get("X-Shopify-Webhook-Id"), event: r.Header.Get("X-Shopify-Event-Id"), at: b.s.Now(), raw: string(raw)}
	if err := json.Unmarshal(raw, &h.body); err != nil {
		b.t.Error(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, h)
	if b.status != nil {
		w.WriteHeader(b.status(len(b.got)))
	}
}

func (b *inbox) take() []hook {
	b.mu.Lock()
	defer b.mu.Unlock()
	got := b.got
	b.got = nil
	return got
}

func (b *inbox) topics() (out []string) {
	for _, h := range b.take() {
		out = append(out, h.topic)
	}
	return out
}

func receive(t testing.TB, s *shopifytest.Server) *inbox {
	b := &inbox{t: t, s: s}
	s.DeliverTo(b)
	return b
}

func TestTopics(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 10)
	s.Stock("MUG", "Lyon", 10)
	box := receive(t, s)
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 5})
	require.NoError(t, err)
	require.Equal(t, 2, s.Pending())
	require.Equal(t, 0, s.Deliver(t.Context()), "not due yet")
	require.Equal(t, 2, s.Advance(t.Context(), time.Second))
	require.Equal(t, []string{"orders/create", "inventory_levels/update"}, box.topics())
	next := func(err error, want ...string) {
		t.Helper()
		require.NoError(t, err)
		s.Flush(t.Context())
		require.Equal(t, want, box.topics())
	}
	_, err = s.Refund(id, shopifytest.RefundLine{Line: "MUG", Quantity: 1, Restock: shopifytest.CancelUnits})
	next(err, "orders/updated", "inventory_levels/update", "refunds/create")
	next(s.Edit(id, shopifytest.EditLine{SKU: "MUG", Delta: 2}), "orders/updated", "inventory_levels/update", "orders/edited")
	next(s.Move(id, "Berlin", "Lyon"), "orders/updated", "inventory_levels/update", "inventory_levels/update")
	done, err := s.Fulfill(id, shopifytest.Line{SKU: "MUG", Quantity: 1})
	next(err, "orders/updated", "fulfillments/create")
	next(s.CancelFulfillment(done[0]), "orders/updated", "fulfillments/update")
	next(s.Touch(id), "orders/updated")
	_, err = s.Fulfill(id)
	next(err, "orders/updated", "fulfillments/create", "orders/fulfilled")
	id, err = s.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
	next(err, "orders/create", "inventory_levels/update")
	next(s.Cancel(id, false), "orders/cancelled", "orders/updated", "refunds/create")
	require.Empty(t, refusals(t, query(t, s, adjust, map[string]any{"key": "k", "input": input(entry(s.Levels()[0], 1, nil))})))
	next(nil, "inventory_levels/update")
	s.DeliverTo(nil)
	next(s.Touch(id))
}

func TestEventIDs(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{Duplicate: 1})
	s.Stock("MUG", "Berlin", 10)
	box := receive(t, s)
	_, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 5})
	require.NoError(t, err)
	s.Flush(t.Context())
	events, ids := map[string]bool{}, map[string]int{}
	for _, h := range box.take() {
		events[h.event] = true
		ids[h.id]++
	}
	require.Len(t, events, 1, "one action is one event")
	require.Equal(t, []int{2, 2}, slices.Collect(maps.Values(ids)), "a duplicate keeps its id")
	require.Equal(t, 2, s.Counters().Duplicated)
}

func TestRetries(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.Stock("MUG", "Berlin", 10)
	box := receive(t, s)
	box.status = func(int) int { return http.StatusInternalServerError }
	s.Stock("MUG", "Berlin", 9)
	s.Advance(t.Context(), time.Minute)
	s.Stock("MUG", "Berlin", 8) // the retry carries the old number all the same
	s.DeliverTo(box)
	s.Advance(t.Context(), 5*time.Hour)
	got := box.take()
	require.Len(t, got, 18)
	old := slices.DeleteFunc(slices.Clone(got), func(h hook) bool { return h.id != got[0].id })
	require.Len(t, old, 9)
	for _, h := range old {
		require.Equal(t, old[0].raw, h.raw)
	}
	span := old[8].at.Sub(old[0].at)
	require.InDelta(t, 4, span.Hours(), .1)
	require.Equal(t, 2, s.Counters().GivenUp)
	require.Zero(t, s.Pending())
}

func TestTrouble(t *testing.T) {
	t.Parallel()
	play := func(cfg shopifytest.Config) (*shopifytest.Server, []hook) {
		cfg.Seed = 7
		s := shop(t, cfg)
		s.Stock("MUG", "Berlin", 1000)
		box := receive(t, s)
		for range 50 {
			_, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 1})
			require.NoError(t, err)
			s.Advance(t.Context(), time.Second)
		}
		s.Advance(t.Context(), 6*time.Hour)
		require.Zero(t, s.Pending())
		return s, slices.DeleteFunc(box.take(), func(h hook) bool { return h.topic != "inventory_levels/update" })
	}
	falling := func(list []hook) bool {
		return slices.IsSortedFunc(list, func(a, b hook) int { return int(b.body["available"].(float64) - a.body["available"].(float64)) })
	}
	_, calm := play(shopifytest.Config{})
	require.Len(t, calm, 50)
	require.True(t, falling(calm))
	s, lossy := play(shopifytest.Config{Lose: .5})
	require.Len(t, lossy, 100-s.Counters().Lost-(s.Counters().Delivered-len(lossy)))
	require.NotZero(t, s.Counters().Lost)
	_, mixed := play(shopifytest.Config{Reorder: .5})
	require.Len(t, mixed, 50)
	require.False(t, falling(mixed))
	s, stale := play(shopifytest.Config{Stale: .2})
	require.False(t, falling(stale))
	require.Equal(t, 100+s.Counters().Stale, s.Counters().Delivered)
}

func TestLateBodies(t *testing.T) {
	t.Parallel()
	for late, want := range map[float64][]any{0: {9.0, 8.0}, 1: {8.0, 8.0}} {
		s := shop(t, shopifytest.Config{Late: late})
		s.Stock("MUG", "Berlin", 10)
		box := receive(t, s)
		s.Stock("MUG", "Berlin", 9)
		s.Stock("MUG", "Berlin", 8)
		s.Flush(t.Context())
		var got []any
		for _, h := range box.take() {
			got = append(got, h.body["available"])
		}
		require.Equal(t, want, got)
	}
}

// TestSeedRepeats plays the same traffic twice, webhooks and all.
func TestSeedRepeats(t *testing.T) {
	t.Parallel()
	play := func(seed uint64) string {
		s := shop(t, shopifytest.Config{
			Seed: seed, Duplicate: .2, Reorder: .2, Lose: .1, Stale: .1, Late: .2, Skew: 3 * time.Second, Routing: time.Second,
		})
		for _, sku := range []string{"A", "B", "C"} {
			s.Stock(sku, "Berlin", 50)
			s.Stock(sku, "Lyon", 50)
		}
		box := receive(t, s)
		p := s.Shopper(&shopifytest.ShopperConfig{Seed: seed, Elsewhere: .2, Custom: .1, Retail: .1, Unclaimed: .1})
		var log strings.Builder
		for range 200 {
			log.WriteString(p.Step())
			s.Advance(t.Context(), 700*time.Millisecond)
		}
		s.Flush(t.Context())
		for _, h := range box.take() {
			fmt.Fprintln(&log, h.topic, h.id, h.event, h.at.UnixNano(), h.raw)
		}
		fmt.Fprintf(&log, "%+v %+v %+v", s.Counters(), s.Levels(), s.Orders())
		return log.String()
	}
	require.Equal(t, play(1), play(1))
	require.NotEqual(t, play(1), play(2))
}

// shape lists the paths of a body's keys; lists are shown by their first
// element, if the other body has one too.
func shape(v any, path string, out map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			out[path+"."+k] = true
			shape(e, path+"."+k, out)
		}
	case []any:
		for _, e := range v {
			shape(e, path+"[]", out)
		}
	}
}

// TestBodiesHaveTheRealShape compares keys with recorded bodies.
func TestBodiesHaveTheRealShape(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	s.AddItem(shopifytest.Item{SKU: "CARD", Untracked: true})
	s.Stock("MUG", "Berlin", 10)
	s.Stock("CARD", "Berlin", 1)
	bodies := map[string]map[string]any{}
	box := receive(t, s)
	note := func(name string) {
		s.Flush(t.Context())
		for _, h := range box.take() {
			bodies[name+h.topic] = h.body
		}
	}
	id, err := s.Order(shopifytest.Line{SKU: "MUG", Quantity: 4}, shopifytest.Line{Custom: "Engraving", Quantity: 1})
	require.NoError(t, err)
	note("1 ")
	_, err = s.Refund(id, shopifytest.RefundLine{Line: "MUG", Quantity: 1, Restock: shopifytest.CancelUnits})
	require.NoError(t, err)
	note("2 ")
	require.NoError(t, s.Edit(id, shopifytest.EditLine{SKU: "MUG", Delta: -1}, shopifytest.EditLine{SKU: "CARD", Delta: 1}))
	note("3 ")
	require.NoError(t, s.Cancel(id, true))
	s.Stock("CARD", "Berlin", 2)
	note("4 ")
	for file, name := range map[string]string{
		"orders_create": "1 orders/create", "refunds_create_restock": "2 refunds/create", "orders_updated_after_refund": "2 orders/updated",
		"orders_edited": "3 orders/edited", "orders_cancelled": "4 orders/cancelled",
		"inventory_levels_update": "2 inventory_levels/update", "inventory_levels_update_untracked": "4 inventory_levels/update",
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", "webhooks", file+".json"))
		require.NoError(t, err)
		var want map[string]any
		require.NoError(t, json.Unmarshal(raw, &want))
		a, b := map[string]bool{}, map[string]bool{}
		shape(want, "", a)
		shape(bodies[name], "", b)
		require.Equal(t, slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b)), name)
	}
	require.Nil(t, bodies["4 inventory_levels/update"]["available"], "nobody counts it")
	lines := bodies["4 orders/cancelled"]["line_items"].([]any)
	custom, card := lines[1].(map[string]any), lines[2].(map[string]any)
	require.Nil(t, custom["variant_id"])
	require.Nil(t, card["variant_inventory_management"])
	require.Equal(t, "2026-11-24T04:00:00-05:00", bodies["1 orders/create"]["created_at"])
}

func TestRunInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := shopifytest.Open(&shopifytest.Config{Reorder: .5, Seed: 3})
		require.NoError(t, err)
		s.Stock("MUG", "Berlin", 100)
		box := receive(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		var loops sync.WaitGroup
		loops.Go(func() { _ = s.Run(ctx) })
		loops.Go(func() { _ = s.Shopper(&shopifytest.ShopperConfig{Rate: .5}).Run(ctx) })
		loops.Wait()
		require.Greater(t, len(box.take()), 100)
		s.Flush(t.Context())
		require.Zero(t, s.Pending())
		require.NotZero(t, s.Counters().Orders)
	})
}

func TestDeliverToURL(t *testing.T) {
	t.Parallel()
	s := shop(t, shopifytest.Config{})
	box := &inbox{t: t, s: s}
	web := httptest.NewServer(box)
	s.DeliverToURL(web.URL + "/webhooks")
	s.Stock("MUG", "Berlin", 1)
	require.Equal(t, 1, s.Flush(t.Context()))
	require.Equal(t, []string{"inventory_levels/update"}, box.topics())
	web.Close()
	s.Stock("MUG", "Berlin", 2)
	require.Equal(t, 9, s.Flush(t.Context()))
	require.Equal(t, 1, s.Counters().GivenUp)
}
