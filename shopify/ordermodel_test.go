package shopify

import (
	"maps"
	"math/rand/v2"
)

// A model of one order's life at Shopify. It plays random events, keeps the
// truth, which is what the order has moved by item, place and state, and after
// each event the state that a body would show.

// cell of the truth: state "a" is available, "c" committed, "o" out, which has
// no place.
type cell struct{ item, place, state string }

type book map[cell]int64

func (b book) add(item, place, state string, n int64) {
	c := cell{item, place, state}
	if b[c] += n; b[c] == 0 {
		delete(b, c)
	}
}

type modelLine struct {
	id, quantity, removed, back int64
	item                        string // "" for a custom or untracked line
}

type modelUnits struct{ line, total, remaining int64 }

type modelPlace struct { // a fulfillment order
	status, loc string
	lines       []modelUnits
}

func (f *modelPlace) find(line int64) *modelUnits {
	for i := range f.lines {
		if f.lines[i].line == line {
			return &f.lines[i]
		}
	}
	f.lines = append(f.lines, modelUnits{line: line})
	return &f.lines[len(f.lines)-1]
}

type modelShipment struct {
	id         int64
	status, at string
	from       *modelPlace
	lines      []modelUnits // total shipped
}

func (x *modelShipment) of(line int64) (n int64) {
	for _, u := range x.lines {
		if u.line == line {
			n += u.total
		}
	}
	return n
}

type modelRefundLine struct {
	id, line, quantity int64
	kind, place        string
}

type modelRefund struct {
	id    int64
	lines []modelRefundLine
}

type sending struct {
	step int
	kind string // "full", "refund", "ship", "edit"
	id   int64
}

type modelOrder struct {
	r         *rand.Rand
	said      bool // edits and cancellations write refund lines
	locs      []string
	claims    bool
	pos       string
	now       float64
	n         int64
	cancelled float64

	lines     []*modelLine
	places    []*modelPlace
	shipments []*modelShipment
	refunds   []modelRefund
	book      book

	hist   []book
	states []modelState
	times  []float64
	sent   []sending
}

func newModelOrder(seed uint64, said bool) *modelOrder {
	r := rand.New(rand.NewPCG(seed, 1))
	s := &modelOrder{r: r, said: said, now: 1000, n: 100, book: book{}}
	s.locs = []string{"A", "B", "C"}[:pick(r, []int{1, 1, 2, 3})]
	s.claims = r.Float64() > .06
	if r.Float64() < .1 {
		s.pos = pick(r, s.locs)
	}
	s.step(s.place)
	for range 1 + r.IntN(7) {
		s.step(pick(r, s.choices()))
	}
	return s
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (s *modelOrder) upTo(n int64) int64 { return 1 + s.r.Int64N(n) }

func (s *modelOrder) id() int64 { s.n++; return s.n }

func (s *modelOrder) step(event func() []sending) {
	k := len(s.hist)
	parts := event()
	s.hist, s.times, s.states = append(s.hist, maps.Clone(s.book)), append(s.times, s.now), append(s.states, s.state())
	for _, p := range append([]sending{{kind: "full"}}, parts...) {
		p.step = k
		s.sent = append(s.sent, p)
	}
	if s.r.Float64() < .35 { // several steps within one second happen
		s.now += .05
	} else {
		s.now += 1 + 199*s.r.Float64()
	}
}

func (s *modelOrder) choices() []func() []sending {
	live := len(s.units()) > 0
	m := []func() []sending{s.touch}
	add := func(when bool, times int, event func() []sending) {
		for range times {
			if when {
				m = append(m, event)
			}
		}
	}
	add(live || len(s.shipments) > 0, 3, s.refund)
	add(live, 4, s.ship)
	add(live, 1, s.hold)
	add(live && len(s.locs) > 1, 2, s.move)
	add(len(s.shipped()) > 0, 1, s.unship)
	if s.cancelled > 0 {
		return m
	}
	add(true, 2, s.more)
	add(true, 1, s.addLine)
	add(live, 3, s.less)
	add(live, 2, s.cancel)
	return m
}

func (s *modelOrder) line(id int64) *modelLine {
	for _, l := range s.lines {
		if l.id == id {
			return l
		}
	}
	panic("no such line")
}

// moved writes the truth. An unclaimed order moves only by returns.
func (s *modelOrder) moved(line int64, at, state string, n int64, back bool) {
	if item := s.line(line).item; item != "" && (s.claims || back) {
		if state == "o" {
			at = ""
		}
		s.book.add(item, at, state, n)
	}
}

func (s *modelOrder) open(at string) *modelPlace {
	for _, f := range s.places {
		if f.loc == at && f.status == "OPEN" {
			return f
		}
	}
	f := &modelPlace{status: "OPEN", loc: at}
	s.places = append(s.places, f)
	return f
}

func (f *modelPlace) give(line, n int64) {
	u := f.find(line)
	u.total += n
	u.remaining += n
}

func (f *modelPlace) cut(line, n, total int64) {
	u := f.find(line)
	u.total -= n * total
	u.remaining -= n
	for _, u := range f.lines {
		if u.remaining != 0 {
			return
		}
	}
	f.status = "CLOSED"
}

type openUnits struct {
	place *modelPlace
	line  int64
}

func (s *modelOrder) units() (out []openUnits) {
	for _, f := range s.places {
		for _, u := range f.lines {
			if f.status != "CLOSED" && u.remaining != 0 {
				out = append(out, openUnits{f, u.line})
			}
		}
	}
	return out
}

func (s *modelOrder) some() (f *modelPlace, line, n int64, to string) {
	u := pick(s.r, s.units())
	f, line = u.place, u.line
	n = s.upTo(f.find(line).remaining)
	if s.r.Float64() < .6 {
		to = s.near(f.loc, .15)
	}
	return f, line, n, to
}

func (s *modelOrder) near(at string, p float64) string {
	if s.r.Float64() < p {
		return pick(s.r, s.locs)
	}
	return at
}

func (s *modelOrder) claim(line, n int64, at string) {
	s.open(at).give(line, n)
	s.moved(line, at, "a", -n, false)
	s.moved(line, at, "c", n, false)
}

// drop takes units out of the order unshipped, restocked at a place or gone.
func (s *modelOrder) drop(f *modelPlace, line, n int64, to string) modelRefundLine {
	f.cut(line, n, 1)
	s.moved(line, f.loc, "c", -n, false)
	kind := "cancel"
	if to != "" {
		s.moved(line, to, "a", n, false)
	} else {
		s.moved(line, "", "o", n, false)
		kind = "no_restock"
	}
	return modelRefundLine{id: s.id(), line: line, quantity: n, kind: kind, place: to}
}

func (s *modelOrder) shipped() (out []*modelShipment) {
	for _, x := range s.shipments {
		if x.status == "success" {
			out = append(out, x)
		}
	}
	return out
}

func (s *modelOrder) shippedOf(line int64) (n int64) {
	for _, x := range s.shipped() {
		n += x.of(line)
	}
	return n
}

// The events.

func (s *modelOrder) place() []sending {
	for range s.upTo(4) {
		s.newLine(s.upTo(3))
	}
	return nil
}

func (s *modelOrder) newLine(n int64) {
	l := s.id()
	s.lines = append(s.lines, &modelLine{id: l, item: pick(s.r, []string{"X", "X", "Y", "Z", ""}), quantity: n})
	parts, each := int64(1), n
	if s.r.Float64() < .2 {
		parts, each = n, 1
	}
	for range parts {
		at := s.pos
		if at == "" {
			at = pick(s.r, s.locs)
		}
		s.claim(l, each, at)
	}
}

func (s *modelOrder) addLine() []sending {
	s.newLine(s.upTo(2))
	return []sending{{kind: "edit"}}
}

func (s *modelOrder) more() []sending {
	l := pick(s.r, s.lines)
	l.quantity++
	s.claim(l.id, 1, pick(s.r, s.locs))
	return []sending{{kind: "edit"}}
}

func (s *modelOrder) less() []sending {
	f, l, n, to := s.some()
	line := s.drop(f, l, n, to)
	if s.said {
		s.refunds = append(s.refunds, modelRefund{s.id(), []modelRefundLine{line}})
	} else {
		s.line(l).removed += n
	}
	return []sending{{kind: "edit"}}
}

func (s *modelOrder) ship() []sending {
	f, _, _, _ := s.some()
	f.status = "OPEN"
	if s.r.Float64() < .15 { // from another location than assigned: moved, then shipped
		f = s.shift(f, pick(s.r, s.locs))
	}
	x := &modelShipment{id: s.id(), status: "success", at: f.loc, from: f}
	s.shipments = append(s.shipments, x)
	for _, u := range append([]modelUnits(nil), f.lines...) {
		if u.remaining == 0 || s.r.Float64() >= .7 && len(x.lines) > 0 {
			continue
		}
		n := s.upTo(u.remaining)
		x.lines = append(x.lines, modelUnits{line: u.line, total: n})
		f.cut(u.line, n, 0)
		s.moved(u.line, x.at, "c", -n, false)
		s.moved(u.line, "", "o", n, false)
	}
	return []sending{{kind: "ship", id: x.id}}
}

func (s *modelOrder) unship() []sending {
	x := pick(s.r, s.shipped())
	if s.cancelled > 0 {
		return nil
	}
	for _, u := range x.lines {
		if s.shippedOf(u.line)-u.total < s.line(u.line).back {
			return nil
		}
	}
	x.status = "cancelled"
	f := x.from
	closed, at := f.status == "CLOSED", f.loc
	if closed {
		at = s.near(x.at, .2)
	}
	for _, u := range x.lines {
		f.find(u.line).remaining += u.total // a closed one keeps a stale remainder, as recorded
		if closed {
			s.open(at).give(u.line, u.total)
		}
		s.moved(u.line, "", "o", -u.total, false)
		s.moved(u.line, x.at, "a", u.total, false)
		s.moved(u.line, at, "a", -u.total, false)
		s.moved(u.line, at, "c", u.total, false)
	}
	return []sending{{kind: "ship", id: x.id}}
}

func (s *modelOrder) shift(f *modelPlace, to string) *modelPlace {
	var part []modelUnits
	for _, u := range f.lines {
		if u.remaining != 0 {
			part = append(part, u)
		}
	}
	if len(part) > 1 && s.r.Float64() < .4 {
		part = part[:len(part)-1]
	}
	whole := len(part) == len(f.lines)
	for _, u := range part {
		whole = whole && u.total == u.remaining
	}
	g := f
	if !whole {
		g = &modelPlace{status: "OPEN", loc: to}
	}
	for _, u := range part {
		s.moved(u.line, f.loc, "a", u.remaining, false)
		s.moved(u.line, f.loc, "c", -u.remaining, false)
		s.moved(u.line, to, "a", -u.remaining, false)
		s.moved(u.line, to, "c", u.remaining, false)
		if !whole {
			f.cut(u.line, u.remaining, 1)
			g.give(u.line, u.remaining)
		}
	}
	if whole {
		f.loc = to
	} else {
		s.places = append(s.places, g)
	}
	return g
}

func (s *modelOrder) move() []sending {
	f, _, _, _ := s.some()
	s.shift(f, pick(s.r, s.locs))
	return nil
}

func (s *modelOrder) hold() []sending {
	f, _, _, _ := s.some()
	if f.status == "OPEN" {
		f.status = "ON_HOLD"
	} else {
		f.status = "OPEN"
	}
	return nil
}

// touch is a tag or a payment: orders/updated all the same.
func (s *modelOrder) touch() []sending { return nil }

func (s *modelOrder) refund() []sending {
	k := s.id()
	var lines []modelRefundLine
	for range s.upTo(3) {
		var sent []*modelLine
		for _, l := range s.lines {
			if s.shippedOf(l.id) > l.back {
				sent = append(sent, l)
			}
		}
		if len(s.units()) > 0 && (len(sent) == 0 || s.r.Float64() < .5) {
			lines = append(lines, s.drop(s.some()))
			continue
		}
		if len(sent) == 0 {
			continue
		}
		l := pick(s.r, sent)
		n := s.upTo(s.shippedOf(l.id) - l.back)
		l.back += n
		kind, to := "no_restock", ""
		if s.r.Float64() < .6 {
			kind, to = "return", pick(s.r, s.locs)
			s.moved(l.id, to, "a", n, true)
			s.moved(l.id, "", "o", -n, true)
		}
		lines = append(lines, modelRefundLine{id: s.id(), line: l.id, quantity: n, kind: kind, place: to})
	}
	if len(lines) == 0 {
		return nil
	}
	s.refunds = append(s.refunds, modelRefund{k, lines})
	return []sending{{kind: "refund", id: k}}
}

func (s *modelOrder) cancel() []sending {
	k, restock, current := s.id(), s.r.Float64() < .6, s.r.Float64() < .5
	s.cancelled = s.now
	var lines []modelRefundLine
	for _, u := range s.units() {
		n, to := u.place.find(u.line).remaining, ""
		if restock != (s.said && s.r.Float64() < .15) {
			to = u.place.loc
		}
		lines = append(lines, s.drop(u.place, u.line, n, to))
		if current && !s.said {
			s.line(u.line).removed += n
		}
	}
	if !s.said {
		return []sending{{kind: "full"}}
	}
	s.refunds = append(s.refunds, modelRefund{k, lines})
	return []sending{{kind: "full"}, {kind: "refund", id: k}}
}
