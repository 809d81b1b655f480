package redisstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// checkServers asks every server of the client for its settings.
func (s *Store) checkServers(ctx context.Context) error {
	switch c := s.rdb.(type) {
	case *redis.ClusterClient:
		return s.each(ctx, c.ForEachMaster)
	case *redis.Ring:
		return s.each(ctx, c.ForEachShard)
	}
	return s.checkServer(ctx, s.rdb)
}

func (s *Store) each(ctx context.Context, nodes func(context.Context, func(context.Context, *redis.Client) error) error) error {
	var mu sync.Mutex // nodes are visited at the same time
	return nodes(ctx, func(ctx context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		return s.checkServer(ctx, c)
	})
}

// checkServer reads INFO, and CONFIG where INFO says too little. Managed
// servers refuse CONFIG, and the embedded one for tests knows neither; what
// nobody tells is not held against the server.
func (s *Store) checkServer(ctx context.Context, c redis.Cmdable) error {
	info := map[string]string{}
	for _, section := range []string{"server", "memory", "persistence"} {
		text, err := c.Info(ctx, section).Result()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue
		}
		for line := range strings.Lines(text) {
			if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[k] = v
			}
		}
	}
	policy := info["maxmemory_policy"]
	if policy == "" {
		if set, err := c.ConfigGet(ctx, "maxmemory-policy").Result(); err == nil {
			policy = set["maxmemory-policy"]
		}
	}
	if policy != "" && policy != "noeviction" {
		if err := s.unsafe(&UnsafeError{Name: Eviction, Setting: "maxmemory-policy", Value: policy, Needed: "noeviction"}); err != nil {
			return err
		}
	}
	if v := info["redis_version"]; v != "" {
		if major, err := strconv.Atoi(strings.Split(v, ".")[0]); err == nil && major < 7 {
			if err := s.unsafe(&UnsafeError{Name: OldServer, Setting: "redis_version", Value: v, Needed: "7.0 or newer"}); err != nil {
				return err
			}
		}
	}
	if info["aof_enabled"] == "0" {
		s.cfg.Logger.WarnContext(ctx, "redisstore: appendonly is off: a restart of the server loses stock")
	}
	return nil
}

func (s *Store) unsafe(e *UnsafeError) error {
	if !slices.Contains(s.cfg.AllowUnsafe, e.Name) {
		return e
	}
	s.cfg.Logger.Warn("redisstore: unsafe setting of the server is allowed", "setting", e.Setting, "value", e.Value)
	return nil
}
