package redisstore

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// leastTrim is how many entries a node of a stream has by default: fewer are
// not forgotten at a time.
const leastTrim = 100

// trim forgets entries of the journal that are too old, but none that a
// follower has still to read. The newest of the old ones stays, so that it is
// known that nothing between it and the next is missing.
func (s *Store) trim(ctx context.Context, t *tidying) error {
	m := t.m
	if t.most < 1 {
		return nil
	}
	before := strconv.FormatInt(t.now.Add(-s.cfg.JournalAge).UnixMilli(), 10)
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add("XREVRANGE", m.places.at("j"), "("+before+"-0", "-", "COUNT", 1)
		r.add("XRANGE", m.places.at("j"), "-", "+", "COUNT", 1)
		r.add("HGETALL", m.places.at("bm"))
		r.add("HGET", m.places.meta(), "epoch")
		return nil
	})
	if err != nil {
		return err
	}
	old, ok1 := unpack(r.rest[0])
	first, ok2 := unpack(r.rest[1])
	if !ok1 || !ok2 {
		return corruptJournal(m)
	}
	if len(old) == 0 || len(first) == 0 {
		return nil
	}
	epoch, _ := r.rest[3].(string)
	keep := old[0].id
	marks, _ := r.rest[2].([]any)
	for i := 0; i+1 < len(marks); i += 2 {
		name, _ := marks[i].(string)
		text, _ := marks[i+1].(string)
		c, ok := parseCursor(text)
		if ok && c.epoch == epoch && strings.HasPrefix(name, inventory.FollowerMark) && earlier(c.id, keep) {
			keep = c.id
		}
	}
	if !earlier(first[0].id, keep) {
		return nil
	}
	r, err = s.write(ctx, m, trimScript, func(c *call, sh *shape) error {
		s.header(c, m, sh, []int{})
		c.arg(keep, max(t.most, leastTrim))
		return nil
	})
	if err != nil {
		return err
	}
	a := &answer{raw: r.rest}
	trimmed := int(a.int())
	if a.bad {
		return errors.Join(inventory.ErrUnknown, unreadable(m))
	}
	t.Trimmed += trimmed
	t.More = t.More || trimmed >= t.most
	return nil
}

// earlier reports whether the ID a of a stream's entry is below b.
func earlier(a, b string) bool {
	at, number, _ := strings.Cut(a, "-")
	bt, bn, _ := strings.Cut(b, "-")
	if at == bt {
		at, bt = number, bn
	}
	return len(at) < len(bt) || len(at) == len(bt) && at < bt
}
