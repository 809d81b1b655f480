package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// journal: for stores that keep one, it has every applied Change once, in
// order, and never leaves one out unsaid.
func journal(t *testing.T, h Harness) {
	if _, ok := h.Open(t).(inventory.Journaler); !ok {
		t.Skip("the store is no Journaler")
	}
	each(t, h, slices.Concat(journalTests, cursorTests, trimTests))
}

// page reads one page of the journal.
func (f *fixture) page(cursor string, most int) (inventory.Page, error) {
	p, err := f.store.(inventory.Journaler).Journal(f.Context(), f.merchant, cursor, most)
	if err == nil {
		f.yes(len(p.Entries) <= most, "a page has no more entries than was asked for")
		f.no(p.More && len(p.Entries) == 0, "an empty page has nothing behind it")
	}
	return p, err
}

// journal reads all that follows a cursor, and where it ends.
func (f *fixture) journal(cursor string, most int) ([]inventory.Entry, string) {
	f.Helper()
	var all []inventory.Entry
	for {
		p, err := f.page(cursor, most)
		f.noError(err)
		all, cursor = append(all, p.Entries...), p.Cursor
		if !p.More {
			return all, cursor
		}
	}
}

// end is the cursor after all that there is.
func (f *fixture) end() string {
	f.Helper()
	p, err := f.page(inventory.JournalEnd, 1)
	f.noError(err)
	f.equal(0, len(p.Entries))
	return p.Cursor
}

// told is what the journal says of one Change.
func (f *fixture) told(c inventory.Change) inventory.Entry {
	f.Helper()
	before := f.end()
	f.must(c)
	entries, _ := f.journal(before, 5)
	f.equal(1, len(entries), "one entry of a %s", c.Kind)
	e := entries[0]
	f.no(e.Time.IsZero(), "when it was applied")
	e.Cursor, e.Time = "", time.Time{}
	return e
}

func to(l inventory.Line, from, to inventory.State) inventory.Line {
	l.From, l.To = from, to
	return l
}

var journalTests = []test{
	{"says what moved, why and what came of it", 0, func(f *fixture) {
		at := time.Date(2038, 1, 2, 3, 4, 5, 6000, time.UTC)
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.track("a", 9)
		sell := inventory.Sell("s", line("a", 2), line("a", 1))
		sell.Lines[1].Kit, sell.Lines[1].Reason, sell.Lines[1].PerKit = "set", "gift", 1
		sell.At, sell.TraceID = at, "trace"
		sell = sell.ReportedBy(shop)
		f.equal(inventory.Entry{
			ID: "s", Kind: inventory.KindSell, At: at, TraceID: "trace", Origin: shop, Recorded: true,
			Lines: []inventory.Line{
				{SKU: "a", Location: here, Quantity: 2, From: inventory.Available, To: inventory.Committed, Shown: -2},
				{SKU: "a", Location: here, Quantity: 1, From: inventory.Available, To: inventory.Committed, Shown: -1, Kit: "set", Reason: "gift"},
			},
			Levels: []inventory.Level{{Key: key("a"), Available: 6, Committed: 3, Version: 2}},
		}, f.told(sell))
	}},
	{"names holds, orders and kinds", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 20), inventory.Line{SKU: "a", Location: there}))
		far := inventory.Line{SKU: "a", Location: there, Quantity: 1}
		for _, tt := range []struct {
			c                      inventory.Change
			id, reservation, order string
			lines                  []inventory.Line
		}{
			{inventory.Reserve("h", hour, line("a", 5)), "h", "h", "", []inventory.Line{to(line("a", 5), inventory.Available, inventory.Reserved)}},
			{inventory.Extend("h", 2*hour), "h", "h", "", nil},
			{inventory.CommitPart("p", "h", "o1", line("a", 1)), "p", "h", "o1", []inventory.Line{to(line("a", 1), inventory.Reserved, inventory.Committed)}},
			{inventory.Resize("z", "h", line("a", 6)), "z", "h", "", []inventory.Line{to(line("a", 2), inventory.Available, inventory.Reserved)}},
			{inventory.ReleasePart("q", "h", line("a", 4)), "q", "h", "", []inventory.Line{to(line("a", 4), inventory.Reserved, inventory.Available)}},
			{inventory.Commit("h", "o1"), "h", "h", "o1", []inventory.Line{to(line("a", 2), inventory.Reserved, inventory.Committed)}},
			{inventory.Reserve("h2", hour, line("a", 1)), "h2", "h2", "", []inventory.Line{to(line("a", 1), inventory.Available, inventory.Reserved)}},
			{inventory.Release("h2"), "h2", "h2", "", []inventory.Line{to(line("a", 1), inventory.Reserved, inventory.Available)}},
			{settling(document("o/1", 0, "body", line("a", 2))), "o/1", "h", "o/1", []inventory.Line{
				to(line("a", 2), inventory.Committed, inventory.Available), to(line("a", 2), inventory.Available, inventory.Committed),
			}},
			{inventory.Ship("ship", there, line("a", 3)), "ship", "", "", []inventory.Line{
				to(line("a", 3), inventory.Available, inventory.World), to(inventory.Line{SKU: "a", Location: there, Quantity: 3}, inventory.World, inventory.Incoming),
			}},
			{inventory.Arrive("arrive", inventory.Available, far), "arrive", "", "", []inventory.Line{to(far, inventory.Incoming, inventory.Available)}},
			{inventory.Lose("lose", far), "lose", "", "", []inventory.Line{to(far, inventory.Incoming, inventory.World)}},
			{inventory.Believe("b", till, line("a", 0)), "b", "", "", []inventory.Line{line("a", 0)}},
		} {
			kind := tt.c.Kind
			e := f.told(tt.c)
			f.equal([]string{tt.id, tt.reservation, tt.order, string(kind)}, []string{e.ID, e.Reservation, e.Order, string(e.Kind)}, "ID, hold, order and kind of a %s", kind)
			f.equal(tt.lines, e.Lines, "movements of a %s", kind)
			for _, l := range e.Levels {
				f.equal(l, f.levelAt(l.Key), "levels after a %s", kind)
			}
		}
	}},
	{"levels that end, and rules", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 4), line("b", 0)))
		before := f.end()
		f.rules("b", inventory.Rules{SafetyStock: 2, BackorderLimit: 3, Buffers: map[string]int64{shop: 1}})
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		entries, _ := f.journal(before, 5)
		f.equal(1, len(entries), "a Configure without rules of levels writes no entry")
		f.equal(inventory.KindConfigure, entries[0].Kind)
		f.equal([]inventory.Level{{Key: key("b"), Version: 2, Rules: inventory.Rules{SafetyStock: 2, BackorderLimit: 3}}}, entries[0].Levels)
		e := f.told(inventory.Untrack("u", key("b"), key("a"), key("b")))
		f.equal([]inventory.Key{key("a"), key("b")}, e.Ended)
		f.equal(0, len(e.Levels))
		f.equal([]inventory.Line{to(line("a", 4), inventory.Available, inventory.World)}, e.Lines)
	}},
	{"each Change of a call on its own", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 4)))
		f.rules("a", inventory.Rules{SafetyStock: 1})
		before := f.end()
		f.applyAll(
			inventory.Sell("s1", line("a", 1)), inventory.Sell("s2", line("a", 9)), inventory.Sell("s3", line("a", 2)),
			inventory.Sell("s1", line("a", 1)), inventory.Cancel("c", inventory.World, line("a", 3)), inventory.Untrack("u", key("a")),
			inventory.Track("t2", line("a", 7)),
		)
		entries, _ := f.journal(before, 1)
		var ids []string
		var levels []int64
		for _, e := range entries {
			ids = append(ids, e.ID)
			for _, l := range e.Levels {
				levels = append(levels, l.Available, l.Committed, l.Version, l.Rules.SafetyStock)
			}
		}
		f.equal([]string{"s1", "s3", "c", "u", "t2"}, ids)
		f.equal([]int64{3, 1, 3, 1, 1, 3, 4, 1, 1, 0, 5, 1, 7, 0, 1, 0}, levels, "available, committed, version and safety stock after each")
	}},
	{"counts what follows a hold that can't expire in the same call", advance, func(f *fixture) {
		stuckHold(f)
		before := f.end()
		out := f.applyAll(inventory.Expire("h"), inventory.Receive("r", line("a", 1)))
		f.errorIs(out[0].Err, inventory.ErrInsufficient)
		f.noError(out[1].Err)
		f.must(inventory.Receive("r2", line("a", 1)))
		entries, _ := f.journal(before, 1)
		f.equal(2, len(entries), "an entry of each")
	}},
	{"repeats, refusals and what only the outbox notes write no entry", 0, func(f *fixture) {
		f.pending("a")
		sell := inventory.Sell("s", line("a", 1))
		f.must(sell)
		before := f.end()
		f.repeat(sell)
		f.refuse(inventory.Sell("s2", line("a", 99)), inventory.ErrInsufficient)
		f.refuse(inventory.Sell("s3", line("x", 1)), inventory.ErrUntracked)
		f.finish(f.seal(f.claim(9)))
		f.inSync("a")
		entries, end := f.journal(before, 1)
		f.equal(0, len(entries))
		receive := inventory.Receive("r", line("a", 1))
		f.must(receive)
		entries, _ = f.journal(end, 9)
		f.equal(1, len(entries), "what follows is not hidden by them")
	}},
	{"a lost reply writes one entry", loseReply, func(f *fixture) {
		f.track("a", 9)
		before := f.end()
		f.h.LoseReply(f.t, f.store)
		sell := inventory.Sell("s", line("a", 1))
		if out := f.apply(sell); out.Err != nil {
			f.errorIs(out.Err, inventory.ErrUnknown)
		}
		f.noError(f.apply(sell).Err)
		entries, _ := f.journal(before, 9)
		f.equal(1, len(entries))
	}},
	{"is complete after many writers", 0, func(f *fixture) {
		skus := []string{"a", "b", "c"}
		for _, sku := range skus {
			f.track(sku, 30)
		}
		errs := shout(24, func(i int) error {
			var errs []error
			for n := range 9 {
				id, l := fmt.Sprintf("%d/%d", i/2, n), line(skus[(i/2+n)%3], int64(1+n%2))
				c := inventory.Sell(id, l, line("a", 1))
				switch n % 3 {
				case 1:
					c = inventory.Reserve(id, hour, l)
				case 2:
					c = inventory.Receive(id, l)
				}
				if out := f.submit(c); out.Err != nil && !errors.Is(out.Err, inventory.ErrInsufficient) {
					errs = append(errs, out.Err)
				}
			}
			return errors.Join(errs...)
		})
		f.noError(errors.Join(errs...))
		entries, _ := f.journal("", 7)
		f.equal(f.all(), f.replayed(entries), "the sum of all entries")
	}},
}

// replayed adds entries up, from nothing, and checks on the way that each says
// what came of it.
func (f *fixture) replayed(entries []inventory.Entry) map[inventory.Key]inventory.Level {
	f.Helper()
	levels := map[inventory.Key]inventory.Level{}
	ids := map[string]bool{}
	for _, e := range entries {
		f.no(ids[e.ID], "%s has two entries", e.ID)
		ids[e.ID] = true
		for _, l := range e.Lines {
			level := levels[l.Key()]
			level.Key = l.Key()
			level.Add(l.From, -l.Quantity)
			level.Add(l.To, l.Quantity)
			levels[l.Key()] = level
		}
		for _, l := range e.Levels {
			level := levels[l.Key]
			level.Version++
			level.Rules = l.Rules
			levels[l.Key] = level
			f.equal(level, l, "%s must say what came of it, and no version may be missing", e.ID)
		}
	}
	return levels
}

var cursorTests = []test{
	{"goes on from any place", 0, func(f *fixture) {
		f.equal(0, len(f.firstEntries("")), "nothing is written yet")
		beginning := f.end()
		f.track("a", 99)
		var changes []inventory.Change
		for i := range 7 {
			changes = append(changes, inventory.Sell(fmt.Sprint("s", i), line("a", 1)))
		}
		f.applyAll(changes[:4]...)
		middle := f.end()
		f.applyAll(changes[4:]...)
		all, end := f.journal("", 100)
		f.equal(8, len(all))
		f.equal(all, f.firstEntries(beginning), "from before the first")
		f.equal(all[5:], f.firstEntries(middle))
		f.equal(0, len(f.firstEntries(end)))
		for most := range 4 {
			got, _ := f.journal("", most+1)
			f.equal(all, got, "in pages of %d", most+1)
		}
		for i, e := range all {
			got, _ := f.journal(e.Cursor, 2)
			f.equal(all[i+1:], append([]inventory.Entry{}, got...), "after entry %d", i)
			f.equal(e.Happened(), e.Time, "as nobody said when")
			if i > 0 {
				f.no(e.Time.Before(all[i-1].Time), "in order of time")
			}
		}
	}},
	{"from a time on", advance, func(f *fixture) {
		f.track("a", 99)
		for i := range 3 {
			f.advance(minute)
			f.must(inventory.Sell(fmt.Sprint("s", i), line("a", 1)))
		}
		all, end := f.journal("", 100)
		f.equal(all[2:], f.firstEntries(inventory.JournalSince(all[2].Time)))
		f.equal(all[2:], f.firstEntries(inventory.JournalSince(all[1].Time.Add(1500*time.Microsecond))))
		f.equal(all, f.firstEntries(inventory.JournalSince(time.Unix(0, 0))))
		entries, late := f.journal(inventory.JournalSince(all[3].Time.Add(hour)), 9)
		f.equal(0, len(entries))
		f.equal(end, late, "nothing is later")
	}},
	{"in another process", reopen, func(f *fixture) {
		f.track("a", 9)
		cursor := f.end()
		g := f.second()
		g.must(inventory.Sell("s", line("a", 1)))
		f.equal(f.firstEntries(cursor), g.firstEntries(cursor))
		f.equal(1, len(g.firstEntries(cursor)))
	}},
	{"a cursor that can't be read is refused", 0, func(f *fixture) {
		f.track("a", 9)
		for _, cursor := range []string{"17", "since yesterday", f.end() + "x", " "} {
			_, err := f.page(cursor, 5)
			f.errorIs(err, inventory.ErrInvalid, "cursor %q", cursor)
		}
		_, err := f.page("", 0)
		f.errorIs(err, inventory.ErrInvalid, "a page of nothing")
	}},
	{"a cursor from before a loss is refused", goBack | reopen, func(f *fixture) {
		f.track("a", 9)
		cursor := f.end()
		f.h.GoBack(f.t, f.store)
		g := f.second()
		_, err := g.page(cursor, 5)
		f.errorIs(err, inventory.ErrGap)
		g.must(inventory.Track("again", line("a", 1)))
		for range 3 {
			g.must(inventory.Receive(fmt.Sprint("r", len(g.firstEntries(""))), line("a", 1)))
			_, err = g.page(cursor, 5)
			f.errorIs(err, inventory.ErrGap, "also when there are as many entries as before")
		}
	}},
}

// firstEntries reads up to a hundred entries.
func (f *fixture) firstEntries(cursor string) []inventory.Entry {
	f.Helper()
	p, err := f.page(cursor, 100)
	f.noError(err)
	return p.Entries
}

var trimTests = []test{
	{"old entries are forgotten, and never in silence", advance, func(f *fixture) {
		f.track("a", 1000)
		beginning := f.firstEntries("")[0].Cursor
		f.fill("old", 250)
		f.advance(f.h.JournalAge + minute)
		f.fill("new", 5)
		newest, _ := f.journal("", 300)
		cursor := newest[len(newest)-5].Cursor
		f.tidy()
		kept, _ := f.journal("", 300)
		f.yes(len(kept) < 200, "%d of 256 entries are kept", len(kept))
		f.yes(len(kept) >= 6, "the newest of the old ones stays")
		_, err := f.page(beginning, 5)
		f.errorIs(err, inventory.ErrGap)
		_, err = f.page(inventory.JournalSince(newest[0].Time), 5)
		f.errorIs(err, inventory.ErrGap)
		f.equal(4, len(f.firstEntries(cursor)), "a cursor among those that are kept")
		f.equal(5, len(f.firstEntries(inventory.JournalSince(newest[len(newest)-5].Time))), "nothing between old and new is missing")
	}},
	{"what a follower has still to read is kept", advance, func(f *fixture) {
		b, ok := f.store.(inventory.Bookmarker)
		if !ok {
			f.t.Skip("the store is no Bookmarker")
		}
		f.track("a", 1000)
		cursor := f.firstEntries("")[0].Cursor
		mark := func(cursor string) {
			f.Helper()
			f.noError(b.SetBookmark(f.Context(), f.merchant, inventory.FollowerMark+"index", cursor))
		}
		mark(cursor)
		f.noError(b.SetBookmark(f.Context(), f.merchant, inventory.FollowerMark+"old", "not a cursor"))
		f.fill("old", 250)
		f.advance(f.h.JournalAge + minute)
		f.fill("new", 5)
		f.tidy()
		entries, end := f.journal(cursor, 300)
		f.equal(255, len(entries))
		mark(entries[199].Cursor)
		f.tidy()
		entries, _ = f.journal(entries[199].Cursor, 300)
		f.equal(55, len(entries))
		mark(end)
		f.tidy()
		_, err := f.page(cursor, 5)
		f.errorIs(err, inventory.ErrGap, "read by all, and old")
	}},
}

// fill writes n entries.
func (f *fixture) fill(name string, n int) {
	f.Helper()
	for i := range n {
		f.must(inventory.Sell(fmt.Sprint(name, i), line("a", 1)))
	}
}
