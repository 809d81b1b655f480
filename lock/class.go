package lock

import (
	"fmt"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Class is a kind of SKU, and the strategy for it.
type Class struct {
	// Name for [Stats]; unique, not empty, and not "fallback".
	Name string
	// Match reports whether a SKU belongs to the class. It is called for every
	// Change, by several goroutines at once.
	Match func(sku string) bool
	// Locker is the strategy outside of all Windows.
	Locker Locker
	// Windows are other strategies for a while. The first one that is open counts.
	Windows []Window
}

// Window is a time with another strategy, such as a flash sale. It is open from
// Start until before End, by [PolicyConfig.Now]: nothing has to fire, so a
// process that starts in the middle of it does the right thing.
type Window struct {
	Start, End time.Time
	Locker     Locker
}

// at is the class's strategy now.
func (c Class) at(now time.Time) Locker {
	for _, w := range c.Windows {
		if !now.Before(w.Start) && now.Before(w.End) {
			return w.Locker
		}
	}
	return c.Locker
}

// governs reports whether the class matches any of the SKUs.
func (c Class) governs(skus []string) bool { return slices.ContainsFunc(skus, c.Match) }

func validate(classes []Class) error {
	seen := map[string]bool{"": true, Fallback: true}
	for i, c := range classes {
		field := fmt.Sprintf("Classes[%d]", i)
		switch {
		case seen[c.Name]:
			return &inventory.InvalidError{Field: field + ".Name", Problem: fmt.Sprintf("is %q, must be unique, not empty and not %q", c.Name, Fallback)}
		case c.Match == nil:
			return &inventory.InvalidError{Field: field + ".Match", Problem: "is missing"}
		case c.Locker == nil:
			return &inventory.InvalidError{Field: field + ".Locker", Problem: "is missing"}
		}
		seen[c.Name] = true
		for j, w := range c.Windows {
			field := fmt.Sprintf("%s.Windows[%d]", field, j)
			switch {
			case !w.Start.Before(w.End):
				return &inventory.InvalidError{Field: field, Problem: "must end after its start"}
			case w.Locker == nil:
				return &inventory.InvalidError{Field: field + ".Locker", Problem: "is missing"}
			}
		}
	}
	return nil
}

// own returns classes that their giver can't change any more.
func own(classes []Class) []Class {
	classes = slices.Clone(classes)
	for i := range classes {
		classes[i].Windows = slices.Clone(classes[i].Windows)
	}
	return classes
}
