package inventory

import (
	"context"
	"maps"
	"slices"
)

// learnKits notes the components of lines that are new. Shopify's own bundles
// come as lines of their components, which are no kits here.
func (r *record) learnKits(ctx context.Context, before Order, kits *kitBook) error {
	seen := map[string]bool{"": true}
	for _, l := range before.Lines {
		seen[l.SKU] = true
	}
	learned := maps.Clone(r.Kits)
	for _, l := range r.Order.Lines {
		if seen[l.SKU] {
			continue
		}
		seen[l.SKU] = true
		parts, err := kits.parts(ctx, l.SKU)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if learned == nil {
				learned = map[string][]component{}
			}
			learned[l.SKU] = append(learned[l.SKU], component{SKU: p.sku, Units: p.units})
		}
	}
	r.Kits = learned
	return nil
}

// split puts components in place of kits, apart from the rest, and says what of
// the kits themselves is or is not on sale any more.
func (r *record) split(m Movement) (plain, sold, parts Movement) {
	for _, x := range m {
		kit, ok := r.Kits[x.SKU]
		if !ok {
			plain = append(plain, x)
		} else {
			sold = append(sold, Moved{SKU: x.SKU, Location: x.Location, Available: x.Available})
		}
		for _, c := range kit {
			parts = append(parts, Moved{SKU: c.SKU, Location: x.Location, Available: x.Available * c.Units, Committed: x.Committed * c.Units})
		}
	}
	return plain.tidy(), sold.tidy(), parts.tidy()
}

// soldKits are the lines by which a channel moved its own number of kits; see
// [Line.ShownOnly].
func soldKits(m Movement) []Line {
	lines := make([]Line, len(m))
	for i, x := range m {
		lines[i] = Line{SKU: x.SKU, Location: x.Location, Kit: x.SKU, Shown: x.Available}
	}
	return lines
}

// unshown are lines by which the channel has not moved any number.
func unshown(lines []Line) []Line {
	for i := range lines {
		lines[i].Shown = 0
	}
	return lines
}

// need is what a line takes: itself, or the components of its kit.
func (r *record) need(l OrderLine) []Line {
	kit, ok := r.Kits[l.SKU]
	if !ok {
		return []Line{{SKU: l.SKU, Quantity: l.Ordered}}
	}
	need := make([]Line, len(kit))
	for i, c := range kit {
		need[i] = Line{SKU: c.SKU, Quantity: l.Ordered * c.Units, Kit: l.SKU, PerKit: c.Units}
	}
	return need
}

// orderLines turns a movement into lines. What both leaves available and is
// committed at one level is one line; the rest comes from or goes to the
// world. The channel's own number has moved with available.
func orderLines(m Movement, skip []Key) []Line {
	var lines []Line
	add := func(x Moved, n int64, from, to State, shown int64) {
		if n > 0 {
			lines = append(lines, Line{SKU: x.SKU, Location: x.Location, Quantity: n, From: from, To: to, Shown: shown})
		}
	}
	for _, x := range m {
		if slices.Contains(skip, Key{SKU: x.SKU, Location: x.Location}) {
			continue
		}
		sold := max(0, min(-x.Available, x.Committed))
		back := max(0, min(x.Available, -x.Committed))
		a, c := x.Available+sold-back, x.Committed-sold+back
		add(x, sold, Available, Committed, -sold)
		add(x, back, Committed, Available, back)
		add(x, a, World, Available, a)
		add(x, -a, Available, World, a)
		add(x, c, World, Committed, 0)
		add(x, -c, Committed, World, 0)
	}
	return lines
}
