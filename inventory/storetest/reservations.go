package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// reservations: what each operation does to a hold in each of its states.
func reservations(t *testing.T, h Harness) {
	t.Run("table", func(t *testing.T) { each(t, h, cells()) })
	t.Run("commit", func(t *testing.T) { each(t, h, commitTests) })
	t.Run("parts", func(t *testing.T) { each(t, h, partTests) })
	t.Run("resize", func(t *testing.T) { each(t, h, resizeTests) })
	t.Run("time", func(t *testing.T) { each(t, h, timeTests) })
}

// holdStates bring the hold h of 3 units of a and 2 of b into each state. Both
// levels start with 10 units.
var holdStates = []struct {
	name  string
	needs power
	reach func(f *fixture)
	// a is the level in that state, status that of the hold.
	a      inventory.Level
	status inventory.Status
	// sold units of a and of b are committed to others.
	sold int64
}{
	{"unknown", 0, func(*fixture) {}, stock("a", 10, 0, 0), "", 0},
	{"held", 0, reserveH, stock("a", 7, 3, 0), inventory.Held, 0},
	{"over", advance, func(f *fixture) {
		reserveH(f)
		f.advance(hour)
	}, stock("a", 7, 3, 0), inventory.ExpiredHold, 0},
	{"expired", advance, expireH, stock("a", 10, 0, 0), inventory.ExpiredHold, 0},
	{"sold out", advance, func(f *fixture) {
		expireH(f)
		f.must(inventory.Sell("others", line("a", 10), line("b", 10)))
	}, stock("a", 0, 0, 10), inventory.ExpiredHold, 10},
	{"committed", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Commit("h", "o1"))
	}, stock("a", 7, 0, 3), inventory.CommittedHold, 0},
	{"released", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Release("h"))
	}, stock("a", 10, 0, 0), inventory.ReleasedHold, 0},
	{"settled", 0, func(f *fixture) {
		reserveH(f)
		f.must(settling(document("first/1", 0, "body", line("a", 3), line("b", 2))))
	}, stock("a", 7, 0, 3), inventory.CommittedHold, 0},
}

func expireH(f *fixture) {
	f.Helper()
	reserveH(f)
	f.advance(hour)
	f.must(inventory.Expire("h"))
}

func reserveH(f *fixture) {
	f.Helper()
	f.must(inventory.Reserve("h", hour, line("a", 3), line("b", 2)))
}

// cell is what an operation does to a hold in one state: its error, or whether
// it is a duplicate, or how level a stands after it.
type cell struct {
	err    error
	again  bool
	a      inventory.Level
	status inventory.Status
}

// operation is a row of the table of reservations: what it does to a hold in
// each of the holdStates, in their order.
type operation struct {
	name  string
	c     inventory.Change
	cells [8]cell
	// paid: only as a recorded Change, else both ways.
	paid bool
}

// operations are the table of reservations. The documentation of package
// inventory has it, too; a test holds that they say the same.
func operations() []operation {
	moved := func(a inventory.Level, s inventory.Status) cell { return cell{a: a, status: s} }
	fails := func(err error) cell { return cell{err: err} }
	again := cell{again: true}
	free, taken, sold := stock("a", 10, 0, 0), stock("a", 7, 3, 0), moved(stock("a", 7, 0, 3), inventory.CommittedHold)
	back, gone := moved(free, inventory.ReleasedHold), fails(inventory.ErrNotFound)
	over, committed, released, reused := fails(inventory.ErrExpired), fails(inventory.ErrCommitted), fails(inventory.ErrReleased), fails(inventory.ErrReusedID)
	below := moved(stock("a", -3, 0, 13), inventory.CommittedHold)
	part := []inventory.Line{line("b", 2), line("a", 3)}
	return []operation{
		// unknown, held, over, expired, sold out, committed, released, settled
		{"Reserve", inventory.Reserve("h", hour, line("a", 3), line("b", 2)), [8]cell{moved(taken, inventory.Held), again, again, again, again, again, again, again}, false},
		{"Reserve other lines", inventory.Reserve("h", hour, line("a", 4)), [8]cell{moved(stock("a", 6, 4, 0), inventory.Held), reused, reused, reused, reused, reused, reused, reused}, false},
		{"Extend", inventory.Extend("h", 2*hour), [8]cell{gone, moved(taken, inventory.Held), over, over, over, committed, released, committed}, false},
		{"Commit", inventory.Commit("h", "o1"), [8]cell{gone, sold, sold, sold, over, again, released, again}, false},
		{"Commit, recorded", inventory.Commit("h", "o1"), [8]cell{gone, sold, sold, sold, below, again, released, again}, true},
		{"Commit, other order", inventory.Commit("h", "o2"), [8]cell{gone, sold, sold, sold, over, committed, released, again}, false},
		{"... and recorded", inventory.Commit("h", "o2"), [8]cell{gone, sold, sold, sold, below, committed, released, again}, true},
		{"Release", inventory.Release("h"), [8]cell{gone, back, back, again, again, committed, again, committed}, false},
		{"Expire", inventory.Expire("h"), [8]cell{again, again, moved(free, inventory.ExpiredHold), again, again, again, again, again}, false},
		{"CommitPart", inventory.CommitPart("p", "h", "o1", part...), [8]cell{gone, sold, sold, sold, over, committed, released, again}, false},
		{"CommitPart, recorded", inventory.CommitPart("p", "h", "o2", part...), [8]cell{gone, sold, sold, sold, below, committed, released, again}, true},
		{"ReleasePart", inventory.ReleasePart("p", "h", part...), [8]cell{gone, back, back, again, again, committed, again, committed}, false},
		{"Resize", inventory.Resize("p", "h", line("a", 6), line("b", 4)), [8]cell{gone, moved(stock("a", 4, 6, 0), inventory.Held), over, over, over, committed, released, committed}, false},
	}
}

// table writes the operations as the documentation has them.
func table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-21s", "")
	row := func(words ...string) {
		for i, w := range words {
			if i < len(words)-1 {
				w = fmt.Sprintf("%-13s", w)
			}
			b.WriteString(w)
		}
		b.WriteString("\n")
	}
	var head []string
	for _, s := range holdStates {
		head = append(head, s.name)
	}
	row(head...)
	for _, op := range operations() {
		fmt.Fprintf(&b, "%-21s", op.name)
		var words []string
		for i, c := range op.cells {
			words = append(words, c.word(holdStates[i].status))
		}
		row(words...)
	}
	return b.String()
}

// word is a cell in the documentation: the error, "repeat", or the state that
// the hold is in afterwards; "late" is a commit after its time.
func (c cell) word(before inventory.Status) string {
	for err, word := range map[error]string{
		inventory.ErrNotFound: "ErrNotFound", inventory.ErrExpired: "ErrExpired", inventory.ErrCommitted: "ErrCommitted",
		inventory.ErrReleased: "ErrReleased", inventory.ErrReusedID: "ErrReusedID",
	} {
		if errors.Is(c.err, err) {
			return word
		}
	}
	switch {
	case c.again:
		return "repeat"
	case before == inventory.ExpiredHold && c.status == inventory.CommittedHold:
		return "late"
	}
	return string(c.status)
}

func cells() (tests []test) {
	for _, op := range operations() {
		for _, recorded := range []bool{false, true} {
			if op.paid && !recorded {
				continue
			}
			for i, s := range holdStates {
				// Of a commit of what is sold out there is a row for either way.
				if sold := s.sold > 0 && op.cells[i].err != nil; recorded && !op.paid && sold && op.c.OrderName != "" {
					continue
				}
				c, name, want := op.c, op.name, op.cells[i]
				if c.Recorded = recorded; recorded && !op.paid {
					name += ", recorded"
				}
				if recorded && c.Kind == inventory.KindReserve && i > 0 { // that it has happened is content
					want = cell{err: inventory.ErrReusedID}
				}
				tests = append(tests, test{name + "/" + s.name, s.needs, func(f *fixture) { f.cell(c, i, want) }})
			}
		}
	}
	return tests
}

// cell tries what a Change does to the hold in one state.
func (f *fixture) cell(c inventory.Change, state int, want cell) {
	f.track("a", 10)
	f.track("b", 10)
	s := holdStates[state]
	s.reach(f)
	status, a := want.status, want.a
	var out inventory.Outcome
	switch {
	case want.err != nil:
		out, status, a = f.refuse(c, want.err), s.status, s.a
	case want.again:
		out, status, a = f.repeat(c), s.status, s.a
	default:
		out = f.must(c)
	}
	f.equal(a, f.states("a"))
	if a.Reserved != 4 { // the hold has 2 of b where it has 3 of a
		held, taken := a.Reserved*2/3, (a.Committed-s.sold)*2/3
		f.equal(stock("b", 10-s.sold-held-taken, held, taken+s.sold), f.states("b"), "every line of the hold moves")
	}
	if status == "" {
		f.yes(out.Reservation == nil, "an unknown hold has no state")
		return
	}
	f.yes(out.Reservation != nil, "the outcome tells the state of the hold that the Change names")
	f.equal(status, out.Reservation.Status)
	f.equal(status, f.hold("h").Status)
	late := s.status == inventory.ExpiredHold && want.status == inventory.CommittedHold
	f.equal(late, out.Late, "Late tells of a commit after the time was over, and of nothing else")
	below := want.err == nil && !want.again && a.Available < 0
	f.equal(below, len(out.Oversold) > 0, "what is recorded flags what it oversells")
}
