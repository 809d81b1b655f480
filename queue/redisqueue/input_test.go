package redisqueue_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/queuetest"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

// TestAForeignEntryIsALetter, whatever its fields, and the event behind it is
// handled.
func TestAForeignEntryIsALetter(t *testing.T) {
	t.Parallel()
	url := server(t)
	q, rdb, topic := open(t, url, redisqueue.Config{}), plain(t, url), name()
	for _, values := range [][]any{
		{"order", "4711", "state", "paid"},
		{"id", "not an event's", "body", "x"},
		{"bytes", "\xff\x00"},
		{"event", `{"id":"1","format":99}`},
	} {
		require.NoError(t, rdb.XAdd(t.Context(), &redis.XAddArgs{Stream: prefix + "{" + topic + "}", Values: values}).Err())
	}
	publish(t, q, topic, queue.Event{ID: "good"})
	r := queue.NewRouter(q, nil)
	handled := 0
	r.Handle(topic, "g", func(context.Context, queue.Event) error { handled++; return nil })
	require.NoError(t, r.Drain(t.Context()))
	assert.Equal(t, 1, handled)
	got := map[string]string{}
	for l, err := range r.DeadLetters(topic, "g").List(t.Context(), queue.Filter{}) {
		require.NoError(t, err)
		got[string(l.Event.Body)] = l.Reason
	}
	assert.Equal(t, map[string]string{
		`["order","4711","state","paid"]`:    queue.ReasonForeign,
		`["id","not an event's","body","x"]`: queue.ReasonForeign,
		`["base64","Ynl0ZXM=","/wA="]`:       queue.ReasonForeign,
		`{"id":"1","format":99}`:             queue.ReasonVersion,
	}, got)
}

// TestAKeyThatIsNoStream belongs to someone else.
func TestAKeyThatIsNoStream(t *testing.T) {
	t.Parallel()
	url := server(t)
	q, topic := open(t, url, redisqueue.Config{}), name()
	require.NoError(t, plain(t, url).Set(t.Context(), prefix+"{"+topic+"}", "x", 0).Err())
	require.ErrorContains(t, q.Publish(t.Context(), topic, queue.Event{ID: "1"}), "another Config.Prefix")
	_, err := q.Subscribe(t.Context(), topic, "g")
	require.ErrorContains(t, err, "another Config.Prefix")
}

// TestNewSaysWhatIsWrong, and never the password.
func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	guarded := miniredis.RunT(t)
	guarded.RequireUserAuth("shop", "right")
	for url, want := range map[string]string{
		"redis://shop:secret@" + guarded.Addr(): "refuses access",
		"redis://" + guarded.Addr():             "refuses access",
		"redis://shop:secret@127.0.0.1:1":       "connection refused",
		"rediss://shop:secret@127.0.0.1:1":      "connection refused",
		"amqp://shop:secret@127.0.0.1:1":        `begins with "amqp"`,
		"redis://shop:secret@127.0.0.1:1/text":  "looks like redis://",
		"redis://shop:secret@127.0.0.1:1/0?x=y": "looks like redis://",
		"redis://shop:secret#1@127.0.0.1:1/0":   "as URLs have it",
		"redis://shop:sec%ret@127.0.0.1:1/0":    "cannot be read",
		"://shop:secret@h":                      "cannot be read",
	} {
		_, err := redisqueue.New(t.Context(), url, &redisqueue.Config{Timeout: 2 * time.Second})
		require.ErrorContains(t, err, want, url)
		for _, secret := range []string{"secret", "sec%ret"} {
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), secret)
		}
	}
	_, err := redisqueue.New(t.Context(), "redis://shop:secret@"+guarded.Addr(), nil)
	require.ErrorIs(t, err, redisqueue.ErrAccess)
	_, err = redisqueue.New(t.Context(), "redis://127.0.0.1:1", nil)
	require.ErrorIs(t, err, redisqueue.ErrDisconnected)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = redisqueue.New(ended, "redis://"+guarded.Addr(), nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = redisqueue.NewWithClient(t.Context(), nil, nil)
	require.ErrorContains(t, err, "must not be nil")
	for _, cfg := range []redisqueue.Config{{Prefix: "a{b}"}, {Groups: map[string][]string{"t": {""}}}} {
		_, err = redisqueue.New(t.Context(), "redis://shop:right@"+guarded.Addr(), &cfg)
		require.ErrorContains(t, err, "Config.")
	}
	q, err := redisqueue.New(t.Context(), "redis://shop:right@"+guarded.Addr(), nil)
	require.NoError(t, err)
	require.NoError(t, q.Close(t.Context()))
}

// TestTLS has the certificate checked, against roots of the user's.
func TestTLS(t *testing.T) {
	t.Parallel()
	cert, roots := certificate(t)
	s := miniredis.NewMiniRedis()
	require.NoError(t, s.StartTLS(&tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}))
	t.Cleanup(s.Close)
	_, err := redisqueue.New(t.Context(), "rediss://"+s.Addr(), nil)
	require.ErrorContains(t, err, "certificate")
	q, err := redisqueue.New(t.Context(), "rediss://"+s.Addr(), &redisqueue.Config{TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}})
	require.NoError(t, err)
	publish(t, q, "t", queue.Event{ID: "1"})
	require.NoError(t, q.Close(t.Context()))
}

// TestUnsafeServersAreRefused unless they are allowed by name.
func TestUnsafeServersAreRefused(t *testing.T) {
	t.Parallel()
	const safe = "redis_version:7.0.15\nmaxmemory:1000\nmaxmemory_policy:noeviction\naof_enabled:1\nrole:master\nconnected_slaves:0\ncluster_enabled:0\n"
	for _, c := range []struct {
		name     redisqueue.Unsafe
		from, to string
		fsync    string
	}{
		{"", "", "", "always"},
		{"", "", "", "everysec"},
		{"", "maxmemory:1000\nmaxmemory_policy:noeviction", "maxmemory:0\nmaxmemory_policy:allkeys-lru", "always"},
		{"", "aof_enabled:1\nrole:master\nconnected_slaves:0", "aof_enabled:0\nrole:master\nconnected_slaves:1", "always"},
		{redisqueue.Eviction, "noeviction", "allkeys-lru", "always"},
		{redisqueue.Eviction, "noeviction", "volatile-ttl", "always"},
		{redisqueue.NoAOF, "aof_enabled:1", "aof_enabled:0", "always"},
		{redisqueue.LazyFsync, "", "", "no"},
		{redisqueue.OldServer, "7.0.15", "6.2.7", "always"},
		{redisqueue.Replica, "role:master", "role:slave", "always"},
		{redisqueue.PlainClient, "cluster_enabled:0", "cluster_enabled:1", "always"},
	} {
		rdb := plain(t, "redis://"+miniredis.RunT(t).Addr())
		rdb.AddHook(&cable{info: map[string]string{"info": strings.Replace(safe, c.from, c.to, 1), "config": c.fsync}})
		q, err := redisqueue.NewWithClient(t.Context(), rdb, nil)
		if c.name == "" {
			require.NoError(t, err)
			require.NoError(t, q.Close(t.Context()))
			continue
		}
		require.ErrorIs(t, err, redisqueue.ErrUnsafe, c.name)
		require.ErrorContains(t, err, fmt.Sprintf("%q", c.name))
		q, err = redisqueue.NewWithClient(t.Context(), rdb, &redisqueue.Config{AllowUnsafe: []redisqueue.Unsafe{c.name}})
		require.NoError(t, err)
		require.NoError(t, q.Close(t.Context()))
		require.NoError(t, rdb.Ping(t.Context()).Err(), "the client is its owner's")
	}
}

// TestModesDoNotMix: one process would take what another's order rests on.
func TestModesDoNotMix(t *testing.T) {
	t.Parallel()
	url, topic := server(t), name()
	subscribe(t, open(t, url, redisqueue.Config{}), topic, "g")
	q := open(t, url, redisqueue.Config{Competing: true})
	_, err := q.Subscribe(t.Context(), topic, "g")
	require.ErrorIs(t, err, redisqueue.ErrMode)
	subscribe(t, q, topic, "another")
}

// TestAHangingServerKeepsNobody whose context ends.
func TestAHangingServerKeepsNobody(t *testing.T) {
	t.Parallel()
	q, cable := wired(t, server(t), redisqueue.Config{Timeout: 5 * time.Second})
	topic := name()
	s := subscribe(t, q, topic, "g")
	publish(t, q, topic, some(0, 2)...)
	ds := receive(t, s, 2)
	require.NoError(t, ds[0].Nack(t.Context(), 0)) // to be counted before it is delivered again
	hang := make(chan struct{})
	cable.mu.Lock()
	cable.hang = hang
	cable.mu.Unlock()
	defer close(hang)
	for what, call := range map[string]func(ctx context.Context) error{
		"publish":   func(ctx context.Context) error { return q.Publish(ctx, topic, queue.Event{ID: "1"}) },
		"subscribe": func(ctx context.Context) error { _, err := q.Subscribe(ctx, topic, "h"); return err },
		"receive":   func(ctx context.Context) error { _, err := s.Receive(ctx, 1); return err },
		"ack":       func(ctx context.Context) error { return ds[1].Ack(ctx) },
		"lag":       func(ctx context.Context) error { _, err := q.Lag(ctx, topic, "g"); return err },
		"browse": func(ctx context.Context) error {
			for _, err := range q.Browse(ctx, topic) {
				return err
			}
			return nil
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- call(ctx) }()
		cancel()
		select {
		case err := <-ended:
			assert.ErrorIs(t, err, context.Canceled, what)
		case <-time.After(20 * time.Second):
			t.Fatalf("%s goes on when its context has ended", what)
		}
	}
	cable.mu.Lock()
	cable.hang = nil
	cable.mu.Unlock()
}

// TestLargePages: bodies of 1 MB are read a few at a time, and all come.
func TestLargePages(t *testing.T) {
	t.Parallel()
	url := server(t)
	q, topic := open(t, url, redisqueue.Config{}), name()
	events := some(0, 25)
	for i := range events {
		events[i].Body = make([]byte, 1<<20)
	}
	publish(t, q, topic, events...)
	n := 0
	for _, err := range q.Browse(t.Context(), topic) {
		require.NoError(t, err)
		n++
	}
	assert.Equal(t, 25, n)
	s := subscribe(t, q, topic, "g")
	first, err := s.Receive(t.Context(), 25)
	require.NoError(t, err)
	assert.Less(t, len(first), 25)
	require.NoError(t, s.Close(t.Context()))
	got := receive(t, subscribe(t, q, topic, "g"), 25)
	assert.IsIncreasing(t, ids(got))
}

// TestAUserWithFewRights has those that the documentation names.
func TestAUserWithFewRights(t *testing.T) {
	t.Parallel()
	url := real(t)
	admin, user := plain(t, url), strings.ToLower(name())
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, rights, _ := strings.Cut(string(doc), "ACL SETUSER onhand ")
	rights, _, _ = strings.Cut(rights, "\n")
	rights = strings.NewReplacer("onhand:*", user+":*", ">password", ">right").Replace(rights)
	args := []any{"ACL", "SETUSER", user}
	for _, r := range strings.Fields(rights) {
		args = append(args, r)
	}
	require.NoError(t, admin.Do(t.Context(), args...).Err())
	t.Cleanup(func() { admin.Do(context.WithoutCancel(t.Context()), "ACL", "DELUSER", user) })
	as := strings.Replace(url, "redis://", "redis://"+user+":right@", 1)
	h := harness(as, redisqueue.Config{Prefix: user + ":"})
	h.Foreign, h.Scale = nil, 20
	queuetest.Run(t, h)

	q := open(t, as, redisqueue.Config{Prefix: "other:"})
	require.ErrorIs(t, q.Publish(t.Context(), "t", queue.Event{ID: "1"}), redisqueue.ErrAccess)
	_, err = q.Subscribe(t.Context(), "t", "g")
	require.ErrorIs(t, err, redisqueue.ErrAccess)
	require.NoError(t, admin.Do(t.Context(), "ACL", "SETUSER", user, "resetchannels").Err())
	q = open(t, as, redisqueue.Config{Prefix: user + ":"})
	s := subscribe(t, q, "quiet", "g")
	silent(t, s, 100*time.Millisecond)
	publish(t, q, "quiet", queue.Event{ID: "1"})
	require.Equal(t, []string{"1"}, ids(receive(t, s, 1)))
}

// TestConformanceOnACluster spreads topics over three masters.
func TestConformanceOnACluster(t *testing.T) {
	addrs := os.Getenv("REDIS_CLUSTER")
	if addrs == "" {
		t.Skip("no Redis Cluster: set REDIS_CLUSTER to the addresses of its nodes")
	}
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: strings.Split(addrs, ","), ContextTimeoutEnabled: true})
	t.Cleanup(func() { _ = rdb.Close() })
	cfg := redisqueue.Config{Prefix: prefix, MaxBody: 1_000_000}
	opened := func(t testing.TB) queue.Queue {
		q, err := redisqueue.NewWithClient(t.Context(), rdb, &cfg)
		require.NoError(t, err)
		return q
	}
	queuetest.Run(t, queuetest.Harness{
		New: opened,
		Reopen: func(t testing.TB, q queue.Queue) queue.Queue {
			require.NoError(t, q.Close(t.Context()))
			return opened(t)
		},
		Features: queuetest.Features{Groups: true, OrderedPerKey: true, DelayedNack: true, CountsDeliveries: true, MaxBody: 1_000_000},
		Silence:  500 * time.Millisecond, Patience: time.Minute, Scale: 5,
	})
	_, err := redisqueue.New(t.Context(), "redis://"+strings.Split(addrs, ",")[0], nil)
	require.ErrorIs(t, err, redisqueue.ErrUnsafe)
	q, err := redisqueue.NewWithClient(t.Context(), rdb, &redisqueue.Config{Groups: map[string][]string{"a}b{c": {"g{x}", "h"}}})
	require.NoError(t, err)
	publish(t, q, "a}b{c", queue.Event{ID: "1"}) // all keys in one slot, whatever the names
	require.NoError(t, q.Close(t.Context()))
}

// letters of what is published are events as every backend writes them.
func TestTheWireFormIsTheQueues(t *testing.T) {
	t.Parallel()
	url := server(t)
	q, topic := open(t, url, redisqueue.Config{}), name()
	publish(t, q, topic, queue.Event{ID: "1", Body: []byte("x")})
	got, err := plain(t, url).XRange(t.Context(), prefix+"{"+topic+"}", "-", "+").Result()
	require.NoError(t, err)
	require.Len(t, got, 1)
	var e queue.Event
	text, _ := got[0].Values["event"].(string)
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	assert.Equal(t, queue.Event{ID: "1", Body: []byte("x")}, e)
}
