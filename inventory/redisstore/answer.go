package redisstore

import (
	"errors"
	"strconv"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// answer reads a script's flat answer from front to back. What is not there or
// of another type makes it bad, and all further values zero.
type answer struct {
	raw []any
	at  int
	bad bool
}

func (a *answer) next() any {
	if a.bad || a.at >= len(a.raw) {
		a.bad = true
		return nil
	}
	v := a.raw[a.at]
	a.at++
	return v
}

func (a *answer) text() string {
	s, ok := a.next().(string)
	if !ok {
		a.bad = true
	}
	return s
}

func (a *answer) int() int64 {
	n, ok := a.next().(int64)
	if !ok {
		a.bad = true
	}
	return n
}

// count is an int that says how many of something follow.
func (a *answer) count() int {
	n := a.int()
	if n < 0 || n > int64(len(a.raw)-a.at) {
		a.bad = true
		return 0
	}
	return int(n)
}

// whole is a whole number, as text.
func (a *answer) whole() int64 {
	n, err := strconv.ParseInt(a.text(), 10, 64)
	if err != nil {
		a.bad = true
	}
	return n
}

// stamp is a time in microseconds, as text.
func (a *answer) stamp() time.Time { return stamp(a.whole()) }

// stamp is the time of so many microseconds; the zero time for none.
func stamp(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func (a *answer) done() bool { return a.at >= len(a.raw) }

// moreToDo reads the answer of a script that works something off, some at a time.
func moreToDo(m *merchant, r reply) (bool, error) {
	a := &answer{raw: r.rest}
	more := a.text() == "1"
	if a.bad {
		return false, errors.Join(inventory.ErrUnknown, unreadable(m))
	}
	return more, nil
}
