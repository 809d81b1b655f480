package redisstore

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// The codes of apply.lua.
const (
	codeApplied = iota
	codeDuplicate
	codeShort
	codeUntracked
	codeNotFound
	codeExpired
	codeReleased
	codeCommitted
	codeReused
	codeConflict
	codeCorrupt
	codeRange
	codeLeased
	codeFenced
	codeDerived
)

var stateNames = []inventory.State{
	inventory.World, inventory.Available, inventory.Reserved,
	inventory.Committed, inventory.Unavailable, inventory.Incoming,
}

var codeErrors = map[int64]error{
	codeNotFound:  inventory.ErrNotFound,
	codeExpired:   inventory.ErrExpired,
	codeReleased:  inventory.ErrReleased,
	codeCommitted: inventory.ErrCommitted,
	codeReused:    inventory.ErrReusedID,
	codeConflict:  inventory.ErrConflict,
	codeFenced:    inventory.ErrFenced,
	codeDerived:   &inventory.InvalidError{Field: "Lines", Problem: "take of what a kit can show: sell its components"},
	codeRange:     &inventory.InvalidError{Field: "Lines", Problem: "would take a level beyond 2^53 units"},
}

// decode reads the levels that holds brought in, and the rules of levels.
func (t *levelTable) decode(a *answer) {
	for range a.count() {
		k, ok := keyOf(a.text())
		a.bad = a.bad || !ok
		t.keys = append(t.keys, k)
	}
	t.rules, t.kits = make([]inventory.Rules, len(t.keys)), make([]bool, len(t.keys))
	for range a.count() {
		n := t.position(a)
		r := inventory.Rules{SafetyStock: a.int(), BackorderLimit: a.int()}
		for pair := range strings.SplitSeq(strings.TrimSuffix(a.text(), ";"), ";") {
			switch pair {
			case "":
				continue
			case "d":
				t.kits[n] = true
				continue
			}
			id, units, _ := strings.Cut(pair, " ")
			i, err1 := strconv.Atoi(id)
			units64, err2 := strconv.ParseInt(units, 10, 64)
			if err1 != nil || err2 != nil || i < 1 || i > len(t.shape.names) {
				a.bad = true
				return
			}
			if t.shape.names[i-1] == "" {
				continue // of a removed channel
			}
			if r.Buffers == nil {
				r.Buffers = map[string]int64{}
			}
			r.Buffers[t.shape.names[i-1]] = units64
		}
		if !a.bad {
			t.rules[n] = r
		}
	}
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

// level reads a level's number, version and five states.
func (t *levelTable) level(a *answer) inventory.Level {
	n := t.position(a)
	l := inventory.Level{Version: a.int(), Available: a.int(), Reserved: a.int(), Committed: a.int(), Unavailable: a.int(), Incoming: a.int()}
	if !a.bad {
		l.Key, l.Rules, l.Kit = t.keys[n], t.rules[n], t.kits[n]
		l.Rules.Buffers = cloneBuffers(l.Rules.Buffers)
	}
	return l
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

// decodeOutcome reads what became of one Change.
func decodeOutcome(a *answer, m *merchant, r reply, table *levelTable, dues [][]string, c inventory.Change) (inventory.Outcome, error) {
	o := inventory.Outcome{ID: c.ID}
	code, late, flow, due, record := a.int(), a.int() == 1, a.int(), a.int(), a.text()
	for range a.count() {
		o.Levels = append(o.Levels, table.level(a))
	}
	slices.SortFunc(o.Levels, func(x, y inventory.Level) int { return x.Compare(y.Key) })

	var held []inventory.Line
	if record != "" {
		h, ok := decodeHold(c.Reservation, record, r.now)
		if !ok {
			return o, unreadable(m)
		}
		o.Reservation, held = &h, h.Lines
	}
	switch {
	case due < 0 || due > int64(len(dues)):
		return o, unreadable(m)
	case due > 0:
		o.Due = slices.Clone(dues[due-1])
	}

	if code == codeCorrupt {
		o.Err = &CorruptError{Merchant: m.name, Record: readable(a.text())}
	} else {
		n := a.count()
		switch code {
		case codeApplied:
			o.Late = late
			o.Oversold = table.sorted(a, n)
			o.Lines = movements(held, flow, c.Lines)
		case codeDuplicate:
			o.Duplicate = true
		case codeShort:
			o.Err = decodeShort(a, table, n)
		case codeUntracked:
			o.Err = &inventory.UntrackedError{Keys: table.sorted(a, n)}
		case codeLeased:
			o.Err = &inventory.LeasedError{Keys: table.sorted(a, n)}
		default:
			o.Err = codeErrors[code]
			a.bad = a.bad || o.Err == nil
		}
	}
	switch {
	case c.Kind == inventory.KindResize || c.Kind == inventory.KindUntrack:
		moved := table.moved(a)
		slices.SortStableFunc(moved, func(x, y inventory.Line) int { return x.Key().Compare(y.Key()) })
		if code == codeApplied {
			o.Lines = moved
		}
	case c.Kind == inventory.KindOrder && c.Reservation != "":
		parts := table.moved(a)
		if code == codeApplied {
			o.Lines = movements(held, flow, append(parts, c.Lines...))
		}
	}
	if o.Err != nil && late && code != codeLeased && code != codeFenced {
		o.Err = errors.Join(inventory.ErrExpired, o.Err)
	}
	if a.bad {
		return o, unreadable(m)
	}
	return o, nil
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
