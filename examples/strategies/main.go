// Command strategies has ever more callers meet on one SKU under each strategy
// of package lock, and opens and closes the window of a flash sale:
//
//	go run ./examples/strategies -for 5s
//
// Stock is in memory, 1 ms away. It fails if anything is oversold or lost.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/lock"
)

const network, ample, scarce = time.Millisecond, 10_000_000, 60

// far is a store at the other end of a network.
type far struct{ *memstore.Store }

func (f far) Apply(ctx context.Context, c []inventory.Change) []inventory.Outcome {
	time.Sleep(network)
	return f.Store.Apply(ctx, c)
}

func (f far) Levels(ctx context.Context, merchant string, keys []inventory.Key) ([]inventory.Level, error) {
	time.Sleep(network)
	return f.Store.Levels(ctx, merchant, keys)
}

func (f far) Lease(ctx context.Context, merchant string, keys []inventory.Key, d time.Duration) (inventory.Lease, error) {
	time.Sleep(2 * network) // and once more to give it back
	return f.Store.Lease(ctx, merchant, keys, d)
}

func main() {
	total := flag.Duration("for", 5*time.Second, "how long all of it takes")
	flag.Parse()
	if err := run(context.Background(), *total, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, total time.Duration, out io.Writer) error {
	store := far{memstore.New(nil)}
	one, pessimistic := lock.NewAtomic(store, nil), lock.NewPessimistic(store, nil)
	class := func(name string, l lock.Locker, windows ...lock.Window) lock.Class {
		return lock.Class{Name: name, Match: func(sku string) bool { return strings.HasPrefix(sku, name) }, Locker: l, Windows: windows}
	}
	classes := []lock.Class{class("atomic", one), class("optimistic", lock.NewOptimistic(store, nil)), class("pessimistic", pessimistic)}
	policy, err1 := lock.NewPolicy(one, classes, nil)
	stock, err2 := inventory.New(store, "acme", &inventory.Config{Locker: policy})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	s := &shop{stock: stock, policy: policy, out: out, loaded: map[string]int64{}, sold: map[string]*atomic.Int64{}}
	fmt.Fprint(out, "| strategy | callers on one SKU | sold/s | median | 99 % | retries per sale | refused |\n|---|---:|---:|---:|---:|---:|---:|\n")
	for _, c := range classes {
		for _, callers := range []int{1, 4, 16, 64} {
			if err := s.round(ctx, c.Name, callers, total/16); err != nil {
				return err
			}
		}
	}

	opens := time.Now().Add(total / 16)
	sale := lock.Window{Start: opens, End: opens.Add(total / 16), Locker: pessimistic}
	if err := policy.Replace(append(classes, class("flash", one, sale))); err != nil {
		return err
	}
	return errors.Join(s.flash(ctx, sale, total/16), s.audit(ctx))
}

// shop sells, and keeps books of its own.
type shop struct {
	stock  *inventory.Stock
	policy *lock.Policy
	out    io.Writer
	loaded map[string]int64 // units by SKU
	sold   map[string]*atomic.Int64
}

func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: "berlin", Quantity: n}
}

func (s *shop) load(ctx context.Context, sku string, n int64) error {
	s.loaded[sku], s.sold[sku] = n, &atomic.Int64{}
	_, err := s.stock.Apply(ctx, inventory.Track("load/"+sku, line(sku, n)))
	return err
}

func (s *shop) stats(class string) lock.Stats {
	all := s.policy.Stats()
	return all[slices.IndexFunc(all, func(x lock.Stats) bool { return x.Class == class })]
}

// round has callers sell one unit after the other of one SKU, for d.
func (s *shop) round(ctx context.Context, class string, callers int, d time.Duration) error {
	sku := fmt.Sprintf("%s-%d", class, callers)
	if err := s.load(ctx, sku, ample); err != nil {
		return err
	}
	var mu sync.Mutex
	took := []time.Duration{0} // and one for each sale
	before, start := s.stats(class), time.Now()
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for n := 0; time.Since(start) < d; n++ {
				asked := time.Now()
				_, err := s.stock.Apply(ctx, inventory.Sell(fmt.Sprintf("%s/%d/%d", sku, i, n), line(sku, 1)))
				mu.Lock()
				if err == nil { // else others were faster each time, and a customer would be told
					took = append(took, time.Since(asked))
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	after, sales := s.stats(class), float64(len(took)-1)
	s.sold[sku].Add(int64(sales))
	slices.Sort(took)
	fmt.Fprintf(s.out, "| %s | %d | %.0f | %v | %v | %.2f | %.0f %% |\n", class, callers, sales/time.Since(start).Seconds(),
		took[len(took)/2].Round(network/10), took[len(took)*99/100].Round(network/10),
		float64(after.Conflicts-before.Conflicts)/max(1, sales), 100*float64(after.GaveUp-before.GaveUp)/float64(after.Changes-before.Changes))
	return nil
}

// flash sells what comes in before, in and after the window, two units per
// customer as another system decides. In the window decisions are made alone.
func (s *shop) flash(ctx context.Context, w lock.Window, after time.Duration) error {
	fmt.Fprintf(s.out, "\nA flash sale, two units per customer, 16 customers at a time:\n\n")
	var n, deciding, most atomic.Int64
	var sku string
	customer := func() {
		order, units := fmt.Sprint("flash/", n.Add(1)), int64(0)
		_, err := s.policy.Update(ctx, "acme", []inventory.Key{{SKU: sku, Location: "berlin"}}, func(_ context.Context, now []inventory.Level) (inventory.Change, error) {
			most.Store(max(most.Load(), deciding.Add(1)))
			defer deciding.Add(-1)
			time.Sleep(network) // asks the other system
			if units = min(2, now[0].Sellable()); units <= 0 {
				return inventory.Change{}, inventory.ErrInsufficient
			}
			return inventory.Sell(order, line(sku, units)), nil
		})
		if err == nil {
			s.sold[sku].Add(units)
		}
	}
	phases := []string{"before, atomic", "window open, pessimistic", "window closed, atomic"}
	for i, end := range []time.Time{w.Start, w.End, w.End.Add(after)} {
		sku = fmt.Sprint("flash-", i)
		if err := s.load(ctx, sku, scarce); err != nil {
			return err
		}
		before := s.stats("flash")
		for most.Store(0); time.Now().Before(end); {
			var all sync.WaitGroup
			for range 16 {
				all.Go(customer)
			}
			all.Wait()
		}
		after := s.stats("flash")
		fmt.Fprintf(s.out, "- %s: %d units sold, %d customers came too late, %d gave up, at most %d decided at once\n",
			phases[i], s.sold[sku].Load(), after.Refused-before.Refused, after.GaveUp-before.GaveUp, most.Load())
	}
	return nil
}

// audit compares the stock with the shop's own books.
func (s *shop) audit(ctx context.Context) error {
	for sku, n := range s.loaded {
		levels, err := s.stock.Levels(ctx, inventory.Key{SKU: sku})
		if err != nil {
			return err
		}
		l, sold := levels[0], s.sold[sku].Load()
		if l.Available < 0 || l.Available != n-sold || l.Committed != sold {
			return fmt.Errorf("%d loaded and %d sold, but the stock says %s", n, sold, l)
		}
	}
	_, err := fmt.Fprintf(s.out, "\nNothing oversold; %d SKUs add up.\n", len(s.loaded))
	return err
}
