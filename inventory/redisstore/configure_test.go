package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

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

// A Configure that is cut off after any of its scripts is finished by whoever
// comes next, with traffic in between, and with the same end: of changed
// settings, of a removed channel, and of one that was added again before it was
// cleared away.
func TestAConfigureMayBeCutOffAnywhere(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, c := context.Background(), srv.raw(t)
		const levels = 1700 // of which a script takes about 500 where buckets are no listpacks
		for after, finished := 1, false; !finished; after++ {
			require.Less(t, after, 60, "a Configure must come to an end")
			merchant, hook := merchantName(), &cut{}
			client := srv.client(t, nil)
			client.AddHook(hook)
			s, other := openStore(t, client, &redisstore.Config{Buckets: 2}), srv.open(t, nil)
			channels := []inventory.Channel{{Name: "shop"}, {Name: "till"}, {Name: "bazaar", Pooled: true}}
			require.NoError(t, s.Configure(ctx, merchant, inventory.Settings{Channels: channels}))
			var tracked, seen []inventory.Line
			for i := range levels {
				l := line(fmt.Sprintf("sku-%d", i), 10)
				l.Shown = 10
				tracked = append(tracked, l)
				l.Quantity, l.Location = 0, ""
				seen = append(seen, l)
			}
			for i := 0; i < levels; i += 850 {
				track := inventory.Track(fmt.Sprintf("t%d", i), tracked[i:i+850]...)
				track.Origin = "shop"
				must(t, s, merchant, track, inventory.Believe(fmt.Sprintf("b%d", i), "bazaar", seen[i:i+850]...))
			}
			cutOff := func(set inventory.Settings) {
				t.Helper()
				short, cancel := context.WithCancel(ctx)
				defer cancel()
				hook.cancel, hook.after = cancel, after
				err := s.Configure(short, merchant, set)
				hook.cancel = nil
				if finished = err == nil; !finished {
					require.ErrorIs(t, err, context.Canceled)
				}
			}
			pending := func(channel string) (n int) {
				for b, err := range other.Beliefs(ctx, merchant, channel, nil) {
					require.NoError(t, err)
					require.True(t, b.Pending)
					n++
				}
				return n
			}
			tidy := func() {
				t.Helper()
				for {
					done, err := other.Tidy(ctx, merchant, 300)
					require.NoError(t, err)
					if !done.More {
						return
					}
				}
			}
			cutOff(inventory.Settings{Channels: []inventory.Channel{{Name: "shop", Buffer: 3}, {Name: "bazaar", Pooled: true, Buffer: 4}}})
			set, err := other.Settings(ctx, merchant)
			require.NoError(t, err)
			if shop, _ := set.Channel("shop"); shop.Buffer == 0 {
				continue // cut off before it was stored
			}
			must(t, other, merchant, inventory.Sell("s1", line("sku-1", 1)), inventory.Untrack("u", at("sku-2")))
			tidy()
			require.Equal(t, [2]int{levels - 1, levels - 1}, [2]int{pending("shop"), pending("bazaar")})

			cutOff(inventory.Settings{Remove: []string{"shop", "bazaar"}})
			require.NoError(t, other.Configure(ctx, merchant, inventory.Settings{Remove: []string{"shop", "bazaar"}}))
			short, cancel := context.WithCancel(ctx)
			hook.cancel, hook.after = cancel, after
			_ = s.Configure(short, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}})
			hook.cancel = nil
			cancel()
			require.NoError(t, other.Configure(ctx, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}}))
			must(t, other, merchant, inventory.Sell("s2", line("sku-1", 1)).ReportedBy("shop"))
			for b, err := range other.Beliefs(ctx, merchant, "shop", []inventory.Key{at("sku-1"), at("sku-3")}) {
				require.NoError(t, err)
				require.False(t, b.Known || b.Pending, "one that is added again knows nothing")
			}
			tidy()
			require.Zero(t, pending("shop"))
			fields, records := c.HGetAll(ctx, "{"+merchant+"}:lv:0").Val(), 0
			for f, record := range fields {
				require.NotContains(t, record, ",", "of %q nothing is left of the channel", f)
				require.False(t, strings.HasSuffix(f, "\x00"), "no pool is left: %q", f)
				records++
			}
			require.Positive(t, records)
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

// What a process knows of the settings may be old: it is not refused for that.
func TestConfigureAfterAnotherProcess(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant := context.Background(), merchantName()
		here, there := srv.open(t, nil), srv.open(t, nil)
		plain := inventory.Settings{Channels: []inventory.Channel{{Name: "bazaar"}}}
		pooled := inventory.Settings{Channels: []inventory.Channel{{Name: "bazaar", Pooled: true}}}
		require.NoError(t, here.Configure(ctx, merchant, plain))
		require.NoError(t, there.Configure(ctx, merchant, inventory.Settings{Remove: []string{"bazaar"}}))
		require.NoError(t, here.Configure(ctx, merchant, pooled), "it was another channel")
		require.ErrorIs(t, there.Configure(ctx, merchant, plain), inventory.ErrInvalid)
	})
}

// However many scripts it takes to mark levels, they are pending since the
// settings changed, and so come in order of their keys.
func TestSettingsMakePendingAtOneMoment(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		if srv.mini != nil {
			srv.mini.SetTime(time.Time{}) // its clock runs
		}
		ctx, s, merchant := context.Background(), srv.open(t, &redisstore.Config{Buckets: 8}), merchantName()
		require.NoError(t, s.Configure(ctx, merchant, shopOnly))
		var want []string
		var lines []inventory.Line
		for i := range 40 {
			want = append(want, fmt.Sprintf("sku-%02d", i))
			l := line(want[i], 10)
			l.Shown = 10
			lines = append(lines, l)
		}
		track := inventory.Track("t", lines...)
		track.Origin = "shop"
		must(t, s, merchant, track)
		require.NoError(t, s.Configure(ctx, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop", Buffer: 1}}}))
		b, err := s.Claim(ctx, merchant, "shop", 99, time.Minute)
		require.NoError(t, err)
		var got []string
		for _, p := range b.Pushes {
			got = append(got, p.SKU)
			require.True(t, p.Since.Equal(b.Pushes[0].Since), "%s at %v", p.SKU, p.Since)
		}
		require.Equal(t, want, got)
	})
}
