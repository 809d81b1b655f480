package shopify

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// Syncer tells a shop what to show: it is the [inventory.Syncer] of a Shopify
// shop. Each batch is one inventoryAdjustQuantities of "available" with a
// delta for each level, sent without a guard under the batch's idempotency
// key: a delta commutes with orders that were not heard of yet, and a key that
// Shopify has seen takes effect once (Admin API 2026-04 and later).
//
// Shopify applies a request as a whole or, if it names user errors, not at
// all; so the entries that it names are refused, and their neighbours come
// again in another batch.
type Syncer struct {
	client  *Client
	catalog Catalog
	cfg     SyncerConfig
}

// SyncerConfig of a Syncer. Nil and zero values mean defaults.
type SyncerConfig struct {
	// Reason that the merchant sees in the history: one of Shopify's, such as
	// "correction" (the default), "received" or "other".
	Reason string
	// Reference is the start of the URI in the history; the batch's number is
	// added. Default: "gid://onhand/Batch/".
	Reference string
}

// NewSyncer returns the Syncer of the client's shop.
func NewSyncer(c *Client, cat Catalog, cfg *SyncerConfig) *Syncer {
	var own SyncerConfig
	if cfg != nil {
		own = *cfg
	}
	own.Reason = cmp.Or(own.Reason, "correction")
	own.Reference = cmp.Or(own.Reference, "gid://onhand/Batch/")
	return &Syncer{client: c, catalog: cat, cfg: own}
}

var _ inventory.Syncer = (*Syncer)(nil)

// Channel implements [inventory.Syncer].
func (s *Syncer) Channel() string { return s.client.Channel() }

// Prepare implements [inventory.Syncer]. Levels whose item or location the
// catalog does not know, or knows twice, are refused.
func (s *Syncer) Prepare(ctx context.Context, b inventory.Batch) (request []byte, refused []inventory.Result, err error) {
	var skus []string
	for _, p := range b.Pushes {
		skus = append(skus, p.SKU)
	}
	items, err := s.catalog.ItemsBySKU(ctx, skus)
	if err != nil {
		return nil, nil, err
	}
	locations, err := s.catalog.Locations(ctx)
	if err != nil {
		return nil, nil, err
	}
	w := write{Key: b.Key(), Name: "available", Reason: s.cfg.Reason, Reference: s.cfg.Reference + b.ID}
	refused = make([]inventory.Result, len(b.Pushes))
	for i, p := range b.Pushes {
		var why error
		switch found, location := items[p.SKU], locations[p.Location]; {
		case len(found) == 0:
			why = fmt.Errorf("shopify: no item has the SKU %q", p.SKU)
		case len(found) > 1:
			why = fmt.Errorf("shopify: %d items have the SKU %q: give each its own", len(found), p.SKU)
		case !found[0].Tracked:
			why = fmt.Errorf("shopify: item %s (%s) is not tracked", found[0].ID, p.SKU)
		case location == "":
			why = fmt.Errorf("shopify: location %q is not in the catalog", p.Location)
		default:
			w.Entries = append(w.Entries, writeEntry{Item: found[0].ID, Location: location, Quantity: p.Delta})
			continue
		}
		refused[i] = inventory.Result{Status: inventory.Refused, Err: why}
	}
	if len(w.Entries) == 0 {
		return nil, refused, nil
	}
	request, err = adjustBody(w)
	return request, refused, err
}

// Send implements [inventory.Syncer]. An error is: no answer, throttled, not
// authorized, suspended; the batch waits. A request that Shopify will never
// take is refused as a whole, unless an earlier sending got no answer and so
// may have been taken.
func (s *Syncer) Send(ctx context.Context, b inventory.Batch) ([]inventory.Result, error) {
	got, err := s.client.sendWrite(ctx, b.Request)
	results := make([]inventory.Result, len(b.Pushes))
	if err != nil {
		var api *APIError
		if !errors.As(err, &api) || !api.Permanent() {
			return nil, err
		}
		status := inventory.Refused
		if b.Attempt > 1 {
			status = inventory.Lapsed
		}
		for i := range results {
			results[i] = inventory.Result{Status: status, Err: err}
		}
		return results, nil
	}
	judge(results, got.Refused)
	return results, nil
}

// judge turns Shopify's user errors into a result each.
func judge(results []inventory.Result, refused []UserError) {
	whole := inventory.Result{Status: inventory.Applied}
	for i := range refused {
		e := &refused[i]
		switch at, ok := e.Index(); {
		case ok && at < len(results):
			results[at] = inventory.Result{Status: inventory.Refused, Err: e}
			if whole.Status == inventory.Applied {
				whole = inventory.Result{Status: inventory.Deferred}
			}
		case e.Code == "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED": // not applied; needs another key
			whole = inventory.Result{Status: inventory.Deferred}
		default:
			whole = inventory.Result{Status: inventory.Refused, Err: e}
		}
	}
	for i := range results {
		if results[i].Status == "" {
			results[i] = whole
		}
	}
}
