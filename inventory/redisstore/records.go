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

func (f *fields) int() int64 {
	n, err := strconv.ParseInt(f.text(), 10, 64)
	if err != nil || n > 1<<53 || n < -1<<53 {
		f.bad = true
	}
	return n
}

func (f *fields) optional() (n int64, known bool) {
	if len(f.parts) > 0 && f.parts[0] == "" {
		f.parts = f.parts[1:]
		return 0, false
	}
	return f.int(), true
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
	l.Version, l.Available, l.Reserved, l.Committed = f.int(), f.int(), f.int(), f.int()
	l.Unavailable, l.Incoming = f.int(), f.int()
	l.Rules.SafetyStock, l.Rules.BackorderLimit = f.int(), f.int()
	for !f.bad && len(f.parts) > 0 {
		if f.parts[0] == "c" || f.parts[0] == "d" {
			l.Kit = f.text() == "d"
			return l, len(f.parts) == 0
		}
		g := &fields{parts: strings.Split(f.text(), ",")}
		id := g.int()
		if g.bad || id < 1 || id > int64(len(names)) {
			return l, false
		}
		r := groupRecord{name: names[id-1]}
		r.believed, r.known = g.optional()
		if buffer, ok := g.optional(); ok && r.name != "" {
			if l.Rules.Buffers == nil {
				l.Rules.Buffers = map[string]int64{}
			}
			l.Rules.Buffers[r.name] = buffer
		}
		if since := g.text(); since != "" {
			p := &fields{parts: []string{since[1:]}}
			r.since = p.int()
			g.bad = g.bad || p.bad || since[0] != 'f' && since[0] != 'r'
		}
		r.batch = g.text()
		if len(g.parts) > 0 {
			g.parts[0] = strings.TrimPrefix(g.parts[0], "r")
		}
		r.parked, _ = g.optional()
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
	r.ExpiresAt = time.UnixMilli(f.int()).UTC()
	if !ok1 || !ok2 || !ok3 || f.bad || len(f.parts) != 3 {
		return r, false
	}
	lines, _, _ = strings.Cut(lines, "\t") // parts that were committed follow
	for line := range strings.Lines(lines) {
		quantity, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseInt(quantity, 10, 64)
		k, ok2 := keyOf(name)
		if !ok || !ok2 || err != nil {
			return r, false
		}
		r.Lines = append(r.Lines, inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: n})
	}
	if r.Status == inventory.Held && !now.Before(r.ExpiresAt) {
		r.Status = inventory.ExpiredHold
	}
	return r, true
}

// decodeDocument reads a document's record; the body lies beside it.
func decodeDocument(name, text string) (d inventory.Document, written time.Time, ok bool) {
	d.Name = name
	f := &fields{parts: strings.SplitN(text, " ", 4)}
	d.Version = f.int()
	f.text()
	written = stamp(f.int())
	doubts := f.text()
	doubts, d.Compact = strings.CutPrefix(doubts, "c")
	doubts, d.Base = strings.CutPrefix(doubts, "b")
	if doubts != "" {
		if err := json.Unmarshal([]byte(doubts), &d.Doubts); err != nil {
			return d, written, false
		}
	}
	return d, written, !f.bad
}

// decodeBatch reads a batch's record; the request lies beside it.
func decodeBatch(id, text string) (inventory.Batch, bool) {
	b := inventory.Batch{ID: id}
	head, pushes, ok := strings.Cut(text, "\n")
	f := &fields{parts: strings.Split(head, " ")}
	b.Attempt = int(f.int())
	b.FirstSent, b.Now = stamp(f.int()), stamp(f.int())
	f.text()
	b.Epoch = f.text()
	if !ok || f.bad || len(f.parts) > 0 {
		return b, false
	}
	for line := range strings.Lines(pushes) {
		p := &fields{parts: strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 4)}
		push := inventory.Push{Delta: p.int(), Target: p.int(), Since: stamp(p.int())}
		push.Key, ok = keyOf(p.text())
		if !ok || p.bad {
			return b, false
		}
		b.Pushes = append(b.Pushes, push)
	}
	return b, true
}
