package memqueue

import (
	"container/list"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// A topic is a log of records and the groups that read it. Everything in this
// file is guarded by Queue.mu.
type topic struct {
	queue    *Queue
	log      list.List // of *record, oldest first
	finished list.List // of *record, the history, first finished first
	seq      int
	groups   map[string]*group
}

// A record is one event in a topic.
type record struct {
	topic    *topic
	event    queue.Event
	seq      int
	size     int64
	waiting  int           // groups that have not acknowledged it
	finished bool          // there are groups, and none waits for it
	removed  bool          // by Browse: no group gets it any more
	inLog    *list.Element // nil once dropped
	inDone   *list.Element // place in the history
}

// publish appends an event and hands it to every group.
func (t *topic) publish(e queue.Event) {
	r := &record{topic: t, event: e, seq: t.seq, size: sizeOf(e)}
	t.seq++
	r.inLog = t.log.PushBack(r)
	t.queue.bytes += r.size
	for _, g := range t.groups {
		r.waiting++
		g.add(r)
	}
}

// join returns the group of that name; a new one gets what the topic keeps.
func (t *topic) join(name string) *group {
	g := t.groups[name]
	if g != nil {
		return g
	}
	g = newGroup(t)
	t.groups[name] = g
	for el := t.log.Front(); el != nil; el = el.Next() {
		r := el.Value.(*record)
		if r.removed {
			continue
		}
		if r.finished {
			r.finished = false
			t.finished.Remove(r.inDone)
			r.inDone = nil
		}
		r.waiting++
		g.add(r)
	}
	return g
}

// acked notes that one group is done with a record.
func (t *topic) acked(r *record) {
	if r.waiting--; r.waiting > 0 || r.inLog == nil {
		return
	}
	if r.removed {
		t.drop(r)
		return
	}
	r.finished = true
	r.inDone = t.finished.PushBack(r)
	t.forget(t.queue.cfg.History, func() bool { return false })
}

// remove takes a record away from every group.
func (t *topic) remove(r *record) {
	if r.removed || r.inLog == nil {
		return
	}
	r.removed = true
	for _, g := range t.groups {
		if it := g.items[r]; it != nil && it.state != inFlight {
			g.discard(it)
		}
	}
	if r.waiting == 0 {
		t.drop(r)
	}
	t.notify() // what was behind it may go on
}

// forget drops finished records until keep are left or enough says so.
func (t *topic) forget(keep int, enough func() bool) {
	for t.finished.Len() > keep && !enough() {
		t.drop(t.finished.Front().Value.(*record))
	}
}

func (t *topic) drop(r *record) {
	if r.inDone != nil {
		t.finished.Remove(r.inDone)
		r.inDone = nil
	}
	if r.inLog != nil {
		t.log.Remove(r.inLog)
		r.inLog = nil
		t.queue.bytes -= r.size
	}
}

// unfinished lists what Browse yields.
func (t *topic) unfinished() []*record {
	var out []*record
	for el := t.log.Front(); el != nil; el = el.Next() {
		if r := el.Value.(*record); !r.finished && !r.removed {
			out = append(out, r)
		}
	}
	return out
}

func (t *topic) lag(name string, now time.Time) queue.Lag {
	if g := t.groups[name]; g != nil {
		return g.lag(now)
	}
	l := queue.Lag{Exact: true}
	for el := t.log.Front(); el != nil; el = el.Next() {
		if r := el.Value.(*record); !r.removed {
			l.Waiting++
			l.Oldest = older(l.Oldest, r.event.Time)
		}
	}
	return l
}

// notify wakes everyone who waits in Receive.
func (t *topic) notify() {
	for _, g := range t.groups {
		g.notify()
	}
}

// older is the earlier of two times, of which zero is none.
func older(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
