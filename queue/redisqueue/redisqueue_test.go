package redisqueue_test

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/queuetest"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// prefix of all keys of these tests, on servers that have others.
const prefix = "onhand-test:"

// real returns the URL of a Redis, or skips: .ci/servers starts one.
func real(t testing.TB) string {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	if url == "" {
		t.Skip("no Redis: run .ci/servers and set REDIS_URL as it says")
	}
	return url
}

// server returns the URL of the Redis of REDIS_URL or, if there is none, of one
// in this process, which does not know how a server crashes.
func server(t testing.TB) string {
	t.Helper()
	if os.Getenv("REDIS_URL") != "" {
		return real(t)
	}
	return "redis://" + miniredis.RunT(t).Addr()
}

// restarter kills the server and starts it again; nil if that cannot be done.
func restarter() func(t testing.TB) {
	command := os.Getenv("ONHAND_TEST_REDIS_RESTART")
	if command == "" {
		return nil
	}
	return func(t testing.TB) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// plain is the client, with nothing of ours in between.
func plain(t testing.TB, url string) *redis.Client {
	t.Helper()
	opt, err := redis.ParseURL(url)
	require.NoError(t, err)
	c := redis.NewClient(opt)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func open(t testing.TB, url string, cfg redisqueue.Config) *redisqueue.Queue {
	t.Helper()
	if cfg.Prefix == "" {
		cfg.Prefix = prefix
	}
	cfg.AllowUnsafe = append(cfg.AllowUnsafe, redisqueue.NoAOF)
	q, err := redisqueue.New(t.Context(), url, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = q.Close(t.Context()) })
	return q
}

func harness(url string, cfg redisqueue.Config) queuetest.Harness {
	cfg.MaxBody = 1_000_000
	return queuetest.Harness{
		New: func(t testing.TB) queue.Queue { return open(t, url, cfg) },
		Reopen: func(t testing.TB, q queue.Queue) queue.Queue {
			require.NoError(t, q.Close(t.Context()))
			return open(t, url, cfg)
		},
		Foreign: func(t testing.TB, _ queue.Queue, topic string, message []byte) {
			err := plain(t, url).XAdd(t.Context(), &redis.XAddArgs{
				Stream: prefix + "{" + topic + "}", Values: []any{"event", message, "tag", "x"},
			}).Err()
			require.NoError(t, err)
		},
		Features: queuetest.Features{
			Groups: true, OrderedPerKey: !cfg.Competing, DelayedNack: true, CountsDeliveries: true, MaxBody: 1_000_000,
		},
		Silence:  500 * time.Millisecond,
		Patience: time.Minute,
	}
}

// TestConformance needs nothing installed.
func TestConformance(t *testing.T) {
	h := harness("redis://"+miniredis.RunT(t).Addr(), redisqueue.Config{})
	h.Scale = 5
	queuetest.Run(t, h)
}

func TestConformanceCompeting(t *testing.T) {
	h := harness("redis://"+miniredis.RunT(t).Addr(), redisqueue.Config{Competing: true})
	h.Scale = 5
	queuetest.Run(t, h)
}

func TestConformanceOnRedis(t *testing.T) {
	h := harness(real(t), redisqueue.Config{})
	h.Restart = restarter()
	queuetest.Run(t, h)
}

func TestConformanceOnRedisCompeting(t *testing.T) {
	h := harness(real(t), redisqueue.Config{Competing: true})
	h.Restart = restarter()
	queuetest.Run(t, h)
}

func BenchmarkQueue(b *testing.B) {
	url := real(b)
	queuetest.Benchmark(b, queuetest.Harness{New: func(t testing.TB) queue.Queue { return open(t, url, redisqueue.Config{}) }})
}
