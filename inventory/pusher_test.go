package inventory_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// place is a channel that remembers idempotency keys and can lose requests,
// replies and patience.
type place struct {
	mu      sync.Mutex
	shown   map[inventory.Key]int64
	keys    map[string][]byte
	refuse  map[inventory.Key]error
	lost    func(n int) (request, reply bool)
	n       int
	batches []inventory.Batch
}

func newPlace() *place {
	return &place{shown: map[inventory.Key]int64{}, keys: map[string][]byte{}, refuse: map[inventory.Key]error{}}
}

func (p *place) Channel() string { return shop }

func (p *place) Prepare(_ context.Context, b inventory.Batch) ([]byte, []inventory.Result, error) {
	refused := make([]inventory.Result, len(b.Pushes))
	for i, x := range b.Pushes {
		if x.SKU == "UNKNOWN" {
			refused[i] = inventory.Result{Status: inventory.Refused, Err: errors.New("no such item")}
		}
	}
	return []byte(b.Key()), refused, nil
}

func (p *place) Send(_ context.Context, b inventory.Batch) ([]inventory.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n++
	p.batches = append(p.batches, b)
	var request, reply bool
	if p.lost != nil {
		request, reply = p.lost(p.n)
	}
	if request {
		return nil, errors.New("connection refused")
	}
	results := make([]inventory.Result, len(b.Pushes))
	refused := slices.ContainsFunc(b.Pushes, func(x inventory.Push) bool { return p.refuse[x.Key] != nil })
	for i, x := range b.Pushes {
		switch {
		case p.refuse[x.Key] != nil:
			results[i] = inventory.Result{Status: inventory.Refused, Err: p.refuse[x.Key]}
		case refused:
			results[i].Status = inventory.Deferred
		default:
			results[i].Status = inventory.Applied
		}
	}
	if p.keys[b.Key()] == nil && !refused {
		p.keys[b.Key()] = b.Request
		for _, x := range b.Pushes {
			p.shown[x.Key] += x.Delta
		}
	}
	if reply {
		return nil, errors.New("connection reset")
	}
	return results, nil
}

// pushed is a stock in memory with one channel, on the clock of the bubble.
func pushed(t *testing.T, p *place, skus ...string) *inventory.Stock {
	t.Helper()
	s, err := inventory.New(memstore.New(nil), "acme", nil)
	require.NoError(t, err)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, ReplayProved: true}}}))
	for _, sku := range skus {
		c := inventory.Track("load/"+sku, inventory.Line{SKU: sku, Location: "berlin", Quantity: 10, Shown: 10})
		c.Origin = shop
		_, err := s.Apply(t.Context(), c)
		require.NoError(t, err)
		p.shown[inventory.Key{SKU: sku, Location: "berlin"}] = 10
	}
	return s
}

func sellOne(t *testing.T, s *inventory.Stock, id, sku string) {
	t.Helper()
	_, err := s.Apply(t.Context(), inventory.Sell(id, inventory.Line{SKU: sku, Location: "berlin", Quantity: 1}))
	require.NoError(t, err)
}

func TestPushesReachTheChannelOnceWhateverIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.lost = func(n int) (request, reply bool) { return n%3 == 1, n%3 == 2 }
		s := pushed(t, p, "A", "B")
		pusher := inventory.NewPusher(s, p, nil)
		for i := range 5 {
			sellOne(t, s, "a"+string(rune('0'+i)), "A")
			sellOne(t, s, "b"+string(rune('0'+i)), "B")
			require.NoError(t, pusher.Drain(t.Context()))
		}
		require.Equal(t, map[inventory.Key]int64{{SKU: "A", Location: "berlin"}: 5, {SKU: "B", Location: "berlin"}: 5}, p.shown)
		require.Positive(t, pusher.Stats().NoAnswer)
		for _, b := range p.batches { // never another cut, never other bytes under one key
			require.Equal(t, string(b.Request), b.Key())
		}
	})
}

func TestRefusedLevelIsParkedAndItsNeighboursGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		s := pushed(t, p, "A", "BAD", "UNKNOWN")
		bad := inventory.Key{SKU: "BAD", Location: "berlin"}
		p.refuse[bad] = errors.New("not stocked here")
		for _, sku := range []string{"A", "BAD", "UNKNOWN"} {
			sellOne(t, s, sku, sku)
		}
		pusher := inventory.NewPusher(s, p, nil)
		require.NoError(t, pusher.Drain(t.Context()), "what is parked does not keep Drain")
		require.EqualValues(t, 9, p.shown[inventory.Key{SKU: "A", Location: "berlin"}])
		parked := map[string]string{}
		for b, err := range s.Store().Beliefs(t.Context(), "acme", shop, nil) {
			require.NoError(t, err)
			parked[b.SKU] = b.Parked
		}
		require.Equal(t, map[string]string{"BAD": "not stocked here", "UNKNOWN": "no such item"}, parked)
		maps.DeleteFunc(p.refuse, func(inventory.Key, error) bool { return true })
		time.Sleep(2 * time.Hour) // in the bubble: parked levels are tried again
		require.NoError(t, pusher.Drain(t.Context()))
		require.EqualValues(t, 9, p.shown[bad])
	})
}

func TestBatchWithoutAnswerForADayIsNotSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		p.lost = func(int) (bool, bool) { return true, false }
		s := pushed(t, p, "FALL", "RISE")
		sellOne(t, s, "1", "FALL")
		_, err := s.Apply(t.Context(), inventory.Receive("2", inventory.Line{SKU: "RISE", Location: "berlin", Quantity: 5}))
		require.NoError(t, err)
		pusher := inventory.NewPusher(s, p, nil)
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		require.ErrorIs(t, pusher.Drain(ctx), context.DeadlineExceeded)
		time.Sleep(24 * time.Hour)
		p.lost = nil
		sent := p.n
		require.NoError(t, pusher.Drain(t.Context()))
		require.Equal(t, sent, p.n, "the channel has forgotten the key, so sending again could apply twice")
		believed := map[string]int64{}
		for b, err := range s.Store().Beliefs(t.Context(), "acme", shop, nil) {
			require.NoError(t, err)
			believed[b.SKU] = b.Believed
			require.Contains(t, b.Parked, "unknown")
		}
		require.Equal(t, map[string]int64{"FALL": 10, "RISE": 15}, believed, "in doubt a rise counts and a fall does not")
	})
}

func TestPusherRefusesAChannelThatMayApplyTwice(t *testing.T) {
	p := newPlace()
	s := pushed(t, p, "A")
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop}}}))
	require.ErrorIs(t, inventory.NewPusher(s, p, nil).Run(t.Context()), inventory.ErrUnproved)
	require.ErrorIs(t, inventory.NewPusher(s, p, nil).Drain(t.Context()), inventory.ErrUnproved)
}

func TestRunEndsWhenItsContextDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace()
		s := pushed(t, p, "A")
		sellOne(t, s, "1", "A")
		ctx, stop := context.WithCancel(t.Context())
		pusher := inventory.NewPusher(s, p, nil)
		var err error
		finished := make(chan struct{})
		go func() { defer close(finished); err = pusher.Run(ctx) }()
		time.Sleep(time.Second)
		stop()
		<-finished
		require.NoError(t, err)
		require.EqualValues(t, 9, p.shown[inventory.Key{SKU: "A", Location: "berlin"}])
	})
}
