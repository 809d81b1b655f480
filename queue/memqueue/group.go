package memqueue

import (
	"container/heap"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// A group is one reader's view of a topic. Everything in this file is guarded
// by Queue.mu.
type group struct {
	topic   *topic
	subs    map[*subscription]bool
	items   map[*record]*item
	lanes   map[string]*lane // of keys with something in flight or delayed
	ready   items            // by place in the topic
	delayed items            // by time
	changed chan struct{}    // closed when Receive should look again
}

// An item is one record as a group sees it.
type item struct {
	*record
	attempt int
	state   state
	due     time.Time     // of a delayed item
	sub     *subscription // of an item in flight
	lane    *lane         // nil without a key
}

type state int

const (
	ready    state = iota
	blocked        // set aside, behind another item of its key
	delayed        // nacked, its time has not come
	inFlight       // delivered and not settled
	settled
)

// A lane keeps the events of one key in order.
type lane struct {
	key     string
	owner   *subscription // has all that is in flight
	flying  int
	delayed []*item
	blocked items // by place in the topic
}

func newGroup(t *topic) *group {
	return &group{
		topic: t, subs: map[*subscription]bool{}, items: map[*record]*item{}, lanes: map[string]*lane{},
		ready: items{less: bySeq}, delayed: items{less: byDue}, changed: make(chan struct{}),
	}
}

func (g *group) add(r *record) {
	it := &item{record: r}
	g.items[r] = it
	heap.Push(&g.ready, it)
}

func (g *group) notify() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// take hands up to n items to a subscription.
func (g *group) take(s *subscription, n int, now time.Time) []*item {
	g.wake(now)
	var out []*item
	for len(out) < n {
		it := g.nextFor(s)
		if it == nil {
			break
		}
		it.state, it.sub = inFlight, s
		it.attempt++
		s.flying[it] = true
		if it.event.Key != "" {
			it.lane = g.lane(it.event.Key)
			it.lane.owner = s
			it.lane.flying++
		}
		out = append(out, it)
	}
	return out
}

// nextFor is the oldest item that s may have: of the ready ones, and of those
// that were set aside behind what s itself has in flight.
func (g *group) nextFor(s *subscription) *item {
	for {
		own, other := s.oldestAside(), g.ready.peek()
		switch {
		case own == nil && other == nil:
			return nil
		case own != nil && (other == nil || own.seq < other.seq):
			heap.Pop(&own.lane.blocked)
			own.lane.tidy()
			return own
		}
		heap.Pop(&g.ready)
		ln := g.lanes[other.event.Key]
		if other.event.Key == "" || ln == nil || ln.open(other, s) {
			return other
		}
		other.state, other.lane = blocked, ln
		heap.Push(&ln.blocked, other)
		if ln.owner != nil {
			ln.owner.aside[ln] = true
		}
	}
}

// open says whether s may have it as far as its key is concerned.
func (ln *lane) open(it *item, s *subscription) bool {
	return (ln.flying == 0 || ln.owner == s) &&
		!slices.ContainsFunc(ln.delayed, func(d *item) bool { return d.seq < it.seq })
}

// tidy forgets a lane's place with its owner once nothing is set aside in it.
func (ln *lane) tidy() {
	if ln.owner != nil && ln.blocked.peek() == nil {
		delete(ln.owner.aside, ln)
	}
}

func (g *group) lane(key string) *lane {
	ln := g.lanes[key]
	if ln == nil {
		ln = &lane{key: key, blocked: items{less: bySeq}}
		g.lanes[key] = ln
	}
	return ln
}

// wake readies the delayed items whose time has come.
func (g *group) wake(now time.Time) {
	for it := g.delayed.peek(); it != nil && !it.due.After(now); it = g.delayed.peek() {
		heap.Pop(&g.delayed)
		g.undelay(it)
		it.state = ready
		heap.Push(&g.ready, it)
	}
}

// undelay lets those behind a delayed item go on.
func (g *group) undelay(it *item) {
	if ln := it.lane; ln != nil {
		ln.delayed = slices.DeleteFunc(ln.delayed, func(d *item) bool { return d == it })
		g.release(ln)
	}
}

// release opens a lane to everyone once nothing of it is in flight. What is
// still behind a delayed item is set aside again when its turn comes.
func (g *group) release(ln *lane) {
	if ln.flying > 0 {
		return
	}
	if ln.owner != nil {
		delete(ln.owner.aside, ln)
		ln.owner = nil
	}
	if len(ln.blocked.list) > 0 {
		g.notify()
	}
	for _, it := range ln.blocked.list {
		if it.state == blocked {
			it.state, it.lane = ready, nil
			heap.Push(&g.ready, it)
		}
	}
	ln.blocked.list = nil
	if len(ln.delayed) == 0 {
		delete(g.lanes, ln.key)
	}
}

// land ends an item's time in flight.
func (g *group) land(it *item) {
	delete(it.sub.flying, it)
	it.sub = nil
	if it.lane != nil {
		it.lane.flying--
	}
}

// ack removes an item in flight.
func (g *group) ack(it *item) {
	g.land(it)
	g.discard(it)
}

// nack puts an item in flight back.
func (g *group) nack(it *item, after time.Duration, now time.Time) {
	g.land(it)
	switch {
	case it.removed:
		g.discard(it)
	case after > 0:
		it.state, it.due = delayed, now.Add(after)
		heap.Push(&g.delayed, it)
		if it.lane != nil {
			it.lane.delayed = append(it.lane.delayed, it)
			g.release(it.lane)
		}
	default:
		it.state = ready
		heap.Push(&g.ready, it)
		if it.lane != nil {
			g.release(it.lane)
		}
	}
	g.notify()
}

// discard ends an item that is not in flight (any more).
func (g *group) discard(it *item) {
	was := it.state
	it.state = settled
	delete(g.items, it.record)
	switch {
	case was == delayed:
		g.undelay(it)
	case was == inFlight && it.lane != nil:
		g.release(it.lane)
	}
	g.topic.acked(it.record)
}

func (g *group) lag(now time.Time) queue.Lag {
	l := queue.Lag{Exact: true}
	for r, it := range g.items {
		switch {
		case it.state == inFlight:
			l.InFlight++
		case it.state == delayed && it.due.After(now):
			l.Delayed++
		default:
			l.Waiting++
		}
		l.Oldest = older(l.Oldest, r.event.Time)
	}
	return l
}
