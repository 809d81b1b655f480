package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
	"github.com/onhand-dev/onhand/lock"
)

// plenty of units of everything that is sold.
const plenty = 1_000_000_000

// channel is believed to show every level, so a sale has to decide whether it is
// to be told.
const channel = "shop"

// shop sells by the calls that every program uses.
type shop struct {
	store inventory.Store
	stock *inventory.Stock
}

// openShop returns a merchant's shop on a server, which may be one without a
// file: here it is only measured.
func openShop(ctx context.Context, c redis.UniversalClient, merchant string, cfg *inventory.Config) (*shop, error) {
	store, err := redisstore.New(ctx, c, &redisstore.Config{
		AllowUnsafe: []redisstore.Unsafe{redisstore.NoAOF, redisstore.LazyFsync}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	stock, err := inventory.New(store, merchant, cfg)
	return &shop{store: store, stock: stock}, err
}

// with returns the same stock through a strategy.
func (s *shop) with(l lock.Locker) (*shop, error) {
	stock, err := inventory.New(s.store, s.stock.Merchant(), &inventory.Config{Locker: l})
	return &shop{store: s.store, stock: stock}, err
}

// of returns another merchant's shop on the same store.
func (s *shop) of(merchant string) (*shop, error) {
	stock, err := inventory.New(s.store, merchant, nil)
	return &shop{store: s.store, stock: stock}, err
}

// empty is a store that does nothing: what is left is the cost of measuring.
type empty struct{ inventory.Store }

func (empty) Apply(_ context.Context, changes []inventory.Change) []inventory.Outcome {
	out := make([]inventory.Outcome, len(changes))
	for i, c := range changes {
		out[i].ID = c.ID
	}
	return out
}

func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: location, Quantity: n}
}

// load puts up levels of n SKUs and of the hot one with plenty of units, and of
// some that are sold out, all of which the channel is believed to show.
func (s *shop) load(ctx context.Context, n int) error {
	if err := s.stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{{Name: channel}}}); err != nil {
		return err
	}
	lines := []inventory.Line{line("hot", plenty)}
	for i := range n {
		lines = append(lines, line(sku(i), plenty))
	}
	for i := range soldOut {
		lines = append(lines, line(goneSKU(i), 0))
	}
	for part := range slices.Chunk(lines, 1000) {
		id := part[0].SKU
		shown := slices.Clone(part)
		for i, l := range part {
			shown[i].Shown = l.Quantity
		}
		if err := s.stock.Emit(ctx, inventory.Track("track/"+id, part...), inventory.Believe("believe/"+id, channel, shown...)); err != nil {
			return err
		}
	}
	return nil
}

// every nth sale is one that was made before: a webhook that came twice, a caller
// who saw no answer.
type repeats int

const (
	few  repeats = 100
	many repeats = 5
)

// callers returns the sales of each caller: one unit each, or one each of several
// SKUs, with IDs as an order has.
func (s *shop) callers(p picks, twice repeats, lines int) func(context.Context, int) (sale, error) {
	run := rand.Text()[:8]
	return func(_ context.Context, caller int) (sale, error) {
		next, prefix := p.from(caller), "order/"+run+"-"+strconv.Itoa(caller)+"-"
		var last inventory.Change
		n := 0
		return func(ctx context.Context) error {
			if n++; n%int(twice) != 0 {
				wanted := make([]inventory.Line, lines)
				for i := range wanted {
					wanted[i] = line(next(), 1)
				}
				last = inventory.Sell(prefix+strconv.Itoa(n), wanted...)
			}
			_, err := s.stock.Apply(ctx, last)
			switch {
			case errors.Is(err, inventory.ErrInsufficient):
				return nil // an outcome as any other
			case errors.Is(err, lock.ErrContended), errors.Is(err, lock.ErrNotAcquired), errors.Is(err, lock.ErrLeaseLost):
				return fmt.Errorf("%w: %w", errGaveUp, err)
			}
			return err
		}, nil
	}
}
