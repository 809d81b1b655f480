package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Availability is how many units of a SKU can be had, as of one moment. It is a
// snapshot: only a Change finds out whether they still can.
type Availability struct {
	SKU string `json:"sku"`
	// Quantity is over all locations, in units of the SKU. Below zero it is
	// oversold. Whether one order can have all of it is up to the [Sourcer].
	Quantity int64 `json:"quantity"`
	// ByLocation is sorted by location and has those where the SKU is tracked,
	// of a kit those where all its components are. What is not listed is not
	// zero but unknown. The numbers add up to Quantity; of a kit that may be
	// made up from several locations ([Config.SpreadKits]) Quantity can be more,
	// and that a pooled channel shows can be less.
	ByLocation []AvailableAt `json:"by_location,omitempty"`
	// AsOf is by the clock of this process, taken before the read: every write
	// that was answered before it is in the numbers.
	AsOf time.Time `json:"as_of"`
}

// AvailableAt is how many units of a SKU can be had at one location.
type AvailableAt struct {
	Location string `json:"location"`
	Quantity int64  `json:"quantity"`
}

// Availability tells how many units of SKUs can be had, in the order asked,
// each SKU once, by one read of the store. It never answers from a cache.
//
// With channel "" it is what may be sold at all: of each level
// [Level.Sellable]. With the name of a channel it is what that channel is to
// show: the channel's locations only, and of each level its [Target]. A channel
// that is not configured is an [*InvalidError]. A pooled channel has no locations:
// its Quantity is the [PooledTarget], and its ByLocation what each location adds
// to that before the channel's buffer and cap.
//
// Of a kit it is how many can be made up at each location: as many as the
// scarcest component allows. The channel's buffer is withheld from each
// component, its cap holds for the kit. With [Config.SpreadKits] Quantity is how
// many the components of all locations together allow.
//
// A SKU that is not tracked (or nowhere where the channel sells), or a kit with
// such a component, is not in the answer; an [*UntrackedError] beside the others
// names what is missing. So it is with a kit that is defined wrongly and an
// [*InvalidError]. After any other error there is no answer.
func (s *Stock) Availability(ctx context.Context, channel string, skus ...string) ([]Availability, error) {
	if len(skus) == 0 {
		return nil, nil
	}
	view := view{spread: s.spread}
	if channel != "" {
		set, err := s.store.Settings(ctx, s.merchant)
		if err != nil {
			return nil, err
		}
		c, ok := set.Channel(channel)
		if !ok {
			return nil, &InvalidError{Field: "channel", Problem: fmt.Sprintf("%q is not configured", channel)}
		}
		view.channel = &c
	}
	asked, keys, wrong, err := s.takeApart(ctx, skus)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if len(keys) > 0 {
		levels, err := s.store.Levels(ctx, s.merchant, keys)
		if err != nil && !errors.Is(err, ErrUntracked) {
			return nil, err
		}
		view.read(levels)
	}
	var out []Availability
	var untracked UntrackedError
	for _, a := range asked {
		quantity, at, missing := view.of(a.parts)
		if missing != nil {
			untracked.Keys = append(untracked.Keys, missing...)
			continue
		}
		out = append(out, Availability{SKU: a.sku, Quantity: quantity, ByLocation: at, AsOf: now})
	}
	if untracked.Keys == nil {
		return out, wrong
	}
	slices.SortFunc(untracked.Keys, Key.Compare)
	untracked.Keys = slices.Compact(untracked.Keys)
	if wrong == nil {
		return out, &untracked
	}
	return out, errors.Join(&untracked, wrong)
}

// asked is a SKU and the plain components of it: one of itself if it is no kit.
type asked struct {
	sku   string
	parts []part
}

// takeApart finds the components of SKUs, and the keys of all of them. Wrong is
// about kits that can't be.
func (s *Stock) takeApart(ctx context.Context, skus []string) (all []asked, keys []Key, wrong, err error) {
	kits := s.kitBook()
	seen, read := map[string]bool{}, map[string]bool{}
	var bad []error
	for _, sku := range skus {
		if seen[sku] {
			continue
		}
		seen[sku] = true
		parts, err := kits.parts(ctx, sku)
		switch {
		case errors.Is(err, ErrInvalid):
			bad = append(bad, err)
			continue
		case err != nil:
			return nil, nil, nil, err
		case parts == nil:
			parts = []part{{sku: sku, units: 1}}
		}
		all = append(all, asked{sku, parts})
		for _, p := range parts {
			if !read[p.sku] {
				read[p.sku] = true
				keys = append(keys, Key{SKU: p.sku})
			}
		}
	}
	return all, keys, errors.Join(bad...), nil
}

// view is levels as a channel is to see them, or nobody in particular.
type view struct {
	channel *Channel
	spread  bool
	levels  map[Key]Level
	places  map[string][]string // by SKU, sorted
}

func (v *view) read(levels []Level) {
	v.levels, v.places = map[Key]Level{}, map[string][]string{}
	for _, l := range levels {
		if v.channel == nil || v.channel.Sells(l.Location) {
			v.levels[l.Key] = l
			v.places[l.SKU] = append(v.places[l.SKU], l.Location)
		}
	}
	for _, at := range v.places {
		slices.Sort(at)
	}
}

// units is what a level has for the viewer, before any cap.
func (v *view) units(l Level) int64 {
	if v.channel == nil {
		return l.Sellable()
	}
	if v.channel.Pooled {
		return pooledUnits(l, *v.channel)
	}
	c := *v.channel
	c.Max = 0
	return Target(l, c)
}

// limit keeps a number within the channel's cap on so many levels.
func (v *view) limit(n int64, levels int) int64 {
	if v.channel == nil || v.channel.Max == 0 || v.channel.Pooled {
		return n
	}
	return min(n, v.channel.Max*int64(levels))
}

// of is how many there are of what has these parts. Missing are the levels
// without which nobody knows.
func (v *view) of(parts []part) (quantity int64, at []AvailableAt, missing []Key) {
	sums := make([]int64, len(parts))
	whole := map[string]int64{} // by location: how many can be made up there
	parted := map[string]int{}  // by location: how many of the parts it has
	for i, p := range parts {
		if len(v.places[p.sku]) == 0 {
			missing = append(missing, Key{SKU: p.sku})
		}
		for _, location := range v.places[p.sku] {
			n := v.units(v.levels[Key{SKU: p.sku, Location: location}])
			sums[i] += n
			n = floorDiv(n, p.units)
			if parted[location] > 0 {
				n = min(n, whole[location])
			}
			whole[location] = n
			parted[location]++
		}
	}
	if missing != nil {
		return 0, nil, missing
	}
	for location, n := range whole {
		if parted[location] == len(parts) {
			at = append(at, AvailableAt{Location: location, Quantity: v.limit(n, 1)})
		}
	}
	slices.SortFunc(at, func(a, b AvailableAt) int { return cmp.Compare(a.Location, b.Location) })
	if v.spread && (len(parts) > 1 || parts[0].units > 1) {
		quantity = floorDiv(sums[0], parts[0].units)
		for i, p := range parts {
			quantity = min(quantity, floorDiv(sums[i], p.units))
		}
		return v.pooled(v.limit(quantity, len(whole)), parts, sums), at, nil
	}
	if len(at) == 0 {
		var untracked *UntrackedError
		errors.As(apart(parts, v.places), &untracked)
		return 0, nil, untracked.Keys
	}
	for _, a := range at {
		quantity += a.Quantity
	}
	return v.pooled(quantity, parts, sums), at, nil
}

// pooled keeps a number within what a pooled channel is to show: its buffer is
// withheld once from the sum of each component.
func (v *view) pooled(quantity int64, parts []part, sums []int64) int64 {
	if v.channel == nil || !v.channel.Pooled {
		return quantity
	}
	for i, p := range parts {
		quantity = min(quantity, floorDiv(less(sums[i], v.channel.Buffer), p.units))
	}
	return v.channel.capped(quantity)
}
