package lock

import (
	"slices"
	"sync"
)

// queue lets callers of this process at their levels in order of arrival. One
// who wants several levels joins all their lines in one step, so nobody waits
// for somebody who came later.
type queue struct {
	mu    sync.Mutex
	lines map[place][]*ticket
}

// ticket is a caller in the queue.
type ticket struct {
	places []place
	// ahead is in how many lines somebody else is first.
	ahead int
	// turn is closed when nobody is.
	turn chan struct{}
}

// join queues up for places.
func (q *queue) join(places []place) *ticket {
	q.mu.Lock()
	defer q.mu.Unlock()
	t := &ticket{turn: make(chan struct{})}
	if q.lines == nil {
		q.lines = map[place][]*ticket{}
	}
	for _, p := range places {
		line := q.lines[p]
		switch {
		case len(line) == 0:
		case line[len(line)-1] == t:
			continue // named twice
		default:
			t.ahead++
		}
		q.lines[p] = append(line, t)
		t.places = append(t.places, p)
	}
	if t.ahead == 0 {
		close(t.turn)
	}
	return t
}

// leave goes away, before or after the turn, and lets the next ones at the
// levels.
func (q *queue) leave(t *ticket) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, p := range t.places {
		i := slices.Index(q.lines[p], t)
		q.lines[p] = slices.Delete(q.lines[p], i, i+1)
		switch {
		case len(q.lines[p]) == 0:
			delete(q.lines, p)
		case i == 0:
			next := q.lines[p][0]
			if next.ahead--; next.ahead == 0 {
				close(next.turn)
			}
		}
	}
}
