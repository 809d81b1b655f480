package shopify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// LoadConfig of a Load. Nil and zero values mean defaults.
type LoadConfig struct {
	// DryRun reads and reports, and writes nothing.
	DryRun bool
	// History is how far back orders are read afterwards, by the first CatchUp,
	// so that what happens to them later is understood. Default: 60 days, which
	// is as far as the scope read_orders reaches.
	History time.Duration
	// ReplayProved of the channel: whether this shop is known to execute a
	// request that is repeated with its idempotency key once. Without it a
	// Pusher refuses the channel.
	ReplayProved bool
}

// Report is what a Load found.
type Report struct {
	// Tracked levels were started, Believed ones existed already and were only
	// noted as shown by the shop.
	Tracked, Believed int
	// Untracked items are not counted by Shopify; Inactive levels are not sold.
	Untracked, Inactive int
	// Elsewhere counts levels at locations that the catalog does not name.
	Elsewhere int
	// Ambiguous SKUs stand on several items; none of them is loaded.
	Ambiguous []string
	// Kits are SKUs that are kits to the stock and that the shop counts as items
	// of their own. They are shown ([inventory.Stock.ShowKits]) instead of
	// tracked, and what the shop shows of them is noted.
	Kits []string
	// Unshown are levels of Kits that the shop has and nobody can know, as not
	// all their components are tracked there. Nothing is pushed to them; load
	// again once that has changed. See [inventory.Stock.ShownKits].
	Unshown []inventory.Key
	// From and Until are when Shopify answered first and last. An order placed
	// in between may be in one level's number and not in another's: load while
	// the shop is quiet, or compare afterwards.
	From, Until time.Time
}

// Load reads every level of a shop, starts to track it with the shop's
// quantities, and notes what the shop shows. It configures the channel: its
// locations are those of the catalog, and orders placed before the first
// answer of this load are counted as loaded. It may run again: levels that
// exist keep their quantities. Kits are not tracked, but shown; see Report.Kits.
func Load(ctx context.Context, s *inventory.Stock, c *Client, cat Catalog, cfg *LoadConfig) (Report, error) {
	var own LoadConfig
	if cfg != nil {
		own = *cfg
	}
	own.History = cmp.Or(max(own.History, 0), 60*24*time.Hour)
	l := loader{stock: s, client: c, catalog: cat, cfg: own}
	err := l.run(ctx)
	return l.report, err
}

type loader struct {
	stock   *inventory.Stock
	client  *Client
	catalog Catalog
	cfg     LoadConfig
	report  Report
}

func (l *loader) run(ctx context.Context) error {
	locations, err := l.catalog.Locations(ctx)
	if err != nil {
		return err
	}
	all, err := l.client.locations(ctx, PriorityRead)
	if err != nil {
		return err
	}
	names, active := reversed(locations), map[string]bool{}
	for _, x := range all {
		active[x.ID] = x.Active
	}
	maps.DeleteFunc(names, func(id, _ string) bool { return !active[id] })

	read, err := l.read(ctx, names)
	if err != nil {
		return err
	}
	read, kits, err := l.kits(ctx, read)
	if err != nil || l.cfg.DryRun {
		l.report.Tracked = len(read)
		return err
	}
	if err := l.configure(ctx, slices.Sorted(maps.Values(names))); err != nil {
		return err
	}
	for batch := range slices.Chunk(read, 250) {
		if err := l.write(ctx, batch); err != nil {
			return err
		}
	}
	if err := l.show(ctx, kits); err != nil {
		return err
	}
	return l.bookmark(ctx)
}

// reading is one level as Shopify shows it.
type reading struct {
	inventory.Key
	lines []inventory.Line
	shown int64
}

// read walks through the shop.
func (l *loader) read(ctx context.Context, names map[string]string) ([]reading, error) {
	var out []reading
	owner := map[string]string{} // SKU -> item
	for page, err := range l.client.inventory(ctx, nil, PriorityRead) {
		if err != nil {
			return nil, err
		}
		if l.report.From.IsZero() {
			l.report.From = page.At
		}
		l.report.Until = page.At
		for _, it := range page.Items {
			known := it.known()
			if !it.Tracked {
				l.report.Untracked++
				continue
			}
			if other, ok := owner[known.SKU]; ok && other != it.ID {
				if !slices.Contains(l.report.Ambiguous, known.SKU) {
					l.report.Ambiguous = append(l.report.Ambiguous, known.SKU)
				}
				continue
			}
			owner[known.SKU] = it.ID
			for _, lv := range it.Levels {
				name, ok := names[lv.Location]
				_, counted := lv.available()
				switch {
				case !lv.Active || !counted:
					l.report.Inactive++
				case !ok:
					l.report.Elsewhere++
				default:
					out = append(out, read1(keyOf(known, name), lv))
				}
			}
		}
	}
	return slices.DeleteFunc(out, func(r reading) bool { return slices.Contains(l.report.Ambiguous, r.SKU) }), nil
}

// read1 turns Shopify's quantities into states. What Shopify's own drafts and
// transfers reserve is unavailable here: our reserved is what holds hold.
func read1(k inventory.Key, lv level) reading {
	r := reading{Key: k}
	r.shown, _ = lv.available()
	add := func(to inventory.State, reason string, n int64) {
		if n != 0 || to == inventory.Available {
			r.lines = append(r.lines, inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: n, To: to, Reason: reason})
		}
	}
	add(inventory.Available, "", r.shown)
	r.lines[0].Shown = r.shown
	add(inventory.Committed, "", lv.Quantities["committed"].N)
	add(inventory.Incoming, "", lv.Quantities["incoming"].N)
	for _, name := range []string{"damaged", "quality_control", "reserved", "safety_stock"} {
		add(inventory.Unavailable, name, lv.Quantities[name].N)
	}
	return r
}

func (l *loader) configure(ctx context.Context, locations []string) error {
	set, err := l.stock.Settings(ctx)
	if err != nil {
		return err
	}
	channel, ok := set.Channel(l.client.Channel())
	if !ok {
		channel.Name = l.client.Channel()
	}
	channel.Locations = locations
	channel.ReplayProved = channel.ReplayProved || l.cfg.ReplayProved
	if channel.Since.IsZero() {
		channel.Since = l.report.From
	}
	return l.stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{channel}})
}

// id names a Change about one level by this load.
func (l *loader) id(what string, r reading) string {
	level := sha256.Sum256([]byte(r.Key.String())) // a SKU alone may fill an ID
	return fmt.Sprintf("%s/%s/%d/%x", what, l.client.Channel(), l.report.From.Unix(), level[:12])
}

// write starts levels, and notes what is shown where one exists.
func (l *loader) write(ctx context.Context, batch []reading) error {
	track := make([]inventory.Change, len(batch))
	for i, r := range batch {
		track[i] = inventory.Track(l.id("load", r), r.lines...)
		track[i].Origin = l.client.Channel()
	}
	var believe []reading
	for i, o := range l.stock.ApplyBatch(ctx, track) {
		switch {
		case o.Err == nil:
			l.report.Tracked++
		case errors.Is(o.Err, inventory.ErrConflict):
			believe = append(believe, batch[i])
		default:
			return fmt.Errorf("shopify: load %s: %w", batch[i].Key, o.Err)
		}
	}
	return l.believe(ctx, believe)
}

// bookmark lets the first CatchUp begin in the past.
func (l *loader) bookmark(ctx context.Context) error {
	marks, ok := l.stock.Store().(inventory.Bookmarker)
	if !ok {
		return nil
	}
	name := ordersBookmark(l.client.Channel())
	have, err := marks.Bookmark(ctx, l.stock.Merchant(), name)
	if err != nil || have != "" {
		return err
	}
	return marks.SetBookmark(ctx, l.stock.Merchant(), name, l.report.From.Add(-l.cfg.History).UTC().Format(time.RFC3339))
}
