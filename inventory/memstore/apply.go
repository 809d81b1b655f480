package memstore

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// mostDue is how many due reservations an Outcome names.
const mostDue = 10

// Apply implements [inventory.Applier].
func (s *Store) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	out := make([]inventory.Outcome, len(changes))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range changes {
		err := ctx.Err()
		if err == nil {
			err = c.Validate()
		}
		if err != nil {
			out[i] = inventory.Outcome{ID: c.ID, Err: err}
			continue
		}
		now := s.now()
		out[i] = s.apply(c, now)
		out[i].Due = s.merchant(c.Merchant).due(now, mostDue)
	}
	for _, c := range changes {
		if m := s.merchants[c.Merchant]; m != nil {
			m.markMoved(s.now())
		}
	}
	return out
}

// step is one Change on its way: everything is decided on copies before the
// first write.
type step struct {
	c     inventory.Change
	m     *merchant
	now   time.Time
	lines []inventory.Line
	// enforced: a level must not end below its floor.
	enforced bool
	hold     *hold
	// rest is what the hold will have, if the Change takes of it or adds to it.
	rest []inventory.Line
	// pools are SKUs that a Believe names as a pooled channel shows them.
	pools []inventory.Key
	out   inventory.Outcome
}

// errRepeat ends a step that was applied before.
var errRepeat = errors.New("repeat")

func (s *Store) apply(c inventory.Change, now time.Time) inventory.Outcome {
	st := &step{c: c, m: s.merchant(c.Merchant), now: now, lines: c.Lines, enforced: !c.Recorded, out: inventory.Outcome{ID: c.ID}}
	err := st.identify(s.horizon)
	if err == nil {
		err = st.guard()
	}
	if err == nil {
		err = st.leased()
	}
	var after map[inventory.Key]*inventory.Level
	if err == nil {
		after, err = st.move()
	}
	switch {
	case errors.Is(err, errRepeat):
		st.out.Duplicate = true
	case err != nil:
		st.out.Err = err
		if st.out.Late && !errors.Is(err, inventory.ErrLeased) && !errors.Is(err, inventory.ErrFenced) {
			st.out.Err = errors.Join(inventory.ErrExpired, err)
		}
		st.out.Late = false
		if c.Kind == inventory.KindExpire && st.hold != nil { // others get their turn first
			st.hold.retry = now.Add(parkedFor).Truncate(time.Millisecond)
			st.m.queue(st.hold)
		}
	default:
		st.write(after)
		st.out.Lines = moved(st.lines)
		s.note(st.m, st.entry(after))
	}
	st.answer()
	return st.out
}

// identify looks at the memory of the Change's ID, hold or document, before
// guards and floors, and finds the lines of a hold.
func (st *step) identify(horizon time.Duration) error {
	c, m := st.c, st.m
	switch c.Kind {
	case inventory.KindOrder:
		return st.document()
	case inventory.KindReserve:
		st.hold = m.holds[c.Reservation]
		if st.hold == nil {
			return nil
		}
		if st.hold.fingerprint != c.Fingerprint() {
			return inventory.ErrReusedID
		}
		return errRepeat
	case inventory.KindExtend, inventory.KindCommit, inventory.KindRelease, inventory.KindExpire:
		return st.settle()
	}
	part := c.Kind == inventory.KindCommitPart || c.Kind == inventory.KindReleasePart
	if part || c.Kind == inventory.KindResize {
		st.hold = m.holds[c.Reservation]
	}
	if x, ok := m.ids[c.ID]; ok {
		if x.fingerprint != c.Fingerprint() {
			return inventory.ErrReusedID
		}
		return errRepeat
	}
	if !c.At.IsZero() && st.now.UnixMicro()-c.At.UnixMicro() > horizon.Microseconds() {
		return inventory.Forgotten(c.At, st.now.Add(-horizon))
	}
	switch {
	case part:
		return st.part()
	case c.Kind == inventory.KindResize:
		return st.resize()
	}
	return nil
}

// document checks the version of an order's document, and takes over a hold
// that the order settles, and parts of it that were committed to the order:
// their units go back, and the order's lines take them.
func (st *step) document() error {
	d := st.c.Document
	have := st.m.docs[d.Name]
	if have == nil {
		have = &document{}
	}
	if have.Version != d.Version {
		if have.Version == d.Version+1 && have.fingerprint == st.c.Fingerprint() {
			return errRepeat
		}
		return inventory.ErrConflict
	}
	h := st.m.holds[st.c.Reservation]
	if h == nil {
		return nil
	}
	parts := flow(h.soldTo(d.Name), inventory.Committed, inventory.Available)
	if !h.open() && parts == nil {
		return nil
	}
	st.hold = h
	st.lines = append(parts, st.lines...)
	switch {
	case h.open() && h.Status == inventory.Held:
		st.lines = append(flow(h.Lines, inventory.Reserved, inventory.Available), st.lines...)
	case h.open() && h.Status == inventory.CommittedHold:
		st.lines = append(flow(h.Lines, inventory.Committed, inventory.Available), st.lines...)
	}
	return nil // of an expired hold the units are back already
}

// settle is the table of reservations: what extend, commit, release and expire
// do to a hold that is held, committed, released or expired.
func (st *step) settle() error {
	h := st.m.holds[st.c.Reservation]
	if h == nil {
		if st.c.Kind == inventory.KindExpire {
			return errRepeat
		}
		return inventory.ErrNotFound
	}
	st.hold = h
	over := !st.now.Before(h.ExpiresAt)
	switch st.c.Kind {
	case inventory.KindExpire:
		if h.Status != inventory.Held || !over {
			return errRepeat
		}
		st.lines = flow(h.Lines, inventory.Reserved, inventory.Available)
		return nil
	case inventory.KindExtend:
		if h.Status == inventory.Held && !over {
			return nil
		}
		return ended(h.Status)
	case inventory.KindRelease:
		switch h.Status {
		case inventory.Held:
			st.lines = flow(h.Lines, inventory.Reserved, inventory.Available)
			return nil
		case inventory.CommittedHold:
			return inventory.ErrCommitted
		}
		return errRepeat
	}
	switch h.Status { // commit
	case inventory.Held:
		st.lines, st.out.Late = flow(h.Lines, inventory.Reserved, inventory.Committed), over
		return nil
	case inventory.ExpiredHold:
		st.lines, st.out.Late = flow(h.Lines, inventory.Available, inventory.Committed), true
		return nil
	case inventory.CommittedHold:
		if h.settled || h.Order == st.c.OrderName {
			return errRepeat
		}
	}
	return ended(h.Status)
}

func ended(s inventory.Status) error {
	switch s {
	case inventory.CommittedHold:
		return inventory.ErrCommitted
	case inventory.ReleasedHold:
		return inventory.ErrReleased
	}
	return inventory.ErrExpired
}

func flow(lines []inventory.Line, from, to inventory.State) []inventory.Line {
	out := slices.Clone(lines)
	for i := range out {
		out[i].From, out[i].To, out[i].Shown = from, to, 0
	}
	return out
}

func (st *step) guard() error {
	for _, g := range st.c.Guards {
		if g.Fence != 0 && st.m.fence(g.Key, st.now) != g.Fence {
			return inventory.ErrFenced
		}
		if g.Fence != 0 && g.Version == 0 {
			continue
		}
		if l := st.m.levels[g.Key]; l == nil || l.Version != g.Version {
			return inventory.ErrConflict
		}
	}
	return nil
}

// move computes the levels after all lines, and refuses what is untracked or
// short.
func (st *step) move() (map[inventory.Key]*inventory.Level, error) {
	after := map[inventory.Key]*inventory.Level{}
	var missing []inventory.Key
	if st.c.Kind == inventory.KindUntrack {
		return st.untrack()
	}
	track := st.c.Kind == inventory.KindTrack
	for _, l := range st.lines {
		k := l.Key()
		if have := st.m.levels[k]; l.ShownOnly() && (have == nil || !have.Kit) {
			continue // nothing is kept of the kit
		}
		if after[k] == nil {
			have := st.m.levels[k]
			switch {
			case k.Location == "" && st.pooled(k):
				st.pools = append(st.pools, k)
				continue
			case track && have != nil:
				return nil, inventory.ErrConflict
			case track:
				have = &inventory.Level{Key: k}
			case have == nil:
				if !slices.Contains(missing, k) {
					missing = append(missing, k)
				}
				continue
			}
			copied := *have
			copied.Version++
			after[k] = &copied
		}
		after[k].Add(l.From, -l.Quantity)
		after[k].Add(l.To, l.Quantity)
	}
	if missing != nil {
		slices.SortFunc(missing, inventory.Key.Compare)
		return nil, &inventory.UntrackedError{Keys: missing}
	}
	if track {
		return after, nil
	}
	if err := st.kits(after); err != nil {
		return nil, err
	}
	return after, st.floor(after)
}

var states = []inventory.State{inventory.Available, inventory.Reserved, inventory.Committed, inventory.Unavailable, inventory.Incoming}

func (st *step) floor(after map[inventory.Key]*inventory.Level) error {
	var short []inventory.Shortage
	for k, l := range after {
		before := st.m.levels[k]
		for _, state := range states {
			floor := int64(0)
			if state == inventory.Available {
				floor = before.Floor()
			}
			was, is := before.Quantity(state), l.Quantity(state)
			switch {
			case is >= was || is >= floor:
			case st.enforced:
				short = append(short, inventory.Shortage{Key: k, State: state, Wanted: was - is, Left: was - floor})
			case state == inventory.Available:
				st.out.Oversold = append(st.out.Oversold, k)
			}
		}
	}
	slices.SortFunc(st.out.Oversold, inventory.Key.Compare)
	if short == nil {
		return nil
	}
	slices.SortFunc(short, func(a, b inventory.Shortage) int { return a.Key.Compare(b.Key) })
	return &inventory.InsufficientError{Short: short}
}

// write makes the step true: levels, what is believed, and the memory of it.
func (st *step) write(after map[inventory.Key]*inventory.Level) {
	c, m := st.c, st.m
	for k, l := range after {
		m.kits.mark(k)
		if l == nil {
			m.forget(k)
			continue
		}
		m.levels[k] = l
		if c.Kind == inventory.KindTrack {
			m.see(k.Location)
		}
	}
	st.shown()
	m.endLeasesOf(maps.Keys(after), st.now)
	for _, k := range slices.AppendSeq(st.pools, maps.Keys(after)) {
		m.moved[k] = true
	}
	switch c.Kind {
	case inventory.KindReserve:
		m.holds[c.Reservation] = &hold{
			Reservation: inventory.Reservation{
				ID: c.Reservation, Status: inventory.Held, Lines: merged(c.Lines),
				ExpiresAt: st.now.Add(c.TTL).Truncate(time.Millisecond),
			},
			fingerprint: c.Fingerprint(),
		}
		st.hold = m.holds[c.Reservation]
	case inventory.KindExtend:
		if until := st.now.Add(c.TTL).Truncate(time.Millisecond); until.After(st.hold.ExpiresAt) {
			st.hold.ExpiresAt = until
		}
	case inventory.KindCommit:
		st.hold.Status, st.hold.Order, st.hold.ended = inventory.CommittedHold, c.OrderName, st.now
	case inventory.KindRelease:
		st.hold.Status, st.hold.ended = inventory.ReleasedHold, st.now
	case inventory.KindExpire:
		st.hold.Status, st.hold.ended = inventory.ExpiredHold, st.now
	case inventory.KindOrder:
		if h := st.hold; h != nil {
			if h.open() {
				h.Status, h.Order, h.settled, h.ended = inventory.CommittedHold, c.Document.Name, true, st.now
			}
			h.parts = slices.DeleteFunc(h.parts, func(p sold) bool { return p.order == c.Document.Name })
		}
		d := *c.Document
		if d.Gone {
			delete(m.docs, d.Name)
			break
		}
		d.Version++
		d.Body = slices.Clone(d.Body)
		d.Doubts = slices.Clone(d.Doubts)
		m.docs[d.Name] = &document{Document: d, fingerprint: c.Fingerprint(), written: st.now}
	default:
		m.ids[c.ID] = seen{fingerprint: c.Fingerprint()}
		m.applied = append(m.applied, memory{c.ID, st.now})
		if st.rest != nil {
			st.keep()
		}
	}
	if st.hold != nil {
		st.hold.retry = time.Time{}
		m.queue(st.hold)
	}
}

// merged sums lines of one level, in order of level.
func merged(lines []inventory.Line) []inventory.Line {
	var out []inventory.Line
	for _, l := range moved(lines) {
		i := slices.IndexFunc(out, func(x inventory.Line) bool { return x.Key() == l.Key() })
		if i < 0 {
			out = append(out, inventory.Line{SKU: l.SKU, Location: l.Location, Quantity: l.Quantity})
			continue
		}
		out[i].Quantity += l.Quantity
	}
	slices.SortFunc(out, func(a, b inventory.Line) int { return a.Key().Compare(b.Key()) })
	return out
}

// answer fills in the state as of now.
func (st *step) answer() {
	keys := map[inventory.Key]bool{}
	for _, l := range st.lines {
		keys[l.Key()] = true
	}
	if st.hold != nil {
		for _, l := range st.hold.Lines {
			keys[l.Key()] = true
		}
		r := st.hold.at(st.now)
		st.out.Reservation = &r
	}
	for k := range keys {
		if l := st.m.levels[k]; l != nil {
			st.out.Levels = append(st.out.Levels, copied(l))
		}
	}
	slices.SortFunc(st.out.Levels, func(a, b inventory.Level) int { return a.Compare(b.Key) })
}

// at is the hold as it is to be seen: one whose time is over is expired, also
// when nobody has tidied it up.
func (h *hold) at(now time.Time) inventory.Reservation {
	r := h.Reservation
	r.Lines = slices.Clone(r.Lines)
	if r.Status == inventory.Held && !now.Before(r.ExpiresAt) {
		r.Status = inventory.ExpiredHold
	}
	return r
}
