package redisstore_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// clusterAddrs are those of REDIS_CLUSTER.
func clusterAddrs(t testing.TB) []string {
	t.Helper()
	text := os.Getenv("REDIS_CLUSTER")
	if text == "" {
		t.Skip("REDIS_CLUSTER is not set: host:port of every master, comma-separated")
	}
	return strings.Split(text, ",")
}

func newCluster(t testing.TB) (*redis.ClusterClient, []string) {
	t.Helper()
	addrs := clusterAddrs(t)
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = c.Close() })
	return c, addrs
}

// On a Cluster every call stays in the merchant's slot.
func TestClusterSpreadsMerchants(t *testing.T) {
	t.Parallel()
	c, _ := newCluster(t)
	s := openStore(t, c, nil)
	for range 20 {
		merchant := merchantName()
		pending(t, s, merchant, "a", "b")
		must(t, s, merchant, inventory.Reserve("h", time.Hour, line("a", 1)), inventory.Commit("h", "o"))
		b, err := s.Claim(context.Background(), merchant, "shop", 9, time.Minute)
		require.NoError(t, err)
		require.Len(t, b.Pushes, 2)
		for method, err := range everything(s, merchant) {
			if method != "Seal" { // the lease is this test's
				require.NoError(t, err, method)
			}
		}
	}
}

// clusterRig is a Cluster behind proxies, one per node.
type clusterRig struct {
	mu      sync.Mutex
	proxies map[string]*proxy
	tags    *tagHook
}

func (r *clusterRig) proxy(t testing.TB, addr string) *proxy {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.proxies[addr] == nil {
		r.proxies[addr] = newProxy(t, addr)
	}
	return r.proxies[addr]
}

// lose sets how many replies each node loses, and returns how many were lost.
// A merchant is on one node, so no other has a reply to lose.
func (r *clusterRig) lose(n int32) (lost int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.proxies {
		p.lose.Store(n)
		lost += p.lost.Load()
	}
	return lost
}

func (r *clusterRig) open(t testing.TB) inventory.Store {
	c := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: clusterAddrs(t),
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, r.proxy(t, addr).addr())
		},
	})
	t.Cleanup(func() { _ = c.Close() })
	c.AddHook(r.tags)
	return openStore(t, c, nil)
}

func TestConformanceOnACluster(t *testing.T) {
	t.Parallel()
	clusterAddrs(t)
	var rigs sync.Map
	find := func(s inventory.Store) *clusterRig {
		r, _ := rigs.Load(s)
		return r.(*clusterRig)
	}
	open := func(t *testing.T, r *clusterRig) inventory.Store {
		s := r.open(t)
		rigs.Store(s, r)
		return s
	}
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) inventory.Store {
			return open(t, &clusterRig{proxies: map[string]*proxy{}, tags: &tagHook{}})
		},
		Reopen: func(t *testing.T, s inventory.Store) inventory.Store { return open(t, find(s)) },
		LoseReply: func(t *testing.T, s inventory.Store) {
			r := find(s)
			before := r.lose(1)
			t.Cleanup(func() { require.Greater(t, r.lose(0), before, "no reply was lost") })
		},
		GoBack: func(t *testing.T, s inventory.Store) {
			c, _ := newCluster(t)
			tag := find(s).tags.tag
			node, err := c.MasterForKey(context.Background(), "{"+tag+"}")
			require.NoError(t, err)
			require.NoError(t, node.Del(context.Background(), keys(t, node, tag)...).Err())
		},
	})
}
