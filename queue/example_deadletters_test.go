package queue_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// Look at what could not be handled and, once the cause is mended, replay it.
func ExampleDeadLetters() {
	ctx := context.Background()
	q := memqueue.New(nil)
	defer q.Close(ctx)
	mended := false
	r := queue.NewRouter(q, nil)
	r.Handle("orders", "stock", func(ctx context.Context, e queue.Event) error {
		if !mended {
			return queue.Permanent(errors.New("unknown location"))
		}
		fmt.Println("handled", e.ID)
		return nil
	})
	if err := q.Publish(ctx, "orders", queue.Event{ID: "order-7", Merchant: "acme"}); err != nil {
		fmt.Println(err)
	}
	if err := r.Drain(ctx); err != nil {
		fmt.Println(err)
	}

	dead := r.DeadLetters("orders", "stock")
	acme := queue.Filter{Merchant: "acme", Limit: 1000}
	for l, err := range dead.List(ctx, acme) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(l.Event.ID, l.Reason, l.Attempts, l.Error)
	}

	mended = true
	done, err := dead.Replay(ctx, acme) // interrupted, it can be repeated
	fmt.Println(done.Sent, "sent again, error", err)
	if err := r.Drain(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// order-7 permanent 1 unknown location
	// 1 sent again, error <nil>
	// handled order-7
}
