package storetest

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

// conserve plays random histories and keeps its own books of them: after every
// step the store has to agree with the books.
func conserve(t *testing.T, h Harness) {
	store := h.open(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := *store
		f.tester, f.merchant = rt, "test-"+rand.Text()
		k := open(&f, rt)
		steps := map[string]func(*rapid.T){
			"":        k.audit,
			"move":    k.move,
			"repeat":  k.repeat,
			"reserve": k.reserve,
			"settle":  k.settleHold,
			"order":   k.order,
			"rules":   k.rules,
			"push":    k.push,
			"answer":  k.answer,
		}
		if h.Advance != nil {
			steps["advance"] = k.advance
		}
		if h.Advance != nil && h.ClockBack != nil {
			steps["clock back"] = k.clockBack
			steps["tidy"] = k.tidy
		}
		rt.Repeat(steps)
	})
}

func (k *books) move(rt *rapid.T) {
	id, lines := k.id("move"), k.lines(rt, 4)
	c := rapid.SampledFrom([]inventory.Change{
		inventory.Sell(id, lines...), inventory.Sell(id, lines...), inventory.Fulfil(id, lines...), inventory.Receive(id, lines...),
		inventory.Cancel(id, inventory.Available, lines...), inventory.Return(id, inventory.Unavailable, lines...),
		inventory.Move(id, inventory.Unavailable, inventory.Available, lines...), inventory.Move(id, inventory.World, inventory.Incoming, lines...),
		inventory.Move(id, inventory.Incoming, inventory.Available, lines...),
	}).Draw(rt, "change")
	switch rapid.IntRange(0, 3).Draw(rt, "how") {
	case 0:
		c = recorded(c)
	case 1:
		c = c.ReportedBy(shop)
	}
	if k.submit(c, c.Lines) {
		k.applied = append(k.applied, c)
	}
}

func (k *books) repeat(rt *rapid.T) {
	if len(k.applied) == 0 {
		return
	}
	c := rapid.SampledFrom(k.applied).Draw(rt, "again")
	if rapid.Bool().Draw(rt, "other content") {
		c.Lines = append(slices.Clone(c.Lines), c.Lines[0])
		k.f.errorIs(k.f.apply(c).Err, inventory.ErrReusedID)
		return
	}
	k.f.repeat(c)
}

func (k *books) reserve(rt *rapid.T) {
	id, ttl := k.id("hold"), time.Duration(rapid.IntRange(1, 5).Draw(rt, "minutes"))*minute+minute/2
	c := inventory.Reserve(id, ttl, k.lines(rt, 3)...)
	if k.submit(c, c.Lines) {
		k.holds = append(k.holds, &bookedHold{id: id, lines: c.Lines, end: k.clock + ttl, status: inventory.Held})
		k.applied = append(k.applied, c)
	}
}

// between returns the lines of a hold from one state to another.
func between(from, to inventory.State, lines []inventory.Line) []inventory.Line {
	return inventory.Move("", from, to, lines...).Lines
}

func (k *books) settleHold(rt *rapid.T) {
	if len(k.holds) == 0 {
		return
	}
	h := rapid.SampledFrom(k.holds).Draw(rt, "hold")
	switch rapid.SampledFrom([]inventory.Kind{inventory.KindCommit, inventory.KindRelease, inventory.KindExpire, inventory.KindCommitPart, inventory.KindReleasePart, inventory.KindResize}).Draw(rt, "what") {
	case inventory.KindCommit:
		from := map[inventory.Status]inventory.State{inventory.Held: inventory.Reserved, inventory.ExpiredHold: inventory.Available}[h.status]
		c := inventory.Commit(h.id, "order")
		if from != "" && k.submit(c, between(from, inventory.Committed, h.lines)) {
			h.status, h.order = inventory.CommittedHold, "order"
		}
	case inventory.KindRelease:
		if h.status == inventory.Held && k.submit(inventory.Release(h.id), between(inventory.Reserved, inventory.Available, h.lines)) {
			h.status = inventory.ReleasedHold
		}
	case inventory.KindCommitPart:
		k.part(rt, h, inventory.Committed)
	case inventory.KindReleasePart:
		k.part(rt, h, inventory.Available)
	case inventory.KindResize:
		if h.status == inventory.Held && !k.due(h) {
			k.resize(rt, h)
		}
	case inventory.KindExpire:
		if k.due(h) {
			k.submit(inventory.Expire(h.id), between(inventory.Reserved, inventory.Available, h.lines))
			h.status = inventory.ExpiredHold
		} else {
			k.f.repeat(inventory.Expire(h.id))
		}
	}
}

// part takes a unit of one line out of the hold.
func (k *books) part(rt *rapid.T, h *bookedHold, to inventory.State) {
	from := map[inventory.Status]inventory.State{inventory.Held: inventory.Reserved}[h.status]
	if h.status == inventory.ExpiredHold && to == inventory.Committed {
		from = inventory.Available
	}
	if from == "" || len(h.lines) == 0 {
		return
	}
	i := rapid.IntRange(0, len(h.lines)-1).Draw(rt, "line")
	part := line(h.lines[i].SKU, 1)
	c := inventory.ReleasePart(k.id("part"), h.id, part)
	if to == inventory.Committed {
		c = inventory.CommitPart(c.ID, h.id, "order", part)
	}
	if !k.submit(c, between(from, to, []inventory.Line{part})) {
		return
	}
	k.applied = append(k.applied, c)
	h.lines = slices.Clone(h.lines)
	if h.lines[i].Quantity--; h.lines[i].Quantity > 0 {
		return
	}
	if h.lines = slices.Delete(h.lines, i, i+1); len(h.lines) == 0 {
		h.status = map[inventory.State]inventory.Status{inventory.Committed: inventory.CommittedHold, inventory.Available: inventory.ReleasedHold}[to]
		h.order = "order"
	}
}

// resize gives the hold one more unit of one level, and no line of any other.
func (k *books) resize(rt *rapid.T, h *bookedHold) {
	l := line(rapid.SampledFrom(k.skus).Draw(rt, "sku"), 1)
	var back []inventory.Line
	for _, x := range h.lines {
		if x.SKU == l.SKU {
			l.Quantity += x.Quantity
		} else {
			back = append(back, x)
		}
	}
	c := inventory.Resize(k.id("resize"), h.id, l)
	if k.submit(c, append(between(inventory.Reserved, inventory.Available, back), between(inventory.Available, inventory.Reserved, []inventory.Line{line(l.SKU, 1)})...)) {
		k.applied = append(k.applied, c)
		h.lines = []inventory.Line{l}
	}
}

func (k *books) due(h *bookedHold) bool { return h.status == inventory.Held && k.clock >= h.end }

func (k *books) order(rt *rapid.T) {
	name := rapid.SampledFrom([]string{"o/1", "o/2"}).Draw(rt, "order")
	c := document(name, k.docs[name], k.id("body"), k.lines(rt, 3)...)
	if rapid.Bool().Draw(rt, "from the shop") {
		c = c.ReportedBy(shop)
	}
	lines := c.Lines
	var settled *bookedHold
	if len(k.holds) > 0 && rapid.Bool().Draw(rt, "settles a hold") {
		h := rapid.SampledFrom(k.holds).Draw(rt, "hold")
		c.Reservation = h.id
		switch {
		case h.status == inventory.Held:
			settled, lines = h, slices.Concat(between(inventory.Reserved, inventory.Available, h.lines), lines)
		case h.status == inventory.CommittedHold && h.order == "order":
			settled, lines = h, slices.Concat(between(inventory.Committed, inventory.Available, h.lines), lines)
		case h.status == inventory.ExpiredHold:
			settled = h
		}
	}
	k.submit(c, lines)
	if settled != nil {
		settled.status, settled.order = inventory.CommittedHold, name
	}
	k.docs[name]++
	k.f.repeat(c)
}

func (k *books) rules(rt *rapid.T) {
	k.channel.Buffer = rapid.Int64Range(0, 2).Draw(rt, "buffer")
	l := k.levels[rapid.SampledFrom(k.skus).Draw(rt, "sku")]
	l.Rules = inventory.Rules{SafetyStock: rapid.Int64Range(0, 2).Draw(rt, "safety"), BackorderLimit: rapid.Int64Range(0, 2).Draw(rt, "backorder")}
	l.Version++
	k.f.configure(inventory.Settings{Channels: []inventory.Channel{k.channel}, Levels: map[inventory.Key]inventory.Rules{l.Key: l.Rules}})
}

// target is what the shop should show, by the books.
func (k *books) target(sku string) int64 {
	n := k.levels[sku].Available
	if n > 0 {
		n = max(0, n-k.channel.Buffer)
	}
	return n
}

// pending reports whether the level must be pending, by the books.
func (k *books) pending(sku string) bool {
	believed, known := k.believed[sku]
	_, parked := k.parked[sku]
	return known && !parked && k.inFlight[sku] == "" && k.target(sku) != believed
}

// push claims a batch, under a lease that outlasts the history.
func (k *books) push(rt *rapid.T) {
	k.unpark()
	for sku, until := range k.parked {
		if k.clock >= until {
			delete(k.parked, sku)
		}
	}
	b, err := k.f.store.Claim(k.f.Context(), k.f.merchant, shop, rapid.IntRange(1, 3).Draw(rt, "most"), 1000*hour)
	k.f.noError(err)
	if b.ID == "" {
		for _, sku := range k.skus {
			k.f.no(k.pending(sku), "%s is pending, and Claim finds nothing", sku)
		}
		return
	}
	for _, p := range b.Pushes {
		k.f.yes(k.pending(p.SKU), "%s is claimed and must not be pending", p.SKU)
		k.f.equal([2]int64{k.target(p.SKU) - k.believed[p.SKU], k.target(p.SKU)}, [2]int64{p.Delta, p.Target}, "delta and target of %s", p.SKU)
		k.inFlight[p.SKU] = b.ID
	}
	k.batches = append(k.batches, k.f.seal(b))
}

func (k *books) answer(rt *rapid.T) {
	if len(k.batches) == 0 {
		return
	}
	i := rapid.IntRange(0, len(k.batches)-1).Draw(rt, "batch")
	b := k.batches[i]
	k.batches = slices.Delete(k.batches, i, i+1)
	answers := results(b, inventory.Applied)
	for i, p := range b.Pushes {
		delete(k.inFlight, p.SKU)
		k.rises[p.SKU] = p.Delta > 0
		answers[i].Status = rapid.SampledFrom([]inventory.PushStatus{inventory.Applied, inventory.Replaced, inventory.Deferred, inventory.Refused, inventory.Lapsed}).Draw(rt, "status of "+p.SKU)
		switch answers[i].Status {
		case inventory.Applied:
			k.believed[p.SKU] += p.Delta
		case inventory.Replaced:
			k.believed[p.SKU] = p.Target
		case inventory.Lapsed:
			k.believed[p.SKU] += max(0, p.Delta)
			k.parked[p.SKU] = k.clock + hour
		case inventory.Refused:
			answers[i].RetryIn = 2 * minute
			k.parked[p.SKU] = k.clock + 2*minute
		}
	}
	k.f.settle(b, answers...)
	k.f.settle(b, answers...)
}

// clockBack puts the clock back: what was over may be held again, and what has
// expired stays so.
func (k *books) clockBack(rt *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 5).Draw(rt, "minutes")) * minute
	k.clock -= d
	k.f.clockBack(d)
}

func (k *books) advance(rt *rapid.T) {
	d := time.Duration(rapid.IntRange(1, 4).Draw(rt, "minutes")) * minute
	k.clock += d
	k.f.advance(d)
}

func (k *books) tidy(*rapid.T) {
	k.f.tidy()
	for _, h := range k.holds {
		if k.due(h) {
			h.status = inventory.ExpiredHold
			k.book(between(inventory.Reserved, inventory.Available, h.lines), false)
		}
	}
}
