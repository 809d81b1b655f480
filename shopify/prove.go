package shopify

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// ProveReplay finds out on one level of a test item whether the shop executes
// a request that is repeated with its idempotency key once, as Shopify
// documents and others have seen otherwise. It takes one unit off, sends the
// same bytes again, reads the level, and puts back what was taken. Nothing else
// may move the level meanwhile: if its number does not add up, the error says
// so. If proved, the channel's ReplayProved is set; it must be configured.
func ProveReplay(ctx context.Context, s *inventory.Stock, c *Client, cat Catalog, level inventory.Key) (proved bool, err error) {
	set, err := s.Settings(ctx)
	if err != nil {
		return false, err
	}
	channel, ok := set.Channel(c.Channel())
	if !ok {
		return false, fmt.Errorf("shopify: channel %s is not configured: Load it first", c.Channel())
	}
	items, err := cat.ItemsBySKU(ctx, []string{level.SKU})
	if err != nil {
		return false, err
	}
	locations, err := cat.Locations(ctx)
	if err != nil {
		return false, err
	}
	if len(items[level.SKU]) != 1 || locations[level.Location] == "" {
		return false, fmt.Errorf("shopify: %s is not exactly one item at one location of the shop", level)
	}
	p := prover{c: c, item: items[level.SKU][0].ID, location: locations[level.Location]}
	taken, err := p.twice(ctx)
	if err != nil {
		return false, err
	}
	switch taken {
	case 1:
		channel.ReplayProved = true
		return true, s.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{channel}})
	case 2:
		return false, nil
	}
	return false, fmt.Errorf("shopify: %s moved by %d while it was tested: use an item that nothing else moves", level, taken)
}

type prover struct {
	c              *Client
	item, location string
}

// twice takes one unit off by one request sent twice, and tells how many were
// taken. They are put back.
func (p prover) twice(ctx context.Context) (taken int64, err error) {
	before, err := p.read(ctx)
	if err != nil {
		return 0, err
	}
	body, err := adjustBody(p.write(-1))
	if err != nil {
		return 0, err
	}
	for range 2 {
		got, err := p.c.sendWrite(ctx, body)
		if err != nil {
			return 0, err
		}
		if len(got.Refused) > 0 {
			return 0, &got.Refused[0]
		}
	}
	after, err := p.read(ctx)
	if err != nil {
		return 0, err
	}
	taken = before - after
	if taken == 1 || taken == 2 {
		got, err := p.c.adjust(ctx, p.write(taken))
		if err == nil && len(got.Refused) > 0 {
			err = &got.Refused[0]
		}
		if err != nil {
			return taken, fmt.Errorf("shopify: %d units of %s were taken off and not put back: %w", taken, p.item, err)
		}
	}
	return taken, nil
}

func (p prover) write(delta int64) write {
	return write{
		Key: rand.Text(), Name: "available", Reason: "other", Reference: "gid://onhand/ProveReplay/1",
		Entries: []writeEntry{{Item: p.item, Location: p.location, Quantity: delta}},
	}
}

func (p prover) read(ctx context.Context) (int64, error) {
	items, err := p.c.levelsOf(ctx, []string{p.item}, []string{"available"}, PriorityRead)
	if err != nil {
		return 0, err
	}
	for _, it := range items {
		for _, l := range it.Levels {
			if n, ok := l.available(); ok && l.Location == p.location {
				return n, nil
			}
		}
	}
	return 0, fmt.Errorf("shopify: item %s is not stocked at %s", p.item, p.location)
}
