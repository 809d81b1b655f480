package redisstore

import (
	"context"
	"slices"

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

// hmget adds one read of several fields.
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
