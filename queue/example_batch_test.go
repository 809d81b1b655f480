package queue_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// Handle several events in one call, with an error for each.
func ExampleRouter_HandleBatch() {
	ctx := context.Background()
	q := memqueue.New(nil)
	defer q.Close(ctx)
	for _, sku := range []string{"MUG", "CUP", "", "JUG"} {
		if err := q.Publish(ctx, "changes", queue.Event{ID: "sale-" + sku, Key: sku}); err != nil {
			fmt.Println(err)
		}
	}

	r := queue.NewRouter(q, &queue.RouterConfig{BatchSize: 50})
	r.HandleBatch("changes", "adjuster", func(ctx context.Context, events []queue.Event) []error {
		errs := make([]error, len(events))
		for i, e := range events {
			if e.Key == "" {
				errs[i] = queue.Permanent(errors.New("no SKU"))
			}
		}
		fmt.Println(len(events), "events in one call")
		return errs
	})
	if err := r.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	s := r.Stats()[0]
	fmt.Println(s.Handled, "handled,", s.Dead, "dead")
	// Output:
	// 4 events in one call
	// 3 handled, 1 dead
}
