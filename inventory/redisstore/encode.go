package redisstore

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// levelTable numbers the levels of one call, from 1, and follows what they are
// from Change to Change.
type levelTable struct {
	shape   *shape
	keys    []inventory.Key
	numbers map[inventory.Key]int // from fewKeys on
	buckets []int                 // those used
	in      []int                 // the bucket of each level

	// Filled in from the answer; a level is tracked if its version is not 0.
	levels []inventory.Level
}

// fewKeys are found faster by looking at each.
const fewKeys = 16

func newLevelTable(sh *shape) *levelTable {
	return &levelTable{shape: sh, buckets: []int{}}
}

// find returns the number of a level, 0 if it has none.
func (t *levelTable) find(k inventory.Key) int {
	if t.numbers != nil {
		return t.numbers[k]
	}
	return slices.Index(t.keys, k) + 1
}

func (t *levelTable) add(k inventory.Key) int {
	t.keys = append(t.keys, k)
	n := len(t.keys)
	if t.numbers == nil && n == fewKeys {
		t.numbers = make(map[inventory.Key]int, 4*fewKeys)
		for i, k := range t.keys {
			t.numbers[k] = i + 1
		}
	} else if t.numbers != nil {
		t.numbers[k] = n
	}
	return n
}

func (t *levelTable) number(k inventory.Key) int {
	if n := t.find(k); n > 0 {
		return n
	}
	b := bucket(k.SKU, t.shape.buckets)
	if !slices.Contains(t.buckets, b) {
		t.buckets = append(t.buckets, b)
	}
	t.in = append(t.in, b)
	return t.add(k)
}

func (t *levelTable) encode(c *call) {
	c.arg(len(t.keys))
	for i, k := range t.keys {
		c.arg(t.in[i], field(k))
	}
}

// kinds are the letters of apply.lua; M is any other kind.
var kinds = map[inventory.Kind]string{
	inventory.KindTrack:   "T",
	inventory.KindBelieve: "L",
	inventory.KindUntrack: "N",
	inventory.KindReserve: "R",
	inventory.KindExtend:  "X",
	inventory.KindCommit:  "C",
	inventory.KindRelease: "U",
	inventory.KindExpire:  "E",
	inventory.KindOrder:   "O",

	inventory.KindCommitPart:  "P",
	inventory.KindReleasePart: "Q",
	inventory.KindResize:      "Z",
}

var stateDigits = map[inventory.State]byte{
	inventory.World: '0', inventory.Available: '1', inventory.Reserved: '2',
	inventory.Committed: '3', inventory.Unavailable: '4', inventory.Incoming: '5',
}

// ofHold reports whether the lines of a hold belong to the Change.
func ofHold(c inventory.Change) bool {
	switch c.Kind {
	case inventory.KindReserve, inventory.KindExtend, inventory.KindCommit, inventory.KindRelease, inventory.KindExpire,
		inventory.KindCommitPart, inventory.KindReleasePart, inventory.KindResize:
		return true
	}
	return c.Kind == inventory.KindOrder && c.Reservation != ""
}

// encodeChange adds the keys and arguments of one valid Change, and its levels
// to the table.
func encodeChange(to *call, p places, sh *shape, table *levelTable, c inventory.Change) {
	kind, ok := kinds[c.Kind]
	if !ok {
		kind = "M"
	}
	saying, entry := encodeSaying(sh, table, kind, c)
	to.arg(saying, entry)
	if len(c.Guards) > 0 {
		to.arg(encodeGuards(table, c.Guards))
	}
	if dated(c) {
		to.arg(c.At.UnixMicro())
	}
	switch c.Kind {
	case inventory.KindReserve:
		to.key(p.hold(c.Reservation))
		to.arg(c.Reservation, hex(c.Fingerprint()), c.TTL.Microseconds(), encodeHeld(c.Lines))
	case inventory.KindExtend:
		to.key(p.hold(c.Reservation))
		to.arg(c.Reservation, c.TTL.Microseconds())
	case inventory.KindCommit:
		to.key(p.hold(c.Reservation))
		to.arg(c.Reservation, c.OrderName)
	case inventory.KindRelease, inventory.KindExpire:
		to.key(p.hold(c.Reservation))
		to.arg(c.Reservation)
	case inventory.KindOrder:
		d := c.Document
		to.key(p.document(d.Name))
		to.arg(d.Name, d.Version, d.Version+1, hex(c.Fingerprint()), encodeDoubts(d), class(d), d.Body, c.Reservation)
		if c.Reservation != "" {
			to.key(p.hold(c.Reservation))
		}
	default:
		h := hashID(c.ID)
		for _, g := range sh.generations {
			to.key(p.id(g, h))
		}
		to.arg(h.bytes, binary.BigEndian.AppendUint64(nil, c.Fingerprint()))
		if c.Kind == inventory.KindUntrack {
			for _, ch := range sh.settings.Channels {
				to.key(p.of("pk", ch.Name), p.of("pr", ch.Name))
			}
		}
		if ofHold(c) {
			to.key(p.hold(c.Reservation))
			text := c.OrderName
			if c.Kind == inventory.KindResize {
				text = encodeHeld(c.Lines)
			}
			to.arg(c.Reservation, text)
		}
	}
}

// dated reports whether it matters when the Change happened: it says so, and its
// ID is all that is remembered of it.
func dated(c inventory.Change) bool {
	switch c.Kind {
	case inventory.KindOrder, inventory.KindReserve, inventory.KindExtend, inventory.KindCommit, inventory.KindRelease, inventory.KindExpire:
		return false
	}
	return !c.At.IsZero()
}

func hex(fingerprint uint64) string { return fmt.Sprintf("%016x", fingerprint) }

// encodeSaying is what apply.lua reads first of a Change; it is the same for many.
// The entry is its line of the journal.
func encodeSaying(sh *shape, table *levelTable, kind string, c inventory.Change) (saying, entry string) {
	b := make([]byte, 0, 64+16*len(c.Lines))
	b = append(b, kind...)
	if c.Recorded {
		b = append(b, '0')
	} else {
		b = append(b, '1')
	}
	if len(c.Guards) > 0 {
		b = append(b, 'g')
	}
	if dated(c) {
		b = append(b, 't')
	}
	origin := 0
	if c.Origin != "" {
		origin = slices.IndexFunc(sh.settings.Channels, func(ch inventory.Channel) bool { return ch.Name == c.Origin }) + 1
	}
	b = append(strconv.AppendInt(b, int64(origin), 10), '\t')
	lines := len(b)
	for _, l := range c.Lines {
		b = strconv.AppendInt(b, int64(table.number(l.Key())), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, l.Quantity, 10)
		b = append(b, ' ', stateDigits[l.From], stateDigits[l.To], ' ')
		b = strconv.AppendInt(b, l.Shown, 10)
		b = append(b, ';')
	}
	saying = string(b)
	return saying, kind + "\t" + cmp.Or(c.ID, c.Reservation) + "\t" + saying[lines:] + "\t" + encodeNote(c)
}

func encodeGuards(table *levelTable, guards []inventory.Guard) string {
	var b []byte
	for _, g := range guards {
		b = strconv.AppendInt(b, int64(table.number(g.Key)), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, g.Version, 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, g.Fence, 10)
		b = append(b, ';')
	}
	return string(b)
}

// encodeHeld is the record of a hold's lines: one per level, sorted.
func encodeHeld(lines []inventory.Line) string {
	sums := map[inventory.Key]int64{}
	var keys []inventory.Key
	for _, l := range lines {
		if l.ShownOnly() {
			continue
		}
		if _, ok := sums[l.Key()]; !ok {
			keys = append(keys, l.Key())
		}
		sums[l.Key()] += l.Quantity
	}
	slices.SortFunc(keys, inventory.Key.Compare)
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(strconv.FormatInt(sums[k], 10) + " " + field(k) + "\n")
	}
	return b.String()
}

// note is what the journal keeps of a Change beside its movements.
type note struct {
	Kind        inventory.Kind `json:"kind,omitempty"`
	Origin      string         `json:"origin,omitempty"`
	Recorded    bool           `json:"recorded,omitempty"`
	At          time.Time      `json:"at,omitzero"`
	Reservation string         `json:"reservation,omitempty"`
	Order       string         `json:"order,omitempty"`
	TraceID     string         `json:"trace_id,omitempty"`
	// Reasons and Kits of the Change's own lines, one each, if any has one.
	Reasons []string `json:"reasons,omitempty"`
	Kits    []string `json:"kits,omitempty"`
}

func encodeNote(c inventory.Change) string {
	if c.Origin == "" && !c.Recorded && c.At.IsZero() && c.OrderName == "" && c.TraceID == "" && (c.ID == "" || c.Reservation == "") &&
		(c.Kind == inventory.KindSell || kinds[c.Kind] != "") && !slices.ContainsFunc(c.Lines, noted) {
		return "" // most have none, and need no JSON
	}
	n := note{Origin: c.Origin, Recorded: c.Recorded, At: c.At, Order: c.OrderName, TraceID: c.TraceID}
	if c.Kind != inventory.KindSell && kinds[c.Kind] == "" {
		n.Kind = c.Kind
	}
	if c.ID != "" && c.Reservation != c.ID {
		n.Reservation = c.Reservation
	}
	n.Reasons = perLine(c.Lines, func(l inventory.Line) string { return l.Reason })
	n.Kits = perLine(c.Lines, func(l inventory.Line) string { return l.Kit })
	b, err := json.Marshal(n)
	if err != nil { // a time beyond year 9999: the journal does without
		n.At = time.Time{}
		b, _ = json.Marshal(n)
	}
	if string(b) == "{}" {
		return ""
	}
	return string(b)
}

// noted reports whether the journal keeps more of a line than its movement.
func noted(l inventory.Line) bool { return l.Reason != "" || l.Kit != "" }

// perLine is one value per line, or nil if no line has one.
func perLine(lines []inventory.Line, of func(inventory.Line) string) []string {
	var out []string
	for i, l := range lines {
		if v := of(l); v != "" {
			if out == nil {
				out = make([]string, len(lines))
			}
			out[i] = v
		}
	}
	return out
}

// encodeDoubts writes marks, and reasons as JSON: they are part of a document's
// record.
func encodeDoubts(d *inventory.Document) string {
	text := ""
	if d.Compact {
		text += "c"
	}
	if d.Base {
		text += "b"
	}
	if len(d.Doubts) == 0 {
		return text
	}
	b, _ := json.Marshal(d.Doubts) // strings always marshal
	return text + string(b)
}

// class is the list that the document belongs to, by its doubts; d is none, as
// it is to be deleted.
func class(d *inventory.Document) string {
	switch {
	case d.Gone:
		return "d"
	case len(d.Doubts) == 0:
		return ""
	case slices.ContainsFunc(d.Doubts, inventory.Reason.Fetch):
		return "f"
	}
	return "c"
}
