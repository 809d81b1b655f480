package memstore

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// Applied implements [inventory.Ledger].
func (s *Store) Applied(ctx context.Context, name string, ids []string) ([]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, out := s.merchant(name), make([]bool, len(ids))
	for i, id := range ids {
		_, out[i] = m.ids[id]
		out[i] = out[i] || m.holds[id] != nil
	}
	return out, nil
}

// Levels implements [inventory.Ledger].
func (s *Store) Levels(ctx context.Context, name string, keys []inventory.Key) ([]inventory.Level, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	found, missing := map[inventory.Key]inventory.Level{}, map[inventory.Key]bool{}
	for _, k := range keys {
		locations := []string{k.Location}
		if k.Location == "" {
			locations = m.settings.Locations
		}
		any := false
		for _, location := range locations {
			if l := m.levels[inventory.Key{SKU: k.SKU, Location: location}]; l != nil {
				found[l.Key], any = copied(l), true
			}
		}
		if !any {
			missing[k] = true
		}
	}
	out := slices.SortedFunc(maps.Values(found), func(a, b inventory.Level) int { return a.Compare(b.Key) })
	if len(missing) > 0 {
		return out, &inventory.UntrackedError{Keys: slices.SortedFunc(maps.Keys(missing), inventory.Key.Compare)}
	}
	return out, nil
}

// AllLevels implements [inventory.Ledger].
func (s *Store) AllLevels(ctx context.Context, name string) iter.Seq2[inventory.Level, error] {
	return func(yield func(inventory.Level, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(inventory.Level{}, err)
			return
		}
		s.mu.Lock()
		var levels []inventory.Level
		for _, l := range s.merchant(name).levels {
			levels = append(levels, copied(l))
		}
		s.mu.Unlock()
		slices.SortFunc(levels, func(a, b inventory.Level) int { return a.Compare(b.Key) })
		for _, l := range levels {
			if !yield(l, nil) {
				return
			}
		}
	}
}

// Reservations implements [inventory.Ledger].
func (s *Store) Reservations(ctx context.Context, name string, ids []string) ([]inventory.Reservation, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []inventory.Reservation
	for _, id := range ids {
		if h := s.merchant(name).holds[id]; h != nil {
			out = append(out, h.at(s.now()))
		}
	}
	return out, nil
}

// Documents implements [inventory.Ledger].
func (s *Store) Documents(ctx context.Context, name string, names []string) ([]inventory.Document, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]inventory.Document, len(names))
	for i, n := range names {
		out[i].Name = n
		if d := s.merchant(name).docs[n]; d != nil {
			out[i] = d.Document
			out[i].Body, out[i].Doubts = slices.Clone(d.Body), slices.Clone(d.Doubts)
		}
	}
	return out, nil
}

// Doubtful implements [inventory.Ledger].
func (s *Store) Doubtful(ctx context.Context, name string, fetchable bool, most int) ([]inventory.Doubt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []inventory.Doubt
	for _, d := range s.merchant(name).docs {
		if len(d.Doubts) > 0 && slices.ContainsFunc(d.Doubts, inventory.Reason.Fetch) == fetchable {
			out = append(out, inventory.Doubt{Document: d.Name, Reasons: slices.Clone(d.Doubts), Since: d.written})
		}
	}
	slices.SortFunc(out, func(a, b inventory.Doubt) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Document, b.Document))
	})
	return out[:min(len(out), max(most, 0))], nil
}

// ScanDocuments implements [inventory.Ledger]. The cursor is the last name that
// was looked at.
func (s *Store) ScanDocuments(ctx context.Context, name string, q inventory.DocumentQuery, cursor string, most int) (docs []inventory.Document, next string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(name), s.now()
	names := slices.Sorted(maps.Keys(m.docs))
	from, _ := slices.BinarySearch(names, cursor+"\x00")
	names = names[from:]
	n := min(max(most, 1), len(names))
	for _, name := range names[:n] {
		d := m.docs[name]
		idle := q.Whole
		if d.Compact {
			idle = q.Compact
		}
		if idle >= 0 && now.Sub(d.written) >= idle && (d.Base || !q.Bases) {
			found := d.Document
			found.Body, found.Doubts = slices.Clone(d.Body), slices.Clone(d.Doubts)
			docs = append(docs, found)
		}
	}
	if n < len(names) {
		next = names[n-1]
	}
	return docs, next, nil
}

// Settings implements [inventory.Ledger].
func (s *Store) Settings(ctx context.Context, name string) (inventory.Settings, error) {
	if err := ctx.Err(); err != nil {
		return inventory.Settings{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.merchant(name).settings
	set.Channels, set.Locations = copiedChannels(set.Channels), slices.Clone(set.Locations)
	return set, nil
}

// copied is what callers get, so that they can't reach into the store.
func copied(l *inventory.Level) inventory.Level {
	c := *l
	c.Rules.Buffers = maps.Clone(l.Rules.Buffers)
	return c
}

func copiedChannels(channels []inventory.Channel) []inventory.Channel {
	out := slices.Clone(channels)
	for i := range out {
		out[i].Locations = slices.Clone(out[i].Locations)
	}
	return out
}

// see remembers a location that has levels.
func (m *merchant) see(location string) {
	if i, ok := slices.BinarySearch(m.settings.Locations, location); !ok {
		m.settings.Locations = slices.Insert(m.settings.Locations, i, location)
	}
}

// Bookmark implements [inventory.Bookmarker].
func (s *Store) Bookmark(ctx context.Context, name, mark string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.merchant(name).bookmarks[mark], nil
}

// SetBookmark implements [inventory.Bookmarker].
func (s *Store) SetBookmark(ctx context.Context, name, mark, value string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.merchant(name).bookmarks[mark] = value
	return nil
}
