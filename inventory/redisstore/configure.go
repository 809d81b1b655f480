package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/onhand-dev/onhand/inventory"
)

// remarkStep is about how many levels one script marks again.
const remarkStep = 500

// Configure implements [inventory.Ledger]. Rules of more than a thousand
// levels are stored in several steps; the settings come with the last. Then
// levels are marked by the new settings, and what is left of removed channels is
// cleared away, some at a time.
func (s *Store) Configure(ctx context.Context, name string, set inventory.Settings) error {
	m, err := s.open(ctx, name)
	if err == nil {
		err = set.Validate()
	}
	if err == nil {
		err = validText(set)
	}
	if err != nil {
		return err
	}
	keys := slices.SortedFunc(maps.Keys(set.Levels), inventory.Key.Compare)
	if err := s.allTracked(ctx, m, keys); err != nil {
		return err
	}
	parts := slices.Collect(slices.Chunk(keys, mostLines))
	if len(parts) == 0 {
		parts = [][]inventory.Key{nil}
	}
	for i, part := range parts {
		step := inventory.Settings{Levels: map[inventory.Key]inventory.Rules{}}
		for _, k := range part {
			step.Levels[k] = set.Levels[k]
		}
		last := i == len(parts)-1
		if last {
			step.Channels, step.Remove = set.Channels, set.Remove
		}
		if err := s.configure(ctx, m, step, part, last); err != nil {
			return err
		}
	}
	for more := len(set.Channels)+len(set.Remove) > 0; more; {
		if more, err = s.remark(ctx, m, remarkStep); err != nil {
			if !errors.Is(err, inventory.ErrUnknown) && !isLoss(err) {
				err = errors.Join(inventory.ErrUnknown, err) // the settings are stored
			}
			return err
		}
	}
	return nil
}

// validText refuses names that JSON would change.
func validText(set inventory.Settings) error {
	for _, c := range set.Channels {
		if !utf8.ValidString(c.Name) || slices.ContainsFunc(c.Locations, func(l string) bool { return !utf8.ValidString(l) }) {
			return &inventory.InvalidError{Field: "Channels", Problem: "must be valid UTF-8"}
		}
	}
	for _, name := range set.Remove {
		if !utf8.ValidString(name) {
			return &inventory.InvalidError{Field: "Remove", Problem: "must be valid UTF-8"}
		}
	}
	for k, r := range set.Levels {
		for name := range r.Buffers {
			if !utf8.ValidString(name) {
				return &inventory.InvalidError{Field: "Levels[" + k.String() + "].Buffers", Problem: "must be valid UTF-8"}
			}
		}
	}
	return nil
}

// allTracked refuses a Configure as a whole before its first step.
func (s *Store) allTracked(ctx context.Context, m *merchant, keys []inventory.Key) error {
	var missing []inventory.Key
	for part := range slices.Chunk(keys, chunk) {
		have, err := s.levels(ctx, m, func(*shape) []inventory.Key { return part })
		if err != nil {
			return err
		}
		for _, k := range part {
			if _, ok := have[k]; !ok {
				missing = append(missing, k)
			}
		}
	}
	if missing != nil {
		return &inventory.UntrackedError{Keys: missing}
	}
	return nil
}

func (s *Store) configure(ctx context.Context, m *merchant, set inventory.Settings, keys []inventory.Key, last bool) error {
	v, err := m.view()
	if err != nil {
		return err
	}
	if _, err := v.shape.merge(set); err != nil {
		// Perhaps it is wrong only by settings that are no longer so: ask.
		if _, _, err := s.read(ctx, m, func(*reading) error { return nil }); err != nil {
			return err
		}
	}
	once := nonce() // a second run of the script does nothing
	r, err := s.write(ctx, m, configureScript, func(c *call, sh *shape) error {
		next, err := sh.merge(set)
		if err != nil {
			return err
		}
		text, err := json.Marshal(storedSettings{Channels: next.settings.Channels, Names: next.names, Kits: next.kits})
		if err != nil {
			return &inventory.InvalidError{Field: "Channels", Problem: "can't be stored: " + err.Error()}
		}
		s.header(c, m, next, nil)
		c.arg(once, text, last, len(set.Channels)+len(set.Remove) > 0, sh.kits)
		if sh.kits {
			c.key(m.places.marks())
		}
		c.arg(m.places.dropped(c, set.Remove), len(keys))
		for _, k := range keys {
			r := set.Levels[k]
			buffers := ""
			for _, name := range slices.Sorted(maps.Keys(r.Buffers)) {
				buffers += strconv.Itoa(next.id(name)) + " " + strconv.FormatInt(r.Buffers[name], 10) + ";"
			}
			c.arg(field(k), r.SafetyStock, r.BackorderLimit, buffers)
		}
		return nil
	})
	if err != nil || len(r.rest) == 0 {
		return err
	}
	e := &inventory.UntrackedError{}
	for _, v := range r.rest[1:] {
		f, _ := v.(string)
		k, _ := keyOf(f)
		e.Keys = append(e.Keys, k)
	}
	slices.SortFunc(e.Keys, inventory.Key.Compare)
	return e
}

// remark marks about so many levels again; none only looks.
func (s *Store) remark(ctx context.Context, m *merchant, levels int) (more bool, err error) {
	r, err := s.write(ctx, m, remarkScript, func(c *call, sh *shape) error {
		s.header(c, m, sh, nil)
		gone := sh.removed()
		c.arg(max(levels, 1), levels < 1, len(gone))
		c.arg(gone...)
		return nil
	})
	if err != nil {
		return false, err
	}
	return moreToDo(m, r)
}
