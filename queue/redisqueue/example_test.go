package redisqueue_test

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

// Handle what is in a topic. The server of the example is in this process; yours
// has a URL such as rediss://user:password@redis.example.com:6379/0.
func ExampleNew() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Close()
	ctx := context.Background()
	q, err := redisqueue.New(ctx, "redis://"+server.Addr(), nil)
	if err != nil {
		panic(err)
	}
	defer q.Close(ctx)
	if err := q.Publish(ctx, "orders", queue.Event{ID: "4711", Key: "order:4711"}); err != nil {
		panic(err)
	}
	r := queue.NewRouter(q, nil)
	r.Handle("orders", "stock", func(_ context.Context, e queue.Event) error {
		fmt.Println("order", e.ID)
		return nil
	})
	fmt.Println(r.Drain(ctx))
	// Output:
	// order 4711
	// <nil>
}

// Bring your own client for a Cluster, Sentinel, or credentials that change.
func ExampleNewWithClient() {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		panic(err)
	}
	defer server.Close()
	rdb := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{server.Addr()}, ContextTimeoutEnabled: true,
	})
	defer rdb.Close()
	ctx := context.Background()
	q, err := redisqueue.NewWithClient(ctx, rdb, &redisqueue.Config{
		Groups: map[string][]string{"orders": {"stock", "mail"}}, // neither misses anything
	})
	if err != nil {
		panic(err)
	}
	defer q.Close(ctx)
	if err := q.Publish(ctx, "orders", queue.Event{ID: "4711"}); err != nil {
		panic(err)
	}
	for _, group := range []string{"stock", "mail"} {
		l, err := q.Lag(ctx, "orders", group)
		if err != nil {
			panic(err)
		}
		fmt.Println(group, l.Waiting)
	}
	// Output:
	// stock 1
	// mail 1
}
