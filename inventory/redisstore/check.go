package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

// Check asks every server of a client what is unsafe about it for stock, and
// writes nothing. [New] does it, too; by itself it is for a start-up report or a
// health page. The error says that a server could not be asked; that one refuses
// to tell is a [SeverityUnknown] finding.
func Check(ctx context.Context, rdb redis.UniversalClient) (Report, error) {
	return check(ctx, rdb, time.Now)
}

// check compares the server's clock with now.
func check(ctx context.Context, rdb redis.UniversalClient, now func() time.Time) (Report, error) {
	if rdb == nil {
		return Report{}, &inventory.InvalidError{Field: "rdb", Problem: "must not be nil"}
	}
	var (
		mu sync.Mutex // servers are visited at the same time
		r  Report
	)
	visit := func(addr string, c redis.Cmdable, cluster bool) error {
		x := &inspection{c: c, now: now, cluster: cluster, server: Server{Addr: addr}}
		if err := x.run(ctx); err != nil {
			return fmt.Errorf("redisstore: check of %s: %w", addr, err)
		}
		mu.Lock()
		defer mu.Unlock()
		r.Servers, r.Findings = append(r.Servers, x.server), append(r.Findings, x.findings...)
		return nil
	}
	var err error
	switch c := rdb.(type) {
	case *redis.ClusterClient:
		err = c.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error { return visit(c.Options().Addr, c, true) })
	case *redis.Ring:
		err = c.ForEachShard(ctx, func(_ context.Context, c *redis.Client) error { return visit(c.Options().Addr, c, false) })
	case *redis.Client:
		err = visit(c.Options().Addr, c, false)
	default:
		err = visit("the server", c, false)
	}
	r.sort()
	return r, err
}

// inspection is the questions to one server.
type inspection struct {
	c       redis.Cmdable
	now     func() time.Time
	cluster bool // the client is one of a Cluster

	server   Server
	info     map[string]string
	mute     bool // CONFIG is refused
	findings []Finding
}

func (x *inspection) run(ctx context.Context) error {
	text, err := x.c.Info(ctx).Result()
	if !told(err) {
		return err
	}
	x.info = map[string]string{}
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			x.info[k] = v
		}
	}
	for _, ask := range []func(context.Context) error{
		x.version, x.scripts, x.role, x.memory, x.file, x.replicas, x.clusterState, x.clock,
	} {
		if err := ask(ctx); err != nil {
			return err
		}
	}
	return nil
}

// told reports that the server answered, be it that it does not tell.
func told(err error) bool {
	var refusal redis.Error
	return err == nil || errors.As(err, &refusal)
}

// config reads a setting that INFO has not got.
func (x *inspection) config(ctx context.Context, name string) (value string, known bool, err error) {
	if x.mute {
		return "", false, nil
	}
	set, err := x.c.ConfigGet(ctx, name).Result()
	if err != nil {
		x.mute = told(err)
		if x.mute {
			err = nil
		}
		return "", false, err
	}
	value, known = set[name]
	return value, known, nil
}

func (x *inspection) find(s Severity, name Unsafe, setting, value, risk, do string) {
	x.findings = append(x.findings, Finding{
		Name: name, Severity: s, Server: x.server.Addr, Setting: setting, Value: value, Risk: risk, Do: do,
	})
}

// number reads a whole number of INFO.
func (x *inspection) number(name string) (n int64, known bool) {
	n, err := strconv.ParseInt(x.info[name], 10, 64)
	return n, err == nil
}

// Valkey tells the version of Redis that it is compatible with as redis_version.
func (x *inspection) version(context.Context) error {
	const risk, do = "the scripts need what came with 7.0", "use Redis 7.0 or newer, or Valkey"
	x.server.Product, x.server.Version = "redis", x.info["redis_version"]
	if v := x.info["valkey_version"]; v != "" {
		x.server.Product, x.server.Version = "valkey", v
	}
	like := x.info["redis_version"]
	major, err := strconv.Atoi(strings.Split(like, ".")[0])
	switch {
	case err != nil:
		x.find(SeverityUnknown, OldServer, "redis_version", "", risk, "verify that it is Redis 7.0 or newer, or Valkey")
	case major < 7:
		x.find(SeverityUnsafe, OldServer, "redis_version", like, risk, do)
	}
	return nil
}

// probe needs no key, so that any master runs it.
var probe = redis.NewScript("return redis.call('TIME')[1]")

func (x *inspection) scripts(ctx context.Context) error {
	_, err := probe.Run(ctx, x.c, nil).Text()
	if err != nil && told(err) {
		x.find(SeverityUnsafe, NoScripts, "EVALSHA", err.Error(), "every call is a script", "allow the user EVAL, EVALSHA and what the scripts call")
		err = nil
	}
	return err
}

func (x *inspection) role(context.Context) error {
	switch x.info["role"] {
	case "master":
		x.server.Role = "master"
	case "slave":
		x.server.Role = "replica"
		risk := "it takes no writes"
		if x.info["slave_read_only"] == "0" {
			risk = "it takes writes and forgets them with its next copy of the master"
		}
		x.find(SeverityUnsafe, Replica, "role", "replica", risk, "connect to the master, by Sentinel or a Cluster client if it moves")
	default:
		x.find(SeverityUnknown, Replica, "role", "", "a replica can forget writes", "verify that the address is always that of the master")
	}
	return nil
}

// clusterState: a plain client of a node of a Cluster reaches that node's slots
// only.
func (x *inspection) clusterState(ctx context.Context) error {
	if x.info["cluster_enabled"] != "1" {
		return nil
	}
	if !x.cluster {
		x.find(SeverityUnsafe, PlainClient, "cluster_enabled", "1", "merchants whose slot is another node's can't be reached", "connect with redis.NewClusterClient")
	}
	text, err := x.c.ClusterInfo(ctx).Result()
	if !told(err) {
		return err
	}
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		if k == "cluster_state" && v != "ok" {
			x.find(SeverityWarning, ClusterState, "cluster_state", v, "calls are refused until every slot has a node", "see CLUSTER INFO and CLUSTER NODES")
		}
	}
	return nil
}

// mostSkew is how far clocks may be apart, beside the time of the question.
const mostSkew = time.Second

func (x *inspection) clock(ctx context.Context) error {
	before := x.now()
	theirs, err := x.c.Time(ctx).Result()
	if err != nil {
		if told(err) {
			err = nil
		}
		return err
	}
	slack := x.now().Sub(before) / 2
	if skew := theirs.Sub(before.Add(slack)); skew.Abs() > slack+mostSkew {
		x.find(SeverityWarning, Clock, "TIME", fmt.Sprintf("%v from here", skew.Round(time.Millisecond)),
			"reservations and leases end by the server's clock, so times look wrong here, as do those of Changes there", "let both follow the same time server")
	}
	return nil
}
