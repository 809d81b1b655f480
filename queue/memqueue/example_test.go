package memqueue_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// Bound what the process may hold, and tell the caller when it is full.
func ExampleNew() {
	ctx := context.Background()
	q := memqueue.New(&memqueue.Config{MaxBody: 1000, MaxBytes: 2000})
	defer q.Close(ctx)
	for i := range 3 {
		err := q.Publish(ctx, "orders", queue.Event{ID: fmt.Sprint(i), Body: make([]byte, 500)})
		fmt.Println(i, errors.Is(err, memqueue.ErrFull))
	}
	err := q.Publish(ctx, "orders", queue.Event{ID: "huge", Body: make([]byte, 1001)})
	fmt.Println("huge", errors.Is(err, queue.ErrTooLarge))
	// Output:
	// 0 false
	// 1 false
	// 2 true
	// huge true
}
