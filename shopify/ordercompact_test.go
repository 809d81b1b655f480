package shopify

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// aged is a stock whose orders grow old between two messages.
type aged struct {
	*inventory.Stock
	now     time.Time
	janitor *inventory.Janitor
}

func newAged(t *testing.T, locations []string) *aged {
	t.Helper()
	a := &aged{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	a.Stock, err = inventory.New(memstore.New(&memstore.Config{Now: func() time.Time { return a.now }}), "acme",
		&inventory.Config{ForgetOrders: 100 * 365 * 24 * time.Hour})
	require.NoError(t, err)
	a.janitor = inventory.NewJanitor(a.Stock, &inventory.JanitorConfig{OrdersEvery: 1})
	for _, item := range modelItems {
		for _, l := range locations {
			_, err := a.Apply(t.Context(), inventory.Track("track/"+item+l, inventory.Line{SKU: item, Location: l, Quantity: 1000}))
			require.NoError(t, err)
		}
	}
	return a
}

func (a *aged) grow(t *testing.T) {
	t.Helper()
	a.now = a.now.Add(61 * 24 * time.Hour)
	for more := true; more; {
		done, err := a.janitor.Round(t.Context())
		require.NoError(t, err)
		more = done.More
	}
}

func (a *aged) levels(t *testing.T) map[inventory.Key][2]int64 {
	t.Helper()
	out := map[inventory.Key][2]int64{}
	for l, err := range a.Store().AllLevels(t.Context(), "acme") {
		require.NoError(t, err)
		out[l.Key] = [2]int64{l.Available, l.Committed}
	}
	return out
}

// Whenever in its life an order is compacted, however often, and whatever comes
// of it afterwards, doubled and out of order: its document knows the same, is
// unsure of the same, and has moved the same as one that never was. There is no
// case in which it is not exact.
func TestOrdersMayBeCompactedAtAnyTime(t *testing.T) {
	t.Parallel()
	var compacted int64
	for seed := range uint64(300) {
		s := newModelOrder(seed, seed%2 == 0)
		r := rand.New(rand.NewPCG(seed, 3))
		msgs := s.hooks()
		for k := range s.hist {
			if r.Float64() < .4 {
				msgs = append(msgs, s.fetch(k, pick(r, []float64{0, 2}), 0))
			}
		}
		for _, m := range msgs {
			if r.Float64() < .25 {
				msgs = append(msgs, m)
			}
		}
		r.Shuffle(len(msgs), func(i, j int) { msgs[i], msgs[j] = msgs[j], msgs[i] })
		young, old := newAged(t, s.locs), newAged(t, s.locs)
		for i, m := range msgs {
			o := facts(m.body, modelResolver)
			o.Channel, o.ID, o.Created = "shopify/model", "1", 0 // the model does not say when it was placed
			if r.Float64() < .5 {
				old.grow(t)
			}
			want, err := young.Apply(t.Context(), inventory.Ordered(o))
			require.NoError(t, err)
			got, err := old.Apply(t.Context(), inventory.Ordered(o))
			require.NoError(t, err)
			require.Equal(t, want.Doubts, got.Doubts, "seed %d, message %d", seed, i)
			require.Equal(t, want.Duplicate, got.Duplicate, "seed %d, message %d", seed, i)
			require.Equal(t, want.Lines, got.Lines, "seed %d, message %d", seed, i)
			require.Equal(t, young.levels(t), old.levels(t), "seed %d, message %d", seed, i)
		}
		records := make([]*inventory.OrderRecord, 2)
		for i, a := range []*aged{young, old} {
			got, err := a.Orders(t.Context(), "shopify/model/1")
			require.NoError(t, err)
			records[i] = got[0]
		}
		require.Equal(t, records[0], records[1], "seed %d", seed)
		compacted += old.janitor.Stats().CompactedOrders
	}
	require.Greater(t, compacted, int64(500), "or nothing was tried")
	t.Logf("%d times compacted", compacted)
}
