package memstore

import (
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// untrack ends levels, which are nil after it, unless they are in use. What
// they have left are the Change's movements.
func (st *step) untrack() (map[inventory.Key]*inventory.Level, error) {
	after, used := map[inventory.Key]*inventory.Level{}, false
	var keys, missing []inventory.Key
	for _, l := range st.lines {
		k := l.Key()
		if slices.Contains(keys, k) {
			continue
		}
		keys, after[k] = append(keys, k), nil
		if st.m.levels[k] == nil {
			missing = append(missing, k)
			continue
		}
		used = used || st.m.used(k)
	}
	for _, k := range keys {
		used = used || st.m.pooledUse(k, keys)
	}
	slices.SortFunc(missing, inventory.Key.Compare)
	switch {
	case missing != nil:
		return nil, &inventory.UntrackedError{Keys: missing}
	case used:
		return nil, inventory.ErrConflict
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	st.lines = nil
	for _, k := range keys {
		for _, s := range []inventory.State{inventory.Available, inventory.Unavailable} {
			if n := st.m.levels[k].Quantity(s); n != 0 {
				st.lines = append(st.lines, inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: n, From: s})
			}
		}
	}
	return after, nil
}

// used reports whether something is owed or on its way, a channel is being told
// of the level, or it is a kit's.
func (m *merchant) used(k inventory.Key) bool {
	l := m.levels[k]
	return l.Kit || m.told(k) || l.Reserved != 0 || l.Committed != 0 || l.Incoming != 0
}

// told reports whether a batch that tells a channel of the level is under way.
func (m *merchant) told(k inventory.Key) bool {
	for _, ch := range m.channels {
		if b := ch.beliefs[k]; b != nil && b.batch != "" {
			return true
		}
	}
	return false
}

// pooledUse reports whether a pooled channel is being told of a SKU that has no
// level left without these.
func (m *merchant) pooledUse(k inventory.Key, keys []inventory.Key) bool {
	for _, l := range m.levelsOf(k.SKU) {
		if !slices.Contains(keys, l.Key) {
			return false
		}
	}
	return m.told(inventory.Key{SKU: k.SKU})
}

func (m *merchant) forget(k inventory.Key) {
	delete(m.levels, k)
	pool := inventory.Key{SKU: k.SKU}
	last := len(m.levelsOf(k.SKU)) == 0
	for _, ch := range m.channels {
		delete(ch.beliefs, k)
		if last {
			delete(ch.beliefs, pool)
		}
	}
}

// pooled reports whether the Change is about a SKU as a pooled channel shows it.
func (st *step) pooled(k inventory.Key) bool {
	c, ok := st.m.settings.Channel(st.c.Origin)
	return ok && c.Pooled && st.m.tracked(c.Place(k), c)
}
