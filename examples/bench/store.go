package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

const storeHelp = `
Columns: sales per second, half the spread of the rounds, how long a sale takes,
processor used by the server (of a Redis its one thread) and by this process, which
makes the load; then what it is compared with, by the same rules. Ratio is sales per
second, ours to the other's. All of ours are one call of Stock.Apply per sale, with
an ID, a floor, a channel that shows the level, the journal, and an outcome each.

Rows are named by SKUs and callers: hot is one SKU, zipf and uniform are 10,000, one
is one caller. One sale in 100 is a repeat; in mixed one in 5, and one in 5 is sold
out. off and always are rows on a Redis with that appendfsync; the others are on one
with everysec. nothing is what the load itself costs: a store that does nothing, and as
many callers as there are processors.
`

func runStore(ctx context.Context, args []string, out io.Writer) error {
	b := &bench{}
	f := b.flags("store", os.Stderr)
	growth := f.Bool("growth", false, "measure how cost grows instead")
	full := f.Bool("full", false, "with -growth: up to 1,000,000 levels and 10,000 merchants")
	losses := f.Bool("loss", false, "kill Redis under load instead, and count what is lost")
	f.StringVar(&b.url, "redis", "", "measure on this Redis, e.g. redis://127.0.0.1:6379/0, which has to have its own rows only;\n\"embedded\" is one in this process. Default: start one")
	f.IntVar(&b.ids, "ids", 1_000_000, "how many IDs to remember when bytes are measured; 0 measures none")
	f.StringVar(&b.svg, "svg", "", "measure the ratio over the number of callers, too, and draw it into this file")
	usage := f.Usage
	f.Usage = func() {
		usage()
		fmt.Fprint(f.Output(), storeHelp)
	}
	err := f.Parse(args)
	if err == nil {
		err = b.valid()
	}
	if err != nil {
		return err
	}
	r := report{command: "go run ./examples/bench store", unit: "sold"}
	if err := b.open(); err != nil {
		return err
	}
	defer func() {
		if err := b.close(); err != nil {
			progress("%v", err)
		}
	}()
	redis.SetLogger(quiet{})
	switch {
	case *losses:
		r.command += " -loss"
		r.losses, err = b.losses(ctx)
	case *growth:
		r.command += " -growth"
		r.rows, err = b.growth(ctx, *full)
	default:
		r.rows, err = b.contests(ctx)
		if err == nil && b.ids > 0 && b.wants("sizes") {
			r.sizes, err = b.sizes(ctx)
		}
	}
	if err != nil {
		return err
	}
	r.machine = b.versions(ctx)
	return r.print(out, &b.options)
}

// quiet keeps the client from telling that the server is gone, which it is on
// purpose; whatever fails has an error as well.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// bench is a run of the command store, with the servers that it has started.
type bench struct {
	options
	url string
	ids int

	dir     string
	servers map[string]*server // by appendfsync
	pg      *postgres
	ends    []func() error
}

func (b *bench) open() (err error) {
	b.servers = map[string]*server{}
	b.dir, err = os.MkdirTemp("", "bench-")
	b.ends = append(b.ends, func() error { return os.RemoveAll(b.dir) })
	return err
}

// close ends what was started, the last first.
func (b *bench) close() error {
	var errs []error
	for _, end := range slices.Backward(b.ends) {
		errs = append(errs, end())
	}
	return errors.Join(errs...)
}

// server returns a Redis with that appendfsync; without one to start, or of
// somebody's, there is only one.
func (b *bench) server(ctx context.Context, fsync string) (s *server, err error) {
	if s := b.servers[fsync]; s != nil {
		return s, nil
	}
	_, lacking := exec.LookPath("redis-server")
	switch {
	case b.url == "" && lacking == nil:
		var dir string
		if dir, err = os.MkdirTemp(b.dir, "redis-"); err == nil {
			s, err = startRedis(ctx, dir, fsync)
		}
	case fsync != fsyncEverysec:
		return nil, nil
	case b.url == "" || b.url == "embedded":
		if b.url == "" {
			progress("redis-server is not installed: this is the embedded server, whose figures mean little")
		}
		s, err = embedRedis()
	default:
		s, err = openRedis(ctx, b.url)
	}
	if err != nil {
		return nil, err
	}
	b.servers[fsync] = s
	b.ends = append(b.ends, s.close)
	return s, nil
}

// client returns a client that is closed with the run.
func (b *bench) client(s *server, callers int) *redis.Client {
	c := s.connect(callers)
	b.ends = append(b.ends, c.Close)
	return c
}

// shop returns a loaded shop on a server.
func (b *bench) shop(ctx context.Context, s *server, merchant string, skus int) (*shop, error) {
	sh, err := openShop(ctx, b.client(s, 0), merchant, nil)
	if err != nil {
		return nil, err
	}
	return sh, sh.load(ctx, skus)
}

func (b *bench) versions(ctx context.Context) []string {
	var all []string
	for _, fsync := range []string{fsyncEverysec, fsyncOff, fsyncAlways} {
		if s := b.servers[fsync]; s != nil {
			all = append(all, s.version(ctx))
			if b.url != "" {
				all = append(all, "appendfsync "+s.fsync)
			}
			break
		}
	}
	if b.pg != nil {
		all = append(all, b.pg.version(ctx))
	}
	return machine(all...)
}

// nothing is a shop on a store that does nothing.
func nothing() (*shop, error) {
	stock, err := inventory.New(empty{}, "bench", nil)
	return &shop{store: empty{}, stock: stock}, err
}
