package storetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// everything selects all documents.
var everything = inventory.DocumentQuery{}

// scan looks through all documents, some at a time.
func (f *fixture) scan(q inventory.DocumentQuery, most int) map[string]inventory.Document {
	f.Helper()
	found := map[string]inventory.Document{}
	for cursor, rounds := "", 0; ; rounds++ {
		docs, next, err := f.store.ScanDocuments(f.Context(), f.merchant, q, cursor, most)
		f.noError(err)
		for _, d := range docs {
			found[d.Name] = d
		}
		if next == "" {
			return found
		}
		f.yes(rounds < 10_000, "a scan must come to an end")
		cursor = next
	}
}

func (f *fixture) scanned(q inventory.DocumentQuery) []string {
	f.Helper()
	return slices.Sorted(maps.Keys(f.scan(q, 2)))
}

func gone(name string, version int64) inventory.Change {
	c := document(name, version, "")
	c.Document.Gone = true
	return c
}

var scanTests = []test{
	{"what is there comes with all that it has", 0, func(f *fixture) {
		f.equal(0, len(f.scan(everything, 3)))
		want := map[string]inventory.Document{}
		for i := range 40 {
			c := doubtful(document(fmt.Sprintf("o/%d", i), 0, fmt.Sprintf("body\x00%d", i)), inventory.UnsureRestock)
			c.Document.Compact, c.Document.Base = i%2 == 0, i%3 == 0
			f.must(c)
			d := *c.Document
			d.Version = 1
			want[d.Name] = d
		}
		f.equal(want, f.scan(everything, 3), "each at least once")
		f.equal(want, f.scan(everything, 1000))
		for name, d := range want {
			f.equal(d, f.document(name), "as when it is read by name")
		}
		f.equal(14, len(f.scan(inventory.DocumentQuery{Bases: true}, 3)))
		f.equal(20, len(f.scan(inventory.DocumentQuery{Whole: -1}, 3)))
		f.equal(20, len(f.scan(inventory.DocumentQuery{Compact: -1}, 3)))
		f.equal(7, len(f.scan(inventory.DocumentQuery{Whole: -1, Bases: true}, 3)))
	}},
	{"by the time since the last write", advance, func(f *fixture) {
		f.must(document("whole", 0, "b"))
		c := document("compact", 0, "b")
		c.Document.Compact = true
		f.must(c)
		f.advance(hour - time.Second)
		f.equal([]string(nil), f.scanned(inventory.DocumentQuery{Whole: hour, Compact: hour}))
		f.advance(time.Second)
		f.equal([]string{"compact", "whole"}, f.scanned(inventory.DocumentQuery{Whole: hour, Compact: hour}))
		f.equal([]string{"whole"}, f.scanned(inventory.DocumentQuery{Whole: hour, Compact: 2 * hour}))
		f.equal([]string{"compact"}, f.scanned(inventory.DocumentQuery{Whole: 2 * hour, Compact: hour}))
		f.must(document("whole", 1, "b2"))
		f.equal([]string{"compact"}, f.scanned(inventory.DocumentQuery{Whole: hour, Compact: hour}))
		f.must(document("compact", 1, "b2"))
		f.equal([]string{"compact", "whole"}, f.scanned(everything))
		f.no(f.document("compact").Compact, "a write says anew what the document is")
	}},
	{"a cursor that no scan returned is refused, or a place like any other", 0, func(f *fixture) {
		f.must(document("o", 0, "b"))
		_, _, err := f.store.ScanDocuments(f.Context(), f.merchant, everything, "\xff no cursor", 9)
		f.yes(err == nil || errors.Is(err, inventory.ErrInvalid), "and not %v", err)
	}},
	{"documents are deleted by their version", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(doubtful(document("o/1", 0, "one", line("a", 1)), inventory.UnsureOrder))
		f.must(doubtful(document("o/2", 0, "one", line("a", 1)), inventory.UnsureRestock))
		f.refuse(gone("o/1", 0), inventory.ErrConflict)
		f.refuse(gone("o/1", 2), inventory.ErrConflict)
		f.must(gone("o/1", 1))
		f.equal(inventory.Document{Name: "o/1"}, f.document("o/1"))
		f.equal(0, len(f.doubts(true, 9)), "nor is it listed")
		f.must(gone("o/2", 1))
		f.equal(0, len(f.doubts(false, 9)))
		f.refuse(gone("o/1", 1), inventory.ErrConflict)
		f.equal(0, len(f.scan(everything, 9)))
		f.equal(stock("a", 7, 0, 2), f.states("a"), "what it has moved stays")
		f.must(document("o/1", 0, "new", line("a", 1)))
		f.equal("new", string(f.document("o/1").Body))
	}},
	{"a Change that deletes moves nothing", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(document("o/1", 0, "one"))
		c := gone("o/1", 1)
		c.Lines = inventory.Sell("", line("a", 1)).Lines
		f.refuse(c, inventory.ErrInvalid)
		f.refuse(settling(gone("o/1", 1)), inventory.ErrInvalid)
	}},
	{"a lost reply deletes once", loseReply, func(f *fixture) {
		f.must(document("o/1", 0, "one"))
		f.h.LoseReply(f.t, f.store)
		if err := f.apply(gone("o/1", 1)).Err; err != nil && !errors.Is(err, inventory.ErrUnknown) {
			f.errorIs(err, inventory.ErrConflict, "it is gone, so its version is another")
		}
		f.equal(int64(0), f.document("o/1").Version)
	}},
	{"what is there during the whole scan comes, whatever is written meanwhile", 0, func(f *fixture) {
		for i := range 60 {
			f.must(document(fmt.Sprintf("stays/%d", i), 0, "b"))
			f.must(document(fmt.Sprintf("goes/%d", i), 0, "b"))
		}
		found, cursor := map[string]bool{}, ""
		for i := 0; ; i++ {
			docs, next, err := f.store.ScanDocuments(f.Context(), f.merchant, everything, cursor, 5)
			f.noError(err)
			for _, d := range docs {
				found[d.Name] = true
			}
			if cursor = next; cursor == "" {
				break
			}
			if i < 60 {
				f.apply(gone(fmt.Sprintf("goes/%d", i), 1))
				f.must(document(fmt.Sprintf("new/%d", i), 0, "b"))
				f.must(document(fmt.Sprintf("stays/%d", i), 1, "b2"))
			}
		}
		for i := range 60 {
			f.yes(found[fmt.Sprintf("stays/%d", i)], "stays/%d was there all the time", i)
		}
	}},
}
