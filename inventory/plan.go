package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// mostSourcings is how often locations are chosen anew for a Change that came
// up short where another location may have had enough.
const mostSourcings = 3

// plan is one Change on its way from what its caller said to what the store is
// given.
type plan struct {
	at int // in the batch
	// said has its kits expanded and its locations as the caller left them.
	said Change
	// ready has locations.
	ready Change
	// kits are lines of kits whose number at the Change's origin has moved.
	kits []Line
}

// sent is what the store is given.
func (p plan) sent() Change {
	c := p.ready
	if lines := kitLines(p.kits, c.Lines); lines != nil {
		c.Lines = slices.Concat(c.Lines, lines)
	}
	return c
}

// open reports whether locations have to be chosen.
func (p plan) open() bool {
	return !p.said.placed() && slices.ContainsFunc(p.said.Lines, func(l Line) bool { return l.Location == "" })
}

func (s *Stock) applyPlain(ctx context.Context, changes []Change) []Outcome {
	out, sent := make([]Outcome, len(changes)), make([]bool, len(changes))
	todo := s.expand(ctx, changes, out)
	for try := 1; len(todo) > 0; try++ {
		todo = s.source(ctx, todo, out)
		ready := make([]Change, len(todo))
		for i, p := range todo {
			ready[i] = p.sent()
		}
		var again []plan
		for i, o := range s.submit(ctx, ready) {
			p := todo[i]
			nameKits(o.Err, p.ready.Lines)
			out[p.at], sent[p.at] = o, true
			if try < mostSourcings && p.open() && errors.Is(o.Err, ErrInsufficient) {
				again = append(again, p)
			}
		}
		todo = again
	}
	s.recall(ctx, changes, out, sent)
	return out
}

// recall finds out whether Changes that can't be expanded or sourced by now had
// been applied when they could: then that is the answer.
func (s *Stock) recall(ctx context.Context, changes []Change, out []Outcome, sent []bool) {
	var lost []Change
	var at []int
	var ids []string
	for i, c := range changes {
		if !sent[i] && Answered(out[i].Err) && s.valid(c) == nil {
			lost, at, ids = append(lost, rewritten(c, somewhere(c.Lines))), append(at, i), append(ids, c.ID)
		}
	}
	if lost == nil {
		return
	}
	applied, err := s.store.Applied(ctx, s.merchant, ids)
	if err != nil {
		return
	}
	for j, i := range at {
		if !applied[j] {
			continue
		}
		// The ID is looked at before anything else, so nothing moves by this.
		if o := s.submit(ctx, lost[j:j+1])[0]; o.Err == nil || errors.Is(o.Err, ErrReusedID) {
			out[i] = o
		}
	}
}

// expand checks Changes as their callers said them and puts components in place
// of kits. What does not pass gets its Outcome.
func (s *Stock) expand(ctx context.Context, changes []Change, out []Outcome) []plan {
	plans := make([]plan, 0, len(changes))
	kits := s.kitBook()
	_, keeps := s.store.(KitKeeper)
	for i, c := range changes {
		err := s.valid(c)
		var sold []Line
		if err == nil && !c.aboutLevels() {
			var lines []Line
			if lines, err = kits.expand(ctx, c.Lines); lines != nil {
				if keeps && c.showsKits() {
					sold = kits.among(c.Lines)
				}
				c = rewritten(c, lines)
			}
		}
		if err != nil {
			out[i] = Outcome{ID: c.ID, Err: err}
			continue
		}
		plans = append(plans, plan{at: i, said: c, kits: sold})
	}
	return plans
}

// aboutLevels reports whether the lines of the Change are about levels of just
// these SKUs, so that kits among them are not their components.
func (c Change) aboutLevels() bool {
	switch c.Kind {
	case KindTrack, KindUntrack, KindBelieve, KindEdit:
		return true
	}
	return false
}

// valid is Validate but for locations that are yet to be chosen.
func (s *Stock) valid(c Change) error {
	if s.sourcer != nil && !c.placed() && slices.ContainsFunc(c.Lines, func(l Line) bool { return l.Location == "" }) {
		c.Lines = somewhere(c.Lines)
	}
	return c.Validate()
}

// somewhere returns lines that all have a location.
func somewhere(lines []Line) []Line {
	lines = slices.Clone(lines)
	for i := range lines {
		lines[i].Location = cmp.Or(lines[i].Location, "not chosen")
	}
	return lines
}

// rewritten is c with other lines. What its caller said stays its content:
// other components or locations next time are still the same Change.
func rewritten(c Change, lines []Line) Change {
	if c.Digest == "" {
		c.Digest = digest(c.Lines)
	}
	c.Lines = lines
	return c
}

// source chooses locations, by one read for all plans. A plan whose choice is
// the one that came up short before is dropped: it has its Outcome. So has what
// can't be sourced.
func (s *Stock) source(ctx context.Context, plans []plan, out []Outcome) []plan {
	hint, err := s.hint(ctx, plans)
	ready := plans[:0]
	for _, p := range plans {
		before := p.ready.Lines
		p.ready = p.said
		if !p.open() {
			hint.note(p.ready.Lines)
			ready = append(ready, p)
			continue
		}
		var lines []Line
		failed := err
		if failed == nil {
			lines, failed = s.locate(ctx, p.said, hint)
		}
		if failed == nil {
			p.ready = rewritten(p.said, lines)
			failed = p.ready.Validate()
		}
		switch {
		case before != nil && (failed != nil || slices.Equal(before, lines)):
		case failed != nil:
			out[p.at] = Outcome{ID: p.said.ID, Err: failed}
		default:
			hint.note(lines)
			ready = append(ready, p)
		}
	}
	return ready
}

// locate asks the Sourcer about one Change, and checks the answer.
func (s *Stock) locate(ctx context.Context, c Change, h hint) ([]Line, error) {
	levels := h.of(c)
	ask := func(need []Line) ([]Line, error) {
		lines, err := s.sourcer.Source(ctx, slices.Clone(need), slices.Clone(levels))
		if err != nil {
			return nil, err
		}
		return lines, same(need, lines)
	}
	lines, err := ask(c.Lines)
	if !s.spread || err != nil && !errors.Is(err, ErrUntracked) || err == nil && covers(levels, lines) {
		return lines, err
	}
	loose := slices.Clone(c.Lines)
	for i := range loose {
		loose[i].PerKit = 0
	}
	if slices.Equal(loose, c.Lines) {
		return lines, err
	}
	return ask(loose)
}

// same checks that a Sourcer neither added nor dropped anything.
func same(need, got []Line) error {
	if len(got) > MaxLines {
		return &InvalidError{Field: "Sourcer", Problem: fmt.Sprintf("answered %d lines, must be at most %d", len(got), MaxLines)}
	}
	type movement struct {
		Key
		from, to State
	}
	sums, pinned := map[movement]int64{}, map[movement]int64{}
	for _, l := range need {
		sums[movement{Key{SKU: l.SKU}, l.From, l.To}] += l.Quantity
		if l.Location != "" {
			pinned[movement{l.Key(), l.From, l.To}] += l.Quantity
		}
	}
	for _, l := range got {
		if l.Quantity > MaxQuantity || l.Quantity < -MaxQuantity {
			return &InvalidError{Field: "Sourcer", Problem: fmt.Sprintf("answered %d of %s", l.Quantity, l.SKU)}
		}
		sums[movement{Key{SKU: l.SKU}, l.From, l.To}] -= l.Quantity
		pinned[movement{l.Key(), l.From, l.To}] -= l.Quantity
	}
	for m, n := range sums {
		if n != 0 {
			return &InvalidError{Field: "Sourcer", Problem: fmt.Sprintf("answered %d units of %s other than asked", -n, m.SKU)}
		}
	}
	for m, n := range pinned {
		if n > 0 {
			return &InvalidError{Field: "Sourcer", Problem: fmt.Sprintf("moved %d units away from %s, where they were asked", n, m.Key)}
		}
	}
	return nil
}

// covers reports whether levels have what lines take.
func covers(levels []Level, lines []Line) bool {
	h := hint{levels: slices.Clone(levels)}
	h.note(lines)
	return !slices.ContainsFunc(h.levels, func(l Level) bool { return l.Sellable() < 0 && takes(lines, l.Key) })
}

func takes(lines []Line, k Key) bool {
	return slices.ContainsFunc(lines, func(l Line) bool { return l.Key() == k && l.From == Available })
}
