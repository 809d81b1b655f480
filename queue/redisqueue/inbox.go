package redisqueue

import (
	"container/heap"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// An inbox is what one subscription has read from its group and has not settled.
// It decides what may be received: the oldest first, and nothing of a key while
// an earlier event of it waits out a Nack. It is plain state: no goroutines, no
// locks, no clock, no server.
type inbox struct {
	ready   items
	delayed items
	lanes   map[string]*lane // of keys with something delayed
	open    map[string]*item // by ID; all but what is settled at the server
}

// An item is one entry of the stream.
type item struct {
	event   queue.Event
	id      string
	at, seq uint64 // its two parts
	counted int    // deliveries, as the server counts
	fresh   bool   // the coming one is counted
	attempt int    // as it was received
	state   state
	stale   bool // the group has gone to another subscription since it was received
	due     time.Time
}

type state int

const (
	ready    state = iota
	blocked        // behind a delayed one of its key
	delayed        // nacked, its time has not come
	flying         // received and not settled
	settling       // acknowledged, of which the server has not heard
	gone
)

// A lane is a key with something delayed.
type lane struct{ delayed, blocked []*item }

func newInbox() *inbox {
	return &inbox{
		ready: items{less: byID}, delayed: items{less: byDue}, lanes: map[string]*lane{}, open: map[string]*item{},
	}
}

// newItem makes an item of an entry.
func newItem(id string, e queue.Event) *item {
	ms, n, _ := strings.Cut(id, "-")
	it := &item{event: e, id: id}
	it.at, _ = strconv.ParseUint(ms, 10, 64)
	it.seq, _ = strconv.ParseUint(n, 10, 64)
	return it
}

// add takes an entry in. One that is here already, because it was read again
// after the group had been another's for a while, is the same item still.
func (in *inbox) add(it *item, now time.Time) {
	if old := in.open[it.id]; old != nil {
		old.stale = false
		return
	}
	in.open[it.id] = it
	if it.due.After(now) {
		in.delay(it)
		return
	}
	it.state = ready
	heap.Push(&in.ready, it)
}

// lost forgets what was not received: it is the next owner's now.
func (in *inbox) lost() {
	for id, it := range in.open {
		if it.state == flying || it.state == settling {
			it.stale = true
			continue
		}
		it.state = gone
		delete(in.open, id)
	}
	in.ready.list, in.delayed.list = nil, nil
	clear(in.lanes)
}

// take receives up to n items.
func (in *inbox) take(n int, now time.Time) []*item {
	in.wake(now)
	var out []*item
	for len(out) < n && len(in.ready.list) > 0 {
		it := heap.Pop(&in.ready).(*item)
		if ln := in.lanes[it.event.Key]; ln != nil && ln.blocks(it) {
			it.state = blocked
			ln.blocked = append(ln.blocked, it)
			continue
		}
		it.state, it.attempt = flying, it.counted+1
		if it.fresh {
			it.attempt = it.counted
		}
		out = append(out, it)
	}
	return out
}

// untake gives back what was taken and not delivered.
func (in *inbox) untake(its []*item) {
	for _, it := range its {
		if it.state != flying {
			continue
		}
		if it.stale {
			in.forget(it)
			continue
		}
		it.state = ready
		heap.Push(&in.ready, it)
	}
}

// delivered notes that an item goes out.
func (in *inbox) delivered(it *item) { it.counted, it.fresh = it.attempt, false }

func (ln *lane) blocks(it *item) bool {
	return slices.ContainsFunc(ln.delayed, func(d *item) bool { return byID(d, it) })
}

// wake readies the delayed items whose time has come, and what waited behind.
func (in *inbox) wake(now time.Time) {
	for len(in.delayed.list) > 0 && !in.delayed.list[0].due.After(now) {
		it := heap.Pop(&in.delayed).(*item)
		it.state = ready
		heap.Push(&in.ready, it)
		ln := in.lanes[it.event.Key]
		if ln == nil {
			continue
		}
		ln.delayed = slices.DeleteFunc(ln.delayed, func(d *item) bool { return d == it })
		for _, b := range ln.blocked {
			b.state = ready
			heap.Push(&in.ready, b)
		}
		ln.blocked = nil
		if len(ln.delayed) == 0 {
			delete(in.lanes, it.event.Key)
		}
	}
}

// next is when wake has something to do; zero if nothing is delayed.
func (in *inbox) next() time.Time {
	if len(in.delayed.list) == 0 {
		return time.Time{}
	}
	return in.delayed.list[0].due
}

// forget ends an item: the server knows of it, or it is another's.
func (in *inbox) forget(it *item) {
	it.state = gone
	if in.open[it.id] == it {
		delete(in.open, it.id)
	}
}

// nack has a received item come again.
func (in *inbox) nack(it *item, after time.Duration, now time.Time) {
	if it.stale {
		in.forget(it)
		return
	}
	it.due = now.Add(max(after, 0))
	if after > 0 {
		in.delay(it)
		return
	}
	it.state = ready
	heap.Push(&in.ready, it)
}

func (in *inbox) delay(it *item) {
	it.state = delayed
	heap.Push(&in.delayed, it)
	if key := it.event.Key; key != "" {
		if in.lanes[key] == nil {
			in.lanes[key] = &lane{}
		}
		in.lanes[key].delayed = append(in.lanes[key].delayed, it)
	}
}

// unread lists what was read and never delivered.
func (in *inbox) unread() []string {
	var out []string
	for id, it := range in.open {
		if it.fresh && it.state != flying && it.state != settling {
			out = append(out, id)
		}
	}
	return out
}

// waiting counts what could be received, or could if its key were not delayed.
func (in *inbox) waiting(now time.Time) int {
	n := 0
	for _, it := range in.open {
		if it.state == ready || it.state == blocked || (it.state == delayed && !it.due.After(now)) {
			n++
		}
	}
	return n
}

// items is a heap.
type items struct {
	list []*item
	less func(a, b *item) bool
}

func byID(a, b *item) bool { return a.at < b.at || (a.at == b.at && a.seq < b.seq) }

func byDue(a, b *item) bool { return a.due.Before(b.due) || (a.due.Equal(b.due) && byID(a, b)) }

func (h *items) Len() int           { return len(h.list) }
func (h *items) Less(i, j int) bool { return h.less(h.list[i], h.list[j]) }
func (h *items) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *items) Push(x any)         { h.list = append(h.list, x.(*item)) }

func (h *items) Pop() any {
	last := len(h.list) - 1
	it := h.list[last]
	h.list[last] = nil
	h.list = h.list[:last]
	return it
}
