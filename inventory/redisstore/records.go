package redisstore

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// fields reads whole numbers out of a record's text.
type fields struct {
	parts []string
	bad   bool
}

func (f *fields) text() string {
	if len(f.parts) == 0 {
		f.bad = true
		return ""
	}
	s := f.parts[0]
	f.parts = f.parts[1:]
	return s
}

// int reads what scripts read as -?%d+.
func (f *fields) int() int64 {
	text := f.text()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || n > 1<<53 || n < -1<<53 {
		f.bad = true
	}
	return n
}

// natural reads what scripts read as %d+.
func (f *fields) natural() int64 {
	f.bad = f.bad || len(f.parts) == 0 || strings.HasPrefix(f.parts[0], "-")
	return f.int()
}

// empty takes a part that is empty.
func (f *fields) empty() bool {
	if len(f.parts) == 0 || f.parts[0] != "" {
		return false
	}
	f.parts = f.parts[1:]
	return true
}

// word is a part that may not be empty.
func (f *fields) word() string {
	s := f.text()
	f.bad = f.bad || s == ""
	return s
}

// levelRecord is what is stored of a level.
type levelRecord struct {
	inventory.Level
	groups []groupRecord
}

// group is how the level stands with a channel.
func (l levelRecord) group(channel string) groupRecord {
	for _, g := range l.groups {
		if g.name == channel {
			return g
		}
	}
	return groupRecord{}
}

// groupRecord is how a level stands with one channel.
type groupRecord struct {
	name     string
	known    bool
	believed int64
	since    int64 // 0: not pending
	batch    string
	parked   int64 // since when; 0: not parked
}

// parseLevel reads a level without how it stands with channels.
func parseLevel(k inventory.Key, text string, names []string) (inventory.Level, bool) {
	l, ok := decodeLevel(k, text, names)
	return l.Level, ok
}

func decodeLevel(k inventory.Key, text string, names []string) (levelRecord, bool) {
	l := levelRecord{Level: inventory.Level{Key: k}}
	f := &fields{parts: strings.Split(text, " ")}
	l.Version, l.Available, l.Reserved, l.Committed = f.natural(), f.int(), f.int(), f.int()
	l.Unavailable, l.Incoming = f.int(), f.int()
	l.Rules.SafetyStock, l.Rules.BackorderLimit = f.natural(), f.natural()
	for !f.bad && len(f.parts) > 0 {
		if f.parts[0] == "c" || f.parts[0] == "d" {
			l.Kit = f.text() == "d"
			return l, len(f.parts) == 0
		}
		g := &fields{parts: strings.Split(f.text(), ",")}
		id := g.natural()
		if g.bad || id < 1 || id > int64(len(names)) {
			return l, false
		}
		r := groupRecord{name: names[id-1]}
		if r.known = !g.empty(); r.known {
			r.believed = g.int()
		}
		if !g.empty() {
			buffer := g.natural()
			if l.Rules.Buffers == nil && r.name != "" {
				l.Rules.Buffers = map[string]int64{}
			}
			if r.name != "" {
				l.Rules.Buffers[r.name] = buffer
			}
		}
		if since := g.text(); since != "" {
			p := &fields{parts: []string{since[1:]}}
			r.since = p.natural()
			g.bad = g.bad || p.bad || since[0] != 'f' && since[0] != 'r'
		}
		if !g.empty() {
			if r.batch = g.text(); strings.Trim(r.batch, "0123456789") != "" {
				return l, false
			}
		}
		if len(g.parts) > 0 {
			g.parts[0] = strings.TrimPrefix(g.parts[0], "r")
		}
		if !g.empty() {
			r.parked = g.natural()
		}
		if g.bad || len(g.parts) > 0 {
			return l, false
		}
		if r.name == "" {
			continue // of a removed channel
		}
		l.groups = append(l.groups, r)
	}
	return l, !f.bad
}

var holdStatus = map[string]inventory.Status{
	"h": inventory.Held, "c": inventory.CommittedHold, "r": inventory.ReleasedHold, "x": inventory.ExpiredHold,
}

// decodeHold returns the hold as it is to be seen: one whose time is over is
// expired, also when nobody has tidied it up.
func decodeHold(id, text string, now time.Time) (inventory.Reservation, bool) {
	r := inventory.Reservation{ID: id}
	head, lines, ok1 := strings.Cut(text, "\n")
	head, order, ok2 := strings.Cut(head, "\t")
	f := &fields{parts: strings.Split(head, " ")}
	status, ok3 := holdStatus[f.text()]
	r.Status, r.Order = status, order
	r.ExpiresAt = time.UnixMilli(f.natural()).UTC()
	f.natural() // when it ended
	settled, fingerprint := f.text(), f.word()
	switch {
	case !ok1 || !ok2 || !ok3 || f.bad || len(f.parts) > 0:
		return r, false
	case settled != "0" && settled != "1", strings.Trim(fingerprint, "0123456789abcdefABCDEF") != "":
		return r, false
	}
	lines, _, _ = strings.Cut(lines, "\t") // parts that were committed follow
	if !whole(lines) {
		return r, false
	}
	for line := range strings.Lines(lines) {
		q := &fields{parts: strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 2)}
		n := q.natural()
		k, ok := keyOf(q.text())
		if q.bad || !ok {
			return r, false
		}
		r.Lines = append(r.Lines, inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: n})
	}
	if r.Status == inventory.Held && !now.Before(r.ExpiresAt) {
		r.Status = inventory.ExpiredHold
	}
	return r, true
}

// whole reports whether the last of some lines has its end.
func whole(lines string) bool { return lines == "" || strings.HasSuffix(lines, "\n") }

// decodeDocument reads a document's record; the body lies beside it.
func decodeDocument(name, text string) (d inventory.Document, written time.Time, ok bool) {
	d.Name = name
	f := &fields{parts: strings.SplitN(text, " ", 4)}
	d.Version = f.natural()
	fingerprint := f.word()
	written = stamp(f.natural())
	doubts := f.text()
	doubts, d.Compact = strings.CutPrefix(doubts, "c")
	doubts, d.Base = strings.CutPrefix(doubts, "b")
	if doubts != "" {
		if err := json.Unmarshal([]byte(doubts), &d.Doubts); err != nil {
			return d, written, false
		}
	}
	return d, written, !f.bad && strings.Trim(fingerprint, "0123456789abcdefABCDEF") == ""
}

// decodeBatch reads a batch's record; the request lies beside it.
func decodeBatch(id, text string) (inventory.Batch, bool) {
	b := inventory.Batch{ID: id}
	head, pushes, ok := strings.Cut(text, "\n")
	f := &fields{parts: strings.Split(head, " ")}
	b.Attempt = int(f.natural())
	b.FirstSent, b.Now = stamp(f.natural()), stamp(f.natural())
	f.word() // the nonce of the claim
	b.Epoch = f.word()
	if !ok || f.bad || len(f.parts) > 0 || !whole(pushes) {
		return b, false
	}
	for line := range strings.Lines(pushes) {
		p := &fields{parts: strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)}
		push := inventory.Push{Delta: p.int(), Target: p.int(), Since: stamp(p.natural())}
		push.Key, ok = keyOf(p.text())
		if !ok || p.bad {
			return b, false
		}
		b.Pushes = append(b.Pushes, push)
	}
	return b, true
}
