package histories

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/onhand-dev/onhand/inventory"
)

// Model is what a store does when one call comes after the other: levels with
// floors by SKU, the memory of IDs, and holds that expire. It is written for
// this purpose alone and shares no code with any store.
func (h *History) Model() porcupine.Model {
	begin := &state{rules: h.Rules(), levels: map[string]level{}}
	for _, sku := range h.SKUs {
		begin.levels[sku] = level{available: h.Units, version: configured}
	}
	return porcupine.Model{
		Init: func() any { return begin },
		Step: func(s, in, out any) (bool, any) {
			ok, next := s.(*state).step(in.(Input), out.(Output))
			return ok, next
		},
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return s.(*state).hash() },
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			return partition(history)
		},
	}
}

// partition splits a history by SKU, unless one of its operations is about
// several. Time passes for all.
func partition(history []porcupine.Operation) [][]porcupine.Operation {
	bySKU := map[string][]porcupine.Operation{}
	for _, op := range history {
		switch in := op.Input.(Input); {
		case in.Passed > 0:
		case in.SKU == "":
			return [][]porcupine.Operation{history}
		default:
			bySKU[in.SKU] = nil
		}
	}
	for _, op := range history {
		in := op.Input.(Input)
		for sku := range bySKU {
			if in.SKU == sku || in.Passed > 0 {
				bySKU[sku] = append(bySKU[sku], op)
			}
		}
	}
	return slices.Collect(maps.Values(bySKU))
}

// level is a level's units and its version.
type level struct{ available, reserved, committed, version int64 }

// hold is a reservation. Its status is what was written: that its time is over
// is seen by its deadline.
type hold struct {
	status   inventory.Status
	deadline time.Duration
	units    string // "sku n;" each, sorted
	order    string
}

// state is never changed.
type state struct {
	rules  map[string]inventory.Rules
	now    time.Duration
	levels map[string]level
	ids    map[string]string // applied IDs and their content
	holds  map[string]hold
}

func (s *state) equal(o *state) bool {
	return s.now == o.now && maps.Equal(s.levels, o.levels) && maps.Equal(s.ids, o.ids) && maps.Equal(s.holds, o.holds)
}

func (s *state) hash() uint64 {
	h := uint64(len(s.ids))*31 + uint64(len(s.holds))
	for _, l := range s.levels {
		h += uint64(l.available)*1e6 + uint64(l.reserved)*1e3 + uint64(l.committed) + uint64(l.version)*7e9
	}
	return h
}

func (s *state) floor(sku string) int64 {
	return s.rules[sku].SafetyStock - s.rules[sku].BackorderLimit
}

// step says whether an answer is right, and what is after it.
func (s *state) step(in Input, out Output) (bool, *state) {
	switch {
	case in.Passed > 0:
		next := *s
		next.now += in.Passed
		return true, &next
	case in.Change.Kind == "":
		return out.Unknown || s.shows(out), s
	}
	next, want := s.apply(in.Change)
	if out.Unknown {
		return true, next
	}
	if in.Resent && out.Duplicate && out.Err == "" && want.Err == "" {
		// The client has sent it again by itself, so the repeat is its own, and
		// the levels are those of the second time.
		return true, next
	}
	if out.Err != want.Err || out.Duplicate != want.Duplicate || out.Late != want.Late {
		return false, s
	}
	if want.Short != "" && out.Short != want.Short || out.Oversold != want.Oversold {
		return false, s
	}
	return next.shows(out), next
}

// shows reports whether levels and holds that were seen are these.
func (s *state) shows(out Output) bool {
	for sku, seen := range out.Levels {
		if s.levels[sku] != seen {
			return false
		}
	}
	for id, seen := range out.Holds {
		h := s.holds[id]
		if h.status == inventory.Held && s.now >= h.deadline {
			h.status = inventory.ExpiredHold
		}
		if h.status != seen {
			return false
		}
	}
	return true
}

// flow is a movement from one place of a level to another.
type flow struct{ from, to inventory.State }

var (
	reserve = flow{inventory.Available, inventory.Reserved}
	giveUp  = flow{inventory.Reserved, inventory.Available}
	deliver = flow{inventory.Reserved, inventory.Committed}
	sell    = flow{inventory.Available, inventory.Committed}
	receive = flow{inventory.World, inventory.Available}
)

// apply is the table of what a Change does.
func (s *state) apply(c inventory.Change) (*state, Output) {
	switch c.Kind {
	case inventory.KindSell, inventory.KindReceive:
		if content, ok := s.ids[c.ID]; ok {
			if content != contentOf(c) {
				return s, refused(inventory.ErrReusedID)
			}
			return s, Output{Duplicate: true}
		}
		how := sell
		if c.Kind == inventory.KindReceive {
			how = receive
		}
		next, out := s.move(unitsOf(c.Lines), how, c.Recorded)
		if out.Err == "" {
			next.ids = with(s.ids, c.ID, contentOf(c))
		}
		return next, out
	case inventory.KindReserve:
		if h, ok := s.holds[c.ID]; ok {
			if h.units != unitsOf(c.Lines) {
				return s, refused(inventory.ErrReusedID)
			}
			return s, Output{Duplicate: true}
		}
		next, out := s.move(unitsOf(c.Lines), reserve, false)
		if out.Err == "" {
			next.holds = with(s.holds, c.ID, hold{status: inventory.Held, deadline: s.now + c.TTL, units: unitsOf(c.Lines)})
		}
		return next, out
	}
	h, ok := s.holds[c.Reservation]
	over := s.now >= h.deadline
	set := func(next *state, out Output, change func(*hold)) (*state, Output) {
		if out.Err == "" {
			change(&h)
			next.holds = with(s.holds, c.Reservation, h)
		}
		return next, out
	}
	ended := map[inventory.Status]error{
		inventory.ReleasedHold: inventory.ErrReleased, inventory.ExpiredHold: inventory.ErrExpired, inventory.CommittedHold: inventory.ErrCommitted,
	}
	switch {
	case c.Kind == inventory.KindExpire:
		if h.status != inventory.Held || !over {
			return s, Output{Duplicate: true}
		}
		next, out := s.move(h.units, giveUp, false)
		return set(next, out, func(h *hold) { h.status = inventory.ExpiredHold })
	case !ok:
		return s, refused(inventory.ErrNotFound)
	case c.Kind == inventory.KindExtend:
		if h.status != inventory.Held {
			return s, refused(ended[h.status])
		}
		if over {
			return s, refused(inventory.ErrExpired)
		}
		next := *s
		return set(&next, Output{}, func(h *hold) { h.deadline = max(h.deadline, s.now+c.TTL) })
	case c.Kind == inventory.KindRelease:
		switch h.status {
		case inventory.CommittedHold:
			return s, refused(inventory.ErrCommitted)
		case inventory.Held:
			next, out := s.move(h.units, giveUp, false)
			return set(next, out, func(h *hold) { h.status = inventory.ReleasedHold })
		}
		return s, Output{Duplicate: true}
	case c.Kind == inventory.KindCommit:
		how, late := deliver, over
		switch h.status {
		case inventory.CommittedHold:
			if h.order == c.OrderName {
				return s, Output{Duplicate: true}
			}
			return s, refused(inventory.ErrCommitted)
		case inventory.ReleasedHold:
			return s, refused(inventory.ErrReleased)
		case inventory.ExpiredHold:
			how, late = sell, true
		}
		next, out := s.move(h.units, how, c.Recorded)
		out.Late = late
		if out.Err != "" {
			out.Late = false
			out.Err = describe(inventory.ErrInsufficient, inventory.ErrExpired)
		}
		return set(next, out, func(h *hold) { h.status, h.order = inventory.CommittedHold, c.OrderName })
	}
	panic("a Change that the model does not know: " + string(c.Kind))
}

// move moves units if it may.
func (s *state) move(units string, how flow, recorded bool) (*state, Output) {
	next := *s
	next.levels = maps.Clone(s.levels)
	var out Output
	var short, oversold []string
	for sku, n := range each(units) {
		l, known := s.levels[sku]
		if !known {
			return s, refused(inventory.ErrUntracked)
		}
		if how.from == inventory.Available && l.available-n < s.floor(sku) {
			if recorded {
				oversold = append(oversold, sku)
			} else {
				short = append(short, fmt.Sprintf("%s %d of %d", sku, n, l.available-s.floor(sku)))
			}
		}
		for at, by := range map[inventory.State]int64{how.from: -n, how.to: n} {
			switch at {
			case inventory.Available:
				l.available += by
			case inventory.Reserved:
				l.reserved += by
			case inventory.Committed:
				l.committed += by
			}
		}
		l.version++
		next.levels[sku] = l
	}
	if short != nil {
		out = refused(inventory.ErrInsufficient)
		out.Short = strings.Join(short, ", ")
		return s, out
	}
	out.Oversold = strings.Join(oversold, ", ")
	return &next, out
}

func refused(err error) Output { return Output{Err: describe(err)} }

func with[V any](m map[string]V, k string, v V) map[string]V {
	out := make(map[string]V, len(m)+1)
	maps.Copy(out, m)
	out[k] = v
	return out
}
