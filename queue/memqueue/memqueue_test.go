package memqueue_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/queue/queuetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func harness() queuetest.Harness {
	return queuetest.Harness{
		New: func(testing.TB) queue.Queue { return memqueue.New(&memqueue.Config{MaxBody: 1_000_000}) },
		Features: queuetest.Features{
			Groups: true, KeepsForNewGroups: true, OrderedPerKey: true, DelayedNack: true, CountsDeliveries: true,
			MaxBody: 1_000_000,
		},
		Bubble: true,
	}
}

func TestConformance(t *testing.T) { queuetest.Run(t, harness()) }

// TestConformanceInRealTime runs the suite as a backend with a network would.
func TestConformanceInRealTime(t *testing.T) {
	h := harness()
	h.Bubble, h.Silence, h.Scale = false, 50*time.Millisecond, 5
	queuetest.Run(t, h)
}

func BenchmarkQueue(b *testing.B) {
	queuetest.Benchmark(b, queuetest.Harness{
		New: func(testing.TB) queue.Queue { return memqueue.New(&memqueue.Config{MaxBytes: 4 << 30}) },
	})
}
