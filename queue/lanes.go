package queue

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// An item is one event in the Router's hands, from its delivery to its
// settlement.
type item struct {
	delivery Delivery
	seq      int       // order of arrival
	first    time.Time // when this process received it
	failed   int       // tries that cost an attempt
	outages  int       // tries in a row that found a dependency down
	alone    bool      // its batch failed as a whole: try it by itself
	letter   *Event    // it is to be buried, and this is the letter
	burials  int       // how often publishing the letter failed
	lane     *lane
}

// A lane is the queue of one key: its first item is ready, running or parked,
// and the others wait behind it.
type lane struct {
	key   string
	items []*item
	until time.Time // parked until then
}

// lanes is the key scheduler. It decides which items may run: at most one of a
// key at a time, in order of arrival, and none of a key whose first item waits
// for a retry. It is plain state: no goroutines, no locks, no clock.
//
// An item is added once, then taken; what is taken is finished, parked or put
// back. Woken items that carry a letter are handed out apart.
type lanes struct {
	keys    map[string]*lane
	ready   []*lane // first in, first out
	parked  parkedLanes
	held    int // all items
	running int // taken and neither finished, parked nor put back
	seq     int
}

func newLanes() *lanes { return &lanes{keys: map[string]*lane{}} }

// add takes an item in behind those of its key.
func (l *lanes) add(it *item) {
	l.held++
	it.seq = l.seq
	l.seq++
	key := it.delivery.Event.Key
	if ln := l.keys[key]; ln != nil && key != "" {
		ln.items = append(ln.items, it)
		it.lane = ln
		return
	}
	ln := &lane{key: key, items: []*item{it}}
	it.lane = ln
	if key != "" {
		l.keys[key] = ln
	}
	l.ready = append(l.ready, ln)
}

// take starts up to n items. One that must run alone comes by itself.
func (l *lanes) take(n int) []*item {
	var out []*item
	for len(out) < n && len(l.ready) > 0 {
		it := l.ready[0].items[0]
		if it.alone && len(out) > 0 {
			break
		}
		l.ready[0] = nil
		l.ready = l.ready[1:]
		l.running++
		out = append(out, it)
		if it.alone {
			break
		}
	}
	return out
}

// finish removes a running item; the next of its key becomes ready.
func (l *lanes) finish(it *item) {
	ln := it.lane
	ln.items[0] = nil
	ln.items = ln.items[1:]
	l.held--
	l.running--
	if len(ln.items) > 0 {
		l.ready = append(l.ready, ln)
	} else if ln.key != "" {
		delete(l.keys, ln.key)
	}
}

// park makes a running item and its key wait until then.
func (l *lanes) park(it *item, until time.Time) {
	l.running--
	it.lane.until = until
	heap.Push(&l.parked, it.lane)
}

// putBack makes a running item ready again.
func (l *lanes) putBack(it *item) {
	l.running--
	l.ready = append(l.ready, it.lane)
}

// wake readies the lanes whose time has come. Items with a letter are not
// readied but returned, as running.
func (l *lanes) wake(now time.Time) (letters []*item) {
	for len(l.parked) > 0 && !l.parked[0].until.After(now) {
		ln := heap.Pop(&l.parked).(*lane)
		if it := ln.items[0]; it.letter != nil {
			l.running++
			letters = append(letters, it)
			continue
		}
		l.ready = append(l.ready, ln)
	}
	return letters
}

// next tells when wake has something to do; false if nothing is parked.
func (l *lanes) next() (time.Time, bool) {
	if len(l.parked) == 0 {
		return time.Time{}, false
	}
	return l.parked[0].until, true
}

// back counts the items that are held back: parked, or behind one of their key.
func (l *lanes) back() int { return l.held - l.running - len(l.ready) }

// clear removes everything that is not running and returns it, newest first, so
// that a queue that takes items back at its head ends with the oldest there.
func (l *lanes) clear() []*item {
	var out []*item
	for _, ln := range l.ready {
		out = append(out, ln.items...)
		delete(l.keys, ln.key)
	}
	for _, ln := range l.parked {
		out = append(out, ln.items...)
		delete(l.keys, ln.key)
	}
	for _, ln := range l.keys { // what is left is running: keep the first
		out = append(out, ln.items[1:]...)
		ln.items = ln.items[:1]
	}
	l.ready, l.parked = nil, nil
	l.held -= len(out)
	slices.SortFunc(out, func(a, b *item) int { return cmp.Compare(b.seq, a.seq) })
	return out
}

// parkedLanes is a heap by time.
type parkedLanes []*lane

func (p parkedLanes) Len() int           { return len(p) }
func (p parkedLanes) Less(i, j int) bool { return p[i].until.Before(p[j].until) }
func (p parkedLanes) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *parkedLanes) Push(x any)        { *p = append(*p, x.(*lane)) }

func (p *parkedLanes) Pop() any {
	old := *p
	ln := old[len(old)-1]
	old[len(old)-1] = nil
	*p = old[:len(old)-1]
	return ln
}
