package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Names that the tests use. One location unless a test is about several.
const (
	here  = "berlin"
	there = "lyon"
	shop  = "shopify/acme"
	till  = "till/1"

	minute = time.Minute
	hour   = time.Hour
)

// tester is what the fixture needs of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Context() context.Context
}

// fixture is a store with a merchant that no other test knows.
type fixture struct {
	tester
	t        *testing.T
	h        Harness
	store    inventory.Store
	merchant string
	ticks    int
}

// open returns a fresh fixture.
func (h Harness) open(t *testing.T) *fixture {
	t.Helper()
	return &fixture{tester: t, t: t, h: h, store: h.Open(t), merchant: "test-" + rand.Text()}
}

// each runs subtests in parallel, each with a fixture of its own.
func each(t *testing.T, h Harness, tests []test) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			switch {
			case tt.needs&advance != 0 && h.Advance == nil:
				t.Skip("the harness has no Advance, so nothing is known of what time does to this store")
			case tt.needs&clockBack != 0 && (h.ClockBack == nil || h.Advance == nil):
				t.Skip("the harness has no ClockBack and Advance, so nothing is known of a clock that goes back")
			case tt.needs&reopen != 0 && h.Reopen == nil:
				t.Skip("the harness has no Reopen, so nothing is known of a second process")
			case tt.needs&loseReply != 0 && h.LoseReply == nil:
				t.Skip("the harness has no LoseReply, so nothing is known of lost replies")
			case tt.needs&goBack != 0 && h.GoBack == nil:
				t.Skip("the harness has no GoBack, so nothing is known of data that go back")
			}
			tt.run(h.open(t))
		})
	}
}

// test is one subtest and the powers of the harness that it needs.
type test struct {
	name  string
	needs power
	run   func(f *fixture)
}

type power int

const (
	advance power = 1 << iota
	reopen
	loseReply
	goBack
	clockBack
)

// second returns the fixture as another process sees it.
func (f *fixture) second() *fixture {
	f.Helper()
	g := *f
	g.store = f.h.Reopen(f.t, f.store)
	return &g
}

func (f *fixture) advance(d time.Duration) {
	f.Helper()
	f.h.Advance(f.t, f.store, d)
}

func (f *fixture) clockBack(d time.Duration) {
	f.Helper()
	f.h.ClockBack(f.t, f.store, d)
}

// apply submits Changes in one call and returns their outcomes.
func (f *fixture) applyAll(changes ...inventory.Change) []inventory.Outcome {
	f.Helper()
	for i := range changes {
		changes[i].Merchant = f.merchant
	}
	out := f.store.Apply(f.Context(), changes)
	f.equal(len(changes), len(out), "Apply owes one Outcome per Change")
	for i, c := range changes {
		f.equal(c.ID, out[i].ID, "Outcomes must be in the order of the Changes")
	}
	return out
}

func (f *fixture) apply(c inventory.Change) inventory.Outcome {
	f.Helper()
	return f.applyAll(c)[0]
}

// must applies a Change that has to be applied now.
func (f *fixture) must(c inventory.Change) inventory.Outcome {
	f.Helper()
	out := f.apply(c)
	f.noError(out.Err, "%s %s", c.Kind, c.Key())
	f.no(out.Duplicate, "%s %s has not been applied before", c.Kind, c.Key())
	return out
}

// repeat applies a Change that was applied before.
func (f *fixture) repeat(c inventory.Change) inventory.Outcome {
	f.Helper()
	out := f.apply(c)
	f.noError(out.Err, "%s %s again", c.Kind, c.Key())
	f.yes(out.Duplicate, "%s %s has been applied before and must not be again", c.Kind, c.Key())
	f.equal(0, len(out.Lines), "a duplicate moves nothing")
	return out
}

// refuse submits a Change that has to be refused with err, and checks that the
// levels stay as they are.
func (f *fixture) refuse(c inventory.Change, err error) inventory.Outcome {
	f.Helper()
	before := f.all()
	out := f.apply(c)
	f.errorIs(out.Err, err, "%s %s must be refused", c.Kind, c.Key())
	f.no(out.Duplicate, "a refused Change is no duplicate")
	f.equal(0, len(out.Lines), "a refused Change moves nothing")
	f.equal(before, f.all(), "a refused Change must leave every level as it was, version included")
	return out
}

// track starts a level here with n units available.
func (f *fixture) track(sku string, n int64) {
	f.Helper()
	f.must(inventory.Track("track-"+sku, line(sku, n)))
}

// rules sets the rules of a level here.
func (f *fixture) rules(sku string, r inventory.Rules) {
	f.Helper()
	f.configure(inventory.Settings{Levels: map[inventory.Key]inventory.Rules{key(sku): r}})
}

func (f *fixture) configure(set inventory.Settings) {
	f.Helper()
	f.noError(f.store.Configure(f.Context(), f.merchant, set))
}

// level reads one level here.
func (f *fixture) level(sku string) inventory.Level {
	f.Helper()
	return f.levelAt(key(sku))
}

func (f *fixture) levelAt(k inventory.Key) inventory.Level {
	f.Helper()
	levels, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{k})
	f.noError(err)
	f.equal(1, len(levels), "one level at %s", k)
	return levels[0]
}

// states reads one level here without version and rules, to compare with
// [stock].
func (f *fixture) states(sku string) inventory.Level {
	f.Helper()
	l := f.level(sku)
	l.Version, l.Rules = 0, inventory.Rules{}
	return l
}

// stock is the level here with the given units available, reserved and
// committed.
func stock(sku string, available, reserved, committed int64) inventory.Level {
	return inventory.Level{Key: key(sku), Available: available, Reserved: reserved, Committed: committed}
}

// all reads every level.
func (f *fixture) all() map[inventory.Key]inventory.Level {
	f.Helper()
	levels := map[inventory.Key]inventory.Level{}
	for l, err := range f.store.AllLevels(f.Context(), f.merchant) {
		f.noError(err)
		levels[l.Key] = l
	}
	return levels
}

// hold reads one reservation.
func (f *fixture) hold(id string) inventory.Reservation {
	f.Helper()
	holds, err := f.store.Reservations(f.Context(), f.merchant, []string{id})
	f.noError(err)
	f.equal(1, len(holds), "reservation %s must be known", id)
	f.equal(id, holds[0].ID)
	return holds[0]
}

// short returns what the outcome says is missing.
func (f *fixture) short(out inventory.Outcome) []inventory.Shortage {
	f.Helper()
	var e *inventory.InsufficientError
	f.yes(errors.As(out.Err, &e), "the error must name every short line, not be %v", out.Err)
	return e.Short
}

// untracked returns the keys that the error names.
func (f *fixture) untracked(err error) []inventory.Key {
	f.Helper()
	var e *inventory.UntrackedError
	f.yes(errors.As(err, &e), "the error must name the unknown levels, not be %v", err)
	f.errorIs(err, inventory.ErrUntracked)
	return e.Keys
}

// document reads one document.
func (f *fixture) document(name string) inventory.Document {
	f.Helper()
	docs, err := f.store.Documents(f.Context(), f.merchant, []string{name})
	f.noError(err)
	f.equal(1, len(docs), "one document per name")
	f.equal(name, docs[0].Name)
	return docs[0]
}

func (f *fixture) applied(ids ...string) []bool {
	f.Helper()
	known, err := f.store.Applied(f.Context(), f.merchant, ids)
	f.noError(err)
	return known
}

// tidy tidies until there is nothing more to do.
func (f *fixture) tidy() {
	f.Helper()
	for range 10_000 {
		if !f.tidyOnce(7).More {
			return
		}
	}
	f.Fatalf("Tidy says for ever that there is more to do")
}

// tidyOnce tidies at most so much of each kind.
func (f *fixture) tidyOnce(most int) inventory.Tidied {
	f.Helper()
	done, err := f.store.Tidy(f.Context(), f.merchant, most)
	f.noError(err)
	return done
}

func (f *fixture) settings() inventory.Settings {
	f.Helper()
	set, err := f.store.Settings(f.Context(), f.merchant)
	f.noError(err)
	return set
}

// document returns a write of an order's document, which was read at version.
func document(name string, version int64, body string, lines ...inventory.Line) inventory.Change {
	c := recorded(inventory.Sell(name, lines...))
	c.Kind = inventory.KindOrder
	c.Document = &inventory.Document{Name: name, Version: version, Body: []byte(body)}
	return c
}

// settling returns the order's write as one that settles the hold h.
func settling(c inventory.Change) inventory.Change {
	c.Reservation = "h"
	return c
}

// guarded returns the Change guarded by the version of level a here.
func guarded(c inventory.Change, version int64) inventory.Change {
	c.Guards = []inventory.Guard{{Key: key("a"), Version: version}}
	return c
}

func byKey(levels []inventory.Level) map[inventory.Key]inventory.Level {
	m := map[inventory.Key]inventory.Level{}
	for _, l := range levels {
		m[l.Key] = l
	}
	return m
}

func key(sku string) inventory.Key { return inventory.Key{SKU: sku, Location: here} }

func line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: here, Quantity: n}
}

// recorded returns the Change as one that has happened.
func recorded(c inventory.Change) inventory.Change {
	c.Recorded = true
	return c
}
