package redisstore

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Tidy implements [inventory.Store]. IDs of Changes need none: Redis forgets
// them by itself.
func (s *Store) Tidy(ctx context.Context, name string, most int) (more bool, err error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return false, err
	}
	most = max(most, 0)
	due, err := s.due(ctx, m, most+1)
	if err != nil {
		return false, err
	}
	var expire []inventory.Change
	for _, id := range due[:min(len(due), most)] {
		c := inventory.Expire(id)
		c.Merchant = name
		expire = append(expire, c)
	}
	for _, o := range s.Apply(ctx, expire) {
		if o.Err != nil && !refused(o.Err) {
			return true, o.Err
		}
	}
	forgotten, err := s.forget(ctx, m, most)
	if err != nil {
		return true, err
	}
	marking, err := s.remark(ctx, m, most)
	if err != nil {
		return true, err
	}
	if due, err = s.due(ctx, m, 1); err != nil {
		return true, err
	}
	return marking || forgotten == most || len(due) > 0, nil
}

// due lists reservations whose time is over.
func (s *Store) due(ctx context.Context, m *merchant, most int) ([]string, error) {
	now, err := s.now(ctx, m)
	if err != nil {
		return nil, err
	}
	return s.members(ctx, m, "ZRANGEBYSCORE", m.places.at("due"), "-inf", now.UnixMilli(), "LIMIT", 0, most)
}

// now is Redis's clock.
func (s *Store) now(ctx context.Context, m *merchant) (time.Time, error) {
	_, r, err := s.read(ctx, m, func(*reading) error { return nil })
	return r.now, err
}

// refused reports whether the error of an Expire is about the reservation, so
// that others can go on: its units are not where it says, or a record of it
// can't be read.
func refused(err error) bool {
	var corrupt *CorruptError
	return errors.Is(err, inventory.ErrInsufficient) || errors.Is(err, inventory.ErrUntracked) ||
		errors.Is(err, inventory.ErrInvalid) || errors.As(err, &corrupt)
}

// forget deletes the records of reservations that ended a horizon ago.
func (s *Store) forget(ctx context.Context, m *merchant, most int) (int, error) {
	if most < 1 {
		return 0, nil
	}
	now, err := s.now(ctx, m)
	if err != nil {
		return 0, err
	}
	before := "(" + strconv.FormatInt(now.Add(-s.cfg.Horizon).UnixMicro(), 10)
	ids, err := s.members(ctx, m, "ZRANGEBYSCORE", m.places.at("old"), "-inf", before, "LIMIT", 0, most)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	_, err = s.write(ctx, m, tidyScript, func(c *call, sh *shape) error {
		s.header(c, m, sh, []int{})
		c.arg(s.cfg.Horizon.Microseconds(), len(ids))
		for _, id := range ids {
			c.key(m.places.hold(id))
			c.arg(id)
		}
		return nil
	})
	return len(ids), err
}
