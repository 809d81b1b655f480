package anyqueue_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/anyqueue"
	"github.com/onhand-dev/onhand/queue/rabbitqueue"
)

// Choose the queue by a setting.
func ExampleOpen() {
	ctx := context.Background()
	q, err := anyqueue.Open(ctx, "mem://")
	if err != nil {
		panic(err)
	}
	defer q.Close(ctx)
	fmt.Println(q.Publish(ctx, "orders", queue.Event{ID: "1"}))
	// Output: <nil>
}

func TestOpen(t *testing.T) {
	for url, want := range map[string]error{
		"":                             anyqueue.ErrScheme,
		"localhost:5672":               anyqueue.ErrScheme,
		"amq://u:secret@h":             anyqueue.ErrScheme,
		"AMQP://u:secret@127.0.0.1:1":  rabbitqueue.ErrDisconnected,
		"amqps://u:secret@127.0.0.1:1": rabbitqueue.ErrDisconnected,
	} {
		q, err := anyqueue.Open(t.Context(), url)
		require.ErrorIs(t, err, want, url)
		require.Nil(t, q)
		require.NotContains(t, err.Error(), "secret")
	}
	_, err := anyqueue.Open(t.Context(), "amq://u:secret@h")
	require.ErrorContains(t, err, "mem, amqp and amqps")
}
