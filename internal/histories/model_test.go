package histories

import (
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// op is a call and its answer, between two moments.
func op(from, to int64, c inventory.Change, out Output) porcupine.Operation {
	return porcupine.Operation{Input: Input{SKU: "c", Change: c}, Call: from, Output: out, Return: to}
}

func saw(from, to, available, reserved, committed, version int64) porcupine.Operation {
	return op(from, to, inventory.Change{}, Output{Levels: map[string]level{"c": {available, reserved, committed, version}}})
}

func sawHold(from, to int64, status inventory.Status) porcupine.Operation {
	return op(from, to, inventory.Change{}, Output{Holds: map[string]inventory.Status{"c/h": status}})
}

func passed(from, to int64, d time.Duration) porcupine.Operation {
	return porcupine.Operation{Input: Input{Passed: d}, Call: from, Output: Output{}, Return: to}
}

// Histories of three units that are right, and the same with one answer forged.
func TestForgedAnswersAreRefused(t *testing.T) {
	t.Parallel()
	const never = 1 << 60
	h := &History{SKUs: []string{"a", "b", "c"}, Units: 3} // c has no rules
	sells := func(id string, n int64) inventory.Change { return inventory.Sell(id, h.line("c", n)) }
	holds := inventory.Reserve("c/h", time.Minute, h.line("c", 2))
	done, unknown, repeat := Output{}, Output{Unknown: true}, Output{Duplicate: true}
	short := Output{Err: describe(inventory.ErrInsufficient), Short: "c 2 of 1"}
	type history = []porcupine.Operation
	for name, tt := range map[string]struct{ right, forged []history }{
		"the last unit": {
			[]history{{op(1, 4, sells("1", 2), done), op(2, 3, sells("2", 2), short)}, {op(1, 4, sells("1", 2), short), op(2, 3, sells("2", 2), done)}},
			[]history{
				{op(1, 4, sells("1", 2), done), op(2, 3, sells("2", 2), done)},   // oversold
				{op(1, 4, sells("1", 2), short), op(2, 3, sells("2", 2), short)}, // refused with stock there
				{op(1, 4, sells("1", 2), done), op(2, 3, sells("2", 2), Output{Err: short.Err, Short: "c 2 of 3"})},
				{op(3, 4, sells("1", 2), done), op(1, 2, sells("2", 2), short)}, // before there was a reason
			},
		},
		"two sales": {
			[]history{{op(1, 4, sells("1", 1), done), op(2, 3, sells("2", 1), done), saw(5, 6, 1, 0, 2, 4)}},
			[]history{
				{op(1, 4, sells("1", 1), done), op(2, 3, sells("2", 1), done), saw(5, 6, 2, 0, 1, 3)}, // an update is lost
				{op(1, 4, sells("1", 1), done), op(2, 3, sells("2", 1), done), saw(5, 6, 1, 0, 2, 3)}, // a version is lost
				{op(1, 2, sells("1", 1), done), saw(3, 4, 3, 0, 0, 2)},                                // a stale read
				{saw(1, 2, 2, 0, 1, 3), op(3, 4, sells("1", 1), done)},                                // a read from the future
				{op(1, 2, sells("1", 1), done), saw(3, 6, 2, 0, 1, 3), saw(4, 5, 3, 0, 0, 2)},         // after it and before it
			},
		},
		"one ID": {
			[]history{
				{op(1, 4, sells("1", 1), done), op(2, 3, sells("1", 1), repeat), saw(5, 6, 2, 0, 1, 3)},
				{op(1, 2, sells("1", 1), done), op(3, 4, sells("1", 2), refused(inventory.ErrReusedID))},
			},
			[]history{
				{op(1, 4, sells("1", 1), done), op(2, 3, sells("1", 1), done)},
				{op(1, 4, sells("1", 1), repeat), op(2, 3, sells("1", 1), repeat)},
				{op(1, 2, sells("1", 1), done), op(3, 4, sells("1", 2), repeat)},
				{op(1, 2, sells("1", 1), repeat), op(3, 4, sells("1", 1), done)},
			},
		},
		"no answer": {
			[]history{
				{op(1, never, sells("1", 1), unknown), saw(2, 3, 3, 0, 0, 2), saw(4, 5, 2, 0, 1, 3)},
				{op(1, never, sells("1", 1), unknown), saw(2, 3, 3, 0, 0, 2), op(4, 5, sells("1", 1), done)},
				{op(1, never, sells("1", 1), unknown), op(4, 5, sells("1", 1), repeat)},
			},
			[]history{
				{op(1, never, sells("1", 1), unknown), saw(2, 3, 2, 0, 1, 3), saw(4, 5, 3, 0, 0, 2)},
				{op(1, never, sells("1", 1), unknown), saw(2, 3, 2, 0, 1, 3), op(4, 5, sells("1", 1), done)},
				{op(1, never, sells("1", 1), unknown), saw(2, 3, 1, 0, 2, 4)},
				{saw(1, 2, 2, 0, 1, 3), op(3, never, sells("1", 1), unknown)},
			},
		},
		"a fact": {
			[]history{{op(1, 2, sells("1", 4).ReportedBy("till"), Output{Oversold: "c"}), saw(3, 4, -1, 0, 4, 3)}},
			[]history{
				{op(1, 2, sells("1", 4).ReportedBy("till"), done)},
				{op(1, 2, sells("1", 4).ReportedBy("till"), refused(inventory.ErrInsufficient))},
			},
		},
		"a hold": {
			[]history{
				{op(1, 2, holds, done), passed(3, 6, time.Minute), sawHold(4, 5, inventory.Held), sawHold(7, 8, inventory.ExpiredHold), saw(9, 10, 1, 2, 0, 3)},
				{op(1, 2, holds, done), passed(3, 4, time.Minute), op(5, 6, inventory.Expire("c/h"), done), saw(7, 8, 3, 0, 0, 4), op(9, 10, inventory.Commit("c/h", "o"), Output{Late: true})},
				{op(1, 2, holds, done), op(3, 4, inventory.Release("c/h"), done), op(5, 6, inventory.Release("c/h"), repeat), op(7, 8, inventory.Commit("c/h", "o"), refused(inventory.ErrReleased))},
				{op(1, 2, holds, done), op(3, 4, inventory.Extend("c/h", time.Hour), done), passed(5, 6, time.Minute), sawHold(7, 8, inventory.Held)},
				{op(1, 2, holds, done), op(3, 4, inventory.Commit("c/h", "o"), done), op(5, 6, inventory.Commit("c/h", "o"), repeat), op(7, 8, inventory.Commit("c/h", "p"), refused(inventory.ErrCommitted))},
				{op(1, 2, inventory.Extend("c/h", time.Hour), refused(inventory.ErrNotFound)), op(1, 2, inventory.Expire("c/h"), repeat)},
			},
			[]history{
				{op(1, 2, holds, done), passed(3, 4, time.Minute), sawHold(5, 6, inventory.Held)},
				{op(1, 2, holds, done), op(3, 4, inventory.Expire("c/h"), done)},                                                                           // too early
				{op(1, 2, holds, done), op(3, 4, inventory.Release("c/h"), done), op(5, 6, inventory.Commit("c/h", "o"), done)},                            // both
				{op(1, 2, holds, done), op(3, 6, inventory.Release("c/h"), done), op(4, 5, inventory.Release("c/h"), done)},                                // back twice
				{op(1, 2, holds, done), passed(3, 4, time.Minute), op(5, 6, inventory.Commit("c/h", "o"), done)},                                           // late, not said
				{op(1, 2, holds, done), passed(3, 4, time.Minute), op(5, 6, inventory.Extend("c/h", time.Hour), done)},                                     // too late
				{op(1, 2, holds, done), op(3, 4, inventory.Commit("c/h", "o"), done), op(5, 6, inventory.Commit("c/h", "p"), repeat)},                      // another order
				{op(1, 2, holds, done), saw(3, 4, 3, 0, 0, 2)},                                                                                             // holds nothing
				{op(1, 2, holds, done), passed(3, 4, time.Minute), op(5, 6, inventory.Expire("c/h"), done), sawHold(7, 8, inventory.Held)},                 // and still there
				{op(1, 2, holds, done), passed(3, 4, time.Minute), op(5, 6, inventory.Expire("c/h"), done), saw(7, 8, 1, 0, 0, 4)},                         // units vanish
				{op(1, 2, holds, done), op(3, 4, inventory.Commit("c/h", "o"), done), op(5, 6, inventory.Release("c/h"), done), sawHold(7, 8, "released")}, // sold and given back
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, ops := range tt.right {
				require.NoError(t, h.Judge(ops, time.Minute), "right %d", i)
			}
			for i, ops := range tt.forged {
				require.ErrorContains(t, h.Judge(ops, time.Minute), "no order of calls", "forged %d", i)
			}
		})
	}
}

// A client that sends again by itself is told of a repeat, where it is the only
// one who asked.
func TestARepeatOfItsOwn(t *testing.T) {
	t.Parallel()
	h := &History{SKUs: []string{"a", "b", "c"}, Units: 3}
	o := op(1, 2, inventory.Sell("1", h.line("c", 1)), Output{Duplicate: true})
	require.Error(t, h.Judge([]porcupine.Operation{o}, time.Minute))
	in := o.Input.(Input)
	in.Resent = true
	o.Input = in
	require.NoError(t, h.Judge([]porcupine.Operation{o, saw(3, 4, 2, 0, 1, 3)}, time.Minute))
	require.Error(t, h.Judge([]porcupine.Operation{o, saw(3, 4, 3, 0, 0, 2)}, time.Minute))
}
