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
func (s *Store) Tidy(ctx context.Context, name string, most int) (done inventory.Tidied, err error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return done, err
	}
	_, r, err := s.read(ctx, m, func(*reading) error { return nil })
	if err != nil {
		return done, err
	}
	t := &tidying{Tidied: &done, m: m, now: r.now, most: max(most, 0)}
	for _, step := range []func(context.Context, *tidying) error{
		s.expireDue, s.forget, s.sweep, s.finishMarking, s.trim,
	} {
		if err := step(ctx, t); err != nil {
			done.More = true
			return done, err
		}
	}
	return done, nil
}

// tidying is one call of Tidy: each step does at most so much, by the server's
// time at the beginning, and notes what it did.
type tidying struct {
	*inventory.Tidied
	m    *merchant
	now  time.Time
	most int
}

// expireDue submits the expiry of reservations whose time is over.
func (s *Store) expireDue(ctx context.Context, t *tidying) error {
	due, err := s.members(ctx, t.m, "ZRANGEBYSCORE", t.m.places.at("due"), "-inf", t.now.UnixMilli(), "LIMIT", 0, t.most+1)
	if err != nil {
		return err
	}
	t.More = t.More || len(due) > t.most
	due = due[:min(len(due), t.most)]
	expire := make([]inventory.Change, len(due))
	for i, id := range due {
		expire[i] = inventory.Expire(id)
		expire[i].Merchant = t.m.name
	}
	for i, o := range s.Apply(ctx, expire) {
		switch {
		case o.Err == nil && !o.Duplicate:
			t.Expired++
		case o.Err == nil: // somebody else was faster
		case refused(o.Err):
			t.Stuck = append(t.Stuck, inventory.Stuck{Reservation: due[i], Err: o.Err})
		default:
			return o.Err
		}
	}
	return nil
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
func (s *Store) forget(ctx context.Context, t *tidying) error {
	if t.most < 1 {
		return nil
	}
	before := "(" + strconv.FormatInt(t.now.Add(-s.cfg.Horizon).UnixMicro(), 10)
	ids, err := s.members(ctx, t.m, "ZRANGEBYSCORE", t.m.places.at("old"), "-inf", before, "LIMIT", 0, t.most)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = s.write(ctx, t.m, tidyScript, func(c *call, sh *shape) error {
		s.header(c, t.m, sh, []int{})
		c.arg(s.cfg.Horizon.Microseconds(), len(ids))
		for _, id := range ids {
			c.key(t.m.places.hold(id))
			c.arg(id)
		}
		return nil
	})
	if err == nil {
		t.Forgotten += len(ids)
		t.More = t.More || len(ids) == t.most
	}
	return err
}

// sweep takes away leases that are over.
func (s *Store) sweep(ctx context.Context, t *tidying) error {
	_, r, err := s.read(ctx, t.m, func(r *reading) error {
		r.add("EXISTS", t.m.places.leases())
		return nil
	})
	if err != nil || t.most < 1 || r.rest[0] != int64(1) {
		return err
	}
	r, err = s.write(ctx, t.m, sweepScript, func(c *call, sh *shape) error {
		s.header(c, t.m, sh, []int{})
		c.key(t.m.places.leases())
		c.arg(t.most)
		return nil
	})
	if err != nil {
		return err
	}
	a := &answer{raw: r.rest}
	over := int(a.int())
	if a.bad {
		return errors.Join(inventory.ErrUnknown, unreadable(t.m))
	}
	t.Leases += over
	t.More = t.More || over == t.most
	return nil
}

// finishMarking goes on with a Configure that was cut off.
func (s *Store) finishMarking(ctx context.Context, t *tidying) error {
	more, err := s.remark(ctx, t.m, t.most)
	t.More = t.More || more
	return err
}
