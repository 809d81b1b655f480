package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// followed is a stock with one level, and what its follower was told.
type followed struct {
	t     *testing.T
	stock *inventory.Stock
	ids   []string
	loads int
	waits []time.Duration
	n     int
}

func newFollowed(t *testing.T, length int) *followed {
	t.Helper()
	stock, err := inventory.New(memstore.New(&memstore.Config{JournalLength: length}), "acme", nil)
	require.NoError(t, err)
	f := &followed{t: t, stock: stock}
	f.apply(inventory.Track("t", f.line(100)))
	return f
}

func (f *followed) line(n int64) inventory.Line {
	return inventory.Line{SKU: "a", Location: "berlin", Quantity: n}
}

func (f *followed) apply(c inventory.Change) {
	f.t.Helper()
	_, err := f.stock.Apply(f.t.Context(), c)
	require.NoError(f.t, err)
}

// sell writes n entries.
func (f *followed) sell(n int) (ids []string) {
	f.t.Helper()
	for range n {
		f.n++
		ids = append(ids, fmt.Sprint("s", f.n))
		f.apply(inventory.Sell(ids[len(ids)-1], f.line(1)))
	}
	return ids
}

// run follows until there is nothing new, and returns what came.
func (f *followed) run(cfg inventory.FollowerConfig) ([]string, error) {
	f.t.Helper()
	ctx, stop := context.WithCancel(f.t.Context())
	defer stop()
	f.ids = nil
	cfg.After = func(d time.Duration) <-chan time.Time {
		f.waits = append(f.waits, d)
		stop()
		return nil
	}
	follower, err := inventory.NewFollower(f.stock, "index", &cfg)
	require.NoError(f.t, err)
	err = follower.Run(ctx, func(_ context.Context, p inventory.Page) error {
		for _, e := range p.Entries {
			f.ids = append(f.ids, e.ID)
		}
		return nil
	})
	return f.ids, err
}

func (f *followed) load(context.Context) error {
	f.loads++
	return nil
}

func TestFollowerGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	ids, err := f.run(inventory.FollowerConfig{Max: 2, Poll: time.Minute})
	require.NoError(t, err)
	require.Equal(t, []string{"t"}, ids, "from what is kept")
	sold := f.sell(5)
	ids, err = f.run(inventory.FollowerConfig{Max: 2})
	require.NoError(t, err)
	require.Equal(t, sold, ids)
	ids, err = f.run(inventory.FollowerConfig{})
	require.NoError(t, err)
	require.Empty(t, ids)
	require.Equal(t, []time.Duration{time.Minute, time.Second, time.Second}, f.waits, "it waits only when there is nothing new")
}

func TestFollowerWaitsForMore(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	ctx, stop := context.WithCancel(t.Context())
	tick, asleep, got := make(chan time.Time), make(chan bool), make(chan string, 9)
	follower, err := inventory.NewFollower(f.stock, "index", &inventory.FollowerConfig{
		After: func(time.Duration) <-chan time.Time { asleep <- true; return tick },
	})
	require.NoError(t, err)
	done := make(chan error)
	go func() {
		done <- follower.Run(ctx, func(_ context.Context, p inventory.Page) error {
			for _, e := range p.Entries {
				got <- e.ID
			}
			return nil
		})
	}()
	<-asleep
	require.Equal(t, "t", <-got)
	f.sell(1)
	require.Empty(t, got)
	tick <- time.Now()
	<-asleep
	require.Equal(t, "s1", <-got)
	stop()
	require.NoError(t, <-done)
}

func TestFollowerRepeatsWhatWasNotDone(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	f.sell(3)
	follower, err := inventory.NewFollower(f.stock, "index", &inventory.FollowerConfig{Max: 2})
	require.NoError(t, err)
	down := errors.New("the index is down")
	calls := 0
	require.ErrorIs(t, follower.Run(t.Context(), func(context.Context, inventory.Page) error {
		if calls++; calls == 2 {
			return down
		}
		return nil
	}), down)
	ids, err := f.run(inventory.FollowerConfig{})
	require.NoError(t, err)
	require.Equal(t, []string{"s2", "s3"}, ids, "the second page again")
}

func TestFollowerLeftBehind(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 4)
	_, err := f.run(inventory.FollowerConfig{Load: f.load})
	require.NoError(t, err)
	require.Equal(t, 1, f.loads)
	require.Empty(t, f.ids, "what Load has seen does not come again")
	f.sell(4)
	_, err = f.run(inventory.FollowerConfig{Load: f.load})
	require.NoError(t, err)
	require.Equal(t, []string{"s1", "s2", "s3", "s4"}, f.ids)
	f.sell(5)
	_, err = f.run(inventory.FollowerConfig{})
	require.ErrorIs(t, err, inventory.ErrGap, "one entry is gone")
	var gap *inventory.GapError
	require.ErrorAs(t, err, &gap)
	require.ErrorContains(t, err, "read everything again")
	_, err = f.run(inventory.FollowerConfig{Load: f.load})
	require.NoError(t, err)
	require.Equal(t, 2, f.loads, "everything is read again")
	sold := f.sell(2)
	ids, err := f.run(inventory.FollowerConfig{})
	require.NoError(t, err)
	require.Equal(t, sold, ids)
	down := errors.New("down")
	f.sell(5)
	_, err = f.run(inventory.FollowerConfig{Load: func(context.Context) error { return down }})
	require.ErrorIs(t, err, down)
	_, err = f.run(inventory.FollowerConfig{})
	require.ErrorIs(t, err, inventory.ErrGap, "it is still to be loaded")
}

// During Load entries are written: they come after it.
func TestFollowerMissesNothingWhileItLoads(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	f.sell(3) // Load sees these
	ids, err := f.run(inventory.FollowerConfig{Load: func(context.Context) error {
		f.sell(2)
		return nil
	}})
	require.NoError(t, err)
	require.Equal(t, []string{"s4", "s5"}, ids)
}

func TestFollowerKeepsItsPlaceElsewhere(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	own := memstore.New(nil)
	f.sell(2)
	_, err := f.run(inventory.FollowerConfig{Bookmarks: own})
	require.NoError(t, err)
	theirs, err := f.stock.Store().(inventory.Bookmarker).Bookmark(t.Context(), "acme", inventory.FollowerMark+"index")
	require.NoError(t, err)
	require.Empty(t, theirs)
	ids, err := f.run(inventory.FollowerConfig{Bookmarks: own})
	require.NoError(t, err)
	require.Empty(t, ids)

	_, err = f.run(inventory.FollowerConfig{})
	require.NoError(t, err)
	follower, err := inventory.NewFollower(f.stock, "index", nil)
	require.NoError(t, err)
	require.NoError(t, follower.Forget(t.Context()))
	ids, err = f.run(inventory.FollowerConfig{})
	require.NoError(t, err)
	require.Len(t, ids, 3, "from the beginning")
}

// powerless is a store without optional powers.
type powerless struct{ inventory.Store }

func TestFollowerNeedsAJournal(t *testing.T) {
	t.Parallel()
	stock, err := inventory.New(powerless{memstore.New(nil)}, "acme", nil)
	require.NoError(t, err)
	_, err = inventory.NewFollower(stock, "index", nil)
	require.ErrorContains(t, err, "Bookmarks")
	_, err = inventory.NewFollower(stock, "index", &inventory.FollowerConfig{Bookmarks: memstore.New(nil)})
	require.ErrorContains(t, err, "no journal")
	_, err = stock.Journal(t.Context(), "", 1)
	require.ErrorIs(t, err, inventory.ErrInvalid)
	f := newFollowed(t, 0)
	_, err = inventory.NewFollower(f.stock, "in\ndex", nil)
	require.ErrorIs(t, err, inventory.ErrInvalid)
	_, err = f.stock.Journal(t.Context(), "", 0)
	require.ErrorIs(t, err, inventory.ErrInvalid)
}

func TestExplain(t *testing.T) {
	t.Parallel()
	f := newFollowed(t, 0)
	ctx, k := t.Context(), f.line(0).Key()
	require.NoError(t, f.stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{
		{Name: "shop"}, {Name: "elsewhere", Locations: []string{"lyon"}},
	}}))
	f.apply(inventory.Track("other", inventory.Line{SKU: "b", Location: "berlin", Quantity: 3}))
	f.apply(inventory.Reserve("cart-2", time.Hour, f.line(2)))
	f.apply(inventory.Reserve("cart-1", time.Hour, f.line(1)))
	f.apply(inventory.Reserve("cart-3", time.Hour, f.line(1)))
	f.apply(inventory.Release("cart-3"))
	x, err := f.stock.Explain(ctx, k)
	require.NoError(t, err)
	require.Equal(t, int64(97), x.Level.Available)
	require.Len(t, x.Beliefs, 1)
	require.Equal(t, "shop", x.Beliefs[0].Channel)
	var ids, holds []string
	for _, e := range x.Entries {
		ids = append(ids, e.ID)
	}
	for _, r := range x.Reservations {
		holds = append(holds, r.ID)
	}
	require.Equal(t, []string{"t", "cart-2", "cart-1", "cart-3", "cart-3"}, ids)
	require.Equal(t, []string{"cart-1", "cart-2"}, holds)
	sold := f.sell(60)
	x, err = f.stock.Explain(ctx, k)
	require.NoError(t, err)
	require.Len(t, x.Entries, 50)
	require.Equal(t, sold[59], x.Entries[49].ID, "the newest")
	require.Len(t, x.Reservations, 2)
	_, err = f.stock.Explain(ctx, inventory.Key{SKU: "x", Location: "berlin"})
	require.ErrorIs(t, err, inventory.ErrUntracked)
}
