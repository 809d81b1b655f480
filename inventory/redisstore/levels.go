package redisstore

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// Levels implements [inventory.Ledger].
func (s *Store) Levels(ctx context.Context, name string, keys []inventory.Key) ([]inventory.Level, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	found, missing := map[inventory.Key]inventory.Level{}, map[inventory.Key]bool{}
	for part := range slices.Chunk(keys, chunk) {
		var wanted [][]inventory.Key
		records, err := s.levels(ctx, m, func(sh *shape) []inventory.Key {
			wanted = nil
			var all []inventory.Key
			for _, k := range part {
				these := []inventory.Key{k}
				if k.Location == "" {
					these = nil
					for _, location := range sh.settings.Locations {
						these = append(these, inventory.Key{SKU: k.SKU, Location: location})
					}
				}
				wanted, all = append(wanted, these), append(all, these...)
			}
			return all
		})
		if err != nil {
			return nil, err
		}
		for i, these := range wanted {
			any := false
			for _, k := range these {
				if l, ok := records[k]; ok {
					found[k], any = l.Level, true
				}
			}
			if !any {
				missing[part[i]] = true
			}
		}
	}
	out := slices.SortedFunc(maps.Values(found), func(a, b inventory.Level) int { return a.Compare(b.Key) })
	if len(missing) > 0 {
		return out, &inventory.UntrackedError{Keys: slices.SortedFunc(maps.Keys(missing), inventory.Key.Compare)}
	}
	return out, nil
}

// levels reads the records of keys, as of one moment.
func (s *Store) levels(ctx context.Context, m *merchant, which func(*shape) []inventory.Key) (map[inventory.Key]levelRecord, error) {
	var asked [][]inventory.Key // per command
	rd, r, err := s.read(ctx, m, func(r *reading) error {
		asked = nil
		byBucket := map[int][]inventory.Key{}
		for _, k := range which(r.shape) {
			b := bucket(k.SKU, r.shape.buckets)
			byBucket[b] = append(byBucket[b], k)
		}
		for _, b := range slices.Sorted(maps.Keys(byBucket)) {
			for part := range slices.Chunk(byBucket[b], chunk) {
				names := make([]string, len(part))
				for i, k := range part {
					names[i] = field(k)
				}
				r.hmget(m.places.level(b), names)
				asked = append(asked, part)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[inventory.Key]levelRecord{}
	for i, part := range asked {
		values, ok := r.rest[i].([]any)
		if !ok || len(values) != len(part) {
			return nil, unreadable(m)
		}
		for j, k := range part {
			text, ok := values[j].(string)
			if !ok {
				continue
			}
			l, ok := decodeLevel(k, text, rd.shape.names)
			if !ok {
				return nil, corruptLevel(m, k)
			}
			out[k] = l
		}
	}
	return out, nil
}

func corruptLevel(m *merchant, k inventory.Key) error {
	return &CorruptError{Merchant: m.name, Record: "level " + k.String()}
}

// AllLevels implements [inventory.Ledger].
func (s *Store) AllLevels(ctx context.Context, name string) iter.Seq2[inventory.Level, error] {
	return func(yield func(inventory.Level, error) bool) {
		m, err := s.open(ctx, name)
		if err != nil {
			yield(inventory.Level{}, err)
			return
		}
		for b, buckets := 0, 1; b < buckets; b++ {
			for cursor := "0"; ; {
				rd, r, err := s.read(ctx, m, func(r *reading) error {
					r.add("HSCAN", m.places.level(b), cursor, "COUNT", chunk)
					return nil
				})
				var page []inventory.Level
				if err == nil {
					buckets = rd.shape.buckets
					cursor, page, err = scanned(m, rd.shape, r.rest[0])
				}
				if err != nil {
					yield(inventory.Level{}, err)
					return
				}
				for _, l := range page {
					if !yield(l, nil) {
						return
					}
				}
				if cursor == "0" {
					break
				}
			}
		}
	}
}

// scanned reads the answer of HSCAN.
func scanned(m *merchant, sh *shape, v any) (cursor string, levels []inventory.Level, err error) {
	parts, _ := v.([]any)
	if len(parts) != 2 {
		return "", nil, unreadable(m)
	}
	cursor, ok := parts[0].(string)
	values, _ := parts[1].([]any)
	a := &answer{raw: values}
	for ok && !a.done() {
		k, isKey := keyOf(a.text())
		text := a.text()
		if a.bad {
			break
		}
		if !isKey {
			return "", nil, &CorruptError{Merchant: m.name, Record: "level " + k.SKU}
		}
		if k.Location == "" {
			continue // a pool
		}
		l, good := decodeLevel(k, text, sh.names)
		if !good {
			return "", nil, corruptLevel(m, k)
		}
		levels = append(levels, l.Level)
	}
	if !ok || a.bad {
		return "", nil, unreadable(m)
	}
	return cursor, levels, nil
}
