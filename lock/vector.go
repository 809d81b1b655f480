package lock

import (
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
)

// vector is the Changes of one Apply on their way to an Outcome each.
type vector struct {
	changes []inventory.Change
	out     []inventory.Outcome
	// open are those without a final Outcome, in order.
	open []int
}

func newVector(changes []inventory.Change) *vector {
	v := &vector{changes: changes, out: make([]inventory.Outcome, len(changes)), open: make([]int, len(changes))}
	for i := range changes {
		v.open[i] = i
		v.out[i].ID = changes[i].ID
	}
	return v
}

func (v *vector) pick(at []int) []inventory.Change {
	picked := make([]inventory.Change, len(at))
	for j, i := range at {
		picked[j] = v.changes[i]
	}
	return picked
}

// settle takes the Outcomes of the Changes at these positions. Those stay open
// that are to be tried again, and those refused while an earlier Change about
// the same reservation is open: a Commit behind its Reserve.
func (v *vector) settle(at []int, out []inventory.Outcome, again []bool) {
	answered, waiting := map[int]bool{}, map[string]bool{}
	for j, i := range at {
		v.out[i] = out[j]
		r := v.changes[i].Reservation
		if again[j] || out[j].Err != nil && r != "" && waiting[r] {
			waiting[r] = true
			continue
		}
		answered[i] = true
	}
	v.close(answered)
}

// fail answers the Changes at these positions with an error.
func (v *vector) fail(at []int, err error) {
	answered := map[int]bool{}
	for _, i := range at {
		v.out[i].Err = err
		answered[i] = true
	}
	v.close(answered)
}

func (v *vector) close(answered map[int]bool) {
	var open []int
	for _, i := range v.open {
		if !answered[i] {
			open = append(open, i)
		}
	}
	v.open = open
}

// giveUp leaves the open Changes at their last Outcome; err, if there is one,
// is why.
func (v *vector) giveUp(err error) []inventory.Outcome {
	for _, i := range v.open {
		if err != nil {
			v.out[i].Err = because(err, v.out[i].Err)
		}
	}
	return v.out
}

// because joins why somebody gave up with what he met last.
func because(err, last error) error {
	if last == nil || errors.Is(err, last) {
		return err
	}
	return fmt.Errorf("%w: %w", err, last)
}
