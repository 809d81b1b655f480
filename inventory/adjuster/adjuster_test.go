package adjuster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/adjuster"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

func setup(t *testing.T) (*inventory.Stock, *memqueue.Queue, *queue.Router) {
	t.Helper()
	stock, err := inventory.New(memstore.New(nil), "acme", nil)
	require.NoError(t, err)
	_, err = stock.Apply(t.Context(), inventory.Track("load", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 10}))
	require.NoError(t, err)
	q := memqueue.New(nil)
	r := queue.NewRouter(q, nil)
	r.HandleBatch("changes", "adjuster", adjuster.Handler(func(string) (*inventory.Stock, error) { return stock, nil }))
	return stock, q, r
}

func sell(id string, n int64) inventory.Change {
	c := inventory.Sell(id, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: n})
	c.Merchant = "acme"
	return c
}

func TestPublishedChangesApplyOnce(t *testing.T) {
	stock, q, r := setup(t)
	to := adjuster.To(q, "changes")
	for range 2 {
		require.NoError(t, to.Emit(t.Context(), sell("1", 2), sell("2", 3)))
	}
	o := inventory.Ordered(inventory.Order{Channel: "shop", ID: "7", Full: true, Lines: []inventory.OrderLine{{ID: "l", SKU: "MUG", Ordered: 1}}})
	o.Merchant = "acme"
	require.NoError(t, to.Emit(t.Context(), o, o))
	require.NoError(t, r.Drain(t.Context()))
	n, err := stock.Available(t.Context(), "MUG")
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
}

func TestGarbageIsADeadLetterAndStopsNobody(t *testing.T) {
	stock, q, r := setup(t)
	require.NoError(t, q.Publish(t.Context(), "changes", queue.Event{ID: "bad", Merchant: "acme", Schema: 1, Body: []byte("{")}))
	require.NoError(t, adjuster.To(q, "changes").Emit(t.Context(), sell("1", 2)))
	require.NoError(t, r.Drain(t.Context()))
	n, err := stock.Available(t.Context(), "MUG")
	require.NoError(t, err)
	require.EqualValues(t, 8, n)
	var dead []string
	for l, err := range r.DeadLetters("changes", "adjuster").List(t.Context(), queue.Filter{}) {
		require.NoError(t, err)
		dead = append(dead, l.Event.ID)
	}
	require.Equal(t, []string{"bad"}, dead)
}

func TestStoreThatDoesNotAnswerIsNotTheEventsFault(t *testing.T) {
	h := adjuster.Handler(func(string) (*inventory.Stock, error) {
		return inventory.New(down{memstore.New(nil)}, "acme", nil)
	})
	q := memqueue.New(nil)
	require.NoError(t, adjuster.To(q, "changes").Emit(t.Context(), sell("1", 1)))
	sub, err := q.Subscribe(t.Context(), "changes", "g")
	require.NoError(t, err)
	ds, err := sub.Receive(t.Context(), 1)
	require.NoError(t, err)
	errs := h(t.Context(), []queue.Event{ds[0].Event})
	var u interface{ Unavailable() bool }
	require.True(t, errors.As(errs[0], &u) && u.Unavailable())
	require.NoError(t, sub.Close(t.Context()))
}

type down struct{ *memstore.Store }

func (down) Apply(_ context.Context, cs []inventory.Change) []inventory.Outcome {
	out := make([]inventory.Outcome, len(cs))
	for i := range out {
		out[i].Err = fmt.Errorf("%w: connection refused", inventory.ErrUnknown)
	}
	return out
}

func TestChangeWithoutMerchantIsRefusedBeforeTheQueue(t *testing.T) {
	_, q, _ := setup(t)
	require.ErrorIs(t, adjuster.To(q, "changes").Emit(t.Context(), inventory.Release("x")), inventory.ErrInvalid)
}
