package shopify

import (
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// A document in the hands of the judge: the real one, and what only wrong ways
// look at.
type document struct {
	inventory.Order
	newest map[string]newest // by line
}

type newest struct{ updated, current, fulfillable int64 }

func (a newest) max(b newest) newest {
	if slices.Compare([]int64{a.updated, a.current, a.fulfillable}, []int64{b.updated, b.current, b.fulfillable}) < 0 {
		return b
	}
	return a
}

// variant is a way to understand orders. The zero value is the right one.
type variant struct {
	name    string
	unsaid  bool // play lives in which edits and cancellations write no refund lines
	body    func(message) orderBody
	facts   func(message, inventory.Order) inventory.Order
	join    func(a, b document) document
	view    func(d document, places inventory.Places) inventory.Order // what Implied gets to see
	moved   func(d document, places inventory.Places, m inventory.Movement) inventory.Movement
	doubts  func(d document, why []inventory.Reason) []inventory.Reason
	asCome  bool // no document: every message moves stock by itself
	noGuard bool // two consumers write without looking at the version
}

func (v variant) read(m message) document {
	if v.body != nil {
		m.body = v.body(m)
	}
	b := m.body
	o := facts(b, modelResolver)
	if v.facts != nil {
		o = v.facts(m, o)
	}
	d := document{Order: o}
	if m.kind == "full" && v.view != nil {
		d.newest = map[string]newest{}
		for _, l := range b.Lines {
			d.newest[l.ID] = newest{b.Updated, l.Current, l.Fulfillable}
		}
	}
	return d
}

func (v variant) merge(a, b document) document {
	if v.join != nil {
		return v.join(a, b)
	}
	d := document{Order: inventory.Merge(a.Order, b.Order)}
	if a.newest != nil || b.newest != nil {
		d.newest = maps.Clone(b.newest)
		if d.newest == nil {
			d.newest = map[string]newest{}
		}
		for k, x := range a.newest {
			d.newest[k] = d.newest[k].max(x)
		}
	}
	return d
}

// says is what the document implies, as a book, and whether it is unsure.
func (v variant) says(d document, places inventory.Places) (book, []inventory.Reason) {
	o := d.Order
	if v.view != nil && o.Full {
		o = v.view(d, places)
	}
	m, why := o.Implied(places)
	if v.doubts != nil {
		why = v.doubts(d, why)
	}
	if v.moved != nil {
		m = v.moved(d, places, m)
	}
	b := book{}
	for _, x := range m {
		b.add(x.SKU, x.Location, "a", x.Available)
		b.add(x.SKU, x.Location, "c", x.Committed)
	}
	if o.Full && !o.Unclaimed {
		for _, l := range o.Lines {
			if l.SKU != "" {
				b.add(l.SKU, "", "o", sumsOf(o, l).out)
			}
		}
	}
	return b, why
}

// sums of a line by the protocol's formulas, worked out apart from Implied: so
// a leak shows as a sum that is not zero.
type sums struct{ cancelled, returned, shipped, dropped, out int64 }

func sumsOf(o inventory.Order, l inventory.OrderLine) (s sums) {
	for _, r := range o.Refunds {
		for _, x := range r.Lines {
			switch {
			case x.Line != l.ID:
			case x.Restock == inventory.RestockCancel:
				s.cancelled += x.Quantity
			case x.Restock == inventory.RestockReturn:
				s.returned += x.Quantity
			}
		}
	}
	for _, f := range o.Fulfillments {
		for _, x := range f.Lines {
			if f.Status == inventory.FulfillmentShipped && x.Line == l.ID {
				s.shipped += x.Quantity
			}
		}
	}
	s.cancelled = min(s.cancelled, l.Ordered)
	left := l.Ordered - s.cancelled
	s.shipped, s.returned = min(s.shipped, left), min(s.returned, left)
	left -= s.shipped
	s.dropped = min(l.Dropped, left)
	if o.Cancelled {
		s.dropped = left
	}
	s.out = s.shipped + s.dropped - s.returned
	return s
}

// asTheyCome moves stock with every message by itself.
func asTheyCome(msgs []message, locs []string) book {
	b, item := book{}, map[string]string{}
	moved := func(line, place, from, to string, n int64) {
		if item[line] == "" {
			return
		}
		at := func(state string) string {
			if state == "o" {
				return ""
			}
			return place
		}
		b.add(item[line], at(from), from, -n)
		b.add(item[line], at(to), to, n)
	}
	for _, m := range msgs {
		if m.kind == "full" {
			for _, l := range m.body.Lines {
				if _, known := item[l.ID]; !known {
					item[l.ID] = nameOf(l.Variant)
					moved(l.ID, locs[0], "a", "c", l.Quantity)
				}
			}
			continue
		}
		for _, f := range m.body.Fulfillments {
			for _, u := range f.Lines {
				n := u.Quantity
				if f.Status != "success" {
					n = -n
				}
				moved(u.Line, nameOf(f.Location), "c", "o", n)
			}
		}
		for _, r := range m.body.Refunds {
			for _, l := range r.Lines {
				from := "o"
				if l.Restock == "cancel" {
					from = "c"
				}
				if l.Location != "" {
					moved(l.Line, nameOf(l.Location), from, "a", l.Quantity)
				}
			}
		}
	}
	return b
}

// spot is an item at a place; the item alone is the sum.
type spot struct{ item, place string }

func available(b book) map[spot]int64 {
	out := map[spot]int64{}
	for c, n := range b {
		if c.state == "a" {
			out[spot{c.item, ""}] += n
			out[spot{c.item, "@" + c.place}] += n
		}
	}
	return out
}

var modelItems = []string{"X", "Y", "Z"}

type outcome string

const (
	right       outcome = "right"
	rightUnsure outcome = "right, unsure"
	saysSo      outcome = "off, says so"
	wrong       outcome = "wrong"
)

func verdict(got book, why []inventory.Reason, truth book) outcome {
	switch {
	case maps.Equal(got, truth) && len(why) > 0:
		return rightUnsure
	case maps.Equal(got, truth):
		return right
	}
	a, b := available(got), available(truth)
	for _, i := range modelItems {
		if a[spot{i, ""}] > b[spot{i, ""}] {
			return wrong
		}
	}
	if len(why) == 0 {
		return wrong
	}
	return saysSo
}

// twoConsumers each read, merge, and write if the version is still the one they
// read. The ledger must end as the document implies.
func (v variant) twoConsumers(r *rand.Rand, places inventory.Places, todo []message) bool {
	type job struct {
		m    message
		seen int
		base document
	}
	todo = slices.Clone(todo)
	version, doc, ledger, busy := 0, document{}, book{}, map[int]job{}
	post := func(d document, sign int64) {
		b, _ := v.says(d, places)
		for c, n := range b {
			ledger.add(c.item, c.place, c.state, sign*n)
		}
	}
	for len(todo) > 0 || len(busy) > 0 {
		w := r.IntN(2)
		j, working := busy[w]
		if !working {
			if n := len(todo); n > 0 {
				busy[w] = job{todo[n-1], version, doc}
				todo = todo[:n-1]
			}
			continue
		}
		if j.seen != version && !v.noGuard {
			busy[w] = job{j.m, version, doc}
			continue
		}
		delete(busy, w)
		next := v.merge(j.base, v.read(j.m))
		post(next, 1)
		post(j.base, -1)
		version, doc = version+1, next
		if r.Float64() < .1 { // the reply was lost: the message comes again
			todo = append(todo, j.m)
		}
	}
	implied, _ := v.says(doc, places)
	return maps.Equal(ledger, implied)
}

type ending struct {
	outcome outcome
	why     []inventory.Reason
	got     book
}

// faults, in the words of the table: "order", "webhooks", "fetched", "invents",
// "leaks", "ledger".
type faults map[string]bool

// history plays one life and delivers its messages in many ways.
func (v variant) history(seed uint64) (bad faults, ends []ending, s *modelOrder) {
	s = newModelOrder(seed, !v.unsaid)
	r := rand.New(rand.NewPCG(seed, 2))
	places := inventory.Places{Locations: s.locs}
	bad = faults{}
	fold := func(msgs []message) (d document) {
		for _, m := range msgs {
			d = v.merge(d, v.read(m))
		}
		return d
	}
	says := func(msgs []message) (book, []inventory.Reason) {
		if v.asCome {
			return asTheyCome(msgs, s.locs), nil
		}
		return v.says(fold(msgs), places)
	}
	deliver := func(msgs []message) (out []message) {
		for _, m := range msgs {
			out = append(out, m)
			if r.Float64() < .25 {
				out = append(out, m)
			}
		}
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		return out
	}
	end, hooks := len(s.hist)-1, s.hooks()
	loss := pick(r, []float64{0, .3, .8})
	var lossy []message
	keep := func(m message) {
		if r.Float64() > loss {
			lossy = append(lossy, m)
		}
	}
	for _, m := range hooks {
		keep(m)
	}
	for k := range end {
		if len(s.locs) > 1 && r.Float64() < .4 {
			lag := 0
			if r.Float64() < .3 {
				lag = 1
			}
			keep(s.fetch(k, pick(r, []float64{0, 1}), lag))
		}
	}
	final := s.fetch(end, 2, 0)
	some := lossy
	if r.Float64() < .5 {
		some = append(slices.Clip(lossy), final)
	}

	// The same messages, in another order and grouped otherwise.
	x, y := deliver(some), deliver(some)
	bx, wx := says(x)
	by, wy := says(y)
	cut := min(3, len(y))
	if !maps.Equal(bx, by) || !slices.Equal(wx, wy) ||
		!v.asCome && !reflect.DeepEqual(fold(x), v.merge(fold(y[:cut]), fold(y[cut:]))) {
		bad["order"] = true
	}

	// All webhooks and no fetch; what is left of them and a fetch of the newest.
	for _, c := range []struct {
		name string
		msgs []message
	}{{"webhooks", hooks}, {"fetched", append(slices.Clip(lossy), final)}} {
		got, why := says(deliver(c.msgs))
		e := ending{verdict(got, why, s.hist[end]), why, got}
		ends = append(ends, e)
		if e.outcome == wrong {
			bad[c.name] = true
		}
	}

	// Never more available than the truth had since the newest fact, unless it
	// says so; and no unit comes from nowhere or goes there.
	latest, part, d := 0, []message(nil), document{}
	for _, m := range deliver(lossy) {
		latest, part = max(latest, m.step), append(part, m)
		var now book
		var why []inventory.Reason
		if v.asCome {
			now = asTheyCome(part, s.locs)
		} else {
			d = v.merge(d, v.read(m))
			now, why = v.says(d, places)
		}
		v.inspect(now, why, s.hist[latest:], bad)
	}
	if !v.asCome && !v.twoConsumers(r, places, deliver(some)) {
		bad["ledger"] = true
	}
	return bad, ends, s
}

func (v variant) inspect(now book, why []inventory.Reason, since []book, bad faults) {
	have := available(now)
	for _, i := range modelItems {
		if have[spot{i, ""}] > 0 {
			bad["invents"] = true
		}
	}
	if len(why) == 0 {
		tops := make([]map[spot]int64, len(since))
		keys := maps.Clone(have)
		for i, h := range since {
			tops[i] = available(h)
		}
		maps.Copy(keys, tops[0])
		for k := range keys {
			top := tops[0][k]
			for _, t := range tops[1:] {
				top = max(top, t[k])
			}
			if have[k] > top {
				bad["invents"] = true
			}
		}
	}
	total := map[string]int64{}
	for c, n := range now {
		total[c.item] += n
	}
	for _, n := range total {
		if n != 0 {
			bad["leaks"] = true
		}
	}
}
