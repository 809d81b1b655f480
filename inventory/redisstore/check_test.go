package redisstore_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// told answers INFO, CONFIG, CLUSTER INFO and TIME in place of the server.
type told struct {
	info    map[string]string
	config  map[string]string // nil: refused
	cluster string
	at      time.Time
	noEval  bool
}

// refusal is an error that a server answers with.
type refusal string

func (e refusal) Error() string { return string(e) }
func (refusal) RedisError()     {}

func (told) DialHook(next redis.DialHook) redis.DialHook { return next }
func (told) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h told) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		fail := func(err error) error { cmd.SetErr(err); return err }
		switch c := cmd.(type) {
		case *redis.StringCmd:
			switch {
			case cmd.Name() == "info" && h.info == nil:
				return fail(refusal("NOPERM no permissions to run the 'info' command"))
			case cmd.Name() == "info":
				var b strings.Builder
				b.WriteString("# Everything\r\n")
				for _, k := range slices.Sorted(maps.Keys(h.info)) {
					b.WriteString(k + ":" + h.info[k] + "\r\n")
				}
				c.SetVal(b.String())
				return nil
			case cmd.Name() == "cluster":
				c.SetVal(h.cluster)
				return nil
			}
		case *redis.MapStringStringCmd:
			if h.config == nil {
				return fail(refusal("ERR unknown command 'CONFIG'"))
			}
			name := cmd.Args()[2].(string)
			out := map[string]string{}
			if v, ok := h.config[name]; ok {
				out[name] = v
			}
			c.SetVal(out)
			return nil
		case *redis.TimeCmd:
			c.SetVal(h.at)
			return nil
		case *redis.Cmd:
			if h.noEval {
				return fail(refusal("NOPERM this user has no permissions to run the 'evalsha' command"))
			}
		}
		return next(ctx, cmd)
	}
}

// sound is a server with nothing to find.
func sound() told {
	return told{
		info: map[string]string{
			"redis_version": "7.0.15", "role": "master", "connected_slaves": "0", "cluster_enabled": "0",
			"maxmemory": "1000", "maxmemory_policy": "noeviction", "used_memory": "799", "total_system_memory": "100000",
			"aof_enabled": "1", "aof_last_write_status": "ok",
		},
		config: map[string]string{
			"appendfsync": "always", "no-appendfsync-on-rewrite": "no", "save": "", "min-replicas-to-write": "1", "replica-read-only": "yes",
		},
		at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	srv := newMini(t)
	replicas := func(n, text string) func(*told) {
		return func(x *told) { x.info["connected_slaves"], x.info["slave0"] = n, text }
	}
	info := func(pairs ...string) func(*told) {
		return func(x *told) {
			for i := 0; i < len(pairs); i += 2 {
				x.info[pairs[i]] = pairs[i+1]
			}
		}
	}
	config := func(pairs ...string) func(*told) {
		return func(x *told) {
			for i := 0; i < len(pairs); i += 2 {
				x.config[pairs[i]] = pairs[i+1]
			}
		}
	}
	both := func(f ...func(*told)) func(*told) {
		return func(x *told) {
			for _, f := range f {
				f(x)
			}
		}
	}
	const good = "ip=10.0.0.2,port=6379,state=online,offset=9,lag=1"
	for name, tt := range map[string]struct {
		but  func(*told)
		want []string // severity, name and value
	}{
		"nothing":                   {info(), nil},
		"valkey":                    {info("valkey_version", "8.0.1", "redis_version", "7.2.4", "server_name", "valkey"), nil},
		"redis 10":                  {info("redis_version", "10.1.0"), nil},
		"old":                       {info("redis_version", "6.2.14"), []string{"unsafe old-server 6.2.14"}},
		"version that is no number": {info("redis_version", "unstable"), []string{"unknown old-server "}},

		"eviction":         {info("maxmemory_policy", "allkeys-lru"), []string{"unsafe eviction allkeys-lru"}},
		"volatile":         {info("maxmemory_policy", "volatile-ttl"), []string{"unsafe eviction volatile-ttl"}},
		"no bound as yet":  {info("maxmemory_policy", "volatile-ttl", "maxmemory", "0"), []string{"warning eviction volatile-ttl"}},
		"bound not told":   {info("maxmemory_policy", "volatile-ttl", "maxmemory", ""), []string{"unsafe eviction volatile-ttl"}},
		"policy by CONFIG": {both(info("maxmemory_policy", ""), config("maxmemory-policy", "allkeys-lfu")), []string{"unsafe eviction allkeys-lfu"}},
		"full":             {info("used_memory", "800"), []string{"warning memory 80 % of maxmemory"}},
		"machine is full":  {info("maxmemory", "0", "used_memory", "50000"), []string{"warning memory 50 % of total_system_memory"}},
		"machine has room": {info("maxmemory", "0", "used_memory", "49999"), nil},

		"no file":                   {info("aof_enabled", "0"), []string{"unsafe no-aof no"}},
		"no file, but replicas":     {both(info("aof_enabled", "0"), replicas("1", good)), []string{"warning no-aof no"}},
		"every second":              {config("appendfsync", "everysec"), []string{"note lazy-fsync everysec"}},
		"when it likes":             {config("appendfsync", "no"), []string{"unsafe lazy-fsync no"}},
		"not while it is rewritten": {config("no-appendfsync-on-rewrite", "yes"), []string{"warning lazy-fsync yes"}},
		"disk is full":              {info("aof_last_write_status", "err"), []string{"warning failing-file err"}},

		"replica":          {info("role", "slave", "slave_read_only", "1"), []string{"unsafe replica replica"}},
		"replicas":         {replicas("1", good), nil},
		"replica is late":  {replicas("1", "ip=10.0.0.2,port=6379,state=online,offset=9,lag=11"), []string{"warning replica-lag online, lag 11 s"}},
		"replica loads":    {replicas("1", "ip=10.0.0.2,port=6379,state=wait_bgsave,offset=0,lag=0"), []string{"warning replica-lag wait_bgsave, lag 0 s"}},
		"unacknowledged":   {both(replicas("1", good), config("min-replicas-to-write", "0")), []string{"warning unacknowledged 0"}},
		"writable replica": {both(replicas("1", good), config("replica-read-only", "no")), []string{"warning writable-replicas no"}},
		"alone":            {config("min-replicas-to-write", "0"), nil},

		"a node of a cluster": {both(info("cluster_enabled", "1"), func(x *told) { x.cluster = "cluster_state:ok\r\n" }), []string{"unsafe plain-client 1"}},
		"cluster is down":     {both(info("cluster_enabled", "1"), func(x *told) { x.cluster = "cluster_state:fail\r\n" }), []string{"unsafe plain-client 1", "warning cluster-state fail"}},
		"clock is ahead":      {func(x *told) { x.at = x.at.Add(1001 * time.Millisecond) }, []string{"warning clock 1.001s from here"}},
		"clock is behind":     {func(x *told) { x.at = x.at.Add(-time.Hour) }, []string{"warning clock -1h0m0s from here"}},
		"clock is near":       {func(x *told) { x.at = x.at.Add(-time.Second) }, nil},
		"no scripts":          {func(x *told) { x.noEval = true }, []string{"unsafe no-scripts NOPERM this user has no permissions to run the 'evalsha' command"}},

		"CONFIG is refused": {func(x *told) { x.config = nil }, []string{"unknown lazy-fsync "}},
		"CONFIG is refused, with replicas": {
			both(replicas("1", good), func(x *told) { x.config = nil }), []string{"unknown lazy-fsync ", "unknown unacknowledged ", "unknown writable-replicas "},
		},
		"all is refused": {
			func(x *told) { x.config, x.info = nil, nil }, []string{"unknown old-server ", "unknown replica ", "unknown eviction ", "unknown no-aof "},
		},
		"in order": {
			both(info("maxmemory_policy", "allkeys-lru", "used_memory", "999"), config("appendfsync", "everysec")),
			[]string{"unsafe eviction allkeys-lru", "warning memory 99 % of maxmemory", "note lazy-fsync everysec"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := sound()
			now := x.at
			tt.but(&x)
			c := srv.client(t, nil)
			c.AddHook(x)
			r, err := redisstore.CheckAt(t.Context(), c, func() time.Time { return now })
			require.NoError(t, err)
			var got []string
			var unsafe []redisstore.Unsafe
			for _, f := range r.Findings {
				got = append(got, string(f.Severity)+" "+string(f.Name)+" "+f.Value)
				require.Equal(t, srv.opt.Addr, f.Server)
				require.NotEmpty(t, f.Setting)
				require.NotEmpty(t, f.Risk)
				require.NotEmpty(t, f.Do)
				require.Contains(t, r.String(), f.String())
				if f.Severity == redisstore.SeverityUnsafe {
					unsafe = append(unsafe, f.Name)
				}
			}
			require.Equal(t, tt.want, got)
			require.NoError(t, r.Err(unsafe...), "all is allowed by name")
			if unsafe == nil {
				require.NoError(t, r.Err())
				return
			}
			var e *redisstore.UnsafeError
			require.ErrorAs(t, r.Err(unsafe[1:]...), &e)
			require.Equal(t, unsafe[0], e.Name)
		})
	}
}

func TestReportSaysWhatItAsked(t *testing.T) {
	t.Parallel()
	srv, x := newMini(t), sound()
	c := srv.client(t, nil)
	c.AddHook(x)
	now := func() time.Time { return x.at }
	r, err := redisstore.CheckAt(t.Context(), c, now)
	require.NoError(t, err)
	require.Equal(t, []redisstore.Server{{Addr: srv.opt.Addr, Product: "redis", Version: "7.0.15", Role: "master"}}, r.Servers)
	require.Equal(t, "redis 7.0.15 master at "+srv.opt.Addr+": nothing to say\n", r.String())

	x.info["valkey_version"] = "8.0.1"
	x.info["maxmemory_policy"] = "allkeys-lru"
	r, err = redisstore.CheckAt(t.Context(), c, now)
	require.NoError(t, err)
	require.Equal(t, "valkey 8.0.1 master at "+srv.opt.Addr+":\n"+
		"  unsafe   eviction: maxmemory-policy is \"allkeys-lru\": Redis may delete levels and IDs to make room; set maxmemory-policy noeviction\n", r.String())
	require.EqualError(t, r.Err(), "redisstore: "+srv.opt.Addr+", eviction: maxmemory-policy is \"allkeys-lru\": "+
		"Redis may delete levels and IDs to make room; set maxmemory-policy noeviction (or allow \"eviction\" by name)")
}

func TestNewRefusesUnsafeServers(t *testing.T) {
	t.Parallel()
	srv, x := newMini(t), sound()
	x.info["maxmemory_policy"], x.info["aof_enabled"], x.info["used_memory"] = "allkeys-lru", "0", "999"
	delete(x.info, "redis_version")
	c := srv.client(t, nil)
	c.AddHook(x)
	_, err := redisstore.New(t.Context(), c, nil)
	require.ErrorContains(t, err, `"eviction"`)
	require.ErrorContains(t, err, `"no-aof"`, "all at once")
	var log bytes.Buffer
	cfg := &redisstore.Config{AllowUnsafe: []redisstore.Unsafe{redisstore.Eviction}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	_, err = redisstore.New(t.Context(), c, cfg)
	require.ErrorContains(t, err, `"no-aof"`)
	require.NotContains(t, err.Error(), `"eviction"`)
	require.Empty(t, log.String())
	cfg.AllowUnsafe = append(cfg.AllowUnsafe, redisstore.NoAOF)
	_, err = redisstore.New(t.Context(), c, cfg)
	require.NoError(t, err)
	for _, said := range []string{"name=eviction", "name=no-aof", "name=memory", "settings=[redis_version]"} {
		require.Contains(t, log.String(), said)
	}
}

// The embedded server tells nothing of itself, so nothing is held against it.
func TestCheckOfTheEmbeddedServer(t *testing.T) {
	t.Parallel()
	r, err := redisstore.Check(t.Context(), newMini(t).client(t, nil))
	require.NoError(t, err)
	for _, f := range r.Findings {
		require.Contains(t, []redisstore.Severity{redisstore.SeverityUnknown, redisstore.SeverityWarning}, f.Severity, f)
	}
	require.NotEmpty(t, r.Findings)
}

func TestCheckThatGetsNoAnswer(t *testing.T) {
	t.Parallel()
	_, err := redisstore.Check(t.Context(), nil)
	require.ErrorIs(t, err, inventory.ErrInvalid)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = redisstore.Check(ctx, newMini(t).client(t, nil))
	require.ErrorIs(t, err, context.Canceled)
	for _, deaf := range []string{"info", "config", "time", "evalsha", "cluster"} {
		x := sound()
		x.info["cluster_enabled"] = "1"
		c := newMini(t).client(t, nil)
		c.AddHook(deafTo(deaf)) // the first hook is the outermost
		c.AddHook(x)
		_, err := redisstore.Check(t.Context(), c)
		require.ErrorIs(t, err, net.ErrClosed, deaf)
	}
}

// deafTo is a command that gets no answer.
type deafTo string

func (deafTo) DialHook(next redis.DialHook) redis.DialHook { return next }
func (deafTo) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (d deafTo) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == string(d) {
			cmd.SetErr(net.ErrClosed)
			return net.ErrClosed
		}
		return next(ctx, cmd)
	}
}

func TestCheckOfARealServer(t *testing.T) { // not parallel: it changes the server
	srv := newOwn(t)
	ctx, c := context.Background(), srv.raw(t)
	set := func(name, value string) {
		t.Helper()
		was := c.ConfigGet(ctx, name).Val()[name]
		require.NoError(t, c.ConfigSet(ctx, name, value).Err())
		t.Cleanup(func() { require.NoError(t, c.ConfigSet(ctx, name, was).Err()) })
	}
	found := func() map[redisstore.Unsafe]redisstore.Severity {
		t.Helper()
		r, err := redisstore.Check(ctx, c)
		require.NoError(t, err)
		require.Equal(t, "master", r.Servers[0].Role)
		require.NotEmpty(t, r.Servers[0].Version)
		out := map[redisstore.Unsafe]redisstore.Severity{}
		for _, f := range r.Findings {
			out[f.Name] = f.Severity
		}
		return out
	}
	set("appendonly", "no")
	require.Equal(t, redisstore.SeverityUnsafe, found()[redisstore.NoAOF])
	set("appendonly", "yes")
	for how, want := range map[string]redisstore.Severity{"no": redisstore.SeverityUnsafe, "everysec": redisstore.SeverityNote, "always": ""} {
		set("appendfsync", how)
		require.Equal(t, want, found()[redisstore.LazyFsync], how)
		require.Empty(t, found()[redisstore.NoAOF])
	}
	set("maxmemory-policy", "allkeys-lru")
	require.Equal(t, redisstore.SeverityWarning, found()[redisstore.Eviction])
	set("maxmemory", "4gb")
	require.Equal(t, redisstore.SeverityUnsafe, found()[redisstore.Eviction])
	_, err := redisstore.New(ctx, c, nil)
	var unsafe *redisstore.UnsafeError
	require.ErrorAs(t, err, &unsafe)
	require.Equal(t, "allkeys-lru", unsafe.Value)
	set("maxmemory-policy", "noeviction")
	set("maxmemory", "1mb")
	require.Equal(t, redisstore.SeverityWarning, found()[redisstore.Memory])

	// A user who may do all but administer, as where Redis is managed.
	set("maxmemory", "0")
	require.NoError(t, c.Do(ctx, "ACL", "SETUSER", "shop", "on", ">shop", "~*", "+@all", "-@admin").Err())
	t.Cleanup(func() { c.Do(ctx, "ACL", "DELUSER", "shop") })
	opt := *srv.opt
	opt.Username, opt.Password = "shop", "shop"
	shop := redis.NewClient(&opt)
	defer shop.Close()
	r, err := redisstore.Check(ctx, shop)
	require.NoError(t, err)
	require.NoError(t, r.Err())
	i := slices.IndexFunc(r.Findings, func(f redisstore.Finding) bool { return f.Severity == redisstore.SeverityUnknown })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, redisstore.LazyFsync, r.Findings[i].Name)
	require.NoError(t, c.Do(ctx, "ACL", "SETUSER", "shop", "-@scripting").Err())
	_, err = redisstore.New(ctx, shop, nil)
	require.ErrorAs(t, err, &unsafe)
	require.Equal(t, redisstore.NoScripts, unsafe.Name)
}

// Every master of a Cluster is asked, and a plain client of one is noticed.
func TestCheckOfACluster(t *testing.T) {
	t.Parallel()
	c, addrs := newCluster(t)
	r, err := redisstore.Check(t.Context(), c)
	require.NoError(t, err)
	require.Len(t, r.Servers, len(addrs))
	require.NoError(t, r.Err())
	plain := redis.NewClient(&redis.Options{Addr: addrs[0]})
	defer plain.Close()
	_, err = redisstore.New(t.Context(), plain, nil)
	var unsafe *redisstore.UnsafeError
	require.ErrorAs(t, err, &unsafe)
	require.Equal(t, redisstore.PlainClient, unsafe.Name)
}
