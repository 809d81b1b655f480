package shopifytest

import (
	"context"
	"math/rand/v2"
	"time"
)

// Mix says how often each kind of thing happens, by weight. What is zero does
// not happen.
type Mix struct {
	Order, Cancel, Refund, Edit, Fulfill, Unfulfill, Move, Hold, Touch, HandEdit int
}

// ShopperConfig says what a [Shopper] does.
type ShopperConfig struct {
	// Rate is how many things happen a second under Run. Default 1.
	Rate float64
	// Seed of the shopper's own chance.
	Seed uint64
	// Mix of what happens. Default: all of it but hand edits, a third orders.
	Mix Mix
	// Elsewhere is the share of restocked units that are put elsewhere than
	// where they came from, of fulfillments sent from elsewhere, and of units
	// added to a line that come from elsewhere.
	Elsewhere float64
	// Custom, Unclaimed and Retail are shares of lines without a variant, of
	// orders that take no stock, and of sales at a till.
	Custom, Unclaimed, Retail float64
	// Spread is the share of lines that leave it to the shop where their units
	// come from.
	Spread float64
	// Items are SKUs or gids to buy. Default: all.
	Items []string
}

// Shopper makes a shop live: orders of one to four lines, cancelled, refunded,
// edited, shipped and moved. With one seed and one history of calls it does the
// same again.
type Shopper struct {
	shop   *Server
	cfg    ShopperConfig
	chance *rand.Rand
}

// Shopper returns a shopper. Nothing happens until it is told to.
func (s *Server) Shopper(cfg *ShopperConfig) *Shopper {
	var c ShopperConfig
	if cfg != nil {
		c = *cfg
	}
	if c.Mix == (Mix{}) {
		c.Mix = Mix{Order: 10, Cancel: 2, Refund: 4, Edit: 4, Fulfill: 6, Unfulfill: 1, Move: 1, Hold: 1, Touch: 1}
	}
	if c.Rate <= 0 {
		c.Rate = 1
	}
	return &Shopper{shop: s, cfg: c, chance: rand.New(rand.NewPCG(c.Seed, 2))} //nolint:gosec // traffic, not secrets
}

// Run lets things happen at the shopper's rate until ctx ends. It returns nil
// then.
func (p *Shopper) Run(ctx context.Context) error {
	for {
		wait := time.Duration(p.chance.ExpFloat64() / p.cfg.Rate * float64(time.Second))
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
			p.Step()
		}
	}
}

// Step lets one thing happen and says what, such as "order" or "refund". It is
// empty if what was chosen was not possible, as a refund without an order.
func (p *Shopper) Step() string {
	m := p.cfg.Mix
	kinds := []struct {
		name   string
		weight int
		do     func() bool
	}{
		{"order", m.Order, p.order},
		{"cancel", m.Cancel, p.cancel},
		{"refund", m.Refund, p.refund},
		{"edit", m.Edit, p.edit},
		{"fulfill", m.Fulfill, p.fulfill},
		{"unfulfill", m.Unfulfill, p.unfulfill},
		{"move", m.Move, p.move},
		{"hold", m.Hold, p.hold},
		{"touch", m.Touch, p.touch},
		{"hand edit", m.HandEdit, p.handEdit},
	}
	sum := 0
	for _, k := range kinds {
		sum += max(k.weight, 0)
	}
	n := p.chance.IntN(max(sum, 1))
	for _, k := range kinds {
		if n -= max(k.weight, 0); n < 0 {
			if k.do() {
				return k.name
			}
			return ""
		}
	}
	return ""
}

func (p *Shopper) hit(share float64) bool { return share > 0 && p.chance.Float64() < share }

func (p *Shopper) upTo(n int64) int64 { return 1 + p.chance.Int64N(n) }

// tries is how often a choice is made anew that does not fit.
const tries = 20

// pickLevel finds something on sale. The shop is locked.
func (p *Shopper) pickLevel() *level {
	s := p.shop
	for range tries {
		var it *item
		switch {
		case len(p.cfg.Items) > 0:
			it = s.findItem(p.cfg.Items[p.chance.IntN(len(p.cfg.Items))])
		case len(s.itemList) > 0:
			it = s.itemList[p.chance.IntN(len(s.itemList))]
		}
		if it == nil || len(it.levels) == 0 {
			continue
		}
		l := it.levels[p.chance.IntN(len(it.levels))]
		if l.active && l.location.active && (!it.tracked || it.oversell || l.quantity(available) > 0) {
			return l
		}
	}
	return nil
}

// recent is how many orders back a life goes on.
const recent = 200

// pickOrder finds an order that fits. The shop is locked.
func (p *Shopper) pickOrder(fits func(*order) bool) *order {
	list := p.shop.orderList
	list = list[max(0, len(list)-recent):]
	for range tries {
		if len(list) == 0 {
			return nil
		}
		if o := list[p.chance.IntN(len(list))]; fits(o) {
			return o
		}
	}
	return nil
}

// elsewhere picks a location to restock at, or "" for where units came from.
func (p *Shopper) elsewhere() string {
	if !p.hit(p.cfg.Elsewhere) {
		return ""
	}
	return p.anyPlace()
}

func (p *Shopper) anyPlace() string {
	var ids []string
	for _, l := range p.shop.locationList {
		if l.active {
			ids = append(ids, gid("Location", l.id))
		}
	}
	if len(ids) == 0 {
		return ""
	}
	return ids[p.chance.IntN(len(ids))]
}

// locked runs a choice while the shop stands still; what was chosen is done
// after it.
func (p *Shopper) locked(choose func()) {
	p.shop.mu.Lock()
	defer p.shop.mu.Unlock()
	choose()
}
