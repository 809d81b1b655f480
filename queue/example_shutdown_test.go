package queue_test

import (
	"context"
	"fmt"
	"time"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// End a service: the handler that works when the signal comes may finish, and
// its event is acknowledged.
func ExampleRouter_Run() {
	q := memqueue.New(nil)
	defer q.Close(context.Background())
	ctx, stop := context.WithCancel(context.Background()) // a main uses signal.NotifyContext
	defer stop()

	r := queue.NewRouter(q, &queue.RouterConfig{Concurrency: 1, DrainTimeout: 20 * time.Second})
	r.Handle("orders", "stock", func(ctx context.Context, e queue.Event) error {
		stop() // the signal comes now
		fmt.Println("finishing", e.ID, "with context error", ctx.Err())
		return ctx.Err()
	})
	err := q.Publish(ctx, "orders", queue.Event{ID: "order-7", Key: "k"}, queue.Event{ID: "order-8", Key: "k"})
	if err != nil {
		fmt.Println(err)
	}
	fmt.Println("run ended with", r.Run(ctx))

	lag, err := q.Lag(context.Background(), "orders", "stock")
	fmt.Println(lag.Waiting, "waiting for the next process,", lag.InFlight, "in flight, error", err)
	// Output:
	// finishing order-7 with context error <nil>
	// run ended with <nil>
	// 1 waiting for the next process, 0 in flight, error <nil>
}
