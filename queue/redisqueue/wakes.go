package redisqueue

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// wakes hears over one connection which streams have news, so that nobody has to
// hold a connection for waiting. What is not heard, because the connection was
// lost or someone else has written to a stream, is found by looking once in a
// while. Its goroutine ends with close.
type wakes struct {
	ps   *redis.PubSub
	stop context.CancelFunc
	done chan struct{} // closed when run has returned
}

const released = "released" // the message of who makes room for another

func newWakes(ctx context.Context, rdb redis.UniversalClient, tell func(stream string, released bool)) *wakes {
	ctx, stop := context.WithCancel(ctx)
	w := &wakes{ps: rdb.Subscribe(ctx), stop: stop, done: make(chan struct{})}
	go w.run(ctx, tell)
	return w
}

// watch has a stream's news told from now on, or from when there is a
// connection.
func (w *wakes) watch(ctx context.Context, stream string) { _ = w.ps.Subscribe(ctx, stream) }

func (w *wakes) run(ctx context.Context, tell func(stream string, released bool)) {
	defer close(w.done)
	for ctx.Err() == nil {
		switch m, err := w.ps.Receive(ctx); {
		case err != nil:
			wait(ctx, firstPause)
		default:
			if m, ok := m.(*redis.Message); ok {
				tell(m.Channel, m.Payload == released)
			}
		}
	}
}

func (w *wakes) close() {
	w.stop()
	_ = w.ps.Close()
	<-w.done
}
