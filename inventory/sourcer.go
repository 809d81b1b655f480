package inventory

import (
	"cmp"
	"context"
	"slices"
)

// Sourcer chooses locations for lines that have none. It may split a line.
// Levels are those of the lines' SKUs, as a hint: the floor decides.
type Sourcer interface {
	Source(ctx context.Context, need []Line, levels []Level) ([]Line, error)
}

// FixedLocation takes everything from one location.
func FixedLocation(location string) Sourcer { return fixed(location) }

type fixed string

func (f fixed) Source(_ context.Context, need []Line, _ []Level) ([]Line, error) {
	out := slices.Clone(need)
	for i := range out {
		out[i].Location = cmp.Or(out[i].Location, string(f))
	}
	return out, nil
}

// MostStock takes each line from the location that has most to sell of it.
// Among equals the first of prefer wins, then the name.
func MostStock(prefer ...string) Sourcer { return mostStock(prefer) }

type mostStock []string

func (m mostStock) Source(_ context.Context, need []Line, levels []Level) ([]Line, error) {
	rank := func(location string) int {
		if i := slices.Index(m, location); i >= 0 {
			return i
		}
		return len(m)
	}
	left := map[Key]int64{}
	for _, l := range levels {
		left[l.Key] = l.Sellable()
	}
	out := slices.Clone(need)
	for i, n := range out {
		if n.Location != "" {
			left[n.Key()] -= n.Quantity
			continue
		}
		var best *Key
		for _, l := range levels {
			k := l.Key
			if k.SKU != n.SKU {
				continue
			}
			if best == nil || cmp.Or(cmp.Compare(left[*best], left[k]), cmp.Compare(rank(k.Location), rank(best.Location)), k.Compare(*best)) < 0 {
				best = &k
			}
		}
		if best == nil {
			return nil, &UntrackedError{Keys: []Key{{SKU: n.SKU}}}
		}
		out[i].Location = best.Location
		left[*best] -= n.Quantity
	}
	return out, nil
}
