package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// A merchant whose data went back stays refused, also when its sequence has
// grown past what was known, and nothing is written to it.
func TestLostDataStayRefused(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, s, merchant, c := context.Background(), srv.open(t, nil), merchantName(), srv.raw(t)
		must(t, s, merchant, inventory.Track("t", line("a", 10)), inventory.Sell("s1", line("a", 1)))
		meta := "{" + merchant + "}:meta"
		require.NoError(t, c.HSet(ctx, meta, "seq", 1).Err())
		_, err := s.Levels(ctx, merchant, []inventory.Key{at("a")})
		require.ErrorIs(t, err, inventory.ErrDataLoss)
		require.NoError(t, c.HSet(ctx, meta, "seq", 1000).Err())
		require.ErrorIs(t, apply(t, s, merchant, inventory.Sell("s2", line("a", 1))).Err, inventory.ErrDataLoss)
		require.EqualValues(t, 9, level(t, srv.open(t, nil), merchant, "a").Available, "nothing was written")
	})
}

// before runs something before a script is sent.
type before struct {
	told
	hash string
	run  func()
}

func (h *before) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); len(args) > 1 && args[1] == h.hash && h.run != nil {
			run := h.run
			h.run = nil
			run()
		}
		return next(ctx, cmd)
	}
}

// A reservation that another process commits while Tidy is about to forget it
// is remembered for another horizon.
func TestTidyLooksAgain(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	hook := &before{hash: redisstore.TidyHash}
	c := srv.client(t, nil)
	c.AddHook(hook)
	s, other := openStore(t, c, nil), srv.open(t, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)), inventory.Reserve("h", time.Minute, line("a", 1)))
	srv.advance(time.Hour, &now)
	tidy := func() {
		_, err := s.Tidy(context.Background(), merchant, 9)
		require.NoError(t, err)
	}
	tidy()
	srv.advance(16*24*time.Hour, &now)
	hook.run = func() { must(t, other, merchant, inventory.Commit("h", "o/1")) }
	tidy()
	require.Nil(t, hook.run, "Tidy wanted to forget it")
	holds, err := s.Reservations(context.Background(), merchant, []string{"h"})
	require.NoError(t, err)
	require.Len(t, holds, 1)
	require.Equal(t, inventory.CommittedHold, holds[0].Status)
}
