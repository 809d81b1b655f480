package queue_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

func TestBatchTakesWhatIsThereOneOfAKey(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		var mu sync.Mutex
		var sizes []int
		last, busy := map[string]string{}, map[string]bool{}
		r := queue.NewRouter(q, &queue.RouterConfig{BatchSize: 8, Concurrency: 2})
		r.HandleBatch("t", "g", func(_ context.Context, events []queue.Event) []error {
			mu.Lock()
			sizes = append(sizes, len(events))
			for _, e := range events {
				assert.False(t, busy[e.Key], "two of key %s at a time", e.Key)
				assert.Less(t, last[e.Key], e.ID)
				busy[e.Key], last[e.Key] = true, e.ID
			}
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			for _, e := range events {
				busy[e.Key] = false
			}
			return nil
		})
		for i := range 60 {
			publish(t, q, "t", queue.Event{ID: fmt.Sprintf("%03d", i), Key: fmt.Sprint(i % 12)})
		}
		began := time.Now()
		require.NoError(t, r.Drain(t.Context()))
		assert.EqualValues(t, 60, r.Stats()[0].Handled)
		assert.Contains(t, sizes, 8)
		assert.LessOrEqual(t, time.Since(began), 12*time.Second, "batches of %v", sizes)
	})
}

func TestBatchHasAnErrorPerEvent(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		tries := map[string]int{}
		r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1})
		r.HandleBatch("t", "g", func(_ context.Context, events []queue.Event) []error {
			errs := make([]error, len(events))
			for i, e := range events {
				tries[e.ID]++
				switch {
				case e.ID == "dead":
					errs[i] = queue.Permanent(errOops)
				case e.ID == "again" && tries[e.ID] < 3:
					errs[i] = errOops
				}
			}
			return errs
		})
		publish(t, q, "t", queue.Event{ID: "fine"}, queue.Event{ID: "dead"}, queue.Event{ID: "again"})
		require.NoError(t, r.Drain(t.Context()))
		assert.Equal(t, map[string]int{"fine": 1, "dead": 1, "again": 3}, tries)
		require.Len(t, letters(t, r, "t", "g"), 1)
	})
}

// TestBatchFailingAsAWholeTakesNobodyAlong has one event that makes its whole
// batch panic, or be answered with too few errors.
func TestBatchFailingAsAWholeTakesNobodyAlong(t *testing.T) {
	for name, fail := range map[string]func() []error{
		"panic":    func() []error { panic("poison") },
		"too few":  func() []error { return []error{} },
		"too many": func() []error { return make([]error, 50) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, q *memqueue.Queue) {
				handled := map[string]time.Duration{}
				began := time.Now()
				r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1})
				r.HandleBatch("t", "g", func(_ context.Context, events []queue.Event) []error {
					for _, e := range events {
						if e.ID == "poison" {
							return fail()
						}
					}
					for _, e := range events {
						handled[e.ID] = time.Since(began)
					}
					return nil
				})
				for i := range 20 {
					publish(t, q, "t", queue.Event{ID: fmt.Sprint(i), Key: fmt.Sprint(i)})
				}
				publish(t, q, "t", queue.Event{ID: "poison", Key: "p"})
				require.NoError(t, r.Drain(t.Context()))
				require.Len(t, handled, 20)
				for id, after := range handled {
					assert.Zero(t, after, "event %s was delayed", id)
				}
				ls := letters(t, r, "t", "g")
				require.Len(t, ls, 1)
				assert.Equal(t, "poison", ls[0].Event.ID)
				assert.Equal(t, 5, ls[0].Attempts)
			})
		})
	}
}
