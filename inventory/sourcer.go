package inventory

import (
	"cmp"
	"context"
	"slices"
)

// Sourcer chooses locations for lines that have none. It may split a line, and
// must neither add nor drop units. It must be safe for concurrent use.
//
// Need is all lines of a Change; those with a location keep it. Levels are
// those of the lines' SKUs, at the locations of the channel where the Change
// has happened if it names one. They are a hint, sorted by key: the floor
// decides, and [Stock] asks again when somebody was faster. What may be taken
// of a level is its [Level.Sellable]. Lines with the same Kit and a PerKit are
// the components of that kit; see [Config.SpreadKits].
type Sourcer interface {
	Source(ctx context.Context, need []Line, levels []Level) ([]Line, error)
}

// SourcerFunc is a [Sourcer] of your own: a policy in one function.
type SourcerFunc func(ctx context.Context, need []Line, levels []Level) ([]Line, error)

// Source implements [Sourcer].
func (f SourcerFunc) Source(ctx context.Context, need []Line, levels []Level) ([]Line, error) {
	return f(ctx, need, levels)
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

// MostStock takes each line, and each kit, whole from the location that has
// most to sell of it. Among equals the first of prefer wins, then the name.
func MostStock(prefer ...string) Sourcer { return mostStock(slices.Clone(prefer)) }

type mostStock []string

func (m mostStock) Source(_ context.Context, need []Line, levels []Level) ([]Line, error) {
	s := newShelf(need, levels, m)
	for _, w := range wants(need, false) {
		spots, err := s.spots(w)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(spots, byMost)
		s.place(w, []spot{{location: spots[0].location, units: w.units}})
	}
	return s.lines(), nil
}

// FewestLocations takes a Change from as few locations as it can, and splits a
// line or a number of kits only where no location has all of it: what leaves
// together is shipped once. Where it has a choice the first of prefer wins,
// then a location that is needed anyway, then the one that has most, then the
// name. Lines of one SKU are summed. What all locations together cannot fill is
// put whole where most is, so that the refusal says how much is left there.
//
// Kits are placed before other lines and one kit after the other, so kits that
// share scarce components may be refused though another placement would do.
func FewestLocations(prefer ...string) Sourcer { return fewest(slices.Clone(prefer)) }

type fewest []string

func (f fewest) Source(_ context.Context, need []Line, levels []Level) ([]Line, error) {
	s := newShelf(need, levels, f)
	all := wants(need, true)
	if at, ok, err := s.oneForAll(all); err != nil {
		return nil, err
	} else if ok {
		for _, w := range all {
			s.place(w, []spot{{location: at, units: w.units}})
		}
		return s.lines(), nil
	}
	for _, w := range all {
		spots, err := s.spots(w)
		if err != nil {
			return nil, err
		}
		s.place(w, split(w.units, spots))
	}
	return s.lines(), nil
}

// oneForAll returns the best location that has everything.
func (s *shelf) oneForAll(all []want) (string, bool, error) {
	var fits []spot
	for i, w := range all {
		spots, err := s.spots(w)
		if err != nil {
			return "", false, err
		}
		if i == 0 {
			fits = slices.Clone(spots)
		}
		fits = slices.DeleteFunc(fits, func(x spot) bool {
			return !slices.ContainsFunc(spots, func(y spot) bool { return y.location == x.location && y.units >= w.units })
		})
	}
	slices.SortFunc(fits, byPreference)
	for _, x := range fits {
		trial := s.copy()
		if !slices.ContainsFunc(all, func(w want) bool { return !trial.take(w, x.location) }) {
			return x.location, true, nil
		}
	}
	return "", false, nil
}

// split takes units from as few spots as possible, and among as few from those
// that come first. If all together have too little, one gets everything.
func split(units int64, spots []spot) []spot {
	most := slices.Clone(spots)
	slices.SortFunc(most, byMost)
	places, sum := 0, int64(0)
	for places < len(most) && sum < units && most[places].units > 0 {
		sum += most[places].units
		places++
	}
	if sum < units {
		slices.SortFunc(most, byMostAtFirst)
		return []spot{{location: most[0].location, units: units}}
	}
	slices.SortFunc(spots, byPreference)
	if units <= 0 {
		return []spot{{location: spots[0].location}}
	}
	var out []spot
	for i, x := range spots {
		if units <= 0 {
			break
		}
		if x.units <= 0 || !enough(units-x.units, places-len(out)-1, spots[i+1:]) {
			continue
		}
		x.units = min(x.units, units)
		units -= x.units
		out = append(out, x)
	}
	return out
}

// enough reports whether so many of the spots have so many units.
func enough(units int64, places int, spots []spot) bool {
	rest := slices.Clone(spots)
	slices.SortFunc(rest, byMost)
	for _, x := range rest[:max(0, min(places, len(rest)))] {
		units -= max(0, x.units)
	}
	return units <= 0
}
