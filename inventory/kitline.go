package inventory

import "slices"

// kitLines are the lines by which a Change's origin moves its own number of the
// kits among the lines that the caller said, where their components have been
// placed; see [Line.ShownOnly].
func kitLines(said, placed []Line) []Line {
	var out []Line
	for i, l := range said {
		if l.Shown == 0 || slices.ContainsFunc(said[:i], func(x Line) bool { return x.SKU == l.SKU }) {
			continue
		}
		var shown int64
		for _, x := range said[i:] {
			if x.SKU == l.SKU {
				shown += x.Shown
			}
		}
		out = append(out, spreadShown(l.SKU, shown, placed)...)
	}
	return out
}

// spreadShown spreads what moved of a kit's number over the locations where its
// units are, as many as there are of one of its components.
func spreadShown(kit string, shown int64, placed []Line) []Line {
	var at []Line
	var first string
	var all int64
	for _, l := range placed {
		if l.Kit != kit || first != "" && l.SKU != first {
			continue
		}
		first = l.SKU
		all += l.Quantity
		i := slices.IndexFunc(at, func(x Line) bool { return x.Location == l.Location })
		if i < 0 {
			i = len(at)
			at = append(at, Line{SKU: kit, Kit: kit, Location: l.Location})
		}
		at[i].Shown += l.Quantity // for now its share
	}
	var out []Line
	left := shown
	for i, l := range at {
		share := int64(float64(shown) * float64(l.Shown) / float64(all))
		if i == len(at)-1 {
			share = left
		}
		left -= share
		if l.Shown = share; share != 0 {
			out = append(out, l)
		}
	}
	return out
}
