package rabbitqueue

import (
	"container/heap"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// An inbox is what one subscription has from the broker and has not settled. It
// decides what may be received: the oldest first, and nothing of a key while an
// earlier event of it waits out a Nack. It is plain state: no goroutines, no
// locks, no clock, no broker.
//
// Nacked events stay here, unacknowledged. Given back to the broker they would
// come again at once, as often as it takes, and behind others of their key.
type inbox struct {
	seq     int
	channel int // the channels that have been lost
	ready   items
	delayed items
	lanes   map[string]*lane // of keys with something delayed
	open    map[*item]bool   // all but the settled ones
	flying  int
	marks   map[string]*item // received, and not known to be settled at the broker
	nacked  map[string]*item // delayed when the last channel was lost
}

// An item is one event from the broker.
type item struct {
	event   queue.Event
	mark    string // of the publication, "" if unknown
	tag     uint64 // of the delivery,
	channel int    // on this channel
	before  int    // deliveries before this one, as the broker counts
	nacks   int    // since, here
	attempt int    // as it was received
	seq     int
	state   state
	due     time.Time // of a delayed item
}

type state int

const (
	ready   state = iota
	blocked       // behind a delayed one of its key
	delayed       // nacked, its time has not come
	flying        // received and not settled
	settled
	done // acknowledged, of which the broker has not heard
)

// A lane is a key with something delayed.
type lane struct{ delayed, blocked []*item }

func newInbox() *inbox {
	return &inbox{
		ready: items{less: bySeq}, delayed: items{less: byDue}, lanes: map[string]*lane{},
		open: map[*item]bool{}, marks: map[string]*item{}, nacked: map[string]*item{},
	}
}

// add takes a delivery in. One that was received over a channel that has been
// lost since is the same item still; if it is done, the delivery is to be
// acknowledged at once.
func (in *inbox) add(it *item) (acknowledge bool) {
	it.channel = in.channel
	if old := in.marks[it.mark]; old != nil && it.mark != "" && old.channel != in.channel {
		old.channel, old.tag = it.channel, it.tag
		if old.state == done {
			delete(in.marks, it.mark)
			return true
		}
		return false
	}
	it.seq = in.seq
	in.seq++
	in.open[it] = true
	if old := in.nacked[it.mark]; old != nil && it.mark != "" {
		it.nacks, it.due = old.nacks, old.due
		in.delay(it)
		return false
	}
	it.state = ready
	heap.Push(&in.ready, it)
	return false
}

// lost forgets what was not received: the broker delivers it again.
func (in *inbox) lost() {
	in.channel++
	clear(in.nacked)
	for it := range in.open {
		if it.state == delayed && it.mark != "" {
			in.nacked[it.mark] = it
		}
		if it.state != flying {
			delete(in.open, it)
		}
	}
	for mark, it := range in.marks {
		if it.state == done && it.channel < in.channel-1 { // it has gone elsewhere
			delete(in.marks, mark)
		}
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
		it.state, it.attempt = flying, it.before+it.nacks+1
		in.flying++
		if it.mark != "" {
			in.marks[it.mark] = it
		}
		out = append(out, it)
	}
	return out
}

func (ln *lane) blocks(it *item) bool {
	return slices.ContainsFunc(ln.delayed, func(d *item) bool { return d.seq < it.seq })
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

// ack settles a received item and says whether the broker can be told. If not,
// it is told when it delivers the item to this inbox again.
func (in *inbox) ack(it *item) bool {
	in.land(it, settled)
	delete(in.open, it)
	if it.channel == in.channel {
		delete(in.marks, it.mark)
		return true
	}
	it.state = done
	return false
}

// unheard takes back that the broker knows of an ack.
func (in *inbox) unheard(it *item) {
	if it.mark != "" {
		it.state = done
		in.marks[it.mark] = it
	}
}

// nack has a received item come again. One of a lost channel comes from the
// broker.
func (in *inbox) nack(it *item, after time.Duration, now time.Time) {
	in.land(it, ready)
	delete(in.marks, it.mark)
	it.nacks++
	it.due = now.Add(max(after, 0))
	switch {
	case it.channel != in.channel:
		delete(in.open, it)
		if it.mark != "" {
			in.nacked[it.mark] = it
		}
	case after > 0:
		in.delay(it)
	default:
		heap.Push(&in.ready, it)
	}
}

func (in *inbox) land(it *item, to state) {
	in.flying--
	it.state = to
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

// lag counts the items. Those of a lost channel that are not being handled are
// the broker's.
func (in *inbox) lag(now time.Time) queue.Lag {
	var l queue.Lag
	for it := range in.open {
		switch {
		case it.state == flying:
			l.InFlight++
		case it.state == delayed && it.due.After(now):
			l.Delayed++
		default:
			l.Waiting++
		}
		if t := it.event.Time; !t.IsZero() && (l.Oldest.IsZero() || t.Before(l.Oldest)) {
			l.Oldest = t
		}
	}
	return l
}

// items is a heap.
type items struct {
	list []*item
	less func(a, b *item) bool
}

func bySeq(a, b *item) bool { return a.seq < b.seq }

func byDue(a, b *item) bool {
	return a.due.Before(b.due) || (a.due.Equal(b.due) && a.seq < b.seq)
}

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
