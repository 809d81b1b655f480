package redisstore

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// The codes of apply.lua.
const (
	codeApplied   = 'A'
	codeOversold  = 'a'
	codeDuplicate = 'D'
	codeShort     = 'S'
	codeUntracked = 'U'
	codeLeased    = 'L'
	codeFenced    = 'F'
	codeTooOld    = 'B'
	codeCorrupt   = 'X'
)

var stateNames = []inventory.State{
	inventory.World, inventory.Available, inventory.Reserved,
	inventory.Committed, inventory.Unavailable, inventory.Incoming,
}

var codeErrors = map[byte]error{
	'N':        inventory.ErrNotFound,
	'E':        inventory.ErrExpired,
	'R':        inventory.ErrReleased,
	'C':        inventory.ErrCommitted,
	'I':        inventory.ErrReusedID,
	'V':        inventory.ErrConflict,
	codeFenced: inventory.ErrFenced,
	'K':        &inventory.InvalidError{Field: "Lines", Problem: "take of what a kit can show: sell its components"},
	'G':        &inventory.InvalidError{Field: "Lines", Problem: "would take a level beyond 2^53 units"},
}

// decode reads the levels that holds brought in, and what all were before.
func (t *levelTable) decode(a *answer) {
	for range a.count() {
		k, ok := keyOf(a.text())
		a.bad = a.bad || !ok
		t.add(k)
	}
	t.levels = make([]inventory.Level, len(t.keys))
	for i, k := range t.keys {
		t.levels[i] = inventory.Level{Key: k}
		if text := a.text(); text != "" && !a.bad {
			// What can't be read is the script's to refuse, of those it needs.
			if l, ok := parseLevel(k, text, t.shape.names); ok {
				t.levels[i] = l
			}
		}
	}
}

// move makes the movements of an applied Change.
func (t *levelTable) move(c inventory.Change, lines []inventory.Line) {
	var some [8]int
	seen := some[:0]
	reads := c.Kind == inventory.KindTrack || c.Kind == inventory.KindBelieve
	for _, line := range lines {
		seen = t.moveLine(line, reads, seen)
	}
	for _, line := range c.Lines {
		if line.ShownOnly() {
			seen = t.moveLine(line, reads, seen)
		}
	}
	if c.Kind == inventory.KindUntrack {
		for _, line := range c.Lines {
			if n := t.find(line.Key()); n > 0 {
				t.levels[n-1] = inventory.Level{Key: line.Key()}
			}
		}
	}
}

// moveLine makes one movement. Levels in seen have their new version already.
func (t *levelTable) moveLine(line inventory.Line, reads bool, seen []int) []int {
	n := t.find(line.Key())
	if n == 0 || line.Location == "" {
		return seen // a pool is no level
	}
	l := &t.levels[n-1]
	if !l.Kit && line.Quantity == 0 && !reads {
		return seen // of a kit without a level
	}
	if !slices.Contains(seen, n) {
		seen = append(seen, n)
		l.Version++
	}
	switch {
	case !l.Kit:
		shift(l, line.From, -line.Quantity)
		shift(l, line.To, line.Quantity)
	case !reads: // a kit's moves by what its channel shows of it
		l.Available += line.Shown
	}
	return seen
}

func shift(l *inventory.Level, s inventory.State, by int64) {
	switch s {
	case inventory.Available:
		l.Available += by
	case inventory.Reserved:
		l.Reserved += by
	case inventory.Committed:
		l.Committed += by
	case inventory.Unavailable:
		l.Unavailable += by
	case inventory.Incoming:
		l.Incoming += by
	}
}

// named are the tracked levels that a Change and its hold name, as they are now,
// each once.
func (t *levelTable) named(lines ...[]inventory.Line) []inventory.Level {
	var out []inventory.Level
	for _, some := range lines {
		for _, line := range some {
			n := t.find(line.Key())
			if n == 0 || t.levels[n-1].Version == 0 {
				continue
			}
			if slices.ContainsFunc(out, func(l inventory.Level) bool { return l.Key == line.Key() }) {
				continue
			}
			l := t.levels[n-1]
			l.Rules.Buffers = cloneBuffers(l.Rules.Buffers)
			out = append(out, l)
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(x, y inventory.Level) int { return x.Compare(y.Key) })
	}
	return out
}

// position reads the number of a level and returns where it is in the table.
func (t *levelTable) position(a *answer) int {
	n := int(a.int()) - 1
	if n < 0 || n >= len(t.keys) {
		a.bad = true
		return 0
	}
	return n
}

func (t *levelTable) key(a *answer) inventory.Key {
	n := t.position(a)
	if a.bad {
		return inventory.Key{}
	}
	return t.keys[n]
}

// sorted reads n numbers of levels.
func (t *levelTable) sorted(a *answer, n int) []inventory.Key {
	var keys []inventory.Key
	for range n {
		keys = append(keys, t.key(a))
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	return keys
}

func cloneBuffers(m map[string]int64) map[string]int64 {
	if m == nil {
		return nil
	}
	out := make(map[string]int64, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

// outcomes reads what became of Changes, one after the other.
type outcomes struct {
	*answer
	m     *merchant
	now   time.Time
	table *levelTable
	// horizon is how long IDs are remembered.
	horizon time.Duration

	dues  [][]string
	due   int // position of the list that holds now
	codes string
	parts []inventory.Line // of a hold, that the order in hand takes over
}

func decodeOutcomes(m *merchant, r reply, table *levelTable) *outcomes {
	o := &outcomes{answer: &answer{raw: r.rest}, m: m, now: r.now, table: table}
	table.decode(o.answer)
	o.dues = make([][]string, o.count())
	for i := range o.dues {
		o.dues[i] = make([]string, o.count())
		for j := range o.dues[i] {
			o.dues[i][j] = o.text()
		}
	}
	o.due = int(o.int())
	o.codes = o.text()
	return o
}

// outcome reads what became of a Change; the second result is false if it can't
// be read.
func (o *outcomes) outcome(c inventory.Change) (inventory.Outcome, bool) {
	out := inventory.Outcome{ID: c.ID}
	o.parts = nil
	if o.bad || o.codes == "" {
		return out, false
	}
	code := o.codes[0]
	o.codes = o.codes[1:]
	if code == codeApplied && plain(c.Kind) {
		out.Lines = movements(nil, 0, c.Lines)
	} else if code == codeDuplicate && plain(c.Kind) {
		out.Duplicate = true
	} else {
		o.more(&out, code, c)
	}
	if o.bad || o.due < 0 || o.due > len(o.dues) {
		return out, false
	}
	if o.due > 0 {
		out.Due = slices.Clone(o.dues[o.due-1])
	}
	var held []inventory.Line
	if out.Reservation != nil {
		held = out.Reservation.Lines
	}
	if out.Err == nil && !out.Duplicate {
		o.table.move(c, out.Lines)
		out.Levels = o.table.named(c.Lines, held, out.Lines)
	} else {
		out.Levels = o.table.named(c.Lines, held, o.parts)
	}
	return out, true
}

// plain reports whether the Change is one of T, L or M in apply.lua.
func plain(k inventory.Kind) bool {
	letter := kinds[k]
	return letter == "" || letter == "T" || letter == "L"
}

// more reads what follows of a Change for which its code does not say it all.
func (o *outcomes) more(out *inventory.Outcome, code byte, c inventory.Change) {
	late, flow := o.int() == 1, o.int()
	o.due = int(o.int())
	var held []inventory.Line
	if record := o.text(); record != "" {
		h, ok := decodeHold(c.Reservation, record, o.now)
		if !ok {
			o.bad = true
			return
		}
		out.Reservation, held = &h, h.Lines
	}
	if code == codeCorrupt {
		out.Err = &CorruptError{Merchant: o.m.name, Record: readable(o.text())}
	} else {
		n := o.count()
		switch code {
		case codeApplied, codeOversold:
			out.Late = late
			out.Oversold = o.table.sorted(o.answer, n)
			out.Lines = movements(held, flow, c.Lines)
		case codeDuplicate:
			out.Duplicate = true
		case codeShort:
			out.Err = decodeShort(o.answer, o.table, n)
		case codeUntracked:
			out.Err = &inventory.UntrackedError{Keys: o.table.sorted(o.answer, n)}
		case codeLeased:
			out.Err = &inventory.LeasedError{Keys: o.table.sorted(o.answer, n)}
		case codeTooOld:
			out.Err = inventory.Forgotten(c.At, o.now.Add(-o.horizon))
		default:
			out.Err = codeErrors[code]
			o.bad = o.bad || out.Err == nil
		}
	}
	switch {
	case c.Kind == inventory.KindResize || c.Kind == inventory.KindUntrack:
		moved := o.table.moved(o.answer)
		slices.SortStableFunc(moved, func(x, y inventory.Line) int { return x.Key().Compare(y.Key()) })
		if code == codeApplied {
			out.Lines = moved
		}
	case c.Kind == inventory.KindOrder && c.Reservation != "":
		o.parts = o.table.moved(o.answer)
		if code == codeApplied {
			out.Lines = movements(held, flow, slices.Concat(o.parts, c.Lines))
		}
	}
	if out.Err != nil && late && code != codeLeased && code != codeFenced {
		out.Err = errors.Join(inventory.ErrExpired, out.Err)
	}
}

// moved reads movements that the script worked out.
func (t *levelTable) moved(a *answer) []inventory.Line {
	var out []inventory.Line
	for text := range strings.SplitSeq(strings.TrimSuffix(a.text(), ";"), ";") {
		if text == "" {
			continue
		}
		f := &fields{parts: strings.Split(text, " ")}
		n, quantity, flow := f.int(), f.int(), f.int()
		if f.bad || n < 1 || n > int64(len(t.keys)) || flow < 0 {
			a.bad = true
			return nil
		}
		k := t.keys[n-1]
		out = append(out, inventory.Line{
			SKU: k.SKU, Location: k.Location, Quantity: quantity, From: stateNames[flow/10%6], To: stateNames[flow%10%6],
		})
	}
	return out
}

func decodeShort(a *answer, table *levelTable, n int) error {
	e := &inventory.InsufficientError{}
	for range n {
		s := inventory.Shortage{Key: table.key(a)}
		state := a.int()
		if state < 1 || state >= int64(len(stateNames)) {
			a.bad = true
			return e
		}
		s.State, s.Wanted, s.Left = stateNames[state], a.int(), a.int()
		e.Short = append(e.Short, s)
	}
	slices.SortStableFunc(e.Short, func(x, y inventory.Shortage) int { return x.Key.Compare(y.Key) })
	return e
}

// movements are those of the hold, if it moved, and then the Change's own. A
// flow below zero is theirs.
func movements(held []inventory.Line, flow int64, own []inventory.Line) []inventory.Line {
	var out []inventory.Line
	if flow < 0 {
		for _, l := range own {
			l.From, l.To = stateNames[-flow/10%6], stateNames[-flow%10%6]
			out = append(out, l)
		}
		return out
	}
	if flow != 0 {
		for _, l := range held {
			l.From, l.To = stateNames[flow/10%6], stateNames[flow%10%6]
			out = append(out, l)
		}
	}
	for _, l := range own {
		if !l.ShownOnly() {
			out = append(out, l)
		}
	}
	return out
}
