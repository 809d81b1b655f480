package inventory

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

// Stock is one merchant's stock: what users hold. It has no goroutine and
// nothing to close, and is safe for concurrent use.
//
// Its methods return errors of this package. [ErrUnknown] and nothing else
// means that the outcome is not known; the same call with the same ID settles
// it. Contexts bound the wait, not the effect.
type Stock struct {
	store    Store
	applier  Applier
	merchant string
	kits     Kits
	sourcer  Sourcer
	spread   bool
	observe  func(Change, Outcome)
	log      *slog.Logger

	compactOrders, forgetOrders time.Duration
	// spared is when a caller last let reservations expire without need.
	spared atomic.Int64
}

// Config of a Stock. Nil and zero values mean defaults.
type Config struct {
	// Locker applies Changes by its strategy. Default: the store itself, atomic.
	Locker Applier
	// Kits knows which SKUs are kits: lines of Changes are expanded into their
	// components, and availability is that of the components. See
	// [Stock.ShowKits] for channels that sell one as an item of its own. Default:
	// nothing is a kit.
	Kits Kits
	// Sourcer chooses locations for lines that have none. Default: none, and
	// such lines are refused.
	Sourcer Sourcer
	// SpreadKits lets the components of one kit come from several locations
	// where no location has them all. Default: one kit is made up at one
	// location, and more than can be made up so is neither shown nor sold.
	SpreadKits bool
	// Observe is called with every Change that came in and what became of it, by
	// the goroutine that submitted it: for metrics. Default: none.
	Observe func(Change, Outcome)
	// CompactOrders is how long the document of an order is kept as it is after
	// its last change; then a [Janitor] writes it in a compact form, about a
	// quarter as long, in which nothing is lost. Default: 60 days.
	CompactOrders time.Duration
	// ForgetOrders is how long a document is kept in all after its last change;
	// then a Janitor deletes it. An order of which there is no document, and that
	// was placed longer ago than this less 30 days, is a base: what is heard of it
	// first moves nothing. At least 31 days longer than CompactOrders. Default: 400 days.
	ForgetOrders time.Duration
	// Logger of what somebody should look at. Default: none.
	Logger *slog.Logger
}

// New returns the stock of a merchant. The error is an [*InvalidError] about
// the merchant's name or a field of Config.
func New(s Store, merchant string, cfg *Config) (*Stock, error) {
	if err := ValidMerchant(merchant); err != nil {
		return nil, err
	}
	var c Config
	if cfg != nil {
		c = *cfg
	}
	if c.Locker == nil {
		c.Locker = s
	}
	if c.Observe == nil {
		c.Observe = func(Change, Outcome) {}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.CompactOrders = cmp.Or(c.CompactOrders, defaultCompactOrders)
	c.ForgetOrders = cmp.Or(c.ForgetOrders, defaultForgetOrders)
	switch {
	case c.CompactOrders < 0:
		return nil, &InvalidError{Field: "Config.CompactOrders", Problem: "must not be negative"}
	case c.ForgetOrders < c.CompactOrders+lateFacts+24*time.Hour:
		return nil, &InvalidError{Field: "Config.ForgetOrders", Problem: "must be 31 days or more beyond CompactOrders"}
	}
	return &Stock{
		compactOrders: c.CompactOrders, forgetOrders: c.ForgetOrders,
		store: s, applier: c.Locker, merchant: merchant, kits: c.Kits, sourcer: c.Sourcer, spread: c.SpreadKits,
		observe: c.Observe, log: c.Logger,
	}, nil
}

// Merchant is whose stock it is.
func (s *Stock) Merchant() string { return s.merchant }

// Store is where the stock is kept.
func (s *Stock) Store() Store { return s.store }

// Emitter takes Changes: a [*Stock], which applies them now, or the publishing
// end of a queue. Nil means that it has every one of them; after an error emit
// all again, which is harmless.
type Emitter interface {
	Emit(ctx context.Context, changes ...Change) error
}

// Emit implements [Emitter]: ApplyBatch with the errors joined.
func (s *Stock) Emit(ctx context.Context, changes ...Change) error {
	var errs []error
	for _, o := range s.ApplyBatch(ctx, changes) {
		errs = append(errs, o.Err)
	}
	return errors.Join(errs...)
}

// Apply applies one Change. See [Stock.ApplyBatch].
func (s *Stock) Apply(ctx context.Context, c Change) (Outcome, error) {
	out := s.ApplyBatch(ctx, []Change{c})[0]
	return out, out.Err
}

// ApplyBatch applies Changes in one call to the store, those that carry an
// [Order] after the others, and returns an Outcome each.
//
// Lines of a kit become lines of its components first, except in a [Track],
// an [Untrack], a [Believe] and an [Edited], which are about a level. Then lines without location get one.
// Both follow the definitions and the stock of that moment; a Cancel or a Return
// of a kit that was redefined since names the lines that were sold instead.
//
// An order is merged into its document, and the difference of what the
// document implies before and after is applied, with the new document, in one
// step. Where a level of an order is not tracked, nothing moves on it, and
// Outcome.Untracked says so: when the level is loaded later, the order is in
// its number already.
func (s *Stock) ApplyBatch(ctx context.Context, changes []Change) []Outcome {
	out := make([]Outcome, len(changes))
	var plain, orders []int
	for i, c := range changes {
		if c.Merchant != "" && c.Merchant != s.merchant {
			out[i] = Outcome{ID: c.ID, Err: &InvalidError{Field: "Merchant", Problem: "is " + c.Merchant + ", but this is the stock of " + s.merchant}}
			continue
		}
		if c.Order != nil {
			orders = append(orders, i)
		} else {
			plain = append(plain, i)
		}
	}
	pick := func(at []int) []Change {
		picked := make([]Change, len(at))
		for j, i := range at {
			picked[j] = changes[i]
			picked[j].Merchant = s.merchant
		}
		return picked
	}
	put := func(at []int, outcomes []Outcome) {
		for j, i := range at {
			out[i] = outcomes[j]
		}
	}
	if len(plain) > 0 {
		put(plain, s.applyPlain(ctx, pick(plain)))
	}
	if len(orders) > 0 {
		put(orders, s.applyOrders(ctx, pick(orders)))
	}
	for i, o := range out {
		s.observe(changes[i], o)
	}
	return out
}

// submit hands Changes to the applier. An enforced Change that came up short
// while reservations were due is tried again after their expiry. Others leave it
// to a Janitor, or do a little of it now and then: when thousands come due at
// once, no caller is to wait for what it does not need.
func (s *Stock) submit(ctx context.Context, changes []Change) []Outcome {
	if len(changes) == 0 {
		return nil
	}
	out := s.applier.Apply(ctx, changes)
	for fresh := out; ; {
		var again []Change
		var at []int
		for i, o := range out {
			if errors.Is(o.Err, ErrInsufficient) && len(o.Due) > 0 {
				again, at = append(again, changes[i]), append(at, i)
			}
		}
		if again == nil && !s.spare() {
			break
		}
		if !s.expire(ctx, fresh) || again == nil {
			break
		}
		fresh = s.applier.Apply(ctx, again)
		for j, o := range fresh {
			out[at[j]] = o
		}
	}
	return out
}

// spareTime is how often a caller that needs nothing lets reservations expire.
const spareTime = 100 * time.Millisecond

// spare reports whether it is time for a caller to do so.
func (s *Stock) spare() bool {
	now, last := time.Now().UnixNano(), s.spared.Load()
	return (now < last || now-last >= int64(spareTime)) && s.spared.CompareAndSwap(last, now)
}

// expire submits the expiry of the reservations that outcomes name, and
// reports whether anything went back.
func (s *Stock) expire(ctx context.Context, out []Outcome) bool {
	var ids []string
	for _, o := range out {
		for _, id := range o.Due {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	changes := make([]Change, len(ids))
	for i, id := range ids {
		changes[i] = Expire(id)
		changes[i].Merchant = s.merchant
	}
	if len(changes) == 0 {
		return false
	}
	moved := false
	for i, o := range s.store.Apply(ctx, changes) {
		moved = moved || o.Err == nil
		if o.Err != nil && Answered(o.Err) {
			s.log.WarnContext(ctx, "a reservation can't expire; it is tried again in an hour", "reservation", ids[i], "error", o.Err)
		}
	}
	return moved
}

// Reserve holds units for ttl under an ID, e.g. the cart's. Repeated, it
// answers with the hold's present state: look at Status. Reserving other lines
// needs another ID. Errors: [ErrInsufficient] with every short line,
// [ErrUntracked], [ErrReusedID], [ErrInvalid], [ErrUnknown].
func (s *Stock) Reserve(ctx context.Context, id string, ttl time.Duration, lines ...Line) (Reservation, error) {
	return hold(s.Apply(ctx, Reserve(id, ttl, lines...)))
}

// Extend makes a hold last until ttl from now; it never shortens one. Errors:
// [ErrExpired], [ErrReleased], [ErrCommitted], [ErrNotFound], [ErrUnknown].
func (s *Stock) Extend(ctx context.Context, id string, ttl time.Duration) (Reservation, error) {
	return hold(s.Apply(ctx, Extend(id, ttl)))
}

func hold(o Outcome, err error) (Reservation, error) {
	if o.Reservation == nil {
		return Reservation{}, err
	}
	return *o.Reservation, err
}

// Commit sells what a hold has to an order. After the hold's time it takes the
// units again if they are there (Outcome.Late), else the error is [ErrExpired]
// and [ErrInsufficient]. Other errors: [ErrReleased], [ErrNotFound],
// [ErrCommitted] if it went to another order, [ErrUnknown]. Once the customer
// has paid, call it with [context.WithoutCancel].
func (s *Stock) Commit(ctx context.Context, id, order string) (Outcome, error) {
	return s.Apply(ctx, Commit(id, order))
}

// Release gives back what a hold has; nil also if it was released or has
// expired before. Errors: [ErrCommitted], [ErrNotFound], [ErrUnknown].
func (s *Stock) Release(ctx context.Context, id string) error {
	_, err := s.Apply(ctx, Release(id))
	return err
}

// Available is how many units of a SKU may be sold, over all locations:
// available less each level's safety stock, plus its backorder limit, as of
// now. Below zero it is oversold. Of a kit it is how many can be made up. A SKU
// that is not tracked is [ErrUntracked], never 0. See [Stock.Availability].
func (s *Stock) Available(ctx context.Context, sku string) (int64, error) {
	all, err := s.Availability(ctx, "", sku)
	if err != nil {
		return 0, err
	}
	return all[0].Quantity, nil
}

// Levels returns the tracked levels of keys, sorted, as of now; an empty
// Location stands for all. An [*UntrackedError] beside them names the others.
func (s *Stock) Levels(ctx context.Context, keys ...Key) ([]Level, error) {
	return s.store.Levels(ctx, s.merchant, keys)
}

// Settings returns the merchant's channels.
func (s *Stock) Settings(ctx context.Context) (Settings, error) {
	return s.store.Settings(ctx, s.merchant)
}

// Configure merges settings: channels by name, rules by level. Levels are
// pending by the new rules when it returns.
func (s *Stock) Configure(ctx context.Context, set Settings) error {
	return s.store.Configure(ctx, s.merchant, set)
}
