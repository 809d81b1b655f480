package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// kits are those that have levels of their own.
type kits struct {
	// of are the kits by SKU, in by the SKU of a component.
	of map[string]inventory.ShownKit
	in map[string]map[string]bool
	// marks are levels that moved since: of components, and of kits. The value
	// grows with every mark.
	marks map[inventory.Key]int64
	last  int64
}

func newKits() kits {
	return kits{of: map[string]inventory.ShownKit{}, in: map[string]map[string]bool{}, marks: map[inventory.Key]int64{}}
}

// mark notes that a level moved, if kits follow from it.
func (ks *kits) mark(k inventory.Key) {
	if _, kit := ks.of[k.SKU]; kit || len(ks.in[k.SKU]) > 0 {
		ks.put(k)
	}
}

func (ks *kits) put(k inventory.Key) {
	ks.last++
	ks.marks[k] = ks.last
}

// keep registers a kit in place of what it was.
func (ks *kits) keep(k inventory.ShownKit) {
	for _, c := range ks.of[k.SKU].Components {
		delete(ks.in[c.SKU], k.SKU)
	}
	delete(ks.of, k.SKU)
	if len(k.Components) == 0 {
		return
	}
	k.Components = slices.Clone(k.Components)
	slices.SortFunc(k.Components, func(a, b inventory.Line) int { return cmp.Compare(a.SKU, b.SKU) })
	ks.of[k.SKU] = k
	for _, c := range k.Components {
		if ks.in[c.SKU] == nil {
			ks.in[c.SKU] = map[string]bool{}
		}
		ks.in[c.SKU][k.SKU] = true
	}
}

// next are up to most marked levels, those marked first first.
func (ks *kits) next(most int) []inventory.Key {
	all := slices.SortedFunc(maps.Keys(ks.marks), func(a, b inventory.Key) int { return cmp.Compare(ks.marks[a], ks.marks[b]) })
	return all[:min(len(all), most)]
}

// KeepKits implements [inventory.KitKeeper].
func (s *Store) KeepKits(ctx context.Context, name string, these []inventory.ShownKit) error {
	if err := cmp.Or(ctx.Err(), inventory.ValidMerchant(name)); err != nil {
		return err
	}
	for _, k := range these {
		if err := k.Validate(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	m.tick(s.now())
	for _, k := range these {
		m.kits.keep(k)
		for _, location := range m.settings.Locations {
			m.kits.put(inventory.Key{SKU: k.SKU, Location: location})
		}
	}
	return nil
}

// ShownKits implements [inventory.KitKeeper].
func (s *Store) ShownKits(ctx context.Context, name string) ([]inventory.ShownKit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.SortedFunc(maps.Values(s.merchant(name).kits.of), func(a, b inventory.ShownKit) int { return cmp.Compare(a.SKU, b.SKU) })
	for i := range out {
		out[i].Components = slices.Clone(out[i].Components)
	}
	return out, nil
}

// Derive implements [inventory.KitKeeper].
func (s *Store) Derive(ctx context.Context, name string, most int) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	todo := map[inventory.Key]bool{}
	marked := m.kits.next(max(most, 1))
	for _, k := range marked {
		delete(m.kits.marks, k)
		todo[k] = true
		for kit := range m.kits.in[k.SKU] {
			todo[inventory.Key{SKU: kit, Location: k.Location}] = true
		}
	}
	left, kept := len(m.kits.marks), 0
	for k := range todo {
		if !m.derive(k) {
			m.kits.put(k)
			kept++
		}
	}
	for k := range todo {
		m.mark(k, s.now())
	}
	return left > 0 && kept < len(marked), nil
}

// derive brings the level of a kit up to date; false if it can't be ended yet.
func (m *merchant) derive(k inventory.Key) bool {
	have := m.levels[k]
	if have != nil && !have.Kit {
		return true
	}
	var levels []inventory.Level
	var each []int64
	parts := m.kits.of[k.SKU].Components
	for _, c := range parts {
		if l := m.levels[inventory.Key{SKU: c.SKU, Location: k.Location}]; l != nil && !l.Kit {
			levels, each = append(levels, *l), append(each, c.Quantity)
		}
	}
	if len(parts) == 0 || len(levels) < len(parts) {
		switch {
		case have == nil:
		case m.told(k) || m.told(inventory.Key{SKU: k.SKU}):
			return false
		default:
			m.forget(k)
		}
		return true
	}
	next := inventory.Level{Key: k, Kit: true, Available: inventory.KitUnits(levels, each)}
	if have != nil {
		next.Version, next.Rules = have.Version, have.Rules
		if next.String() == have.String() {
			return true
		}
	}
	next.Version++
	m.levels[k] = &next
	return true
}

// kits lets levels of kits move by what the Change's origin shows of them, and
// by nothing else; an enforced Change that wants more is refused.
func (st *step) kits(after map[inventory.Key]*inventory.Level) error {
	for k, l := range after {
		if !l.Kit {
			continue
		}
		before := *st.m.levels[k]
		before.Version = l.Version
		if st.enforced && len(st.c.Lines) > 0 && l.String() != before.String() {
			return &inventory.InvalidError{Field: "Lines", Problem: k.String() + " is what a kit can show: sell its components"}
		}
		for _, x := range st.lines {
			if x.Key() == k && st.c.Kind != inventory.KindBelieve {
				before.Available += x.Shown
			}
		}
		*l = before
	}
	return nil
}

// moved are the lines that move stock, or are about levels.
func moved(lines []inventory.Line) []inventory.Line {
	if !slices.ContainsFunc(lines, inventory.Line.ShownOnly) {
		return lines
	}
	return slices.DeleteFunc(slices.Clone(lines), inventory.Line.ShownOnly)
}
