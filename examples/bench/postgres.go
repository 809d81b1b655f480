package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// postgres is what a merchant would use else: a transaction per sale, with a row
// that remembers the ID, and an update that goes no lower than zero.
type postgres struct {
	process *process
	dir     string

	mu    sync.Mutex
	conns []*pgx.Conn
}

// connections to PostgreSQL, as many as one on two cores has use for.
const connections = 20

// findPostgres is where initdb and postgres are, "" if nowhere. Debian has them in
// a place of their own.
func findPostgres() string {
	places, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if p, err := exec.LookPath("initdb"); err == nil {
		places = append(places, p)
	}
	slices.Reverse(places)
	for _, p := range places {
		if _, err := os.Stat(filepath.Join(filepath.Dir(p), "postgres")); err == nil {
			return filepath.Dir(p)
		}
	}
	return ""
}

// startPostgres makes a database in a directory of its own, with the settings
// that it comes with, and serves it at a socket there.
func startPostgres(ctx context.Context, bin string) (_ *postgres, err error) {
	dir, err := os.MkdirTemp("", "bench-postgres-")
	if err != nil {
		return nil, err
	}
	pg := &postgres{dir: dir}
	defer func() { //nolint:contextcheck // it is ended also if the run was cut off
		if err != nil {
			err = errors.Join(err, pg.close())
		}
	}()
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if err := asAnother(dir, initdb); err != nil {
		return nil, err
	}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	serve := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-c", "listen_addresses=")
	if err := asAnother(dir, serve); err != nil {
		return nil, err
	}
	if pg.process, err = startProcess(serve, filepath.Join(dir, "log"), syscall.SIGINT); err != nil {
		return nil, err
	}
	err = pg.process.ready(ctx, func() error {
		c, err := pg.connect(ctx)
		if err == nil {
			err = c.Ping(ctx)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return pg, pg.load(ctx)
}

// connect returns a connection that is closed with the server.
func (pg *postgres) connect(ctx context.Context) (*pgx.Conn, error) {
	c, err := pgx.Connect(ctx, "host="+pg.dir+" user=bench dbname=postgres sslmode=disable")
	if err != nil {
		return nil, err
	}
	pg.mu.Lock()
	defer pg.mu.Unlock()
	pg.conns = append(pg.conns, c)
	return c, nil
}

func (pg *postgres) load(ctx context.Context) error {
	for _, sql := range []string{
		`CREATE TABLE applied (id text PRIMARY KEY)`,
		`CREATE TABLE levels (sku text PRIMARY KEY, available bigint NOT NULL, committed bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 1)`,
		`INSERT INTO levels (sku, available) SELECT 'sku-' || n, ` + strconv.Itoa(plenty) + ` FROM generate_series(0, ` + strconv.Itoa(catalog-1) + `) n`,
		`INSERT INTO levels (sku, available) VALUES ('hot', ` + strconv.Itoa(plenty) + `)`,
		`VACUUM ANALYZE levels`,
	} {
		if _, err := pg.conns[0].Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (pg *postgres) version(ctx context.Context) string {
	var v string
	if err := pg.conns[0].QueryRow(ctx, "SHOW server_version").Scan(&v); err != nil {
		return ""
	}
	v, _, _ = strings.Cut(v, " ")
	return "PostgreSQL " + v
}

// callers keep their connection from one round to the next.
func (pg *postgres) callers(p picks) func(context.Context, int) (sale, error) {
	conns := make([]*pgx.Conn, connections)
	rounds := 0
	return func(ctx context.Context, caller int) (sale, error) {
		if conns[caller] == nil {
			c, err := pg.connect(ctx)
			if err != nil {
				return nil, err
			}
			conns[caller] = c
		}
		if caller == 0 {
			rounds++
		}
		c, next, n := conns[caller], p.from(caller), 0
		prefix := fmt.Sprintf("order/%p-%d-%d-", conns, rounds, caller)
		var id, sku string
		return func(ctx context.Context) error {
			if n++; n%int(few) != 0 {
				id, sku = prefix+strconv.Itoa(n), next()
			}
			return pgSell(ctx, c, id, sku)
		}, nil
	}
}

func pgSell(ctx context.Context, c *pgx.Conn, id, sku string) error {
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO applied (id) VALUES ($1) ON CONFLICT DO NOTHING`, id)
		if err != nil || tag.RowsAffected() == 0 {
			return err
		}
		tag, err = tx.Exec(ctx, `UPDATE levels SET available = available - 1, committed = committed + 1, version = version + 1 WHERE sku = $1 AND available >= 1`, sku)
		if err == nil && tag.RowsAffected() == 0 {
			err = fmt.Errorf("%s is sold out", sku)
		}
		return err
	})
}

func (pg *postgres) close() error {
	var errs []error
	for _, c := range pg.conns {
		errs = append(errs, c.Close(context.Background()))
	}
	if pg.process != nil {
		errs = append(errs, pg.process.end())
	}
	return errors.Join(append(errs, os.RemoveAll(pg.dir))...)
}
