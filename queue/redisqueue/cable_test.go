package redisqueue_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

// A cable is between a client and its server, and can be pulled: that is how a
// process dies, as far as others can see.
type cable struct {
	mu     sync.Mutex
	pulled bool
	hang   chan struct{}     // calls wait until it is closed
	info   map[string]string // what INFO and CONFIG answer instead
}

func (c *cable) set(pulled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = pulled
}

func (c *cable) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *cable) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		c.mu.Lock()
		pulled, hang, text := c.pulled, c.hang, c.info[cmd.Name()]
		c.mu.Unlock()
		if hang != nil {
			<-hang
		}
		if pulled {
			err := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("the cable is pulled")}
			cmd.SetErr(err)
			return err
		}
		switch info := cmd.(type) {
		case *redis.StringCmd:
			if text != "" {
				info.SetVal(text)
				return nil
			}
		case *redis.MapStringStringCmd:
			if text != "" {
				info.SetVal(map[string]string{"appendfsync": text})
				return nil
			}
		}
		return next(ctx, cmd)
	}
}

func (c *cable) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// wired is a Queue with a cable.
func wired(t *testing.T, url string, cfg redisqueue.Config) (*redisqueue.Queue, *cable) {
	t.Helper()
	c := &cable{}
	rdb := plain(t, url)
	rdb.AddHook(c)
	if cfg.Prefix == "" {
		cfg.Prefix = prefix
	}
	cfg.AllowUnsafe = append(cfg.AllowUnsafe, redisqueue.NoAOF)
	q, err := redisqueue.NewWithClient(t.Context(), rdb, &cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		c.set(false)
		_ = q.Close(context.WithoutCancel(t.Context()))
	})
	return q, c
}

func subscribe(t *testing.T, q queue.Queue, topic, group string) queue.Subscription {
	t.Helper()
	s, err := q.Subscribe(t.Context(), topic, group)
	require.NoError(t, err)
	return s
}

func publish(t *testing.T, q queue.Queue, topic string, events ...queue.Event) {
	t.Helper()
	require.NoError(t, q.Publish(t.Context(), topic, events...))
}
