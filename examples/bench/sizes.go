package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/onhand-dev/onhand/inventory"
)

// size is how many bytes of Redis one of many takes.
type size struct {
	Name  string  `json:"name"`
	Bytes float64 `json:"bytes"`
	Of    int     `json:"of"`
}

// Names of sizes that sizing is worked out from.
const (
	sizeLevel    = "level, idle, one channel"
	sizeID       = "remembered ID"
	sizeDocument = "document of an order, 2 lines"
)

// sizes fills a merchant of its own and asks what its keys take, names and tables
// included: MEMORY USAGE of each, with every element looked at.
func (b *bench) sizes(ctx context.Context) ([]size, error) {
	s, err := b.server(ctx, fsyncEverysec)
	if err != nil {
		return nil, err
	}
	if s.mini != nil {
		return nil, nil // it does not count as Redis does
	}
	progress("bytes, of %d IDs", b.ids)
	merchant := "sizes-" + rand.Text()[:6]
	levels := max(1000, b.ids/20)
	before, err := used(ctx, s)
	if err != nil {
		return nil, err
	}
	sh, err := b.shop(ctx, s, merchant, levels)
	if err != nil {
		return nil, err
	}
	loaded, err := used(ctx, s)
	if err != nil {
		return nil, err
	}
	all := levels + 1 + soldOut
	idle, err := s.bytes(ctx, merchant, "lv:")
	if err != nil {
		return nil, err
	}

	// Sales in batches, spread over all levels.
	file := s.file(ctx)
	const batch = 256
	for n := 0; n < b.ids; n += batch {
		changes := make([]inventory.Change, 0, batch)
		for i := range min(batch, b.ids-n) {
			changes = append(changes, inventory.Sell(orderID(n+i), line(sku((n+i)%levels), 1)))
		}
		if err := sh.stock.Emit(ctx, changes...); err != nil {
			return nil, err
		}
	}
	file = s.file(ctx) - file
	sold, err := used(ctx, s)
	if err != nil {
		return nil, err
	}
	ids, err1 := s.bytes(ctx, merchant, "id:")
	busy, err2 := s.bytes(ctx, merchant, "lv:")
	pending, err3 := s.bytes(ctx, merchant, "p:")
	journal, entries, err4 := s.journal(ctx, merchant)
	orders := max(100, b.ids/50)
	err5 := sh.order(ctx, orders)
	documents, err6 := s.bytes(ctx, merchant, "doc:")
	for _, err := range []error{err1, err2, err3, err4, err5, err6} {
		if err != nil {
			return nil, err
		}
	}
	out := []size{
		{sizeLevel, float64(idle) / float64(all), all},
		{"level, sold from and pending", float64(busy+pending) / float64(all), all},
		{sizeID, float64(ids) / float64(b.ids), b.ids},
		{sizeDocument, float64(documents) / float64(orders), orders},
		{"entry of the journal with 256 sales", float64(journal) / float64(entries), entries},
		{"sale in such an entry", float64(journal) / float64(entries) / batch, entries * batch},
		{"level, by used_memory, with the ID and journal of its load", float64(loaded-before) / float64(all), all},
		{"sale, by used_memory, with all that it leaves", float64(sold-loaded) / float64(b.ids), b.ids},
	}
	if file > 0 {
		out = append(out, size{"sale in the append-only file", float64(file) / float64(b.ids), b.ids})
	}
	return out, s.drop(ctx, merchant)
}

func orderID(n int) string { return fmt.Sprintf("order/gid-shopify-%09d", n) }

// order puts orders of two lines in, as their webhooks would.
func (s *shop) order(ctx context.Context, n int) error {
	const batch = 100
	for first := 0; first < n; first += batch {
		var changes []inventory.Change
		for i := first; i < min(first+batch, n); i++ {
			id := strconv.Itoa(5_364_772_000_000 + i)
			changes = append(changes, inventory.Ordered(inventory.Order{
				Channel: channel, ID: id, Created: 1_780_000_000, Updated: 1_780_000_000, Full: true, Location: location,
				Lines: []inventory.OrderLine{
					{ID: "1334" + id, SKU: sku(i % 1000), Ordered: 2},
					{ID: "1335" + id, SKU: sku((i + 1) % 1000), Ordered: 1},
				},
			}))
		}
		if err := s.stock.Emit(ctx, changes...); err != nil {
			return err
		}
	}
	return nil
}

func used(ctx context.Context, s *server) (int64, error) {
	return strconv.ParseInt(s.info(ctx, "memory")["used_memory"], 10, 64)
}

// file is how long the append-only file is, 0 if there is none.
func (s *server) file(ctx context.Context) int64 {
	n, err := strconv.ParseInt(s.info(ctx, "persistence")["aof_current_size"], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// bytes sums up the keys of a merchant that begin like that.
func (s *server) bytes(ctx context.Context, merchant, prefix string) (int64, error) {
	var sum int64
	err := s.each(ctx, "{"+merchant+"}:"+prefix+"*", func(keys []string) error {
		pipe := s.client.Pipeline()
		for _, k := range keys {
			pipe.MemoryUsage(ctx, k, 0)
		}
		cmds, err := pipe.Exec(ctx)
		for _, c := range cmds {
			sum += c.(interface{ Val() int64 }).Val()
		}
		return err
	})
	return sum, err
}

func (s *server) each(ctx context.Context, pattern string, do func(keys []string) error) error {
	for cursor := uint64(0); ; {
		keys, next, err := s.client.Scan(ctx, cursor, pattern, 1000).Result()
		if err == nil && len(keys) > 0 {
			err = do(keys)
		}
		if err != nil || next == 0 {
			return err
		}
		cursor = next
	}
}

func (s *server) journal(ctx context.Context, merchant string) (bytes int64, entries int, err error) {
	key := "{" + merchant + "}:j"
	n, err := s.client.XLen(ctx, key).Result()
	if err != nil {
		return 0, 0, err
	}
	bytes, err = s.client.MemoryUsage(ctx, key, 0).Result()
	return bytes, max(int(n), 1), err
}

func (s *server) drop(ctx context.Context, merchant string) error {
	return s.each(ctx, "{"+merchant+"}:*", func(keys []string) error {
		return s.client.Unlink(ctx, keys...).Err()
	})
}
