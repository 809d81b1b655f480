package inventory

import (
	"slices"
	"strings"
)

// Places is what must be known beside an order's document to say where its
// units are.
type Places struct {
	// Locations are all locations of the merchant. If there is one, that is
	// where everything happens, whatever an order says; if there are several,
	// the first is the home of lines that Homes does not name. Without any,
	// everything happens at location "".
	Locations []string
	// Homes is the location chosen for a line's units when the order was first
	// seen, by line ID. A till's own location goes before it. To keep movements
	// reproducible it must not change during an order's life.
	Homes map[string]string
}

// home returns where the units of a line are while nothing better is known.
func (p Places) home(o Order, line string) string {
	if o.Location != "" {
		return o.Location
	}
	if at := p.Homes[line]; at != "" {
		return at
	}
	return p.first()
}

func (p Places) first() string {
	if len(p.Locations) == 0 {
		return ""
	}
	return p.Locations[0]
}

// several reports whether there is anything to ask about places.
func (p Places) several() bool { return len(p.Locations) > 1 }

// counts are units by place, sorted by place. A place with none is not the same
// as no place: units may be taken from it.
type counts []count

type count struct {
	place string
	units int64
}

func (c counts) index(place string) (int, bool) {
	return slices.BinarySearchFunc(c, place, func(x count, p string) int { return strings.Compare(x.place, p) })
}

func (c counts) get(place string) int64 {
	if i, ok := c.index(place); ok {
		return c[i].units
	}
	return 0
}

// add changes the units at a place, which is there afterwards in any case.
func (c *counts) add(place string, units int64) {
	i, ok := c.index(place)
	if !ok {
		*c = slices.Insert(*c, i, count{place: place})
	}
	(*c)[i].units += units
}

func (c counts) sum() int64 {
	var n int64
	for _, x := range c {
		n += x.units
	}
	return n
}

// clip keeps the first n units in the order of places.
func (c counts) clip(n int64) counts {
	var out counts
	for _, x := range c {
		if k := min(x.units, n); k > 0 {
			out = append(out, count{x.place, k})
			n -= k
		}
	}
	return out
}

// only reports whether all units are at that place.
func (c counts) only(place string) bool {
	for _, x := range c {
		if x.place != place && x.units != 0 {
			return false
		}
	}
	return true
}

// first returns the place with most units, of equals the last by name.
func (c counts) first() string {
	var top count
	for i, x := range c {
		if i == 0 || x.units >= top.units {
			top = x
		}
	}
	return top.place
}

// drain takes n units, each from the first place of that moment, and returns
// from where it took them. There must be a place. It counts instead of looping
// over units: places at the top sink together until they meet the next.
func (c counts) drain(n int64) counts {
	taken := make(counts, len(c))
	for i, x := range c {
		taken[i].place = x.place
	}
	for n > 0 && len(c) > 0 {
		top, tops, next, below := c[0].units, int64(0), int64(0), false
		for _, x := range c {
			top = max(top, x.units)
		}
		for _, x := range c {
			if x.units == top {
				tops++
			} else if !below || x.units > next {
				next, below = x.units, true
			}
		}
		each, last := n/tops, int64(0)
		if gap := top - next; below && gap > 0 && gap <= each {
			each = gap
		} else {
			last = n % tops // what is left goes to the last places by name
		}
		n -= each*tops + last
		for i := len(c) - 1; i >= 0; i-- {
			if c[i].units != top {
				continue
			}
			k := each
			if last > 0 {
				k++
				last--
			}
			c[i].units -= k
			taken[i].units += k
		}
	}
	return taken
}

// whereabouts is what is known of a line's units when their places are asked.
type whereabouts struct {
	ordered, gone int64  // gone: left the order unshipped, restocked or not
	back, sent    counts // restocked unshipped, and shipped, by place
	home          string
	spots         LinePlaces // the newest reading
	stale         bool       // the reading is older than the order, or not settled
}

// where returns at which places a line's units are open, which places the gone
// ones left from, and "", UnsurePlace or UnsureOrigin. It starts from the newest
// reading and moves it on by what came after, in a fixed order of places so that
// the order of messages does not matter.
func where(w whereabouts) (at, left counts, doubt Reason) {
	var shipped counts
	var known int64
	for _, p := range w.spots.At {
		at.add(p.Location, p.Open)
		left.add(p.Location, p.Gone)
		shipped.add(p.Location, p.Shipped)
		known += p.Open + p.Shipped + p.Gone
	}
	read := len(at) > 0
	added := max(w.ordered-known, -w.ordered)
	if read {
		at.add(at.first(), added)
	} else {
		at.add(w.home, added)
	}
	sure := w.spots.Sure && added == 0

	for _, x := range w.sent { // a place that only shipped before is looked at too
		shipped.add(x.place, 0)
	}
	for _, x := range shipped {
		more := w.sent.get(x.place) - x.units
		at.add(x.place, max(-more, 0)) // cancelled shipments are open again
		if more < 0 {
			sure = false
		}
		if more > 0 {
			sure = at.ship(x.place, more) && sure
		}
	}

	late := max(0, w.gone-left.sum())
	lost := late
	var out counts // what left since, kept apart: the reading decides who is late
	for _, x := range w.back {
		n := min(lost, max(0, x.units-left.get(x.place)))
		lost -= n
		own := n
		if read {
			own = min(n, max(0, at.get(x.place)))
		}
		at.add(x.place, -own)
		out.add(x.place, own)
		if n > own {
			taken := at.drain(n - own)
			sure = taken.only(x.place) && sure
			out.addAll(taken)
		}
	}
	if lost > 0 {
		sure = false
		out.addAll(at.drain(lost))
	}
	left.addAll(out)

	switch {
	case (w.stale || !read) && (late > 0 || at.sum() != 0):
		return at, left, UnsurePlace
	case sure || w.gone == 0:
		return at, left, ""
	default:
		return at, left, UnsureOrigin
	}
}

// ship takes n units that left from a place, from elsewhere if it has none
// open, and reports whether that leaves no doubt about where the others are.
func (c *counts) ship(place string, n int64) (sure bool) {
	own := min(n, max(0, c.get(place)))
	c.add(place, -own)
	n -= own
	var open counts
	for _, x := range *c {
		if x.units > 0 {
			open = append(open, x)
		}
	}
	if len(open) == 1 { // the only place that can have shipped them
		k := min(n, open[0].units)
		c.drain(k)
		n -= k
	}
	return c.drain(n).only(place)
}

func (c *counts) addAll(more counts) {
	for _, x := range more {
		if x.units != 0 {
			c.add(x.place, x.units)
		}
	}
}
