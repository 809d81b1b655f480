package redisstore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// cut ends a context after some calls of a script.
type cut struct {
	cancel context.CancelFunc
	after  int
}

func (h *cut) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *cut) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *cut) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() == "evalsha" && h.cancel != nil {
			if h.after--; h.after == 0 {
				h.cancel()
			}
		}
		return err
	}
}

// A Configure that is cut off between two steps is finished by Tidy, whichever
// process calls it.
func TestTidyFinishesAConfigure(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		merchant, hook := merchantName(), &cut{}
		c := srv.client(t, nil)
		c.AddHook(hook)
		s, other := openStore(t, c, &redisstore.Config{Buckets: 4}), srv.open(t, nil)
		const levels = 3000
		require.NoError(t, s.Configure(context.Background(), merchant, shopOnly))
		var lines []inventory.Line
		for i := range levels {
			l := line(fmt.Sprintf("sku-%d", i), 10)
			l.Shown = 10
			lines = append(lines, l)
		}
		for i := 0; i < levels; i += 1000 {
			track := inventory.Track(fmt.Sprintf("t%d", i), lines[i:i+1000]...)
			track.Origin = "shop"
			must(t, s, merchant, track)
		}
		pending := func() (n int) {
			for b, err := range other.Beliefs(context.Background(), merchant, "shop", nil) {
				require.NoError(t, err)
				require.EqualValues(t, 7, b.Target)
				n++
			}
			return n
		}
		require.Zero(t, pending())

		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		hook.cancel, hook.after = cancel, 3
		err := s.Configure(ctx, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop", Buffer: 3}}})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, inventory.ErrUnknown, "the settings are stored")
		hook.cancel = nil
		n := pending()
		require.Positive(t, n)
		require.Less(t, n, levels)

		done, calls := inventory.Tidied{More: true}, 0
		for done.More {
			done, err = other.Tidy(context.Background(), merchant, 100)
			require.NoError(t, err)
			calls++
			require.Less(t, calls, 200, "Tidy must come to an end")
		}
		require.Equal(t, levels, pending())
		if srv.mini == nil { // the embedded server knows no small steps
			require.Greater(t, calls, 10, "Tidy must not do more than it may")
		}
	})
}

// Rules of many levels are stored in several scripts, all or none.
func TestRulesOfManyLevels(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, s, merchant := context.Background(), srv.open(t, nil), merchantName()
		rules := map[inventory.Key]inventory.Rules{}
		var lines []inventory.Line
		for i := range 2500 {
			lines = append(lines, line(fmt.Sprintf("sku-%d", i), 10))
			rules[lines[i].Key()] = inventory.Rules{SafetyStock: int64(i), Buffers: map[string]int64{"later": 2}}
		}
		for i := 0; i < len(lines); i += 500 {
			must(t, s, merchant, inventory.Track(fmt.Sprintf("t%d", i), lines[i:i+500]...))
		}
		rules[at("unknown")] = inventory.Rules{}
		err := s.Configure(ctx, merchant, inventory.Settings{Levels: rules})
		require.ErrorIs(t, err, inventory.ErrUntracked)
		require.Zero(t, level(t, s, merchant, "sku-9").Rules.SafetyStock, "nothing of it was stored")
		delete(rules, at("unknown"))
		require.NoError(t, s.Configure(ctx, merchant, inventory.Settings{Levels: rules}))
		n := 0
		for l, err := range s.AllLevels(ctx, merchant) {
			require.NoError(t, err)
			require.Equal(t, rules[l.Key], l.Rules)
			require.EqualValues(t, 2, l.Version)
			n++
		}
		require.Equal(t, len(rules), n)
		set, err := s.Settings(ctx, merchant)
		require.NoError(t, err)
		require.EqualValues(t, 1, set.Version, "one Configure is one version")
	})
}

// A level that was to be raised and now is to be lowered is listed once.
func TestPendingTurnsRound(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, s, merchant := context.Background(), srv.open(t, nil), merchantName()
		pending(t, s, merchant, "a")
		c := srv.raw(t)
		listed := func() [2]int64 {
			return [2]int64{c.ZCard(ctx, "{"+merchant+"}:p:shop:f").Val(), c.ZCard(ctx, "{"+merchant+"}:p:shop:r").Val()}
		}
		require.Equal(t, [2]int64{0, 1}, listed())
		must(t, s, merchant, inventory.Sell("s1", line("a", 5)))
		require.Equal(t, [2]int64{1, 0}, listed())
		must(t, s, merchant, inventory.Receive("r1", line("a", 4)))
		require.Equal(t, [2]int64{0, 1}, listed())
		must(t, s, merchant, inventory.Sell("s2", line("a", 1)))
		require.Equal(t, [2]int64{0, 0}, listed())
	})
}
