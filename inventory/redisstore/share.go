package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/onhand-dev/onhand/inventory"
)

// Callers at the same time share calls (group commit): while enough calls of a
// merchant are under way, those who come wait, and the next call takes what
// waits by then. Nothing is delayed to gather more: who finds no crowd sends its
// own call, in its own goroutine. A shared call has a goroutine that ends with
// it, or goes on with what waits; it is canceled when none of its callers is
// left, and no caller's end is another's.

const (
	// mostCalls of one merchant run at a time: one in the server, while another
	// is written or read.
	mostCalls = 2
	// mostShared Changes of several callers go in one call.
	mostShared = 256
)

// queue are the callers of one merchant that wait for a call.
type queue struct {
	mu      sync.Mutex
	running int
	waiting []*ticket
}

// ticket is what one caller submits. Nothing that it holds is the caller's, who
// may leave early.
type ticket struct {
	ctx      context.Context //nolint:containedctx // of the caller, for its values only
	changes  []inventory.Change
	outcomes []inventory.Outcome
	err      error
	done     chan struct{}

	shared *shared // the call it is in; set under the queue's lock
}

// shared is a call of several tickets.
type shared struct {
	ctx    context.Context //nolint:containedctx // the call's own
	cancel context.CancelFunc
	left   atomic.Int64 // callers that still wait
}

func (sh *shared) leave() {
	if sh.left.Add(-1) == 0 {
		sh.cancel()
	}
}

// share applies the Changes, in a call of their own or with those of others.
func (m *merchant) share(ctx context.Context, s *Store, changes []inventory.Change) ([]inventory.Outcome, error) {
	q := &m.queue
	q.mu.Lock()
	if q.running < s.calls && len(q.waiting) == 0 {
		q.running++
		q.mu.Unlock()
		defer m.ended(s)
		return s.send(ctx, m, changes)
	}
	t := &ticket{ctx: ctx, changes: own(changes), done: make(chan struct{})}
	q.waiting = append(q.waiting, t)
	if q.running == 0 {
		q.running++
		go m.drain(s, q.take())
	}
	q.mu.Unlock()

	select {
	case <-t.done:
		return t.outcomes, t.err
	case <-ctx.Done():
	}
	q.mu.Lock()
	if i := slices.Index(q.waiting, t); i >= 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.mu.Unlock()
		return nil, ctx.Err()
	}
	call := t.shared
	q.mu.Unlock()
	select {
	case <-t.done: // at the same moment; what is known is better
		return t.outcomes, t.err
	default:
	}
	call.leave()
	return nil, errors.Join(inventory.ErrUnknown, ctx.Err())
}

// own copies what Changes refer to: a caller that has left may use it again,
// while the call is still to be sent or read.
func own(changes []inventory.Change) []inventory.Change {
	out := slices.Clone(changes)
	for i := range out {
		c := &out[i]
		c.Lines, c.Guards = slices.Clone(c.Lines), slices.Clone(c.Guards)
		if c.Document != nil {
			d := *c.Document
			d.Body, d.Doubts = slices.Clone(d.Body), slices.Clone(d.Doubts)
			c.Document = &d
		}
	}
	return out
}

// ended hands the place of a call that is over to those who wait.
func (m *merchant) ended(s *Store) {
	q := &m.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.running--
		return
	}
	go m.drain(s, q.take())
}

// drain sends what waits until nothing does.
func (m *merchant) drain(s *Store, tickets []*ticket) {
	q := &m.queue
	for {
		m.sendShared(s, tickets)
		q.mu.Lock()
		if len(q.waiting) == 0 {
			q.running--
			q.mu.Unlock()
			return
		}
		tickets = q.take()
		q.mu.Unlock()
	}
}

// take removes as many tickets as fit into a call, at least one. The lock is
// held.
func (q *queue) take() []*ticket {
	changes, lines, bytes, n := 0, 0, 0, 0
	for _, t := range q.waiting {
		for _, c := range t.changes {
			l, b := weight(c)
			lines, bytes = lines+l, bytes+b
		}
		changes += len(t.changes)
		if n > 0 && (changes > mostShared || lines > mostLines || bytes > mostBytes) {
			break
		}
		n++
	}
	taken := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	call := &shared{}
	call.ctx, call.cancel = context.WithCancel(context.WithoutCancel(taken[0].ctx))
	call.left.Store(int64(n))
	for _, t := range taken {
		t.shared = call
	}
	return taken
}

// sendShared sends one call, and tells every ticket what became of its own.
func (m *merchant) sendShared(s *Store, tickets []*ticket) {
	call := tickets[0].shared
	defer call.cancel()
	var changes []inventory.Change
	for _, t := range tickets {
		changes = append(changes, t.changes...)
	}
	outcomes, err := s.send(call.ctx, m, changes)
	for _, t := range tickets {
		if err == nil {
			t.outcomes = outcomes[:len(t.changes):len(t.changes)]
			outcomes = outcomes[len(t.changes):]
		} else if len(tickets) > 1 && !errors.Is(err, inventory.ErrUnknown) {
			// Nothing of the call was applied. What was wrong with one is not to
			// be the others' harm.
			t.outcomes, t.err = s.send(call.ctx, m, t.changes)
		} else {
			t.err = err
		}
		close(t.done)
	}
}
