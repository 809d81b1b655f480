package storetest

import (
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
}{
	{"unknown", 0, func(*fixture) {}, stock("a", 10, 0, 0), ""},
	{"held", 0, reserveH, stock("a", 7, 3, 0), inventory.Held},
	{"over, not tidied", advance, func(f *fixture) {
		reserveH(f)
		f.advance(hour)
	}, stock("a", 7, 3, 0), inventory.ExpiredHold},
	{"expired", advance, func(f *fixture) {
		reserveH(f)
		f.advance(hour)
		f.must(inventory.Expire("h"))
	}, stock("a", 10, 0, 0), inventory.ExpiredHold},
	{"committed", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Commit("h", "o1"))
	}, stock("a", 7, 0, 3), inventory.CommittedHold},
	{"released", 0, func(f *fixture) {
		reserveH(f)
		f.must(inventory.Release("h"))
	}, stock("a", 10, 0, 0), inventory.ReleasedHold},
	{"settled by an order", 0, func(f *fixture) {
		reserveH(f)
		f.must(settling(document("first/1", 0, "body", line("a", 3), line("b", 2))))
	}, stock("a", 7, 0, 3), inventory.CommittedHold},
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

func cells() []test {
	moved := func(a inventory.Level, s inventory.Status) cell { return cell{a: a, status: s} }
	fails := func(err error) cell { return cell{err: err} }
	again := cell{again: true}
	free, taken, sold := stock("a", 10, 0, 0), stock("a", 7, 3, 0), stock("a", 7, 0, 3)
	other := inventory.Reserve("h", hour, line("a", 4))
	operations := []struct {
		name string
		c    inventory.Change
		// cells in the order of holdStates.
		cells [7]cell
	}{
		// unknown, held, over, expired, committed, released, settled
		{"extend", inventory.Extend("h", 2*hour), [7]cell{
			fails(inventory.ErrNotFound), moved(taken, inventory.Held), fails(inventory.ErrExpired), fails(inventory.ErrExpired),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), fails(inventory.ErrCommitted),
		}},
		{"commit", inventory.Commit("h", "o1"), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			again, fails(inventory.ErrReleased), again,
		}},
		{"commit to another order", inventory.Commit("h", "o2"), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), again,
		}},
		{"recorded commit", recorded(inventory.Commit("h", "o1")), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			again, fails(inventory.ErrReleased), again,
		}},
		{"release", inventory.Release("h"), [7]cell{
			fails(inventory.ErrNotFound), moved(free, inventory.ReleasedHold), moved(free, inventory.ReleasedHold), again,
			fails(inventory.ErrCommitted), again, fails(inventory.ErrCommitted),
		}},
		{"expire", inventory.Expire("h"), [7]cell{
			again, again, moved(free, inventory.ExpiredHold), again, again, again, again,
		}},
		{"commit all as a part", inventory.CommitPart("p", "h", "o1", line("a", 3), line("b", 2)), [7]cell{
			fails(inventory.ErrNotFound), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold), moved(sold, inventory.CommittedHold),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), again,
		}},
		{"release all as a part", inventory.ReleasePart("p", "h", line("b", 2), line("a", 3)), [7]cell{
			fails(inventory.ErrNotFound), moved(free, inventory.ReleasedHold), moved(free, inventory.ReleasedHold), again,
			fails(inventory.ErrCommitted), again, fails(inventory.ErrCommitted),
		}},
		{"resize", inventory.Resize("p", "h", line("a", 6), line("b", 4)), [7]cell{
			fails(inventory.ErrNotFound), moved(stock("a", 4, 6, 0), inventory.Held), fails(inventory.ErrExpired), fails(inventory.ErrExpired),
			fails(inventory.ErrCommitted), fails(inventory.ErrReleased), fails(inventory.ErrCommitted),
		}},
		{"reserve again", inventory.Reserve("h", hour, line("a", 3), line("b", 2)), [7]cell{
			moved(taken, inventory.Held), again, again, again, again, again, again,
		}},
		{"reserve other lines", other, [7]cell{
			moved(stock("a", 6, 4, 0), inventory.Held), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID),
			fails(inventory.ErrReusedID), fails(inventory.ErrReusedID), fails(inventory.ErrReusedID),
		}},
	}
	var tests []test
	for _, op := range operations {
		for i, s := range holdStates {
			want := op.cells[i]
			tests = append(tests, test{op.name + "/" + s.name, s.needs, func(f *fixture) {
				f.track("a", 10)
				f.track("b", 10)
				s.reach(f)
				status, a := want.status, want.a
				var out inventory.Outcome
				switch {
				case want.err != nil:
					out, status, a = f.refuse(op.c, want.err), s.status, s.a
				case want.again:
					out, status, a = f.repeat(op.c), s.status, s.a
				default:
					out = f.must(op.c)
				}
				f.equal(a, f.states("a"))
				if a.Reserved != 4 { // the hold has 2 of b where it has 3 of a
					r, c := a.Reserved*2/3, a.Committed*2/3
					f.equal(stock("b", 10-r-c, r, c), f.states("b"), "every line of the hold moves")
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
			}})
		}
	}
	return tests
}
