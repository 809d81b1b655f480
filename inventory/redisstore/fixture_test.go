package redisstore_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

func TestMain(m *testing.M) {
	if os.Getenv("REDIS_URL") == "" {
		fmt.Println("redisstore: REDIS_URL is not set, so the tests run on miniredis only")
	}
	goleak.VerifyTestMain(m)
}

// server is a Redis to test on: an embedded one, or that of REDIS_URL.
type server struct {
	mini *miniredis.Miniredis // nil for a real one
	opt  *redis.Options
}

// onEach runs a test on the embedded server, and on a real one if there is one.
func onEach(t *testing.T, run func(t *testing.T, srv *server)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		run(t, newMini(t))
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		run(t, newReal(t))
	})
}

func newMini(t testing.TB) *server {
	t.Helper()
	m := miniredis.RunT(t)
	m.SetTime(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return &server{mini: m, opt: &redis.Options{Addr: m.Addr()}}
}

func newReal(t testing.TB) *server {
	t.Helper()
	url := os.Getenv("REDIS_URL")
	if url == "" {
		t.Skip("REDIS_URL is not set")
	}
	opt, err := redis.ParseURL(url)
	require.NoError(t, err)
	return &server{opt: opt}
}

// newOwn is a real server that nobody else uses, so that its settings may be
// changed for a moment.
func newOwn(t testing.TB) *server {
	t.Helper()
	if os.Getenv("REDIS_EXCLUSIVE") == "" {
		t.Skip("REDIS_EXCLUSIVE is not set: others may use the server")
	}
	return newReal(t)
}

// client returns a client of the server, through a proxy if there is one.
func (s *server) client(t testing.TB, p *proxy) *redis.Client {
	t.Helper()
	opt := *s.opt
	if p != nil {
		opt.Addr = p.addr()
	}
	c := redis.NewClient(&opt)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *server) open(t testing.TB, cfg *redisstore.Config) *redisstore.Store {
	t.Helper()
	return openStore(t, s.client(t, nil), cfg)
}

func openStore(t testing.TB, c redis.UniversalClient, cfg *redisstore.Config) *redisstore.Store {
	t.Helper()
	if cfg == nil {
		cfg = &redisstore.Config{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.AllowUnsafe == nil { // tests are quick on a server without a file
		cfg.AllowUnsafe = []redisstore.Unsafe{redisstore.NoAOF}
	}
	store, err := redisstore.New(context.Background(), c, cfg)
	require.NoError(t, err)
	return store
}

// advance lets time pass on the embedded server.
func (s *server) advance(d time.Duration, now *time.Time) {
	*now = now.Add(d)
	s.mini.SetTime(*now)
	s.mini.FastForward(d)
}

// clockBack puts the clock of the embedded server back. Redis keeps the moment
// at which a key expires; the embedded one keeps how long it has.
func (s *server) clockBack(d time.Duration, now *time.Time) {
	*now = now.Add(-d)
	s.mini.SetTime(*now)
	for _, k := range s.mini.Keys() {
		if ttl := s.mini.TTL(k); ttl > 0 {
			s.mini.SetTTL(k, ttl+d)
		}
	}
}

func merchantName() string { return "test-" + rand.Text() }

// raw returns a client that tests use to look at records and to spoil them.
func (s *server) raw(t testing.TB) *redis.Client { return s.client(t, nil) }

// keys lists a merchant's keys.
func keys(t testing.TB, c *redis.Client, merchant string) []string {
	t.Helper()
	var out []string
	it := c.Scan(context.Background(), 0, "{"+merchant+"}:*", 1000).Iterator()
	for it.Next(context.Background()) {
		out = append(out, it.Val())
	}
	require.NoError(t, it.Err())
	return out
}

// snapshot copies a merchant's keys, to be put back later.
func snapshot(t testing.TB, c *redis.Client, merchant string) (restore func()) {
	t.Helper()
	ctx := context.Background()
	dumps := map[string]func(){}
	for _, k := range keys(t, c, merchant) {
		kind, err := c.Type(ctx, k).Result()
		require.NoError(t, err)
		switch kind {
		case "hash":
			v := c.HGetAll(ctx, k).Val()
			dumps[k] = func() { require.NoError(t, c.HSet(ctx, k, v).Err()) }
		case "zset":
			v := c.ZRangeWithScores(ctx, k, 0, -1).Val()
			dumps[k] = func() { require.NoError(t, c.ZAdd(ctx, k, v...).Err()) }
		}
	}
	return func() {
		require.NoError(t, c.Del(ctx, keys(t, c, merchant)...).Err())
		for _, put := range dumps {
			put()
		}
	}
}

// proxy stands between client and server, and can lose replies.
type proxy struct {
	l      net.Listener
	to     string
	lose   atomic.Int32 // so many replies of writes
	always atomic.Bool
	lost   atomic.Int32
	hold   chan struct{} // instead of closing, say nothing until it closes
	wg     sync.WaitGroup
	mu     sync.Mutex
	open   map[net.Conn]bool
}

func newProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{l: l, to: to, open: map[net.Conn]bool{}}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.drop()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.l.Addr().String() }

// drop closes every connection.
func (p *proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

func (p *proxy) track(c net.Conn, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.open[c] = true
	} else {
		delete(p.open, c)
	}
}

var okReply = regexp.MustCompile(`^\*\d+\r\n\$2\r\nOK\r\n`)

// serve relays one connection: a request whole, then its reply.
func (p *proxy) serve(client net.Conn) {
	upstream, err := net.Dial("tcp", p.to)
	if err != nil {
		_ = client.Close()
		return
	}
	for _, c := range []net.Conn{client, upstream} {
		p.track(c, true)
		defer p.track(c, false)
		defer c.Close()
	}
	var reads atomic.Bool // the last request only reads
	p.wg.Go(func() {
		defer upstream.Close()
		buf := make([]byte, 1<<20)
		for {
			n, err := client.Read(buf)
			if n > 0 {
				head := string(buf[:min(n, 200)])
				if strings.HasPrefix(head, "*") {
					reads.Store(strings.Contains(head, redisstore.ReadHash))
				}
				if _, err := upstream.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	})
	buf := make([]byte, 1<<20)
	for {
		n, err := upstream.Read(buf)
		if n > 0 {
			if okReply.Match(buf[:n]) && !reads.Load() && (p.always.Load() || p.lose.Add(-1) >= 0) {
				p.lost.Add(1)
				if p.hold != nil {
					<-p.hold
				}
				return
			}
			if p.lose.Load() < 0 {
				p.lose.Store(0)
			}
			if _, err := io.Copy(client, bytes.NewReader(buf[:n])); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// line is one line at the usual location.
func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: "berlin", Quantity: n}
}

func at(sku string) inventory.Key { return inventory.Key{SKU: sku, Location: "berlin"} }

// apply submits one Change.
func apply(t testing.TB, s inventory.Store, merchant string, c inventory.Change) inventory.Outcome {
	t.Helper()
	c.Merchant = merchant
	return s.Apply(context.Background(), []inventory.Change{c})[0]
}

// must submits Changes that have to be applied, one by one.
func must(t testing.TB, s inventory.Store, merchant string, changes ...inventory.Change) {
	t.Helper()
	for _, c := range changes {
		require.NoError(t, apply(t, s, merchant, c).Err, "%s %s", c.Kind, c.Key())
	}
}

func level(t testing.TB, s inventory.Store, merchant, sku string) inventory.Level {
	t.Helper()
	levels, err := s.Levels(context.Background(), merchant, []inventory.Key{at(sku)})
	require.NoError(t, err)
	require.Len(t, levels, 1)
	return levels[0]
}
