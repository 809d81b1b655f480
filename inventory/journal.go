package inventory

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// GapError says why nothing follows a cursor. It is an [ErrGap].
type GapError struct{ Cursor, Why string }

func (e *GapError) Error() string {
	return ErrGap.Error() + ": " + e.Why + "; take a cursor at JournalEnd, read everything again, and go on from there"
}

// Is makes it an ErrGap.
func (e *GapError) Is(target error) bool { return target == ErrGap }

// Entry is one applied [Change] in the journal, or a Configure that changed the
// [Rules] of levels. A repeat, a refusal and what only an [Outbox] notes about a
// channel write none. Per level the entries are complete and in order: each
// write raises Version by one.
type Entry struct {
	// Cursor goes on after this entry.
	Cursor string
	// Time is when it was applied, by the store's clock, to the millisecond.
	Time time.Time
	// At is when it happened, as the Change says; zero if it does not.
	At time.Time
	// ID is that of the Change, of the hold if it has none of its own, or the
	// name of the order's document.
	ID   string
	Kind Kind
	// Origin is the channel where it happened.
	Origin string
	// Recorded: it was not held up by the floor.
	Recorded bool
	// Reservation is the hold that it opened, moved or settled.
	Reservation string
	// Order is the document of an order, or what a hold was committed to.
	Order   string
	TraceID string
	// Lines are the movements as they were made: with them the levels before
	// add up to the levels after. A line of a [Believe] or of a [Count] that
	// agreed has no quantity.
	Lines []Line
	// Levels are those that it wrote, sorted, as they were after it. Their Rules
	// are without Buffers, and those of kits, which follow from others, are not
	// among them.
	Levels []Level
	// Ended are the levels that it ended, sorted: what [Untrack] names.
	Ended []Key
}

// Happened is when it happened as far as is known: At, else Time.
func (e Entry) Happened() time.Time {
	if e.At.IsZero() {
		return e.Time
	}
	return e.At
}

// Page is a stretch of the journal, oldest entry first.
type Page struct {
	Entries []Entry
	// Cursor goes on after the page. It is the caller's to store.
	Cursor string
	// More says that there is more to read by now.
	More bool
}

// JournalEnd is the cursor after the newest entry.
const JournalEnd = "end"

const since = "since "

// JournalSince is the cursor before the first entry that was applied at t or
// later, by the store's clock, to the millisecond.
func JournalSince(t time.Time) string { return since + strconv.FormatInt(t.UnixMilli(), 10) }

// JournalTime is the time in a cursor of [JournalSince]. It is for implementers
// of a [Journaler].
func JournalTime(cursor string) (t time.Time, ok bool) {
	ms, ok := strings.CutPrefix(cursor, since)
	n, err := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n).UTC(), ok && err == nil
}

// FollowerMark begins the names of bookmarks that hold the cursors of
// [Follower]s: a store that has a journal and bookmarks does not trim by age
// what one of them has still to read.
const FollowerMark = "journal/"

// Journaler is an optional power of a Store: a journal of what was applied.
type Journaler interface {
	// Journal returns up to max entries after a cursor: one of a Page or an
	// Entry, "" for the oldest that is kept, [JournalEnd] or [JournalSince]. The
	// cursor of an empty page is as good as any. An [ErrGap] says that entries
	// after the cursor are gone, or that it belongs to data that were lost; ""
	// never is one.
	Journal(ctx context.Context, merchant, cursor string, max int) (Page, error)
}

// Journal returns up to max entries of the journal after a cursor: that of a
// [Page] or an [Entry], which may be stored and used by any process; "" for what
// is kept; [JournalEnd]; or [JournalSince]. It does not wait: see [Follower].
// Errors: [ErrGap], an [*InvalidError] about a cursor that can't be read, or
// about the store if it keeps no journal.
func (s *Stock) Journal(ctx context.Context, cursor string, max int) (Page, error) {
	j, ok := s.store.(Journaler)
	if !ok {
		return Page{}, &InvalidError{Field: "Store", Problem: fmt.Sprintf("keeps no journal: %T is no Journaler", s.store)}
	}
	if max < 1 {
		return Page{}, &InvalidError{Field: "max", Problem: "must be above zero"}
	}
	return j.Journal(ctx, s.merchant, cursor, max)
}
