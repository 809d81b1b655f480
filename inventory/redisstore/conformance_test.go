package redisstore_test

import (
	"context"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// rig is what the conformance suite needs to make trouble for a store.
type rig struct {
	srv   *server
	proxy *proxy
	tags  *tagHook
	mu    sync.Mutex
	now   time.Time
}

// tagHook remembers the merchant of the last call.
type tagHook struct {
	mu  sync.Mutex
	tag string
}

var tagged = regexp.MustCompile(`^\{([^}]+)\}:`)

func (h *tagHook) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *tagHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *tagHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		for _, a := range cmd.Args() {
			if s, ok := a.(string); ok {
				if m := tagged.FindStringSubmatch(s); m != nil {
					h.mu.Lock()
					h.tag = m[1]
					h.mu.Unlock()
					break
				}
			}
		}
		return next(ctx, cmd)
	}
}

func harness(t *testing.T, newServer func(testing.TB) *server) storetest.Harness {
	t.Helper()
	var rigs sync.Map
	find := func(s inventory.Store) *rig {
		r, _ := rigs.Load(s)
		return r.(*rig)
	}
	open := func(t *testing.T, r *rig) inventory.Store {
		c := r.srv.client(t, r.proxy)
		c.AddHook(r.tags)
		store := openStore(t, c, nil)
		rigs.Store(inventory.Store(store), r)
		return store
	}
	h := storetest.Harness{
		Open: func(t *testing.T) inventory.Store {
			srv := newServer(t)
			return open(t, &rig{srv: srv, proxy: newProxy(t, srv.opt.Addr), tags: &tagHook{}, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
		},
		Reopen: func(t *testing.T, s inventory.Store) inventory.Store { return open(t, find(s)) },
		LoseReply: func(t *testing.T, s inventory.Store) {
			p := find(s).proxy
			p.lose.Store(1)
			before := p.lost.Load()
			t.Cleanup(func() { require.Greater(t, p.lost.Load(), before, "no reply was lost") })
		},
		GoBack: func(t *testing.T, s inventory.Store) {
			r := find(s)
			c := r.srv.raw(t)
			require.NoError(t, c.Del(context.Background(), keys(t, c, r.tags.tag)...).Err())
		},
	}
	if newServer(t).mini != nil {
		h.Advance = func(t *testing.T, s inventory.Store, d time.Duration) {
			r := find(s)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.srv.advance(d, &r.now)
		}
		h.ClockBack = func(t *testing.T, s inventory.Store, d time.Duration) {
			r := find(s)
			r.mu.Lock()
			defer r.mu.Unlock()
			r.srv.clockBack(d, &r.now)
		}
	}
	return h
}

func TestConformanceOnMiniredis(t *testing.T) {
	t.Parallel()
	storetest.Run(t, harness(t, newMini))
}

func TestConformanceOnRedis(t *testing.T) {
	t.Parallel()
	storetest.Run(t, harness(t, newReal))
}
