package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Unsafe names something about a server that can lose events.
type Unsafe string

const (
	// Eviction is a maxmemory with another policy than noeviction: Redis may
	// delete whole topics to make room.
	Eviction Unsafe = "eviction"
	// NoAOF is appendonly no: a restart loses events.
	NoAOF Unsafe = "no-aof"
	// LazyFsync is appendfsync no: half a minute can be lost.
	LazyFsync Unsafe = "lazy-fsync"
	// OldServer is a server before Redis 7.0.
	OldServer Unsafe = "old-server"
	// Replica is a server that is a replica of another.
	Replica Unsafe = "replica"
	// PlainClient is a client of one node of a Cluster.
	PlainClient Unsafe = "plain-client"
)

// inspect asks every server of a client whether it can lose events, and logs
// what it does not tell: managed ones forbid CONFIG.
func inspect(ctx context.Context, rdb redis.UniversalClient, cfg *Config) error {
	var (
		mu   sync.Mutex // servers are visited at the same time
		errs []error
	)
	visit := func(addr string, c redis.Cmdable, cluster bool) error {
		text, err := c.Info(ctx).Result()
		if err != nil && !told(err) {
			return err
		}
		in := inspection{info: facts(text), addr: addr, cluster: cluster, cfg: cfg}
		if in.info["aof_enabled"] == "1" {
			set, err := c.ConfigGet(ctx, "appendfsync").Result()
			if err != nil && !told(err) {
				return err
			}
			in.fsync = set["appendfsync"]
		}
		in.judge()
		if in.silent != nil {
			cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "redisqueue: the server does not tell these settings; verify them",
				slog.String("server", addr), slog.Any("settings", in.silent))
		}
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, in.errs...)
		return nil
	}
	var err error
	switch c := rdb.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error { return visit(c.Options().Addr, c, true) })
	case *redis.Client:
		err = visit(c.Options().Addr, c, false)
	default:
		err = visit("the server", c, false)
	}
	if err != nil {
		return err
	}
	return errors.Join(errs...)
}

// told reports that the server answered, be it that it does not tell.
func told(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal) && !errors.Is(explain(err, "ask"), ErrDisconnected)
}

// facts are the lines of an INFO.
func facts(text string) map[string]string {
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[k] = v
		}
	}
	return info
}

// inspection is what one server told.
type inspection struct {
	info    map[string]string
	fsync   string
	addr    string
	cluster bool // the client is one of a Cluster
	cfg     *Config

	errs   []error
	silent []string
}

func (in *inspection) judge() {
	major, err := strconv.Atoi(strings.Split(in.info["redis_version"], ".")[0])
	in.find(OldServer, "redis_version", err == nil, major < 7, "use Redis 7.0 or newer, or Valkey")

	bound, policy := in.info["maxmemory"], in.info["maxmemory_policy"]
	in.find(Eviction, "maxmemory_policy", policy != "", policy != "noeviction" && bound != "0",
		"set maxmemory-policy noeviction, or Redis deletes topics to make room")

	aof := in.info["aof_enabled"]
	in.find(NoAOF, "aof_enabled", aof != "", aof == "0" && in.number("connected_slaves") == 0,
		"set appendonly yes, or a restart loses events")
	if aof == "1" {
		in.find(LazyFsync, "appendfsync", in.fsync != "", in.fsync == "no", "set appendfsync always to lose nothing, or everysec to lose about a second")
	}
	role := in.info["role"]
	in.find(Replica, "role", role != "", role == "slave", "connect to the master, by Sentinel or a Cluster client if it moves")
	in.find(PlainClient, "cluster_enabled", true, in.info["cluster_enabled"] == "1" && !in.cluster, "connect with redis.NewClusterClient and NewWithClient")
}

func (in *inspection) number(name string) int {
	n, _ := strconv.Atoi(in.info[name])
	return n
}

func (in *inspection) find(name Unsafe, setting string, known, bad bool, do string) {
	switch {
	case !known:
		in.silent = append(in.silent, setting)
	case bad && !slices.Contains(in.cfg.AllowUnsafe, name):
		in.errs = append(in.errs, fmt.Errorf("%w: %s: %s is %q: %s (or allow %q in Config.AllowUnsafe)",
			ErrUnsafe, in.addr, setting, in.value(setting), do, string(name)))
	}
}

func (in *inspection) value(setting string) string {
	if setting == "appendfsync" {
		return in.fsync
	}
	return in.info[setting]
}
