package redisstore

import (
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// cursor is a place in the journal: after the first done Changes of entry n, or
// after all of it if done is 0. The entry's ID in the stream finds it.
type cursor struct {
	epoch string // "" before the merchant's first write
	n     int64
	id    string
	done  int
}

const firstID = "0-0"

func (c cursor) String() string {
	return strings.Join([]string{c.epoch, strconv.FormatInt(c.n, 10), c.id, strconv.Itoa(c.done)}, ".")
}

func parseCursor(s string) (c cursor, ok bool) {
	parts := strings.Split(s, ".")
	if len(parts) != 4 {
		return c, false
	}
	c.epoch, c.id = parts[0], parts[2]
	var err1, err2 error
	c.n, err1 = strconv.ParseInt(parts[1], 10, 64)
	c.done, err2 = strconv.Atoi(parts[3])
	_, ok = streamTime(c.id)
	return c, ok && err1 == nil && err2 == nil && c.n >= 0 && c.done >= 0
}

// streamTime is the time in the ID of a stream's entry, in milliseconds.
func streamTime(id string) (ms int64, ok bool) {
	at, number, ok := strings.Cut(id, "-")
	ms, err1 := strconv.ParseInt(at, 10, 64)
	_, err2 := strconv.ParseUint(number, 10, 64)
	return ms, ok && err1 == nil && err2 == nil && ms >= 0
}

func badCursor() error {
	return &inventory.InvalidError{Field: "cursor", Problem: "is none of this store; take one of a Page or an Entry, JournalEnd or JournalSince"}
}
