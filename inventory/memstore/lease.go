package memstore

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// lease is the last one of a level, in force or over.
type lease struct {
	fence int64
	until time.Time
}

// fence is the token of the lease in force on a level, 0 if there is none.
func (m *merchant) fence(k inventory.Key, now time.Time) int64 {
	if l := m.leases[k]; now.Before(l.until) {
		return l.fence
	}
	return 0
}

// endLeases forgets all leases once none is in force.
func (m *merchant) endLeases(now time.Time) {
	if !now.Before(m.leased) {
		clear(m.leases)
		m.leased = time.Time{}
	}
}

// endLeasesOf forgets leases that are over, of levels that a Change has moved.
// So a clock that goes back does not bring back the lease of a level that others
// have moved, or leased, since it was over.
func (m *merchant) endLeasesOf(moved iter.Seq[inventory.Key], now time.Time) {
	m.endLeases(now)
	m.forgetLeases(moved, func(l lease) bool { return !now.Before(l.until) })
}

// forgetLeases takes leases away, and notes when none is left.
func (m *merchant) forgetLeases(of iter.Seq[inventory.Key], which func(lease) bool) {
	for k := range of {
		if l, ok := m.leases[k]; ok && which(l) {
			delete(m.leases, k)
		}
	}
	if len(m.leases) == 0 {
		m.leased = time.Time{}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// leased refuses what moves levels that somebody else has leased, unless it
// was decided elsewhere or before.
func (st *step) leased() error {
	c := st.c
	switch c.Kind {
	case inventory.KindRelease, inventory.KindReleasePart, inventory.KindExpire:
		return nil
	case inventory.KindCommit, inventory.KindCommitPart:
		if !st.out.Late {
			return nil
		}
	}
	if c.Recorded {
		return nil
	}
	var keys []inventory.Key
	for _, l := range st.lines {
		k := l.Key()
		fence := st.m.fence(k, st.now)
		own := slices.ContainsFunc(c.Guards, func(g inventory.Guard) bool { return g.Key == k && g.Fence == fence })
		if fence != 0 && !own && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return leasedError(keys)
}

func leasedError(keys []inventory.Key) error {
	if keys == nil {
		return nil
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	return &inventory.LeasedError{Keys: keys}
}

// Lease implements [inventory.Leaser].
func (s *Store) Lease(ctx context.Context, name string, keys []inventory.Key, ttl time.Duration) (inventory.Lease, error) {
	if err := ctx.Err(); err != nil {
		return inventory.Lease{}, err
	}
	if err := inventory.ValidLease(name, keys, ttl); err != nil {
		return inventory.Lease{}, err
	}
	keys = slices.Clone(keys)
	slices.SortFunc(keys, inventory.Key.Compare)
	keys = slices.Compact(keys)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(name), s.now()
	var taken []inventory.Key
	for _, k := range keys {
		if m.fence(k, now) != 0 {
			taken = append(taken, k)
		}
	}
	if err := leasedError(taken); err != nil {
		return inventory.Lease{}, err
	}
	m.endLeases(now)
	m.fences++
	l := inventory.Lease{Merchant: name, Keys: keys, Fence: m.fences, ExpiresAt: now.Add(ttl).Truncate(time.Millisecond)}
	for _, k := range keys {
		m.leases[k] = lease{fence: l.Fence, until: l.ExpiresAt}
	}
	m.leased = later(m.leased, l.ExpiresAt)
	return l, nil
}

// Renew implements [inventory.Leaser].
func (s *Store) Renew(ctx context.Context, l inventory.Lease, ttl time.Duration) (inventory.Lease, error) {
	if err := ctx.Err(); err != nil {
		return l, err
	}
	if err := inventory.ValidLease(l.Merchant, l.Keys, ttl); err != nil {
		return l, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(l.Merchant), s.now()
	until := now.Add(ttl).Truncate(time.Millisecond)
	for _, k := range l.Keys {
		if f := m.fence(k, now); f == 0 || f != l.Fence {
			return l, inventory.ErrFenced
		}
		if have := m.leases[k].until; have.After(until) {
			until = have
		}
	}
	for _, k := range l.Keys {
		m.leases[k] = lease{fence: l.Fence, until: until}
	}
	m.leased = later(m.leased, until)
	l.ExpiresAt = until
	return l, nil
}

// Unlease implements [inventory.Leaser].
func (s *Store) Unlease(ctx context.Context, l inventory.Lease) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := inventory.ValidMerchant(l.Merchant); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(l.Merchant)
	m.forgetLeases(slices.Values(l.Keys), func(have lease) bool { return have.fence == l.Fence })
	return nil
}
