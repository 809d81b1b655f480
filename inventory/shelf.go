package inventory

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// want is what is to be placed as one: a line, all lines of one SKU, or the
// lines of one kit, which come from one location kit by kit.
type want struct {
	parts []part
	// units of the SKU, or kits.
	units    int64
	lines    []int // in need
	from, to State
}

// takes reports whether the units come out of the stock. A line between World
// and World is demand that has no states yet.
func (w want) takes() bool { return w.from != World || w.to == World }

// wants sorts out lines without location: kits first, since they are harder to
// place, then the others, those of one SKU as one if sum is set.
func wants(need []Line, sum bool) []want {
	var kits, plain []want
	for i, l := range need {
		if l.Location != "" {
			continue
		}
		if w, at, ok := wholeKits(need, i); ok {
			if at == i {
				kits = append(kits, w)
			}
			continue
		}
		same := func(w want) bool { return w.parts[0].sku == l.SKU && w.from == l.From && w.to == l.To }
		if j := slices.IndexFunc(plain, same); sum && j >= 0 {
			plain[j].units += l.Quantity
			plain[j].lines = append(plain[j].lines, i)
			continue
		}
		plain = append(plain, want{parts: []part{{l.SKU, 1}}, units: l.Quantity, lines: []int{i}, from: l.From, to: l.To})
	}
	return append(kits, plain...)
}

// wholeKits returns the kits that line i belongs to, and the first line of
// them; not ok if the lines with its kit do not make a whole number of it.
func wholeKits(need []Line, i int) (w want, first int, ok bool) {
	of := need[i]
	if of.Kit == "" || of.PerKit <= 0 {
		return w, 0, false
	}
	w = want{from: of.From, to: of.To}
	sums := map[string]int64{}
	for j, l := range need {
		if l.Location != "" || l.Kit != of.Kit || l.From != of.From || l.To != of.To {
			continue
		}
		if _, ok := sums[l.SKU]; !ok {
			w.parts = append(w.parts, part{l.SKU, l.PerKit})
		}
		sums[l.SKU] += l.Quantity
		w.lines = append(w.lines, j)
	}
	for _, j := range w.lines {
		l := need[j]
		if !slices.Contains(w.parts, part{l.SKU, l.PerKit}) || l.PerKit <= 0 || l.Quantity <= 0 || l.Quantity%l.PerKit != 0 {
			return w, 0, false
		}
	}
	w.units = sums[of.SKU] / of.PerKit
	for _, p := range w.parts {
		if w.units*p.units != sums[p.sku] {
			return w, 0, false
		}
	}
	return w, w.lines[0], true
}

// spot is what one location has for a want, in its units.
type spot struct {
	location string
	units    int64
	// first is what it had before anything was taken.
	first int64
	rank  int
	used  bool
}

func byMost(a, b spot) int {
	return cmp.Or(cmp.Compare(b.units, a.units), cmp.Compare(a.rank, b.rank), cmp.Compare(b.first, a.first), strings.Compare(a.location, b.location))
}

func byMostAtFirst(a, b spot) int {
	return cmp.Or(cmp.Compare(b.first, a.first), byMost(a, b))
}

func byPreference(a, b spot) int {
	used := map[bool]int{true: -1}
	return cmp.Or(cmp.Compare(a.rank, b.rank), used[a.used]-used[b.used], byMost(a, b))
}

// slot is the units of a level in one state.
type slot struct {
	Key
	state State
}

// shelf is what there is to take, and what has been placed so far.
type shelf struct {
	need   []Line
	levels map[Key]Level
	places map[string][]string // by SKU, sorted
	taken  map[slot]int64
	used   map[string]bool
	rank   map[string]int
	placed [][]Line // by line of need
}

func newShelf(need []Line, levels []Level, prefer []string) *shelf {
	s := &shelf{
		need: need, levels: map[Key]Level{}, places: map[string][]string{}, taken: map[slot]int64{},
		used: map[string]bool{}, rank: map[string]int{}, placed: make([][]Line, len(need)),
	}
	for i := len(prefer) - 1; i >= 0; i-- {
		s.rank[prefer[i]] = i - len(prefer) // below the others, whose rank is 0
	}
	for _, l := range levels {
		if _, ok := s.levels[l.Key]; !ok {
			s.places[l.SKU] = append(s.places[l.SKU], l.Location)
		}
		s.levels[l.Key] = l
	}
	for _, at := range s.places {
		slices.Sort(at)
	}
	for i, l := range need {
		if l.Location == "" {
			continue
		}
		if w := (want{from: l.From, to: l.To}); w.takes() {
			s.taken[slot{l.Key(), stateOf(w)}] += l.Quantity
		}
		s.used[l.Location] = true
		s.placed[i] = []Line{l}
	}
	return s
}

// stateOf is where the units of a want are, as far as they are in the stock.
func stateOf(w want) State { return cmp.Or(w.from, Available) }

// has is what a level has of the want's state; what is to be sold it sells.
func has(l Level, w want) int64 {
	if s := stateOf(w); s != Available {
		return l.Quantity(s)
	}
	return l.Sellable()
}

// spots are the locations where all parts of a want are tracked. The error is
// an [*UntrackedError] if there is none.
func (s *shelf) spots(w want) ([]spot, error) {
	var at []string
	for i, p := range w.parts {
		if i == 0 {
			at = slices.Clone(s.places[p.sku])
		}
		at = slices.DeleteFunc(at, func(location string) bool { return !slices.Contains(s.places[p.sku], location) })
	}
	if len(at) == 0 {
		return nil, apart(w.parts, s.places)
	}
	out := make([]spot, len(at))
	for i, location := range at {
		x := spot{location: location, units: math.MaxInt64, first: math.MaxInt64, rank: s.rank[location], used: s.used[location]}
		for _, p := range w.parts {
			k := Key{SKU: p.sku, Location: location}
			n := has(s.levels[k], w)
			x.first = min(x.first, floorDiv(n, p.units))
			x.units = min(x.units, floorDiv(n-s.taken[slot{k, stateOf(w)}], p.units))
		}
		if !w.takes() { // what comes in fits anywhere
			x.units = math.MaxInt64
		}
		out[i] = x
	}
	return out, nil
}

// apart tells which levels keep parts from being at one location: of a SKU that
// is tracked nowhere, else at the location that has most of the others.
func apart(parts []part, places map[string][]string) error {
	e := &UntrackedError{}
	var everywhere []string
	for _, p := range parts {
		if len(places[p.sku]) == 0 {
			e.Keys = append(e.Keys, Key{SKU: p.sku})
		}
		everywhere = append(everywhere, places[p.sku]...)
	}
	if e.Keys != nil {
		return e
	}
	slices.Sort(everywhere)
	for _, location := range slices.Compact(everywhere) {
		var missing []Key
		for _, p := range parts {
			if !slices.Contains(places[p.sku], location) {
				missing = append(missing, Key{SKU: p.sku, Location: location})
			}
		}
		if e.Keys == nil || len(missing) < len(e.Keys) {
			e.Keys = missing
		}
	}
	return e
}

// take takes a want from one location, if it has all of it.
func (s *shelf) take(w want, location string) bool {
	for _, p := range w.parts {
		k := Key{SKU: p.sku, Location: location}
		if !w.takes() {
			continue
		}
		x := slot{k, stateOf(w)}
		if s.taken[x] += w.units * p.units; s.taken[x] > has(s.levels[k], w) {
			return false
		}
	}
	return true
}

// copy is for a trial: what it takes is not taken here.
func (s *shelf) copy() *shelf {
	trial := *s
	trial.taken = map[slot]int64{}
	for k, n := range s.taken {
		trial.taken[k] = n
	}
	return &trial
}

// place gives the lines of a want locations.
func (s *shelf) place(w want, from []spot) {
	for _, p := range w.parts {
		var rest []spot
		for _, x := range from {
			x.units *= p.units
			rest = append(rest, x)
			s.used[x.location] = true
			if w.takes() {
				s.taken[slot{Key{SKU: p.sku, Location: x.location}, stateOf(w)}] += x.units
			}
		}
		for _, i := range w.lines {
			l := s.need[i]
			if l.SKU != p.sku {
				continue
			}
			if l.Quantity <= 0 { // a Track may start with nothing, or with less
				l.Location = from[0].location
				s.placed[i] = []Line{l}
			}
			for left := l.Quantity; left > 0 && len(rest) > 0; {
				l.Quantity, l.Location = min(left, rest[0].units), rest[0].location
				s.placed[i] = append(s.placed[i], l)
				left -= l.Quantity
				if rest[0].units -= l.Quantity; rest[0].units == 0 {
					rest = rest[1:]
				}
			}
		}
	}
}

// lines are those of need with locations, in its order.
func (s *shelf) lines() []Line { return slices.Concat(s.placed...) }

// floorDiv divides and rounds down, below zero too.
func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
