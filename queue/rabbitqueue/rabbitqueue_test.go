package rabbitqueue_test

import (
	"cmp"
	"os"
	"os/exec"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/queuetest"
	"github.com/onhand-dev/onhand/queue/rabbitqueue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// broker returns the URL of a RabbitMQ, or skips: .ci/servers starts one.
func broker(t testing.TB) string {
	t.Helper()
	url := os.Getenv("ONHAND_TEST_AMQP_URL")
	if url == "" {
		t.Skip("no RabbitMQ: run .ci/servers and set ONHAND_TEST_AMQP_URL as it says")
	}
	return url
}

// restarter kills the broker and starts it again; nil if that cannot be done.
func restarter() func(t testing.TB) {
	command := os.Getenv("ONHAND_TEST_AMQP_RESTART")
	if command == "" {
		return nil
	}
	return func(t testing.TB) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "bash", "-c", command).CombinedOutput()
		require.NoError(t, err, string(out))
	}
}

// plain is a channel of the client, with nothing of ours in between.
func plain(t testing.TB) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(broker(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	ch, err := conn.Channel()
	require.NoError(t, err)
	return ch
}

func open(t testing.TB, cfg *rabbitqueue.Config) *rabbitqueue.Queue {
	t.Helper()
	q, err := rabbitqueue.New(t.Context(), broker(t), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = q.Close(t.Context()) })
	return q
}

func harness(t *testing.T, cfg rabbitqueue.Config) queuetest.Harness {
	broker(t)
	cfg.MaxBody = 1_000_000
	return queuetest.Harness{
		New: func(t testing.TB) queue.Queue { return open(t, &cfg) },
		Reopen: func(t testing.TB, q queue.Queue) queue.Queue {
			require.NoError(t, q.Close(t.Context()))
			return open(t, &cfg)
		},
		Restart: restarter(),
		Foreign: func(t testing.TB, _ queue.Queue, topic string, message []byte) {
			ch := plain(t)
			require.NoError(t, ch.Confirm(false))
			wait, err := ch.PublishWithDeferredConfirm(cmp.Or(cfg.Prefix, "onhand.")+topic, "", true, false, amqp.Publishing{
				Body: message, Headers: amqp.Table{"count": int64(1), "tags": []any{"a"}},
			})
			require.NoError(t, err)
			require.True(t, wait.Wait())
		},
		Features: queuetest.Features{Groups: true, OrderedPerKey: !cfg.Competing, DelayedNack: true, CountsDeliveries: true, MaxBody: 1_000_000},
		Silence:  time.Second,
		Patience: time.Minute,
	}
}

func TestConformance(t *testing.T) { queuetest.Run(t, harness(t, rabbitqueue.Config{})) }

func TestConformanceCompeting(t *testing.T) {
	queuetest.Run(t, harness(t, rabbitqueue.Config{Competing: true, Prefix: "onhand-competing."}))
}
