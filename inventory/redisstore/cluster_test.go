package redisstore_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// On a Cluster every call stays in the merchant's slot.
func TestCluster(t *testing.T) {
	t.Parallel()
	addrs := os.Getenv("REDIS_CLUSTER")
	if addrs == "" {
		t.Skip("REDIS_CLUSTER is not set: host:port, comma-separated")
	}
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: strings.Split(addrs, ",")})
	t.Cleanup(func() { _ = c.Close() })
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
