package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// ShownKit is a kit that has levels of its own, for channels that sell it as an
// item of its own.
type ShownKit struct {
	SKU string
	// Components are what one unit is made of, the SKU and the Quantity of each,
	// sorted by SKU. None of them is a kit.
	Components []Line
}

// Validate returns an [*InvalidError] if a [KitKeeper] can't keep the kit.
func (k ShownKit) Validate() error {
	field := "Kits[" + k.SKU + "]"
	switch {
	case !validName(k.SKU):
		return &InvalidError{Field: "Kits", Problem: badName}
	case len(k.Components) > MaxLines:
		return &InvalidError{Field: field, Problem: fmt.Sprintf("has more than %d components", MaxLines)}
	}
	seen := map[string]bool{k.SKU: true}
	for _, c := range k.Components {
		switch {
		case !validName(c.SKU):
			return &InvalidError{Field: field, Problem: "has a component whose SKU " + badName}
		case c.Quantity < 1 || c.Quantity > MaxQuantity:
			return &InvalidError{Field: field, Problem: fmt.Sprintf("has %d of %s, must be 1 to %d", c.Quantity, c.SKU, MaxQuantity)}
		case seen[c.SKU]:
			return &InvalidError{Field: field, Problem: "has " + c.SKU + " twice, or contains itself"}
		}
		seen[c.SKU] = true
	}
	return nil
}

// KitKeeper is an optional power of a [Store]: it keeps levels of kits, whose
// available is [KitUnits] of their components at the location.
//
// A write of a component marks it, in the same step, and Derive works marks
// off; so a level of a kit can be stale, but no change is ever missed. It moves
// by itself only by the Shown of a Change's lines, together with what is
// believed of the Change's origin: a channel that sold a kit causes no push to
// itself. An enforced Change that moves it otherwise is an [*InvalidError]; of a
// recorded one only Shown counts. It is safe for concurrent use.
type KitKeeper interface {
	// KeepKits registers kits in place of what they were; one without Components
	// is no longer kept. Levels follow by Derive.
	KeepKits(ctx context.Context, merchant string, kits []ShownKit) error
	// ShownKits lists the kits, sorted by SKU.
	ShownKits(ctx context.Context, merchant string) ([]ShownKit, error)
	// Derive works off about max marks, oldest first: it brings the levels of
	// kits up to date where all components are tracked, starts those that lack,
	// and ends those of kits that are not kept or whose components are not all
	// tracked, once no batch tells a channel of them. A plain level of the kit's
	// SKU is left alone. More says that there are marks that it did not look at,
	// and that it is of use to go on at once.
	Derive(ctx context.Context, merchant string, max int) (more bool, err error)
}

// KitUnits is how many units of a kit can be sold from levels of its
// components, perUnit of each: as many as the scarcest allows, by what is
// available and by what an enforced [Change] may still take, whichever is less.
// So safety stock is not shown, and what a backorder limit allows is neither.
// It rounds down below zero, too: a kit that comes back to an oversold
// component raises it by one, as it does for any other.
func KitUnits(levels []Level, perUnit []int64) int64 {
	var n int64
	for i, l := range levels {
		if k := floorDiv(min(l.Available, l.Sellable()), perUnit[i]); i == 0 || k < n {
			n = k
		}
	}
	return n
}

// keeper is the store's power over levels of kits.
func (s *Stock) keeper() (KitKeeper, error) {
	if k, ok := s.store.(KitKeeper); ok {
		return k, nil
	}
	return nil, fmt.Errorf("inventory: the store does not keep levels of kits: %w", errors.ErrUnsupported)
}

// ShowKits lets channels show kits that they sell as items of their own: each
// gets a level at every location where all its components are tracked, with
// targets, buffers, batches and parked pushes like any other. What a channel
// shows of it at first has to be read: see [Believe]. Sales of a kit go to its
// components as before, so the floors of these decide, not the kit's number.
//
// Call it again when a kit was redefined, which it is to [Config.Kits] from then
// on anyway. A SKU that is no kit is an [*InvalidError], and nothing is shown;
// a store that is no [KitKeeper] is [errors.ErrUnsupported]. It may be repeated
// after any error.
func (s *Stock) ShowKits(ctx context.Context, skus ...string) error {
	keeper, err := s.keeper()
	if err != nil {
		return err
	}
	kits := make([]ShownKit, len(skus))
	book := s.kitBook()
	for i, sku := range skus {
		parts, err := book.parts(ctx, sku)
		if err != nil {
			return err
		}
		if parts == nil {
			return &InvalidError{Field: "Kits[" + sku + "]", Problem: "is not a kit: Config.Kits knows no components of it"}
		}
		kits[i] = shownKit(sku, parts)
	}
	if err := keeper.KeepKits(ctx, s.merchant, kits); err != nil {
		return err
	}
	return s.DeriveKits(ctx)
}

// KitsAmong returns those of the SKUs that are kits to [Config.Kits], in the
// order asked, each once. It asks no store.
func (s *Stock) KitsAmong(ctx context.Context, skus ...string) ([]ShownKit, error) {
	var out []ShownKit
	book, seen := s.kitBook(), map[string]bool{}
	for _, sku := range skus {
		parts, err := book.parts(ctx, sku)
		if err != nil {
			return nil, err
		}
		if parts != nil && !seen[sku] {
			seen[sku] = true
			out = append(out, shownKit(sku, parts))
		}
	}
	return out, nil
}

func shownKit(sku string, parts []part) ShownKit {
	k := ShownKit{SKU: sku}
	for _, p := range parts {
		k.Components = append(k.Components, Line{SKU: p.sku, Quantity: p.units})
	}
	return k
}

// HideKits ends the levels of kits, and with them what channels are believed to
// show; nothing is pushed. A level that a channel is being told of ends after
// that. SKUs that are not shown are left alone. It may be repeated.
func (s *Stock) HideKits(ctx context.Context, skus ...string) error {
	keeper, err := s.keeper()
	if err != nil {
		return err
	}
	kits := make([]ShownKit, len(skus))
	for i, sku := range skus {
		kits[i].SKU = sku
	}
	if err := keeper.KeepKits(ctx, s.merchant, kits); err != nil {
		return err
	}
	return s.DeriveKits(ctx)
}

// DeriveKits brings the levels of kits up to date with their components, in
// bounded steps. A [Pusher] does before it claims and a [Janitor] in each round,
// so it is for those who read these levels without either.
func (s *Stock) DeriveKits(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = s.derive(ctx); err != nil {
			return err
		}
	}
	return nil
}

// derive is one step of DeriveKits; nothing without a KitKeeper.
func (s *Stock) derive(ctx context.Context) (more bool, err error) {
	keeper, ok := s.store.(KitKeeper)
	if !ok {
		return false, nil
	}
	return keeper.Derive(ctx, s.merchant, derivedAtOnce)
}

// derivedAtOnce is how many marks one step works off.
const derivedAtOnce = 250

// KitState is how a [ShownKit] stands.
type KitState struct {
	ShownKit
	// Levels are what the kit can show where that is known, sorted.
	Levels []Level
	// Missing are levels of components that are not tracked, sorted: without
	// them nobody knows how many there are at their locations, so nothing is
	// shown there. Locations with none of the components are left out; an empty
	// Location is everywhere.
	Missing []Key
	// Occupied are tracked levels of the kit's SKU that are no kit's; they stay
	// as they are. Untrack them and the kit is shown there.
	Occupied []Key
}

// ShownKits lists the kits that are shown, sorted by SKU, and why one is not
// where it is not.
func (s *Stock) ShownKits(ctx context.Context) ([]KitState, error) {
	keeper, err := s.keeper()
	if err != nil {
		return nil, err
	}
	kits, err := keeper.ShownKits(ctx, s.merchant)
	if err != nil || len(kits) == 0 {
		return nil, err
	}
	asked := map[string]bool{}
	var keys []Key
	ask := func(sku string) {
		if !asked[sku] {
			asked[sku] = true
			keys = append(keys, Key{SKU: sku})
		}
	}
	for _, k := range kits {
		ask(k.SKU)
		for _, c := range k.Components {
			ask(c.SKU)
		}
	}
	levels, err := s.store.Levels(ctx, s.merchant, keys)
	if err != nil && !errors.Is(err, ErrUntracked) {
		return nil, err
	}
	bySKU := map[string][]Level{}
	for _, l := range levels {
		bySKU[l.SKU] = append(bySKU[l.SKU], l)
	}
	out := make([]KitState, len(kits))
	for i, k := range kits {
		out[i] = k.state(bySKU)
	}
	return out, nil
}

func (k ShownKit) state(levels map[string][]Level) KitState {
	st := KitState{ShownKit: k}
	for _, l := range levels[k.SKU] {
		if l.Kit {
			st.Levels = append(st.Levels, l)
		} else {
			st.Occupied = append(st.Occupied, l.Key)
		}
	}
	at := map[string]map[string]bool{} // location -> components there
	for _, c := range k.Components {
		tracked := false
		for _, l := range levels[c.SKU] {
			if l.Kit {
				continue
			}
			tracked = true
			if at[l.Location] == nil {
				at[l.Location] = map[string]bool{}
			}
			at[l.Location][c.SKU] = true
		}
		if !tracked {
			st.Missing = append(st.Missing, Key{SKU: c.SKU})
		}
	}
	for location, has := range at {
		for _, c := range k.Components {
			if !has[c.SKU] && !slices.Contains(st.Missing, Key{SKU: c.SKU}) {
				st.Missing = append(st.Missing, Key{SKU: c.SKU, Location: location})
			}
		}
	}
	slices.SortFunc(st.Missing, Key.Compare)
	return st
}
