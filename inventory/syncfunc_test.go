package inventory_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

const market = "bazaar"

// offered is a stock of one SKU at two locations, 12 units in all, and a pooled
// channel that is known to show them.
func offered(t *testing.T) *inventory.Stock {
	t.Helper()
	s, err := inventory.New(memstore.New(nil), "acme", nil)
	require.NoError(t, err)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: market, Pooled: true}}}))
	for _, location := range []string{"berlin", "lyon"} {
		c := inventory.Track("load/"+location, inventory.Line{SKU: "A", Location: location, Quantity: 6, Shown: 6})
		c.Origin = market
		_, err := s.Apply(t.Context(), c)
		require.NoError(t, err)
	}
	_, err = s.Apply(t.Context(), inventory.Believe("b", market, inventory.Line{SKU: "A", Shown: 99}))
	require.NoError(t, err, "a Believe needs no location, and no Sourcer")
	return s
}

func standing(t *testing.T, s *inventory.Stock) inventory.Belief {
	t.Helper()
	var out []inventory.Belief
	for b, err := range s.Beliefs(t.Context(), market, inventory.Key{SKU: "A"}) {
		require.NoError(t, err)
		out = append(out, b)
	}
	require.Len(t, out, 1)
	return out[0]
}

func TestAbsoluteChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := offered(t)
		require.EqualValues(t, 6, standing(t, s).Believed, "the second Track is no second reading")
		var shown int64 = 6
		answers := true
		var during func()
		pusher := inventory.NewPusher(s, inventory.SyncFunc(market, func(_ context.Context, b inventory.Batch) ([]inventory.Result, error) {
			require.Equal(t, inventory.Key{SKU: "A"}, b.Pushes[0].Key)
			shown = b.Pushes[0].Target
			if during != nil {
				during()
				during = nil
			}
			if !answers {
				return nil, errors.New("time-out")
			}
			return []inventory.Result{{Status: inventory.Applied}}, nil
		}), nil)
		require.NoError(t, pusher.Drain(t.Context()), "no proof is asked of a channel that takes absolute numbers")
		require.EqualValues(t, 12, shown)

		// A sale that the push overwrote is told again.
		sellOne(t, s, "1", "A")
		during = func() {
			_, err := s.Apply(t.Context(), inventory.Sell("theirs", inventory.Line{SKU: "A", Location: "lyon", Quantity: 2}).ReportedBy(market))
			require.NoError(t, err)
		}
		require.NoError(t, pusher.Drain(t.Context()))
		require.EqualValues(t, 9, shown)
		require.EqualValues(t, 9, standing(t, s).Believed)
		require.EqualValues(t, 3, pusher.Stats().Applied)

		// Without an answer for days the same batch is sent on.
		sellOne(t, s, "2", "A")
		answers = false
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		require.Error(t, pusher.Drain(ctx))
		time.Sleep(48 * time.Hour)
		answers = true
		require.NoError(t, pusher.Drain(t.Context()))
		require.Zero(t, pusher.Stats().Lapsed)
		require.EqualValues(t, 8, shown)
	})
}

// leased notes how long batches are leased.
type leased struct {
	inventory.Store
	lease time.Duration
}

func (l *leased) Claim(ctx context.Context, merchant, channel string, most int, lease time.Duration) (inventory.Batch, error) {
	l.lease = lease
	return l.Store.Claim(ctx, merchant, channel, most, lease)
}

// Were a lease shorter than a request may take, a second process would send the
// same batch beside the first.
func TestALeaseOutlastsARequest(t *testing.T) {
	t.Parallel()
	store := &leased{Store: memstore.New(nil)}
	s, err := inventory.New(store, "acme", nil)
	require.NoError(t, err)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, ReplayProved: true}}}))
	for _, tt := range []struct{ timeout, lease, want time.Duration }{
		{want: time.Minute},
		{timeout: time.Second, want: 2 * time.Second},
		{timeout: time.Second, lease: time.Millisecond, want: time.Second},
		{timeout: time.Second, lease: time.Hour, want: time.Hour},
	} {
		require.NoError(t, inventory.NewPusher(s, newPlace(), &inventory.PusherConfig{Timeout: tt.timeout, Lease: tt.lease}).Drain(t.Context()))
		require.Equal(t, tt.want, store.lease)
	}
}

func TestForgetAndUnparkOfAll(t *testing.T) {
	t.Parallel()
	p := newPlace()
	s := pushed(t, p, "A", "B", "UNKNOWN")
	sellOne(t, s, "1", "UNKNOWN")
	pusher := inventory.NewPusher(s, p, nil)
	require.NoError(t, pusher.Drain(t.Context()))
	sellOne(t, s, "2", "B")
	count := func() (parked, pending int) {
		for b, err := range s.Beliefs(t.Context(), shop) {
			require.NoError(t, err)
			if b.Parked != "" {
				parked++
			} else {
				pending++
			}
		}
		return parked, pending
	}
	parked, pending := count()
	require.Equal(t, [2]int{1, 1}, [2]int{parked, pending})
	require.NoError(t, s.Unpark(t.Context(), shop))
	parked, pending = count()
	require.Equal(t, [2]int{0, 2}, [2]int{parked, pending})

	require.NoError(t, s.Forget(t.Context(), shop, inventory.Key{SKU: "B", Location: "berlin"}))
	_, pending = count()
	require.Equal(t, 1, pending)
	require.NoError(t, s.Forget(t.Context(), shop))
	_, pending = count()
	require.Zero(t, pending, "what is unknown is not pushed")
	require.ErrorIs(t, s.Forget(t.Context(), "nobody"), inventory.ErrInvalid)
	require.ErrorIs(t, s.Unpark(t.Context(), "nobody"), inventory.ErrInvalid)
}
