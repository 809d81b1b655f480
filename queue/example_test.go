package queue_test

import (
	"context"
	"fmt"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// Publish events and handle them: two of one order, in order.
func Example() {
	ctx := context.Background()
	q := memqueue.New(nil)
	defer q.Close(ctx)

	err := q.Publish(ctx, "orders",
		queue.Event{ID: "order-7/created", Key: "order-7", Body: []byte("two mugs")},
		queue.Event{ID: "order-7/paid", Key: "order-7"},
	)
	if err != nil {
		fmt.Println(err) // publish all of them again: repeats do no harm
		return
	}

	r := queue.NewRouter(q, nil)
	r.Handle("orders", "stock", func(ctx context.Context, e queue.Event) error {
		fmt.Printf("%s %s\n", e.ID, e.Body)
		return nil // acknowledged
	})
	if err := r.Drain(ctx); err != nil { // a service calls Run
		fmt.Println(err)
	}
	// Output:
	// order-7/created two mugs
	// order-7/paid
}
