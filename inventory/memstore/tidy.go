package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// dueAt is when the hold's expiry is to be submitted.
func (h *hold) dueAt() time.Time {
	if h.retry.IsZero() {
		return h.ExpiresAt
	}
	return h.retry
}

// due lists reservations whose time is over, oldest first.
func (m *merchant) due(now time.Time, most int) []string {
	var due []*hold
	for h := range m.held {
		if !now.Before(h.dueAt()) {
			due = append(due, h)
		}
	}
	slices.SortFunc(due, func(a, b *hold) int { return cmp.Or(a.dueAt().Compare(b.dueAt()), cmp.Compare(a.ID, b.ID)) })
	var ids []string
	for _, h := range due[:min(len(due), most)] {
		ids = append(ids, h.ID)
	}
	return ids
}

// Tidy implements [inventory.Store].
func (s *Store) Tidy(ctx context.Context, name string, most int) (done inventory.Tidied, err error) {
	if err := ctx.Err(); err != nil {
		return done, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, now := s.merchant(name), s.now()
	most = max(most, 0)
	for _, id := range m.due(now, most) {
		c := inventory.Expire(id)
		c.Merchant = name
		if o := s.apply(c, now); o.Err != nil {
			done.Stuck = append(done.Stuck, inventory.Stuck{Reservation: id, Err: o.Err})
			continue
		}
		done.Expired++
	}
	for id, h := range m.holds {
		if h.Status != inventory.Held && now.Sub(h.ended) > s.horizon && done.Forgotten < most {
			delete(m.holds, id)
			done.Forgotten++
		}
	}
	for k := range m.leases {
		if m.fence(k, now) == 0 && done.Leases < most {
			delete(m.leases, k)
			done.Leases++
		}
	}
	ids := 0
	for id, x := range m.ids {
		if now.Sub(x.at) > s.horizon && ids < most {
			delete(m.ids, id)
			ids++
		}
	}
	full := most > 0 && max(done.Forgotten, done.Leases, ids) == most
	done.More = full || len(m.due(now, 1)) > 0
	return done, nil
}
