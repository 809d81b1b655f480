package memstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// entry is what the journal says of a step that was applied.
func (st *step) entry(after map[inventory.Key]*inventory.Level) inventory.Entry {
	c := st.c
	e := inventory.Entry{
		Time: st.now, At: c.At, ID: c.ID, Kind: c.Kind, Origin: c.Origin, Recorded: c.Recorded,
		Reservation: c.Reservation, Order: c.OrderName, TraceID: c.TraceID, Lines: slices.Clone(moved(st.lines)),
	}
	if e.ID == "" {
		e.ID = c.Reservation
	}
	if c.Document != nil {
		e.Order = c.Document.Name
	}
	for i := range e.Lines {
		l := &e.Lines[i]
		l.PerKit = 0
		if c.Kind == inventory.KindResize {
			l.Reason, l.Kit = "", ""
		}
	}
	for k, l := range after {
		if l == nil {
			e.Ended = append(e.Ended, k)
		} else if !l.Kit {
			e.Levels = append(e.Levels, plain(l))
		}
	}
	slices.SortFunc(e.Ended, inventory.Key.Compare)
	return e
}

// plain is a level as the journal has it.
func plain(l *inventory.Level) inventory.Level {
	copied := *l
	copied.Rules.Buffers = nil
	return copied
}

// note adds an entry to the journal.
func (s *Store) note(m *merchant, e inventory.Entry) {
	slices.SortFunc(e.Levels, func(a, b inventory.Level) int { return a.Compare(b.Key) })
	m.tick(e.Time)
	e.Time = m.noted
	m.entries++
	e.Cursor = s.epoch + "." + strconv.FormatInt(m.entries, 10)
	m.journal = append(m.journal, e)
	m.drop(len(m.journal) - s.length)
}

// tick is the journal's clock: a clock that is put back does not bring entries
// out of order.
func (m *merchant) tick(now time.Time) {
	if now = now.Truncate(time.Millisecond).UTC(); now.After(m.noted) {
		m.noted = now
	}
}

// Journal implements [inventory.Journaler].
func (s *Store) Journal(ctx context.Context, name, cursor string, most int) (inventory.Page, error) {
	if err := ctx.Err(); err != nil {
		return inventory.Page{}, err
	}
	if most < 1 {
		return inventory.Page{}, &inventory.InvalidError{Field: "max", Problem: "must be above zero"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchant(name)
	first := m.entries - int64(len(m.journal)) // so many are not kept any more
	read := first
	since, dated := inventory.JournalTime(cursor)
	switch {
	case cursor == "":
	case cursor == inventory.JournalEnd:
		read = m.entries
	case dated:
		at, _ := slices.BinarySearchFunc(m.journal, since.Truncate(time.Millisecond), func(e inventory.Entry, t time.Time) int { return e.Time.Compare(t) })
		if at == 0 && first > 0 {
			return inventory.Page{}, &inventory.GapError{Cursor: cursor, Why: "what was applied then is not kept any more"}
		}
		read += int64(at)
	default:
		n, err := s.entryOf(cursor)
		switch {
		case err != nil:
			return inventory.Page{}, err
		case n > m.entries:
			return inventory.Page{}, &inventory.GapError{Cursor: cursor, Why: "it is ahead of the journal, so data were lost"}
		case n < first:
			return inventory.Page{}, &inventory.GapError{Cursor: cursor, Why: "entries after it are not kept any more"}
		}
		read = n
	}
	page := inventory.Page{}
	for _, e := range m.journal[read-first : min(read-first+int64(most), int64(len(m.journal)))] {
		page.Entries = append(page.Entries, cloned(e))
	}
	read += int64(len(page.Entries))
	page.Cursor, page.More = s.epoch+"."+strconv.FormatInt(read, 10), read < m.entries
	return page, nil
}

// entryOf is how many entries a cursor has behind it.
func (s *Store) entryOf(cursor string) (int64, error) {
	epoch, number, ok := strings.Cut(cursor, ".")
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case !ok || err != nil || n < 0:
		return 0, &inventory.InvalidError{Field: "cursor", Problem: "is none of this store; take one of a Page or an Entry, JournalEnd or JournalSince"}
	case epoch != s.epoch:
		return 0, &inventory.GapError{Cursor: cursor, Why: "it is from before a loss of data"}
	}
	return n, nil
}

// cloned is an entry that its reader may change.
func cloned(e inventory.Entry) inventory.Entry {
	e.Lines, e.Levels, e.Ended = slices.Clone(e.Lines), slices.Clone(e.Levels), slices.Clone(e.Ended)
	return e
}

// trim forgets entries older than that, at most so many and none that a
// follower has still to read. The newest of the old ones stays, so that it is
// known that nothing between it and the next is missing.
func (s *Store) trim(m *merchant, before time.Time, most int) int {
	old, _ := slices.BinarySearchFunc(m.journal, before, func(e inventory.Entry, t time.Time) int { return e.Time.Compare(t) })
	n := max(0, old-1)
	for name, cursor := range m.bookmarks {
		if read, err := s.entryOf(cursor); err == nil && strings.HasPrefix(name, inventory.FollowerMark) {
			n = min(n, max(0, int(read-m.entries)+len(m.journal)))
		}
	}
	n = min(n, most)
	m.drop(n)
	return n
}

// drop forgets the n oldest entries.
func (m *merchant) drop(n int) {
	if n > 0 {
		clear(m.journal[:n])
		m.journal = m.journal[n:]
	}
}
