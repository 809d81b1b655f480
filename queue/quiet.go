package queue

import "sync"

// quiet finds the moment when no consumer of a Drain has anything left. A
// handler may publish to the topic of another consumer, so finding one's own
// topic empty counts only as long as nothing has moved anywhere since. All
// methods work on nil, for a Run that is no Drain.
type quiet struct {
	done func()

	mu    sync.Mutex
	moves int               // rises whenever an event is received or a handler returns
	empty map[[2]string]int // topic and group: the moves at which it was found empty
	want  int               // how many consumers there are
	over  bool              // all were empty at the same moves
	left  []Stats           // what each held when it was told to stop, if anything
	wake  chan struct{}     // closed when the others should look again
}

func newQuiet(done func()) *quiet {
	return &quiet{done: done, empty: map[[2]string]int{}, wake: make(chan struct{})}
}

func (q *quiet) join() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.want++
}

func (q *quiet) moved() {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.moves++
}

func (q *quiet) at() int {
	if q == nil {
		return 0
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.moves
}

// again is closed when it is time to look whether one's topic is empty.
func (q *quiet) again() <-chan struct{} {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.wake
}

// found says that a consumer held nothing and its topic was empty, having begun
// to look at the given moves.
func (q *quiet) found(topic, group string, at int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	name := [2]string{topic, group}
	before, known := q.empty[name]
	q.empty[name] = at
	if q.over || at != q.moves || (known && before == at) {
		return
	}
	all := len(q.empty) == q.want
	for _, a := range q.empty {
		all = all && a == q.moves
	}
	if all {
		q.over = true
		q.done()
		return
	}
	close(q.wake)
	q.wake = make(chan struct{})
}

func (q *quiet) reached() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.over
}

// stopped notes what a consumer held when its context ended.
func (q *quiet) stopped(s Stats) {
	if q == nil || s.held() == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left = append(q.left, s)
}

// last returns what was held when the context ended.
func (q *quiet) last() []Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.left
}
