package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// redirects counts what nodes of a Cluster answer in place of an answer.
type redirects struct{ tryAgain, moved atomic.Int32 }

func (h *redirects) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *redirects) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *redirects) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		switch {
		case redis.HasErrorPrefix(err, "TRYAGAIN"):
			h.tryAgain.Add(1)
		case redis.HasErrorPrefix(err, "MOVED"):
			h.moved.Add(1)
		}
		return err
	}
}

// A slot moves to another node and back while its merchant sells: every sale
// that was answered is there, once, and nothing else.
func TestClusterSlotThatMigratesUnderLoad(t *testing.T) {
	// Not parallel: clients of other tests would be told of the move, too.
	addrs := clusterAddrs(t)
	require.Greater(t, len(addrs), 1, "a slot needs a second node to move to")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	met := &redirects{}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = c.Close() })
	c.OnNewNode(func(node *redis.Client) { node.AddHook(met) })
	s, merchant := openStore(t, c, nil), merchantName()

	const units, sellers = 100_000, 8
	must(t, s, merchant, inventory.Track("t", line("a", units), line("b", units)), inventory.Track("few", line("few", 40)))
	var sold, held, refused atomic.Int64
	stop := make(chan struct{})
	var all sync.WaitGroup
	for i := range sellers {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("%d/%d", i, n)
				if insist(ctx, t, s, merchant, inventory.Sell("sell/"+id, line("a", 1), line("b", 1))) == nil {
					sold.Add(1)
				}
				if n%4 == 0 && insist(ctx, t, s, merchant, inventory.Reserve("hold/"+id, time.Hour, line("a", 1))) == nil &&
					insist(ctx, t, s, merchant, inventory.Commit("hold/"+id, "order/"+id)) == nil {
					held.Add(1)
				}
				if err := insist(ctx, t, s, merchant, inventory.Sell("few/"+id, line("few", 1))); errors.Is(err, inventory.ErrInsufficient) {
					refused.Add(1)
				}
			}
		})
	}
	end := sync.OnceFunc(func() { close(stop); all.Wait() })
	defer end()

	slot := int(c.ClusterKeySlot(ctx, "{"+merchant+"}").Val())
	source, err := c.MasterForKey(ctx, "{"+merchant+"}")
	require.NoError(t, err)
	from := source.Options().Addr
	to := addrs[0]
	if to == from {
		to = addrs[1]
	}
	wait := func(what string, is func() bool) {
		t.Helper()
		require.Eventually(t, is, 30*time.Second, time.Millisecond, what)
	}
	for range 2 { // there and back
		before, told := sold.Load(), met.tryAgain.Load()
		wait("sales before the slot moves", func() bool { return sold.Load() > before+20 })
		migrate(ctx, t, addrs, slot, from, to, func() {
			wait("a call that meets half of the keys", func() bool { return met.tryAgain.Load() > told })
		})
		before = sold.Load()
		wait("sales after the slot has moved", func() bool { return sold.Load() > before+20 })
		from, to = to, from
	}
	require.Positive(t, met.moved.Load())
	end()

	a, b, few := level(t, s, merchant, "a"), level(t, s, merchant, "b"), level(t, s, merchant, "few")
	require.EqualValues(t, units-sold.Load()-held.Load(), a.Available)
	require.EqualValues(t, sold.Load()+held.Load(), a.Committed)
	require.Zero(t, a.Reserved)
	require.EqualValues(t, units-sold.Load(), b.Available, "a Change is whole")
	require.Zero(t, few.Available, "the last one is sold, and no other")
	require.EqualValues(t, sold.Load()-40, refused.Load())
}

// insist submits a Change until it is answered.
func insist(ctx context.Context, t *testing.T, s inventory.Store, merchant string, c inventory.Change) error {
	c.Merchant = merchant
	for {
		out := s.Apply(ctx, []inventory.Change{c})[0]
		switch {
		case out.Err == nil || inventory.Answered(out.Err):
			return out.Err
		case ctx.Err() != nil:
			t.Errorf("%s: %v", c.Key(), out.Err)
			return out.Err
		}
	}
}

// migrate moves a slot key by key, with a pause half-way.
func migrate(ctx context.Context, t *testing.T, addrs []string, slot int, from, to string, halfway func()) {
	t.Helper()
	nodes, ids := map[string]*redis.Client{}, map[string]string{}
	for _, addr := range addrs {
		n := redis.NewClient(&redis.Options{Addr: addr})
		defer n.Close()
		nodes[addr], ids[addr] = n, n.Do(ctx, "CLUSTER", "MYID").Val().(string)
	}
	do := func(addr string, args ...any) {
		t.Helper()
		require.NoError(t, nodes[addr].Do(ctx, args...).Err(), args)
	}
	do(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from])
	do(from, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to])
	host, port, err := net.SplitHostPort(to)
	require.NoError(t, err)
	for n := 0; ; n++ {
		keys := nodes[from].ClusterGetKeysInSlot(ctx, slot, 1).Val()
		if len(keys) == 0 {
			require.Positive(t, n)
			break
		}
		err := nodes[from].Do(ctx, "MIGRATE", host, port, keys[0], 0, 5000).Err()
		require.True(t, err == nil || strings.Contains(err.Error(), "NOKEY"), err)
		if n == 2 {
			halfway()
		}
	}
	for _, addr := range append([]string{to, from}, addrs...) {
		do(addr, "CLUSTER", "SETSLOT", slot, "NODE", ids[to])
	}
}
