package shopify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// kits sets apart what was read of kits: it is not stock, but what the shop says
// that can be made of it. A store that keeps no levels of kits is told nothing
// of them.
func (l *loader) kits(ctx context.Context, read []reading) (plain, kits []reading, err error) {
	if _, keeps := l.stock.Store().(inventory.KitKeeper); !keeps {
		return read, nil, nil
	}
	var skus []string
	for _, r := range read {
		skus = append(skus, r.SKU)
	}
	among, err := l.stock.KitsAmong(ctx, skus...)
	if err != nil {
		return nil, nil, err
	}
	is := map[string]bool{}
	for _, k := range among {
		is[k.SKU] = true
		l.report.Kits = append(l.report.Kits, k.SKU)
	}
	slices.Sort(l.report.Kits)
	for _, r := range read {
		if is[r.SKU] {
			kits = append(kits, r)
		} else {
			plain = append(plain, r)
		}
	}
	return plain, kits, nil
}

// show lets the shop show its kits, and notes what it does by now.
func (l *loader) show(ctx context.Context, kits []reading) error {
	if len(l.report.Kits) == 0 {
		return nil
	}
	if err := l.stock.ShowKits(ctx, l.report.Kits...); err != nil {
		return fmt.Errorf("shopify: load kits: %w", err)
	}
	for batch := range slices.Chunk(kits, 250) {
		if err := l.believe(ctx, batch); err != nil {
			return err
		}
	}
	slices.SortFunc(l.report.Unshown, inventory.Key.Compare)
	return nil
}

// believe notes what is shown of levels that exist.
func (l *loader) believe(ctx context.Context, batch []reading) error {
	changes := make([]inventory.Change, len(batch))
	for i, r := range batch {
		line := inventory.Line{SKU: r.SKU, Location: r.Location, Shown: r.shown}
		changes[i] = inventory.Believe(l.id("believe", r), l.client.Channel(), line)
	}
	for i, o := range l.stock.ApplyBatch(ctx, changes) {
		switch {
		case o.Err == nil:
			l.report.Believed++
		case errors.Is(o.Err, inventory.ErrUntracked) && slices.Contains(l.report.Kits, batch[i].SKU):
			l.report.Unshown = append(l.report.Unshown, batch[i].Key)
		default:
			return fmt.Errorf("shopify: load: %w", o.Err)
		}
	}
	return nil
}
