package redisstore

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// entries are the Changes of one packed entry, in the order in which they were
// applied. It has the levels as they were after all of them; how they were
// after each follows from the movements, from back to front.
func (p packed) entries(m *merchant) ([]inventory.Entry, error) {
	_, configured := p.fields["settings"]
	_, applied := p.fields["changes"]
	if !configured && !applied {
		return nil, nil // it is about channels or kits
	}
	ms, _ := streamTime(p.id)
	table, ok := decodeAfter(p.fields["levels"])
	if !ok {
		return nil, corruptJournal(m)
	}
	var out []inventory.Entry
	if configured && len(table.now) > 0 {
		e := inventory.Entry{Kind: inventory.KindConfigure}
		e.Levels = table.of(slices.Collect(maps.Keys(table.now)))
		out = append(out, e)
	}
	for text := range strings.SplitSeq(p.fields["changes"], "\n") {
		if text == "" {
			continue
		}
		e, ok := decodeEntry(text, table.keys)
		if !ok {
			return nil, corruptJournal(m)
		}
		out = append(out, e)
	}
	for i := len(out) - 1; i >= 0; i-- {
		if out[i].Kind != inventory.KindConfigure {
			table.undo(&out[i])
		}
		out[i].Time = stamp(ms * 1000)
	}
	return out, nil
}

// levelsAfter are levels by number, and as they are at some point of a call.
type levelsAfter struct {
	keys []inventory.Key
	now  map[inventory.Key]inventory.Level
}

func decodeAfter(text string) (levelsAfter, bool) {
	t := levelsAfter{now: map[inventory.Key]inventory.Level{}}
	if text == "" {
		return t, true
	}
	for line := range strings.SplitSeq(text, "\n") {
		var k inventory.Key
		if line != "" {
			if name, ok := strings.CutPrefix(line, "k "); ok { // it has no number of its own
				if k, ok = keyOf(name); !ok {
					return t, false
				}
				t.keys = append(t.keys, k)
				continue
			}
			f := &fields{parts: strings.SplitN(line, " ", 9)}
			l := inventory.Level{Version: f.int()}
			l.Available, l.Reserved, l.Committed, l.Unavailable, l.Incoming = f.int(), f.int(), f.int(), f.int(), f.int()
			l.Rules.SafetyStock, l.Rules.BackorderLimit = f.int(), f.int()
			var ok bool
			if k, ok = keyOf(f.text()); !ok || f.bad {
				return t, false
			}
			l.Key = k
			t.now[k] = l
		}
		t.keys = append(t.keys, k)
	}
	return t, true
}

func (t levelsAfter) of(keys []inventory.Key) []inventory.Level {
	slices.SortFunc(keys, inventory.Key.Compare)
	var out []inventory.Level
	for _, k := range slices.Compact(keys) {
		if l, ok := t.now[k]; ok {
			out = append(out, l)
		}
	}
	return out
}

// undo tells the entry the levels after it, and takes it back.
func (t levelsAfter) undo(e *inventory.Entry) {
	keys := make([]inventory.Key, len(e.Lines))
	for i, l := range e.Lines {
		keys[i] = l.Key()
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	keys = slices.Compact(keys)
	e.Levels = t.of(keys)
	if e.Kind == inventory.KindUntrack {
		e.Ended, e.Levels = keys, nil
		t.begin(e)
	}
	for _, l := range e.Lines {
		level, ok := t.now[l.Key()]
		if !ok {
			continue
		}
		level.Add(l.To, -l.Quantity)
		level.Add(l.From, l.Quantity)
		t.now[l.Key()] = level
	}
	for _, k := range keys {
		level, ok := t.now[k]
		if !ok {
			continue
		}
		level.Version--
		t.now[k] = level
		if e.Kind == inventory.KindTrack {
			delete(t.now, k)
		}
	}
}

// begin brings back levels that the entry ended, as they were when their units
// had left, and leaves the entry with the lines that moved these.
func (t levelsAfter) begin(e *inventory.Entry) {
	ended := map[inventory.Key]bool{}
	e.Lines = slices.DeleteFunc(e.Lines, func(l inventory.Line) bool {
		k := l.Key()
		switch {
		case l.From != l.To:
			return false
		case !ended[k]:
			ended[k] = true
			t.now[k] = inventory.Level{Key: k, Version: l.Quantity + 1, Rules: inventory.Rules{SafetyStock: l.Shown}}
		default:
			level := t.now[k]
			level.Rules.BackorderLimit = l.Quantity
			t.now[k] = level
		}
		return true
	})
	if len(e.Lines) == 0 {
		e.Lines = nil
	}
}

// letters are the kinds by their letter in apply.lua.
var letters = func() map[string]inventory.Kind {
	out := map[string]inventory.Kind{"M": inventory.KindSell}
	for kind, letter := range kinds {
		out[letter] = kind
	}
	return out
}()

// decodeEntry reads "kind TAB id TAB lines TAB note".
func decodeEntry(text string, keys []inventory.Key) (e inventory.Entry, ok bool) {
	f := strings.SplitN(text, "\t", 4)
	if len(f) != 4 {
		return e, false
	}
	var n note
	if f[3] != "" {
		if err := json.Unmarshal([]byte(f[3]), &n); err != nil {
			return e, false
		}
	}
	kind, ok := letters[f[0]]
	if f[0] == "M" && n.Kind != "" {
		kind = n.Kind
	}
	e = inventory.Entry{
		ID: f[1], Kind: kind, At: n.At, Origin: n.Origin, Recorded: n.Recorded, Reservation: n.Reservation, Order: n.Order, TraceID: n.TraceID,
	}
	switch kind {
	case inventory.KindReserve, inventory.KindExtend, inventory.KindCommit, inventory.KindRelease, inventory.KindExpire:
		e.Reservation = e.ID
	case inventory.KindOrder:
		e.Order = e.ID
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(f[2], ";"), ";") {
		if line == "" {
			continue
		}
		p := &fields{parts: strings.Split(line, " ")}
		number, quantity, flow, shown := p.int(), p.int(), p.int(), p.int()
		if p.bad || number < 1 || number > int64(len(keys)) || flow < 0 || flow > 55 || flow%10 > 5 {
			return e, false
		}
		k := keys[number-1]
		e.Lines = append(e.Lines, inventory.Line{
			SKU: k.SKU, Location: k.Location, Quantity: quantity, From: stateNames[flow/10], To: stateNames[flow%10], Shown: shown,
		})
	}
	if kind == inventory.KindResize || kind == inventory.KindUntrack { // the movements are not its lines
		slices.SortStableFunc(e.Lines, func(a, b inventory.Line) int { return a.Key().Compare(b.Key()) })
		return e, ok
	}
	own := max(0, len(e.Lines)-max(len(n.Reasons), len(n.Kits))) // those of a hold come first
	for i := range e.Lines[own:] {
		if i < len(n.Reasons) {
			e.Lines[own+i].Reason = n.Reasons[i]
		}
		if i < len(n.Kits) {
			e.Lines[own+i].Kit = n.Kits[i]
		}
	}
	e.Lines = slices.DeleteFunc(e.Lines, func(l inventory.Line) bool {
		return l.ShownOnly() || l.SKU == "" // where no level of the kit is kept
	})
	if len(e.Lines) == 0 {
		e.Lines = nil
	}
	return e, ok
}
