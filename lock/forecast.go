package lock

import (
	"context"
	"errors"

	"github.com/onhand-dev/onhand/inventory"
)

// place is a level of a merchant.
type place struct {
	merchant string
	inventory.Key
}

// forecast is what levels will be while a vector is applied, as far as one can
// tell: so that of several Changes on one level each is guarded by the version
// that the ones before it will leave.
type forecast struct {
	levels map[place]inventory.Level
	// looking are the positions of the Changes that need it.
	looking []int
}

// forecast reads the levels of the open Changes that are to be guarded.
func (o *Optimistic) forecast(ctx context.Context, v *vector) (forecast, error) {
	f := forecast{levels: map[place]inventory.Level{}}
	lines := map[string][]inventory.Line{}
	for _, i := range v.open {
		if c := v.changes[i]; guarded(c) {
			f.looking = append(f.looking, i)
			lines[c.Merchant] = append(lines[c.Merchant], c.Lines...)
		}
	}
	for merchant, l := range lines {
		levels, err := o.ledger.Levels(ctx, merchant, keysOf(l))
		if err != nil && !errors.Is(err, inventory.ErrUntracked) {
			return f, err
		}
		for _, level := range levels {
			f.levels[place{merchant, level.Key}] = level
		}
	}
	return f, nil
}

// guarded reports whether Optimistic guards the Change by versions: what is
// yet to be tracked has none.
func guarded(c inventory.Change) bool {
	return judged(c) && c.Kind != inventory.KindTrack && c.Kind != inventory.KindOrder
}

// foresee guards a Change that is to be guarded, and says whether it will move
// anything. What is known of no level, and what a reservation's record says, is
// expected to move nothing.
func (f forecast) foresee(c *inventory.Change) bool {
	after := map[place]inventory.Level{}
	known := len(c.Lines) > 0 && c.Validate() == nil
	for _, l := range c.Lines {
		at := place{c.Merchant, l.Key()}
		level, ok := after[at]
		if !ok {
			level, ok = f.levels[at]
			known = known && ok
		}
		level.Add(l.From, -l.Quantity)
		level.Add(l.To, l.Quantity)
		after[at] = level
	}
	if guarded(*c) {
		for _, k := range keysOf(c.Lines) {
			if l, ok := f.levels[place{c.Merchant, k}]; ok {
				c.Guards = append(c.Guards, inventory.Guard{Key: k, Version: l.Version})
			}
		}
	}
	if !known || c.Kind == inventory.KindTrack {
		return false
	}
	for at, l := range after {
		if !c.Recorded && short(f.levels[at], l) {
			return false
		}
	}
	for at, l := range after {
		l.Version++
		f.levels[at] = l
	}
	return true
}

// short reports whether an enforced Change from one state of a level to the
// other would be refused.
func short(before, after inventory.Level) bool {
	for _, s := range []inventory.State{inventory.Available, inventory.Reserved, inventory.Committed, inventory.Unavailable, inventory.Incoming} {
		floor := int64(0)
		if s == inventory.Available {
			floor = before.Floor()
		}
		if is := after.Quantity(s); is < before.Quantity(s) && is < floor {
			return true
		}
	}
	return false
}
