package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kits knows which SKUs are kits: sold as one, and made of components that have
// levels. A kit itself has none, but where [Stock.ShowKits] lets channels show
// it. It must be safe for concurrent use.
//
// [Stock] asks when a Change comes in and when availability is read, once for
// each SKU of a call. It does not remember the answers, so one that has to ask
// a database should. Redefining a kit touches neither open reservations, which
// keep the components that they were made of, nor IDs that come again.
type Kits interface {
	// Components returns what one unit of the kit is made of, the SKU and the
	// Quantity of each; nil and no error if the SKU is not a kit. A component
	// may be a kit itself, up to four deep. An error refuses the Change; it was
	// not applied then, and may be submitted again.
	Components(ctx context.Context, merchant, sku string) ([]Line, error)
}

// FixedKits are [Kits] that are the same for every merchant: the components by
// the SKU of the kit. It must not be changed once it is in use.
type FixedKits map[string][]Line

// Components implements [Kits].
func (f FixedKits) Components(_ context.Context, _, sku string) ([]Line, error) { return f[sku], nil }

// mostKitDepth is how deep kits may be nested: a kit of plain components is 1.
const mostKitDepth = 4

// part is how many units of a SKU one unit of something has.
type part struct {
	sku   string
	units int64
}

// kitBook asks Kits once for each SKU, so that one call sees one definition.
type kitBook struct {
	kits     Kits
	merchant string
	known    map[string]kit
	// down is why Kits could not be asked; nobody is kept waiting for it twice.
	down error
}

// kit is a SKU's plain components, each once and sorted; none if it is not one.
type kit struct {
	parts []part
	depth int
}

func (s *Stock) kitBook() *kitBook {
	return &kitBook{kits: s.kits, merchant: s.merchant, known: map[string]kit{}}
}

// parts returns the plain components of one unit of a SKU, nil if it is no kit.
// The error is an [*InvalidError] about the kit, or why Kits could not say.
func (b *kitBook) parts(ctx context.Context, sku string) ([]part, error) {
	if b.kits == nil {
		return nil, nil
	}
	k, err := b.open(ctx, sku, nil)
	return k.parts, err
}

// open takes a SKU apart; within are the kits that it was found in.
func (b *kitBook) open(ctx context.Context, sku string, within []string) (kit, error) {
	if k, ok := b.known[sku]; ok {
		return k, nil
	}
	if b.down != nil {
		return kit{}, b.down
	}
	path := append(slices.Clone(within), sku)
	bad := func(problem string) (kit, error) {
		return kit{}, &InvalidError{Field: "Kits[" + strings.Join(path, " > ") + "]", Problem: problem}
	}
	if slices.Contains(within, sku) {
		return bad("contains itself")
	}
	lines, err := b.kits.Components(ctx, b.merchant, sku)
	switch {
	case errors.Is(err, ErrInvalid):
		return kit{}, err
	case err != nil:
		b.down = fmt.Errorf("inventory: components of %s: %w", sku, err)
		return kit{}, b.down
	case len(lines) == 0:
		b.known[sku] = kit{}
		return kit{}, nil
	case len(within) >= mostKitDepth:
		return bad(fmt.Sprintf("is nested more than %d deep", mostKitDepth))
	}
	units, depth := map[string]int64{}, 0
	for _, l := range lines {
		switch {
		case !validName(l.SKU):
			return bad("has a component whose SKU " + badName)
		case l.Location != "":
			return bad("has a component with a location; give one to the line that is sold")
		case l.Quantity < 1 || l.Quantity > MaxQuantity:
			return bad(fmt.Sprintf("has %d of %s, must be 1 to %d", l.Quantity, l.SKU, MaxQuantity))
		}
		inner, err := b.open(ctx, l.SKU, path)
		if err != nil {
			return kit{}, err
		}
		if depth = max(depth, inner.depth); depth >= mostKitDepth {
			return bad(fmt.Sprintf("nests kits more than %d deep", mostKitDepth))
		}
		if inner.parts == nil {
			inner.parts = []part{{sku: l.SKU, units: 1}}
		}
		for _, p := range inner.parts {
			units[p.sku] += l.Quantity * p.units
			if units[p.sku] > MaxQuantity {
				return bad(fmt.Sprintf("has more than %d of %s", MaxQuantity, p.sku))
			}
		}
		if len(units) > MaxLines {
			return bad(fmt.Sprintf("has more than %d components", MaxLines))
		}
	}
	k := kit{depth: depth + 1}
	for sku, n := range units {
		k.parts = append(k.parts, part{sku: sku, units: n})
	}
	slices.SortFunc(k.parts, func(x, y part) int { return strings.Compare(x.sku, y.sku) })
	b.known[sku] = k
	return k, nil
}

// expand puts components in place of kits; nil if there is no kit among lines.
//
// What a channel shows of the kit says nothing of what it shows of the
// components, so these have no Shown: the channel has yet to be told of them.
// That its number of the kit has moved is said by kitLines.
func (b *kitBook) expand(ctx context.Context, lines []Line) ([]Line, error) {
	if b.kits == nil {
		return nil, nil
	}
	var out []Line
	for i, l := range lines {
		var parts []part
		if l.Kit == "" {
			var err error
			if parts, err = b.parts(ctx, l.SKU); err != nil {
				return nil, err
			}
		}
		if parts == nil {
			if out != nil {
				out = append(out, l)
			}
			continue
		}
		if out == nil {
			out = slices.Clone(lines[:i])
		}
		for _, p := range parts {
			n := l.Quantity * p.units // both are at most MaxQuantity, so this fits
			if n > MaxQuantity {
				return nil, &InvalidError{
					Field:   fmt.Sprintf("Lines[%d].Quantity", i),
					Problem: fmt.Sprintf("is %d of the kit %s, so %d of %s, must be at most %d", l.Quantity, l.SKU, n, p.sku, MaxQuantity),
				}
			}
			out = append(out, Line{
				SKU: p.sku, Location: l.Location, Quantity: n, From: l.From, To: l.To, Reason: l.Reason, Kit: l.SKU, PerKit: p.units,
			})
		}
		if len(out) > MaxLines {
			return nil, &InvalidError{Field: "Lines", Problem: fmt.Sprintf("have more than %d entries with the components of kits", MaxLines)}
		}
	}
	return out, nil
}

// among returns the lines that expand took as lines of kits.
func (b *kitBook) among(lines []Line) []Line {
	return slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return l.Kit != "" || b.known[l.SKU].parts == nil })
}

// nameKits says in a refusal which kits wanted what is short.
func nameKits(err error, lines []Line) {
	var short *InsufficientError
	if !errors.As(err, &short) {
		return
	}
	for i := range short.Short {
		s := &short.Short[i]
		for _, l := range lines {
			if l.Kit != "" && l.Key() == s.Key && l.From == s.State && !slices.Contains(s.Kits, l.Kit) {
				s.Kits = append(s.Kits, l.Kit)
			}
		}
		slices.Sort(s.Kits)
	}
}
