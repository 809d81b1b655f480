package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"

	"github.com/onhand-dev/onhand/lock"
)

// contests measures every row that is wanted.
func (b *bench) contests(ctx context.Context) ([]row, error) {
	rows, err := b.rows(ctx)
	if err != nil {
		return nil, err
	}
	var wanted []row
	for _, r := range rows {
		if b.wants(r.name) {
			wanted = append(wanted, r)
		}
	}
	if b.svg == "" {
		return wanted, b.measure(ctx, wanted)
	}
	crowds, err := b.crowds(ctx)
	if err != nil {
		return nil, err
	}
	all := append(wanted, crowds...)
	if err := b.measure(ctx, all); err != nil {
		return nil, err
	}
	return all, draw(b.svg, crowds)
}

// rows is who is compared with whom.
func (b *bench) rows(ctx context.Context) ([]row, error) {
	s, err := b.server(ctx, fsyncEverysec)
	if err != nil {
		return nil, err
	}
	skus := s.skus()
	sh, err := b.shop(ctx, s, "bench", skus)
	if err != nil {
		return nil, err
	}
	hot, zipf, uniform := hot(), zipf(skus), uniform(skus)
	sell := func(sh *shop, p picks, callers int) *entry {
		return &entry{what: "the store", subject: load{callers: callers, caller: sh.callers(p, few, 1), cpu: s.cpu}}
	}
	hot1000, uniform1000 := sell(sh, hot, 1000), sell(sh, uniform, 1000)
	onHot, onMany, alone := b.yardstick(s, 50, 1), b.yardstick(s, 50, skus), b.yardstick(s, 1, 1)

	idle, err := nothing()
	if err != nil {
		return nil, err
	}
	strategies := map[string]lock.Locker{
		"atomic":      lock.NewAtomic(sh.store, nil),
		"optimistic":  lock.NewOptimistic(sh.store, nil),
		"pessimistic": lock.NewPessimistic(sh.store.(lock.LeaseLedger), nil),
	}
	by := map[string]*shop{}
	for name, l := range strategies {
		if by[name], err = sh.with(l); err != nil {
			return nil, err
		}
	}
	h := handmade{b.client(s, 64)}
	if err := h.load(ctx); err != nil {
		return nil, err
	}
	locking := func(name string, p picks) *entry {
		return &entry{what: "redsync, GET, SET, " + name, subject: load{callers: 64, caller: h.locking(p), cpu: s.cpu, cut: true}}
	}
	watching := func(name string, p picks) *entry {
		return &entry{what: "WATCH, MULTI, EXEC, " + name, subject: load{callers: 64, caller: h.watching(p), cpu: s.cpu, cut: true}}
	}
	pgHot, pgUniform, err := b.transactions(ctx, hot, uniform)
	if err != nil {
		return nil, err
	}
	mixed := &entry{what: "the store", subject: load{callers: 1000, caller: sh.callers(zipf.withSoldOut(5), many, 1), cpu: s.cpu}}
	rows := []row{
		{name: "nothing", ours: &entry{what: "nothing", subject: load{callers: runtime.NumCPU(), caller: idle.callers(uniform, few, 1)}}},
		{name: "hot-1000", ours: hot1000, peer: onHot},
		{name: "zipf-1000", ours: sell(sh, zipf, 1000), peer: onMany},
		{name: "uniform-1000", ours: uniform1000, peer: onMany},
		{name: "mixed-1000", ours: mixed, peer: onMany},
		{name: "hot-64", ours: sell(sh, hot, 64), peer: onHot},
		{name: "zipf-64", ours: sell(sh, zipf, 64), peer: onMany},
		{name: "uniform-64", ours: sell(sh, uniform, 64), peer: onMany},
		{name: "one", ours: sell(sh, hot, 1), peer: alone},
		{name: "postgres-hot", ours: hot1000, peer: pgHot},
		{name: "postgres-uniform", ours: uniform1000, peer: pgUniform},
		{name: "atomic-hot", ours: sell(by["atomic"], hot, 64), peer: onHot},
		{name: "redsync-hot", ours: sell(by["pessimistic"], hot, 64), peer: locking("hot", hot)},
		{name: "redsync-uniform", ours: sell(by["pessimistic"], uniform, 64), peer: locking("uniform", uniform)},
		{name: "watch-hot", ours: sell(by["optimistic"], hot, 64), peer: watching("hot", hot)},
		{name: "watch-uniform", ours: sell(by["optimistic"], uniform, 64), peer: watching("uniform", uniform)},
	}
	for _, fsync := range []string{fsyncOff, fsyncAlways} {
		s, err := b.server(ctx, fsync)
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		sh, err := b.shop(ctx, s, "bench", catalog)
		if err != nil {
			return nil, err
		}
		sell := func(p picks, callers int) *entry {
			return &entry{what: "the store", subject: load{callers: callers, caller: sh.callers(p, few, 1), cpu: s.cpu}}
		}
		crowd, peer := sell(hot, 1000), b.yardstick(s, 50, 1)
		rows = append(
			rows, row{name: fsync + "-hot-1000", ours: crowd, peer: peer}, row{name: fsync + "-uniform-1000", ours: sell(uniform, 1000), peer: b.yardstick(s, 50, catalog)},
			row{name: fsync + "-hot-64", ours: sell(hot, 64), peer: peer},
			row{name: fsync + "-one", ours: sell(hot, 1), peer: b.yardstick(s, 1, 1)},
		)
		if fsync == fsyncAlways {
			rows = append(rows, row{name: "postgres-always-hot", ours: crowd, peer: pgHot})
		}
	}
	return rows, nil
}

// yardstick is redis-benchmark on a server.
func (b *bench) yardstick(s *server, clients, keys int) *entry {
	what := fmt.Sprintf("redis-benchmark DECRBY -c %d -P 1", clients)
	if keys > 1 {
		what += fmt.Sprintf(" -r %d", keys)
	}
	switch _, err := exec.LookPath("redis-benchmark"); {
	case err != nil:
		return skip(what, "redis-benchmark is not installed")
	case s.options.TLSConfig != nil || s.mini != nil || s.options.Username != "" || strings.HasPrefix(s.options.Addr, "/"):
		return skip(what, "not on this server")
	}
	return &entry{what: what, subject: &redisBenchmark{server: s, clients: clients, keys: keys}}
}

// transactions are PostgreSQL's, if it is installed and wanted.
func (b *bench) transactions(ctx context.Context, hot, uniform picks) (onHot, onUniform *entry, err error) {
	what := "PostgreSQL transaction, "
	bin := findPostgres()
	switch {
	case b.url == "embedded":
		return skip(what+"hot", "only what is embedded"), skip(what+"uniform", "only what is embedded"), nil
	case bin == "":
		return skip(what+"hot", "PostgreSQL is not installed"), skip(what+"uniform", "PostgreSQL is not installed"), nil
	case !b.wants("postgres-hot") && !b.wants("postgres-uniform") && !b.wants("postgres-always-hot"):
		return skip(what+"hot", "not wanted"), skip(what+"uniform", "not wanted"), nil
	}
	if b.pg, err = startPostgres(ctx, bin); err != nil {
		return nil, nil, err
	}
	b.ends = append(b.ends, b.pg.close)
	return &entry{what: what + "hot", subject: load{callers: connections, caller: b.pg.callers(hot)}},
		&entry{what: what + "uniform", subject: load{callers: connections, caller: b.pg.callers(uniform)}}, nil
}

// crowds are the store under ever more callers, for the plot.
func (b *bench) crowds(ctx context.Context) ([]row, error) {
	s, err := b.server(ctx, fsyncEverysec)
	if err != nil {
		return nil, err
	}
	skus := s.skus()
	sh, err := b.shop(ctx, s, "crowds", skus)
	if err != nil {
		return nil, err
	}
	onHot, onMany := b.yardstick(s, 50, 1), b.yardstick(s, 50, skus)
	var rows []row
	for _, of := range []struct {
		name  string
		picks picks
		peer  *entry
	}{{"hot", hot(), onHot}, {"zipf", zipf(skus), onMany}, {"uniform", uniform(skus), onMany}} {
		for _, n := range []int{1, 4, 16, 64, 256, 1000, 4000} {
			rows = append(rows, row{
				name: fmt.Sprintf("callers-%s-%d", of.name, n), peer: of.peer, drawn: true,
				ours: &entry{what: "the store", subject: load{callers: n, caller: sh.callers(of.picks, few, 1), cpu: s.cpu}},
			})
		}
	}
	return rows, nil
}
