package inventory

import (
	"context"
	"errors"
	"slices"
)

// hint is the levels of a batch as they will be after the Changes before, as
// far as one can tell. They are sorted by key.
type hint struct {
	levels []Level
	// set has the channels that Changes have happened at, if there are any.
	set Settings
}

// hint reads the levels of all plans that need locations.
func (s *Stock) hint(ctx context.Context, plans []plan) (h hint, err error) {
	skus, origins := map[string]bool{}, false
	var keys []Key
	for _, p := range plans {
		if !p.open() {
			continue
		}
		origins = origins || p.said.Origin != ""
		for _, l := range p.said.Lines {
			if !skus[l.SKU] {
				skus[l.SKU] = true
				keys = append(keys, Key{SKU: l.SKU})
			}
		}
	}
	if keys == nil {
		return h, nil
	}
	if origins {
		if h.set, err = s.store.Settings(ctx, s.merchant); err != nil {
			return h, err
		}
	}
	levels, err := s.store.Levels(ctx, s.merchant, keys)
	if errors.Is(err, ErrUntracked) {
		err = nil // the Sourcer misses them, or needs no level
	}
	h.levels = slices.Clone(levels)
	slices.SortFunc(h.levels, func(a, b Level) int { return a.Compare(b.Key) })
	return h, err
}

// of are the levels of one Change: of its SKUs, where its channel sells.
func (h hint) of(c Change) []Level {
	channel, _ := h.set.Channel(c.Origin)
	var out []Level
	var skus []string
	for _, l := range c.Lines {
		skus = append(skus, l.SKU)
	}
	slices.Sort(skus)
	for _, sku := range slices.Compact(skus) {
		i, _ := slices.BinarySearchFunc(h.levels, Key{SKU: sku}, func(l Level, k Key) int { return l.Compare(k) })
		for ; i < len(h.levels) && h.levels[i].SKU == sku; i++ {
			if channel.Sells(h.levels[i].Location) {
				out = append(out, h.levels[i])
			}
		}
	}
	return out
}

// note lets the levels move by lines.
func (h hint) note(lines []Line) {
	for _, l := range lines {
		i, ok := slices.BinarySearchFunc(h.levels, l.Key(), func(x Level, k Key) int { return x.Compare(k) })
		if ok {
			h.levels[i].Add(l.From, -l.Quantity)
			h.levels[i].Add(l.To, l.Quantity)
		}
	}
}
