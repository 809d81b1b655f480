package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

// comparison of what the shop has with what the store knows.
type comparison struct {
	levels, mismatched, missing, dead int
	details                           []string // the first few
}

func (c *comparison) differs(format string, args ...any) {
	if len(c.details) < 20 {
		c.details = append(c.details, fmt.Sprintf(format, args...))
	}
}

func compare(ctx context.Context, shop *shopifytest.Server, s *service) (comparison, error) {
	var c comparison
	err := errors.Join(c.compareLevels(ctx, shop, s), c.compareOrders(ctx, shop, s))
	for _, x := range []struct{ topic, group string }{{s.cfg.webhooks(), "orders"}, {s.cfg.changes(), "adjuster"}} {
		for l, e := range s.router.DeadLetters(x.topic, x.group).List(ctx, queue.Filter{}) {
			if e != nil {
				err = errors.Join(err, e)
				break
			}
			c.dead++
			c.differs("dead letter %s: %s: %s", l.Event.ID, l.Reason, l.Error)
		}
	}
	return c, err
}

// compareLevels: store, believed and shop must agree on every level.
func (c *comparison) compareLevels(ctx context.Context, shop *shopifytest.Server, s *service) error {
	for _, l := range shop.Levels() {
		if !l.Tracked || !l.Active {
			continue
		}
		c.levels++
		k := inventory.Key{SKU: cmp.Or(l.SKU, "item:"+number(l.Item)), Location: l.LocationName} // as the catalog names them
		shown := l.Quantities["available"]
		known := false
		for b, err := range s.stock.Store().Beliefs(ctx, s.cfg.merchant, s.client.Channel(), []inventory.Key{k}) {
			if err != nil {
				return err
			}
			known = true
			have, err := s.stock.Levels(ctx, k)
			if err != nil {
				return err
			}
			if b.Known && b.Believed == shown && b.Target == shown && have[0].Available == shown && b.Parked == "" {
				continue
			}
			c.mismatched++
			c.differs("%s: shop shows %d, believed %d, target %d, store has %d available, %d reserved, %d committed %s",
				k, shown, b.Believed, b.Target, have[0].Available, have[0].Reserved, have[0].Committed, b.Parked)
		}
		if !known {
			c.mismatched++
			c.differs("%s: shop shows %d, and the store does not know it", k, shown)
		}
	}
	return nil
}

// compareOrders: what each document has booked is what the order is at the
// shop.
func (c *comparison) compareOrders(ctx context.Context, shop *shopifytest.Server, s *service) error {
	for _, o := range shop.Orders() {
		name := s.client.Channel() + "/" + number(o.ID)
		recs, err := s.stock.Orders(ctx, name)
		if err != nil {
			return err
		}
		if recs[0] == nil {
			c.missing++
			c.differs("order %s is not known", name)
			continue
		}
		type sum struct{ available, committed int64 }
		want, have := map[string]sum{}, map[string]sum{}
		for _, l := range o.Lines {
			if l.Item == "" || !l.Tracked || o.Unclaimed {
				continue
			}
			x := want[l.SKU]
			want[l.SKU] = sum{x.available + l.Cancelled + l.Returned - l.Ordered, x.committed + l.Open}
		}
		for _, m := range recs[0].Booked {
			x := have[m.SKU]
			have[m.SKU] = sum{x.available + m.Available, x.committed + m.Committed}
		}
		for sku, x := range want {
			if have[sku] != x {
				c.missing++
				c.differs("order %s, %s: shop moved %+v, store %+v, doubts %v", name, sku, x, have[sku], recs[0].Doubts)
				break
			}
		}
	}
	return nil
}

// number is that of a gid.
func number(gid string) string { return gid[strings.LastIndexByte(gid, '/')+1:] }
