package redisstore

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// chunk is how many records one command reads.
const chunk = 500

// reading is a set of commands that are answered as of one moment.
type reading struct {
	shape  *shape
	places places
	keys   []string
	args   []any
}

func (r *reading) add(command, key string, args ...any) {
	r.keys = append(r.keys, key)
	r.args = append(append(r.args, command, len(r.keys)+1, len(args)), args...)
}

// hmget adds reads of fields, in chunks; what remembers where each answer goes.
func (r *reading) hmget(key string, fields []string) {
	args := make([]any, len(fields))
	for i, f := range fields {
		args[i] = f
	}
	r.add("HMGET", key, args...)
}

// read asks and returns one reply per command.
func (s *Store) read(ctx context.Context, m *merchant, build func(*reading) error) (*reading, reply, error) {
	var last *reading
	r, err := s.run(ctx, m, readScript, false, func(c *call, sh *shape) error {
		last = &reading{shape: sh, places: m.places}
		if err := build(last); err != nil {
			return err
		}
		c.key(m.places.meta())
		c.key(last.keys...)
		c.arg(last.args...)
		return nil
	})
	if err == nil && len(r.rest) != len(last.keys) {
		err = unreadable(m)
	}
	return last, r, err
}

// Applied implements [inventory.Ledger].
func (s *Store) Applied(ctx context.Context, name string, ids []string) ([]bool, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(ids))
	for at := 0; at < len(ids); at += chunk {
		part := ids[at:min(at+chunk, len(ids))]
		var of []int
		_, r, err := s.read(ctx, m, func(r *reading) error {
			of = nil
			for i, id := range part {
				h := hashID(id)
				for _, g := range r.shape.generations {
					r.add("HEXISTS", m.places.id(g, h), h.bytes)
					of = append(of, at+i)
				}
				r.add("HEXISTS", m.places.hold(id), id)
				of = append(of, at+i)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i, v := range r.rest {
			out[of[i]] = out[of[i]] || v == int64(1)
		}
	}
	return out, nil
}

// open checks what every call about a merchant needs.
func (s *Store) open(ctx context.Context, name string) (*merchant, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.merchant(name)
}

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
		if a.bad || !isKey {
			break
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

// Reservations implements [inventory.Ledger].
func (s *Store) Reservations(ctx context.Context, name string, ids []string) ([]inventory.Reservation, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []inventory.Reservation
	for part := range slices.Chunk(ids, chunk) {
		_, r, err := s.read(ctx, m, func(r *reading) error {
			for _, id := range part {
				r.add("HGET", m.places.hold(id), id)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for i, v := range r.rest {
			text, ok := v.(string)
			if !ok {
				continue
			}
			h, ok := decodeHold(part[i], text, r.now)
			if !ok {
				return nil, &CorruptError{Merchant: m.name, Record: "reservation " + part[i]}
			}
			out = append(out, h)
		}
	}
	return out, nil
}

// Documents implements [inventory.Ledger].
func (s *Store) Documents(ctx context.Context, name string, names []string) ([]inventory.Document, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	out := make([]inventory.Document, 0, len(names))
	for part := range slices.Chunk(names, 50) { // bodies can be large
		docs, _, err := s.documents(ctx, m, part, true)
		if err != nil {
			return nil, err
		}
		out = append(out, docs...)
	}
	return out, nil
}

func (s *Store) documents(ctx context.Context, m *merchant, names []string, bodies bool) ([]inventory.Document, []time.Time, error) {
	_, r, err := s.read(ctx, m, func(r *reading) error {
		for _, n := range names {
			fields := []string{n}
			if bodies {
				fields = append(fields, n+"\x00")
			}
			r.hmget(m.places.document(n), fields)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	out, written := make([]inventory.Document, len(names)), make([]time.Time, len(names))
	for i, n := range names {
		out[i].Name = n
		values, _ := r.rest[i].([]any)
		if len(values) == 0 {
			return nil, nil, unreadable(m)
		}
		text, ok := values[0].(string)
		if !ok {
			continue
		}
		if out[i], written[i], ok = decodeDocument(n, text); !ok {
			return nil, nil, &CorruptError{Merchant: m.name, Record: "document " + n}
		}
		if bodies {
			body, ok := values[1].(string)
			if !ok {
				return nil, nil, &CorruptError{Merchant: m.name, Record: "document " + n}
			}
			if body != "" {
				out[i].Body = []byte(body)
			}
		}
	}
	return out, written, nil
}

// Doubtful implements [inventory.Ledger].
func (s *Store) Doubtful(ctx context.Context, name string, fetchable bool, most int) ([]inventory.Doubt, error) {
	m, err := s.open(ctx, name)
	if err != nil || most < 1 {
		return nil, err
	}
	list, wanted := "dc", "c"
	if fetchable {
		list, wanted = "df", "f"
	}
	names, err := s.members(ctx, m, "ZRANGE", m.places.at(list), 0, most-1)
	if err != nil {
		return nil, err
	}
	var out []inventory.Doubt
	for part := range slices.Chunk(names, chunk) {
		docs, written, err := s.documents(ctx, m, part, false)
		if err != nil {
			return nil, err
		}
		for i, d := range docs {
			if class(d.Doubts) == wanted { // else it was written meanwhile
				out = append(out, inventory.Doubt{Document: d.Name, Reasons: d.Doubts, Since: written[i]})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b inventory.Doubt) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Document, b.Document))
	})
	return out, nil
}

// members reads a list of names by one command.
func (s *Store) members(ctx context.Context, m *merchant, command, key string, args ...any) ([]string, error) {
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add(command, key, args...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	values, ok := r.rest[0].([]any)
	if !ok {
		return nil, unreadable(m)
	}
	out := make([]string, len(values))
	for i, v := range values {
		if out[i], ok = v.(string); !ok {
			return nil, unreadable(m)
		}
	}
	return out, nil
}

// Settings implements [inventory.Ledger].
func (s *Store) Settings(ctx context.Context, name string) (inventory.Settings, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return inventory.Settings{}, err
	}
	sh, err := s.present(ctx, m)
	if err != nil {
		return inventory.Settings{}, err
	}
	set := sh.settings
	set.Channels, set.Locations = slices.Clone(set.Channels), slices.Clone(set.Locations)
	for i, c := range set.Channels {
		set.Channels[i].Locations = slices.Clone(c.Locations)
	}
	return set, nil
}

// present returns the shape as it is now.
func (s *Store) present(ctx context.Context, m *merchant) (*shape, error) {
	rd, _, err := s.read(ctx, m, func(*reading) error { return nil })
	if err != nil {
		return nil, err
	}
	return rd.shape, nil
}

// Bookmark implements [inventory.Bookmarker].
func (s *Store) Bookmark(ctx context.Context, name, mark string) (string, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return "", err
	}
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add("HGET", m.places.at("bm"), mark)
		return nil
	})
	if err != nil {
		return "", err
	}
	value, _ := r.rest[0].(string)
	return value, nil
}

// SetBookmark implements [inventory.Bookmarker].
func (s *Store) SetBookmark(ctx context.Context, name, mark, value string) error {
	m, err := s.open(ctx, name)
	if err != nil {
		return err
	}
	_, err = s.write(ctx, m, bookmarkScript, func(c *call, sh *shape) error {
		s.header(c, m, sh, []int{})
		c.key(m.places.at("bm"))
		c.arg(mark, value)
		return nil
	})
	return err
}
