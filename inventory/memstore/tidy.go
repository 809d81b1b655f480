package memstore

import (
	"cmp"
	"container/heap"
	"context"
	"maps"
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

// waiting is a hold in the queue of those that come due. One that is not its
// hold's newest is passed over.
type waiting struct {
	at   time.Time
	hold *hold
}

// dueQueue is a heap, first due first, so that it costs little to name a few
// however many are due.
type dueQueue []*waiting

func (q dueQueue) Len() int      { return len(q) }
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(*waiting)) }

func (q dueQueue) Less(i, j int) bool {
	return cmp.Or(q[i].at.Compare(q[j].at), cmp.Compare(q[i].hold.ID, q[j].hold.ID)) < 0
}

func (q *dueQueue) Pop() any {
	n := len(*q) - 1
	x := (*q)[n]
	*q = (*q)[:n]
	return x
}

// memories are names in the order in which they came to be remembered. After a
// clock has gone back, some wait longer than they must.
type memories []memory

type memory struct {
	name string
	at   time.Time
}

// forget takes the first ones that are older than before, until so many were
// forgotten; those that are remembered for another reason do not count.
func (q *memories) forget(before time.Time, most int, forget func(name string, at time.Time) bool) (n int) {
	for n < most && len(*q) > 0 && (*q)[0].at.Before(before) {
		if forget((*q)[0].name, (*q)[0].at) {
			n++
		}
		*q = (*q)[1:]
	}
	return n
}

// queue puts a hold where it belongs after a write.
func (m *merchant) queue(h *hold) {
	delete(m.held, h)
	h.turn = nil
	if h.Status != inventory.Held {
		m.ended = append(m.ended, memory{h.ID, h.ended})
		return
	}
	m.held[h] = true
	h.turn = &waiting{at: h.dueAt(), hold: h}
	heap.Push(&m.dues, h.turn)
	if len(m.dues) > 2*len(m.held)+64 { // mostly old turns
		m.dues = slices.DeleteFunc(m.dues, func(w *waiting) bool { return w.hold.turn != w })
		heap.Init(&m.dues)
	}
}

// due lists reservations whose time is over, oldest first.
func (m *merchant) due(now time.Time, most int) (ids []string) {
	var taken []*waiting
	for len(taken) < most && len(m.dues) > 0 && !now.Before(m.dues[0].at) {
		w := heap.Pop(&m.dues).(*waiting)
		if w.hold.turn == w {
			taken, ids = append(taken, w), append(ids, w.hold.ID)
		}
	}
	for _, w := range taken {
		heap.Push(&m.dues, w)
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
	m.markMoved(now)
	done.Forgotten = m.ended.forget(now.Add(-s.horizon), most, func(id string, at time.Time) bool {
		h := m.holds[id]
		if h == nil || h.Status == inventory.Held || !h.ended.Equal(at) {
			return false
		}
		delete(m.holds, id)
		return true
	})
	m.forgetLeases(maps.Keys(m.leases), func(l lease) bool {
		over := !now.Before(l.until) && done.Leases < most
		if over {
			done.Leases++
		}
		return over
	})
	ids := m.applied.forget(now.Add(-s.horizon), most, func(id string, _ time.Time) bool {
		delete(m.ids, id)
		return true
	})
	done.Trimmed = s.trim(m, now.Add(-s.age), most)
	full := most > 0 && max(done.Forgotten, done.Leases, done.Trimmed, ids) == most
	done.More = full || len(m.due(now, 1)) > 0
	return done, nil
}
