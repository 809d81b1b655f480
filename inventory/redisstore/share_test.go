package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// The whole suite, with no caller's call its own.
func TestConformanceShared(t *testing.T) {
	t.Parallel()
	h := harness(t, newMini)
	open, reopen := h.Open, h.Reopen
	h.Open = func(t *testing.T) inventory.Store {
		s := open(t)
		redisstore.ShareAll(s.(*redisstore.Store))
		return s
	}
	h.Reopen = func(t *testing.T, old inventory.Store) inventory.Store {
		s := reopen(t, old)
		redisstore.ShareAll(s.(*redisstore.Store))
		return s
	}
	storetest.Run(t, h)
}

// gate holds back a client's commands while it is shut, and counts them.
type gate struct {
	mu    sync.Mutex
	shut  chan struct{} // nil: open
	calls int
	came  chan struct{} // one for each command that comes
}

func newGate() *gate { return &gate{came: make(chan struct{}, 1000)} }

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = nil
}

// turn lets go what is held back, and holds back what comes after.
func (g *gate) turn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.shut)
	g.shut = make(chan struct{})
}

func (g *gate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (g *gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (g *gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		g.mu.Lock()
		g.calls++
		shut := g.shut
		g.mu.Unlock()
		g.came <- struct{}{}
		if shut != nil {
			select {
			case <-shut:
			case <-ctx.Done():
				cmd.SetErr(ctx.Err())
				return ctx.Err()
			}
		}
		return next(ctx, cmd)
	}
}

// gated is a store with level a of 100, whose two calls at a time are both
// under way and held back; the returned function lets them go and waits.
func gated(t *testing.T, srv *server) (s *redisstore.Store, g *gate, merchant string, release func()) {
	t.Helper()
	g, merchant = newGate(), merchantName()
	c := srv.client(t, nil)
	s = openStore(t, c, nil)
	must(t, s, merchant, inventory.Track("t", line("a", 100), line("b", 100)))
	level(t, s, merchant, "a")
	c.AddHook(g)
	g.close()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			o := apply(t, s, merchant, inventory.Receive(fmt.Sprintf("first/%d", i), line("a", 1)))
			if o.Err != nil {
				t.Error(o.Err)
			}
		})
	}
	<-g.came
	<-g.came
	return s, g, merchant, func() {
		g.open()
		wg.Wait()
	}
}

// waits starts n callers and returns when all wait; the returned function waits
// for their outcomes.
func waits(t *testing.T, s *redisstore.Store, merchant string, ctx context.Context, changes ...inventory.Change) (outcomes func() []inventory.Outcome) { //nolint:revive // the context is of the callers
	t.Helper()
	out := make([]inventory.Outcome, len(changes))
	var wg sync.WaitGroup
	before := redisstore.Waiting(s, merchant)
	for i, c := range changes {
		wg.Go(func() { out[i] = s.Apply(ctx, []inventory.Change{with(merchant, c)})[0] })
	}
	for redisstore.Waiting(s, merchant) < before+len(changes) {
		redisstore.Yield()
	}
	return func() []inventory.Outcome {
		wg.Wait()
		return out
	}
}

// Who comes while calls are under way shares the next one, in order, each with an
// outcome as of its own Change.
func TestCallersShareACall(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, g, merchant, release := gated(t, srv)
		var changes []inventory.Change
		for i := range 50 {
			changes = append(changes, inventory.Sell(fmt.Sprintf("s/%d", i), line("a", 3)))
		}
		outcomes := waits(t, s, merchant, context.Background(), changes...)
		before := g.calls
		release()
		left := map[int64]bool{}
		sold := int64(0)
		for _, o := range outcomes() {
			if o.Err != nil {
				require.ErrorIs(t, o.Err, inventory.ErrInsufficient)
				continue
			}
			sold++
			require.False(t, left[o.Levels[0].Available], "two outcomes as of one moment")
			left[o.Levels[0].Available] = true
		}
		require.Contains(t, []int64{33, 34}, sold, "of 101 or 102 units, three at a time")
		require.LessOrEqual(t, g.calls-before, 2)
		require.Equal(t, 102-3*sold, level(t, s, merchant, "a").Available)
	})
}

// A caller that leaves while it waits has done nothing; one that leaves while the
// call is under way does not know. Neither disturbs the others.
func TestLeavingASharedCall(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, g, merchant, release := gated(t, srv)
		early, leaveEarly := context.WithCancel(context.Background())
		late, leaveLate := context.WithCancel(context.Background())
		a := waits(t, s, merchant, early, inventory.Sell("early", line("a", 1)))
		b := waits(t, s, merchant, late, inventory.Sell("late", line("a", 1)))
		c := waits(t, s, merchant, context.Background(), inventory.Sell("stays", line("a", 1)))
		leaveEarly()
		o := a()[0]
		require.ErrorIs(t, o.Err, context.Canceled)
		require.NotErrorIs(t, o.Err, inventory.ErrUnknown)
		release()
		// Both waiting ones are in one call by now, or through it: shut the gate
		// before it and another call may be held back, so look at the outcome only.
		require.NoError(t, c()[0].Err)
		leaveLate()
		require.NoError(t, b()[0].Err)
		known, err := s.Applied(context.Background(), merchant, []string{"early", "late", "stays"})
		require.NoError(t, err)
		require.Equal(t, []bool{false, true, true}, known)
		_ = g
	})
}

// A call that all have left is given up; one that some have left goes on.
func TestSharedCallUnderWay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		g, merchant := newGate(), merchantName()
		c := srv.client(t, nil)
		s := openStore(t, c, nil)
		must(t, s, merchant, inventory.Track("t", line("a", 100)))
		level(t, s, merchant, "a")
		redisstore.ShareAll(s)
		c.AddHook(g)
		g.close()
		first := make(chan inventory.Outcome, 1)
		go func() { first <- apply(t, s, merchant, inventory.Sell("first", line("a", 1))) }()
		<-g.came
		ctx, leave := context.WithCancel(context.Background())
		goes := waits(t, s, merchant, ctx, inventory.Sell("goes", line("a", 1)))
		stays := waits(t, s, merchant, context.Background(), inventory.Sell("stays", line("a", 1)))
		g.open()
		require.NoError(t, (<-first).Err)
		g.close() // the next call may have passed already; then nobody can leave it
		leave()
		if o := goes()[0]; o.Err != nil {
			require.ErrorIs(t, o.Err, context.Canceled)
		}
		g.open()
		require.NoError(t, stays()[0].Err)

		g.close()
		for len(g.came) > 0 {
			<-g.came
		}
		ctx, leave = context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				o := s.Apply(ctx, []inventory.Change{with(merchant, inventory.Sell(fmt.Sprintf("all/%d", i), line("a", 1)))})[0]
				if o.Err == nil {
					t.Error("it was not sent")
				}
			})
		}
		<-g.came
		leave()
		wg.Wait()
		g.open()
		require.NoError(t, apply(t, s, merchant, inventory.Sell("after", line("a", 1))).Err)
		known, err := s.Applied(context.Background(), merchant, []string{"all/0", "all/1", "all/2"})
		require.NoError(t, err)
		require.Equal(t, []bool{false, false, false}, known)
	})
}

// Who has left may use its lines for something else: what is still sent of them,
// here because the settings changed, is what was submitted.
func TestLinesOfOneWhoLeft(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		g, merchant := newGate(), merchantName()
		c := srv.client(t, nil)
		s, other := openStore(t, c, nil), srv.open(t, nil)
		must(t, s, merchant, inventory.Track("t", line("a", 100)))
		level(t, s, merchant, "a")
		redisstore.ShareAll(s)
		c.AddHook(g)
		g.close()
		ctx, leave := context.WithCancel(context.Background())
		first := make(chan inventory.Outcome, 1)
		go func() { first <- apply(t, s, merchant, inventory.Sell("first", line("a", 1))) }()
		<-g.came
		sell := inventory.Sell("leaves", line("a", 1))
		leaves := waits(t, s, merchant, ctx, sell)
		stays := waits(t, s, merchant, context.Background(), inventory.Sell("stays", line("a", 1)))
		g.turn()
		require.NoError(t, (<-first).Err)
		<-g.came
		require.NoError(t, other.Configure(context.Background(), merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}}))
		leave()
		require.ErrorIs(t, leaves()[0].Err, inventory.ErrUnknown)
		sell.Lines[0].Quantity = 50
		g.open()
		require.NoError(t, stays()[0].Err)
		require.EqualValues(t, 97, level(t, s, merchant, "a").Available)
	})
}

// What makes the server refuse a whole call is not the others' harm.
func TestOneBadChangeInASharedCall(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, _, merchant, release := gated(t, srv)
		ctx := context.Background()
		hash := redisstore.HoldKey(merchant, "cart")
		require.NoError(t, srv.raw(t).Set(ctx, hash, "no hash", 0).Err())
		outcomes := waits(t, s, merchant, ctx,
			inventory.Sell("one", line("a", 1)), inventory.Reserve("cart", 1e9, line("b", 1)), inventory.Sell("two", line("a", 1)))
		release()
		o := outcomes()
		require.NoError(t, o[0].Err)
		var corrupt *redisstore.CorruptError
		require.ErrorAs(t, o[1].Err, &corrupt)
		require.Equal(t, "reservation cart", corrupt.Record)
		require.NoError(t, o[2].Err)
		require.EqualValues(t, 100, level(t, s, merchant, "a").Available, "two received, two sold")
		require.EqualValues(t, 100, level(t, s, merchant, "b").Available)
	})
}

// If nobody answers a shared call, none of its callers knows; each asks again.
func TestLostReplyOfASharedCall(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		p, merchant := newProxy(t, srv.opt.Addr), merchantName()
		opt := *srv.opt
		opt.Addr, opt.MaxRetries = p.addr(), -1
		c := redis.NewClient(&opt)
		t.Cleanup(func() { _ = c.Close() })
		s := openStore(t, c, nil)
		must(t, s, merchant, inventory.Track("t", line("a", 100)))
		redisstore.ShareAll(s)
		var wg sync.WaitGroup
		p.lose.Store(1)
		var unknown atomic.Int64
		for i := range 20 {
			wg.Go(func() {
				sell := inventory.Sell(fmt.Sprintf("s/%d", i), line("a", 1))
				o := apply(t, s, merchant, sell)
				for o.Err != nil {
					if !errors.Is(o.Err, inventory.ErrUnknown) {
						t.Error(o.Err)
						return
					}
					unknown.Add(1)
					o = apply(t, s, merchant, sell)
				}
			})
		}
		wg.Wait()
		require.Positive(t, unknown.Load())
		require.EqualValues(t, 80, level(t, s, merchant, "a").Available)
	})
}
