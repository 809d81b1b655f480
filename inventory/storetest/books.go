package storetest

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

// books is what must be true of the store by plain arithmetic.
type books struct {
	f       *fixture
	skus    []string
	channel inventory.Channel
	levels  map[string]*inventory.Level
	// believed of each SKU; those that are missing are unknown.
	believed map[string]int64
	// parked until then, and in which batch.
	parked map[string]time.Duration
	// rises are those whose refused push was one.
	rises    map[string]bool
	inFlight map[string]string
	batches  []inventory.Batch
	applied  []inventory.Change
	holds    []*bookedHold
	docs     map[string]int64
	clock    time.Duration
	n        int
}

type bookedHold struct {
	id     string
	lines  []inventory.Line
	end    time.Duration
	status inventory.Status
	order  string
}

// open starts three levels: a and b are known to the shop, c is not.
func open(f *fixture, rt *rapid.T) *books {
	k := &books{
		f: f, skus: []string{"a", "b", "c"}, channel: inventory.Channel{Name: shop}, levels: map[string]*inventory.Level{},
		believed: map[string]int64{}, parked: map[string]time.Duration{}, rises: map[string]bool{}, inFlight: map[string]string{}, docs: map[string]int64{},
	}
	f.configure(inventory.Settings{Channels: []inventory.Channel{k.channel}})
	for _, sku := range k.skus {
		n := rapid.Int64Range(-2, 12).Draw(rt, "start of "+sku)
		c := trackShown(sku, n, n)
		if sku == "c" {
			c.Origin = ""
		} else {
			k.believed[sku] = n
		}
		f.must(c)
		k.levels[sku] = &inventory.Level{Key: key(sku), Available: n, Version: 1}
	}
	return k
}

func (k *books) id(kind string) string {
	k.n++
	return fmt.Sprintf("%s-%d", kind, k.n)
}

func (k *books) lines(rt *rapid.T, most int64) []inventory.Line {
	var out []inventory.Line
	for range rapid.IntRange(1, 3).Draw(rt, "lines") {
		out = append(out, line(rapid.SampledFrom(k.skus).Draw(rt, "sku"), rapid.Int64Range(1, most).Draw(rt, "units")))
	}
	return out
}

// book adds the lines up, and reports whether an enforced Change may do so.
func (k *books) book(lines []inventory.Line, enforced bool) bool {
	after := map[string]*inventory.Level{}
	for _, l := range lines {
		if after[l.SKU] == nil {
			copied := *k.levels[l.SKU]
			copied.Version++
			after[l.SKU] = &copied
		}
		after[l.SKU].Add(l.From, -l.Quantity)
		after[l.SKU].Add(l.To, l.Quantity)
	}
	for sku, l := range after {
		was := k.levels[sku]
		low := l.Available < was.Available && l.Available < was.Rules.SafetyStock-was.Rules.BackorderLimit ||
			l.Reserved < was.Reserved && l.Reserved < 0 || l.Committed < was.Committed && l.Committed < 0 ||
			l.Unavailable < was.Unavailable && l.Unavailable < 0 || l.Incoming < was.Incoming && l.Incoming < 0
		if enforced && low {
			return false
		}
	}
	for sku, l := range after {
		k.levels[sku] = l
	}
	return true
}

// submit applies a Change and books it; the store must refuse it exactly where
// the books do.
func (k *books) submit(c inventory.Change, lines []inventory.Line) bool {
	k.f.Helper()
	out := k.f.apply(c)
	if !k.book(lines, !c.Recorded) {
		k.f.errorIs(out.Err, inventory.ErrInsufficient, "%s %v goes below the floor", c.Kind, lines)
		return false
	}
	k.f.noError(out.Err, "%s %v is within the floor", c.Kind, lines)
	k.f.no(out.Duplicate, "%s is new", c.Key())
	if c.Origin == shop {
		for _, l := range c.Lines {
			if _, known := k.believed[l.SKU]; known {
				k.believed[l.SKU] += l.Shown
			}
		}
	}
	return true
}

// unpark: a rise that was refused must not hide a fall.
func (k *books) unpark() {
	for sku := range k.parked {
		if k.rises[sku] && k.target(sku) < k.believed[sku] {
			delete(k.parked, sku)
		}
	}
}

// audit compares the store with the books.
func (k *books) audit(*rapid.T) {
	k.auditHolds()
	k.unpark()
	f, levels := k.f, k.f.all()
	f.equal(len(k.skus), len(levels))
	keys := []inventory.Key{}
	for _, sku := range k.skus {
		got, want := levels[key(sku)], *k.levels[sku]
		f.equal(want, got, "level %s must be the sum of all Changes", sku)
		keys = append(keys, key(sku))
	}
	beliefs := f.beliefs(shop, keys)
	f.equal(len(k.skus), len(beliefs))
	for _, b := range beliefs {
		believed, known := k.believed[b.SKU]
		f.equal(known, b.Known, "%s is known", b.SKU)
		f.equal(k.target(b.SKU), b.Target, "target of %s", b.SKU)
		f.equal(believed, b.Believed, "what the shop is believed to show of %s", b.SKU)
		f.equal(k.inFlight[b.SKU], b.InFlight, "batch of %s", b.SKU)
		until, parked := k.parked[b.SKU]
		if parked && k.clock >= until {
			continue // its time is over: Claim, or any call before, may end it
		}
		f.equal(parked, b.Parked != "", "%s is parked", b.SKU)
		f.equal(k.pending(b.SKU), b.Pending, "%s must be pending exactly where target %d differs from believed %d, unless unknown, under way or parked", b.SKU, b.Target, b.Believed)
	}
}

// auditHolds compares the holds, and what levels have reserved by the books.
func (k *books) auditHolds() {
	want, reserved := map[string]inventory.Status{}, map[string]int64{}
	var ids []string
	for _, h := range k.holds {
		ids = append(ids, h.id)
		want[h.id] = h.status
		if h.status == inventory.Held {
			for _, l := range h.lines {
				reserved[l.SKU] += l.Quantity
			}
		}
		if k.due(h) {
			want[h.id] = inventory.ExpiredHold // though nobody has tidied it up
		}
	}
	holds, err := k.f.store.Reservations(k.f.Context(), k.f.merchant, ids)
	k.f.noError(err)
	got := map[string]inventory.Status{}
	for _, h := range holds {
		got[h.ID] = h.Status
	}
	k.f.equal(want, got, "state of the holds")
	for _, sku := range k.skus {
		k.f.equal(reserved[sku], k.levels[sku].Reserved, "what is reserved of %s is what the holds hold", sku)
	}
}
