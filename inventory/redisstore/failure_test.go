package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// Every reply of a write is lost once: the client sends each again by itself.
func TestEveryReplyLostOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant := context.Background(), merchantName()
		p := newProxy(t, srv.opt.Addr)
		s := openStore(t, srv.client(t, p), nil)
		lose := func() { p.lose.Store(1) }
		step := func(what string, err error) {
			t.Helper()
			require.NoError(t, err, what)
			require.Zero(t, p.lose.Load(), "the reply of %s was not lost", what)
			lose()
		}
		lose()
		shown := line("a", 20)
		shown.Shown = 20
		track := inventory.Track("t", shown)
		track.Origin = "shop"
		require.NoError(t, s.Configure(ctx, merchant, shopOnly))
		step("track", apply(t, s, merchant, track).Err)
		step("sell", apply(t, s, merchant, inventory.Sell("s", line("a", 1))).Err)
		out := s.Apply(ctx, []inventory.Change{
			with(merchant, inventory.Sell("s2", line("a", 1))),
			with(merchant, inventory.Sell("s3", line("a", 1)).ReportedBy("shop")),
			with(merchant, inventory.Reserve("h", time.Hour, line("a", 2))),
		})
		for _, o := range out {
			require.NoError(t, o.Err)
		}
		step("vector", out[0].Err)
		step("commit", apply(t, s, merchant, inventory.Commit("h", "o/1")).Err)
		doc := inventory.Sell("o/2", line("a", 1))
		doc.Kind, doc.Recorded, doc.Document = inventory.KindOrder, true, &inventory.Document{Name: "o/2", Body: []byte("body")}
		step("order", apply(t, s, merchant, doc).Err)
		b, err := s.Claim(ctx, merchant, "shop", 9, time.Minute)
		step("claim", err)
		require.Equal(t, 1, b.Attempt, "a claim that is sent again is one claim")
		b.Request = []byte("request")
		b, err = s.Seal(ctx, b, nil)
		step("seal", err)
		step("postpone", s.Postpone(ctx, b, 0))
		step("settle", s.Settle(ctx, b, []inventory.Result{{Status: inventory.Applied}}))
		step("configure", s.Configure(ctx, merchant, inventory.Settings{Levels: map[inventory.Key]inventory.Rules{at("a"): {SafetyStock: 1}}}))
		step("bookmark", s.SetBookmark(ctx, merchant, "x", "y"))
		lease, err := s.Lease(ctx, merchant, []inventory.Key{at("a")}, time.Minute)
		step("lease", err)
		require.EqualValues(t, 1, lease.Fence, "a lease that is sent again is one lease")
		renewed, err := s.Renew(ctx, lease, time.Hour)
		step("renew", err)
		require.True(t, renewed.ExpiresAt.After(lease.ExpiresAt))
		step("unlease", s.Unlease(ctx, lease))

		p.lose.Store(0)
		l := level(t, s, merchant, "a")
		require.EqualValues(t, []int64{14, 0, 6}, []int64{l.Available, l.Reserved, l.Committed})
		require.EqualValues(t, 8, l.Version, "each write once: track, three sales, reserve, commit, order, rules")
		set, err := s.Settings(ctx, merchant)
		require.NoError(t, err)
		require.EqualValues(t, 2, set.Version)
		for b, err := range s.Beliefs(ctx, merchant, "shop", []inventory.Key{at("a")}) {
			require.NoError(t, err)
			require.EqualValues(t, []int64{14, 14}, []int64{b.Target, b.Believed}, "believed moved once")
		}
	})
}

// A batch that is emptied by its Seal, whose reply is lost, is no conflict.
func TestLostReplyOfASealThatEmpties(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant := context.Background(), merchantName()
		p := newProxy(t, srv.opt.Addr)
		s := openStore(t, srv.client(t, p), nil)
		pending(t, s, merchant, "a")
		b, err := s.Claim(ctx, merchant, "shop", 9, time.Minute)
		require.NoError(t, err)
		p.lose.Store(1)
		sealed, err := s.Seal(ctx, b, []inventory.Result{{Status: inventory.Refused}})
		require.NoError(t, err)
		require.Empty(t, sealed.ID)
		require.EqualValues(t, 1, p.lost.Load())
		_, err = s.Seal(ctx, b, []inventory.Result{{Status: inventory.Refused}})
		require.ErrorIs(t, err, inventory.ErrConflict)
	})
}

// pending starts levels with 10 units of which the shop shows 8.
func pending(t testing.TB, s inventory.Store, merchant string, skus ...string) {
	t.Helper()
	require.NoError(t, s.Configure(context.Background(), merchant, shopOnly))
	for _, sku := range skus {
		l := line(sku, 10)
		l.Shown = 8
		c := inventory.Track("track-"+sku, l)
		c.Origin = "shop"
		must(t, s, merchant, c)
	}
}

func with(merchant string, c inventory.Change) inventory.Change {
	c.Merchant = merchant
	return c
}

func TestNoAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		merchant := merchantName()
		p := newProxy(t, srv.opt.Addr)
		s := openStore(t, srv.client(t, p), nil)
		must(t, s, merchant, inventory.Track("t", line("a", 10)))
		require.EqualValues(t, 10, level(t, s, merchant, "a").Available)
		p.always.Store(true)
		sell := inventory.Sell("s", line("a", 1))
		out := apply(t, s, merchant, sell)
		require.ErrorIs(t, out.Err, inventory.ErrUnknown)
		require.NotErrorIs(t, out.Err, redis.Nil)
		require.Greater(t, p.lost.Load(), int32(1), "the client sends again by itself")
		p.always.Store(false)
		out = apply(t, s, merchant, sell)
		require.NoError(t, out.Err)
		require.True(t, out.Duplicate)
		require.EqualValues(t, 9, level(t, s, merchant, "a").Available)
	})
}

// After a call without answer the rest of a long vector is not sent.
func TestNothingFollowsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	p := newProxy(t, srv.opt.Addr)
	s := openStore(t, srv.client(t, p), nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	level(t, s, merchant, "a")
	lines := make([]inventory.Line, 600)
	for i := range lines {
		lines[i] = line("a", 1)
	}
	p.always.Store(true)
	out := s.Apply(context.Background(), []inventory.Change{
		with(merchant, inventory.Receive("r1", lines...)), with(merchant, inventory.Receive("r2", lines...)),
	})
	require.ErrorIs(t, out[0].Err, inventory.ErrUnknown)
	require.Error(t, out[1].Err)
	require.NotErrorIs(t, out[1].Err, inventory.ErrUnknown, "it was not sent, so it is not applied")
	p.always.Store(false)
	known, err := s.Applied(context.Background(), merchant, []string{"r1", "r2"})
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, known)
}

func TestContexts(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	s := srv.open(t, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	out := s.Apply(ctx, []inventory.Change{with(merchant, inventory.Sell("s", line("a", 1)))})
	require.ErrorIs(t, out[0].Err, context.Canceled)
	require.NotErrorIs(t, out[0].Err, inventory.ErrUnknown, "nothing was sent")

	// A connection that takes the call and answers nothing until the context ends.
	p := newProxy(t, srv.opt.Addr)
	p.hold = make(chan struct{})
	opt := *srv.opt
	opt.Addr, opt.ContextTimeoutEnabled, opt.MaxRetries = p.addr(), true, -1
	c := redis.NewClient(&opt)
	defer c.Close()
	mute := openStore(t, c, nil)
	level(t, mute, merchant, "a")
	p.lose.Store(1)
	defer close(p.hold)
	ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	out = mute.Apply(ctx, []inventory.Change{with(merchant, inventory.Sell("s", line("a", 1)))})
	require.ErrorIs(t, out[0].Err, inventory.ErrUnknown)
	require.ErrorIs(t, out[0].Err, context.DeadlineExceeded)
	require.EqualValues(t, 9, level(t, s, merchant, "a").Available, "it had been applied")
}

// ready makes the server ready when the client has given up on a call by itself.
type ready struct {
	srv   *server
	armed atomic.Bool
}

func (h *ready) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *ready) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *ready) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if err != nil && h.armed.CompareAndSwap(true, false) {
			h.srv.mini.SetError("")
		}
		return err
	}
}

// Answers that mean "not now" are tried again.
func TestServerThatIsNotReady(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"LOADING Redis is loading the dataset in memory", "READONLY You can't write against a read only replica.", "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down"} {
		t.Run(strings.Fields(text)[0], func(t *testing.T) {
			t.Parallel()
			srv, merchant := newMini(t), merchantName()
			c, h := srv.client(t, nil), &ready{srv: srv}
			c.AddHook(h)
			s := openStore(t, c, nil)
			must(t, s, merchant, inventory.Track("t", line("a", 10)))
			srv.mini.SetError(text)
			h.armed.Store(true)
			require.NoError(t, apply(t, s, merchant, inventory.Sell("s", line("a", 1))).Err)
			require.False(t, h.armed.Load(), "the client had given up")
			srv.mini.SetError(text)
			err := apply(t, s, merchant, inventory.Sell("s2", line("a", 1))).Err
			require.ErrorIs(t, err, inventory.ErrUnknown, "the client may have sent it before by itself")
			require.ErrorContains(t, err, strings.Fields(text)[0])
			_, err = s.Levels(context.Background(), merchant, []inventory.Key{at("a")})
			require.Error(t, err)
			require.NotErrorIs(t, err, inventory.ErrUnknown, "a read has no outcome")
			srv.mini.SetError("")
			require.EqualValues(t, 9, level(t, s, merchant, "a").Available)
		})
	}
}

func TestScriptsThatTheServerForgot(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	s := srv.open(t, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	require.NoError(t, srv.raw(t).ScriptFlush(context.Background()).Err())
	must(t, s, merchant, inventory.Sell("s", line("a", 1)))
	require.EqualValues(t, 9, level(t, s, merchant, "a").Available)
}

// A refusal of the server itself says that nothing was applied.
func TestServerThatRefuses(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	s := srv.open(t, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	srv.mini.SetError("OOM command not allowed when used memory > 'maxmemory'.")
	err := apply(t, s, merchant, inventory.Sell("s", line("a", 1))).Err
	require.ErrorContains(t, err, "OOM")
	require.NotErrorIs(t, err, inventory.ErrUnknown)
}

// A full server refuses the whole call, and a call is whole after it.
func TestServerWithoutMemory(t *testing.T) { // not parallel: it changes the server
	srv, merchant := newOwn(t), merchantName()
	ctx, c := context.Background(), srv.raw(t)
	s := srv.open(t, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	before := level(t, s, merchant, "a")
	was := c.ConfigGet(ctx, "maxmemory").Val()["maxmemory"]
	if was != "0" {
		t.Skip("the server has a bound of its own")
	}
	t.Cleanup(func() { c.ConfigSet(ctx, "maxmemory", was) })
	require.NoError(t, c.ConfigSet(ctx, "maxmemory", "1").Err())
	err := apply(t, s, merchant, inventory.Sell("s", line("a", 1))).Err
	require.NoError(t, c.ConfigSet(ctx, "maxmemory", was).Err())
	require.ErrorContains(t, err, "OOM")
	require.NotErrorIs(t, err, inventory.ErrUnknown)
	require.Equal(t, before, level(t, s, merchant, "a"))
	must(t, s, merchant, inventory.Sell("s", line("a", 1)))
}

func TestCorruptRecords(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant, c := srv.open(t, &redisstore.Config{Buckets: 1}), merchantName(), srv.raw(t)
		pending(t, s, merchant, "a", "b")
		must(t, s, merchant, inventory.Reserve("h", time.Hour, line("b", 1)))
		key := func(name string) string { return "{" + merchant + "}:" + name }
		field := "a\x00berlin"
		good := c.HGet(ctx, key("lv:0"), field).Val()
		for _, bad := range []string{"", "x", "1 2 3", good + " ", good + " 9", good + "x", good + " 99,1,,,,", "99999999999999999999 " + good[2:], strings.Replace(good, ",8,", ",8.5,", 1), "1e3" + good[1:]} {
			require.NoError(t, c.HSet(ctx, key("lv:0"), field, bad).Err())
			out := s.Apply(ctx, []inventory.Change{
				with(merchant, inventory.Sell("s-"+bad, line("a", 1))), with(merchant, inventory.Receive("r-"+bad, line("b", 1))),
			})
			if !strings.HasSuffix(bad, "99,1,,,,") { // a channel that only the settings could know
				var corrupt *redisstore.CorruptError
				require.ErrorAs(t, out[0].Err, &corrupt, "%q", bad)
				require.Equal(t, "level a@berlin", corrupt.Record)
				require.Equal(t, bad, c.HGet(ctx, key("lv:0"), field).Val(), "it is left as it is")
				_, err := s.Claim(ctx, merchant, "shop", 9, time.Minute)
				require.ErrorAs(t, err, &corrupt, "%q", bad)
			}
			require.NoError(t, out[1].Err, "a neighbour is not concerned")
			_, err := s.Levels(ctx, merchant, []inventory.Key{at("a")})
			var corrupt *redisstore.CorruptError
			require.ErrorAs(t, err, &corrupt, "%q", bad)
			require.NoError(t, c.HSet(ctx, key("lv:0"), field, good).Err())
		}

		require.NoError(t, c.HSet(ctx, key("lv:0"), "no key", good).Err())
		var all []inventory.Level
		var stopped error
		for l, err := range s.AllLevels(ctx, merchant) {
			if all, stopped = append(all, l), err; err != nil {
				break
			}
		}
		var corrupt *redisstore.CorruptError
		require.ErrorAs(t, stopped, &corrupt, "levels after it must not be left out unsaid: %v", all)
		require.NoError(t, c.HDel(ctx, key("lv:0"), "no key").Err())

		var hold string
		for _, k := range keys(t, c, merchant) {
			if strings.HasPrefix(k, key("hd:")) {
				hold = k
			}
		}
		was := c.HGet(ctx, hold, "h").Val()
		for _, bad := range []string{"", "h", "z" + was[1:], was + "1 b", was + "x b\x00berlin\n", strings.Replace(was, "\t", " ", 1)} {
			require.NoError(t, c.HSet(ctx, hold, "h", bad).Err())
			var corrupt *redisstore.CorruptError
			require.ErrorAs(t, apply(t, s, merchant, inventory.Commit("h", "o")).Err, &corrupt, "%q", bad)
			_, err := s.Reservations(ctx, merchant, []string{"h"})
			require.ErrorAs(t, err, &corrupt, "%q", bad)
		}
		require.NoError(t, c.HSet(ctx, hold, "h", was).Err())

		lease, err := s.Lease(ctx, merchant, []inventory.Key{at("a")}, time.Hour)
		require.NoError(t, err)
		was = c.HGet(ctx, key("ls"), field).Val()
		for i, bad := range []string{"", "x", "1 x y", "1", was + " ", was + " 1", "1 99999999999999999999 n", "-" + was} {
			require.NoError(t, c.HSet(ctx, key("ls"), field, bad).Err())
			own := inventory.Sell(fmt.Sprintf("own-%d", i), line("a", 1))
			own.Guards = []inventory.Guard{{Key: at("a"), Fence: lease.Fence}}
			out := s.Apply(ctx, []inventory.Change{
				with(merchant, inventory.Receive(fmt.Sprintf("lb-%d", i), line("b", 1))), with(merchant, inventory.Sell(fmt.Sprintf("la-%d", i), line("a", 1))), with(merchant, own),
			})
			require.NoError(t, out[0].Err, "a neighbour is not concerned")
			_, leased := s.Lease(ctx, merchant, []inventory.Key{at("a")}, time.Hour)
			_, renewed := s.Renew(ctx, lease, time.Hour)
			for _, err := range []error{out[1].Err, out[2].Err, leased, renewed} {
				var corrupt *redisstore.CorruptError
				require.ErrorAs(t, err, &corrupt, "%q", bad)
				require.Equal(t, "lease a@berlin", corrupt.Record)
			}
		}
		require.NoError(t, c.HSet(ctx, key("ls"), field, was).Err())
		require.NoError(t, s.Unlease(ctx, lease))

		for f, bad := range map[string]string{"seq": "x", "shape": "1.5e", "schema": "2", "leased": "x"} {
			good := c.HGet(ctx, key("meta"), f).Val()
			require.NoError(t, c.HSet(ctx, key("meta"), f, bad).Err())
			require.Error(t, apply(t, s, merchant, inventory.Sell("m", line("a", 1))).Err, f)
			require.NoError(t, c.HSet(ctx, key("meta"), f, good).Err())
		}
		must(t, s, merchant, inventory.Commit("h", "o"), inventory.Sell("m", line("a", 1)))
	})
}

// A key of another type fails the call before anything is written.
func TestKeysOfAnotherType(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant, c := srv.open(t, nil), merchantName(), srv.raw(t)
		pending(t, s, merchant, "a")
		_, err := s.Lease(ctx, merchant, []inventory.Key{at("b")}, time.Hour)
		require.NoError(t, err)
		for _, name := range []string{"due", "p:shop:f", "j", "old", "ls"} {
			k := "{" + merchant + "}:" + name
			kept := k + "-kept"
			_ = c.Rename(ctx, k, kept).Err()
			require.NoError(t, c.Set(ctx, k, "a string", 0).Err())
			before := level(t, s, merchant, "a")
			err := apply(t, s, merchant, inventory.Reserve("h-"+name, time.Hour, line("a", 5))).Err
			require.ErrorContains(t, err, "WRONGTYPE", name)
			require.NotErrorIs(t, err, inventory.ErrUnknown)
			require.Equal(t, before, level(t, s, merchant, "a"), name)
			require.NoError(t, c.Del(ctx, k).Err())
			_ = c.Rename(ctx, kept, k).Err()
			must(t, s, merchant, inventory.Reserve("h-"+name, time.Hour, line("a", 1)))
		}
	})
}

func TestNumbersStayExact(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant := srv.open(t, nil), merchantName()
		must(t, s, merchant, inventory.Track("t", line("a", 1)))
		c := srv.raw(t)
		k := fmt.Sprintf("{%s}:", merchant)
		put := func(record string) {
			for _, name := range keys(t, c, merchant) {
				if strings.HasPrefix(name, k+"lv:") {
					require.NoError(t, c.HSet(context.Background(), name, "a\x00berlin", record).Err())
				}
			}
		}
		put("9007199254740000 9007199254739993 1 0 0 0 0 0")
		must(t, s, merchant, inventory.Receive("r", line("a", 900)))
		l := level(t, s, merchant, "a")
		require.EqualValues(t, 9007199254740893, l.Available)
		require.EqualValues(t, 9007199254740001, l.Version)
		out := apply(t, s, merchant, inventory.Receive("r2", line("a", 1000)))
		require.ErrorIs(t, out.Err, inventory.ErrInvalid, "beyond 2^53")
		out = apply(t, s, merchant, inventory.Receive("r3", line("a", 500), line("a", 500)))
		require.ErrorIs(t, out.Err, inventory.ErrInvalid, "as a sum")
		require.NoError(t, s.Configure(context.Background(), merchant, shopOnly))
		put("9007199254740001 9007199254740893 1 0 0 0 0 0 1,9007199254740000,,,,")
		sell := inventory.Sell("s", line("a", 1)).ReportedBy("shop")
		sell.Lines[0].Shown = 1000
		require.ErrorIs(t, apply(t, s, merchant, sell).Err, inventory.ErrInvalid, "what the channel shows, too")
		require.EqualValues(t, 9007199254740893, level(t, s, merchant, "a").Available)
	})
}
