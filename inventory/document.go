package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// record is the body of an order's document: all facts joined, and what this
// side has made of them.
type record struct {
	Order Order `json:"order"`
	// Homes is the location chosen for each line when it was first seen.
	Homes map[string]string `json:"homes,omitempty"`
	// Booked is the movement that was applied so far. What has to be applied is
	// the difference to what the document implies, so changed settings or rules
	// correct themselves.
	Booked Movement `json:"booked,omitempty"`
	// Base: placed before the channel was loaded, so its first facts moved
	// nothing.
	Base bool `json:"base,omitempty"`
	// Settled: the reservation that the order carries has been settled.
	Settled bool `json:"settled,omitempty"`
}

// OrderRecord is what is remembered of an order.
type OrderRecord struct {
	// Order is the join of everything heard.
	Order Order
	// Booked is by how much it has moved stock here, Base orders from their
	// first sight on.
	Booked Movement
	// Base: placed before the channel's load watermark.
	Base bool
	// Doubts say why it is not sure.
	Doubts []Reason
}

// Orders returns what is remembered of orders, by the names of their
// documents; nil where nothing is.
func (s *Stock) Orders(ctx context.Context, documents ...string) ([]*OrderRecord, error) {
	docs, err := s.store.Documents(ctx, s.merchant, documents)
	if err != nil {
		return nil, err
	}
	out := make([]*OrderRecord, len(docs))
	for i, d := range docs {
		if d.Version == 0 {
			continue
		}
		rec, err := decodeRecord(d)
		if err != nil {
			return nil, err
		}
		out[i] = &OrderRecord{Order: rec.Order, Booked: rec.Booked, Base: rec.Base, Doubts: d.Doubts}
	}
	return out, nil
}

func decodeRecord(d Document) (record, error) {
	var rec record
	if d.Version == 0 {
		return rec, nil
	}
	if err := json.Unmarshal(d.Body, &rec); err != nil {
		return rec, fmt.Errorf("inventory: document %s is not readable: %w", d.Name, err)
	}
	return rec, nil
}

// mostTries is how often a document is read and merged again because another
// writer was faster. Each failure means that one succeeded.
const mostTries = 50

// file is one document on its way through applyOrders.
type file struct {
	name  string
	facts Order
	at    []int // the Changes that it answers
	trace string
	// skip are levels that turned out not to be tracked.
	skip []Key
}

func (s *Stock) applyOrders(ctx context.Context, changes []Change) []Outcome {
	out := make([]Outcome, len(changes))
	var files []*file
	byName := map[string]*file{}
	for i, c := range changes {
		if err := c.Order.Validate(); err != nil {
			out[i] = Outcome{ID: c.ID, Err: err}
			continue
		}
		name := c.Order.Document()
		f := byName[name]
		if f == nil {
			f = &file{name: name, trace: c.TraceID}
			byName[name] = f
			files = append(files, f)
		}
		f.facts = Merge(f.facts, *c.Order)
		f.at = append(f.at, i)
	}
	answer := func(f *file, o Outcome) {
		for _, i := range f.at {
			o.ID = changes[i].ID
			out[i] = o
		}
	}
	for try := 1; len(files) > 0; try++ {
		var again []*file
		for f, o := range s.writeDocuments(ctx, files) {
			var untracked *UntrackedError
			switch {
			case errors.As(o.Err, &untracked) && len(f.skip) < MaxLines:
				f.skip = append(f.skip, untracked.Keys...)
				again = append(again, f)
			case errors.Is(o.Err, ErrConflict) && try < mostTries && ctx.Err() == nil:
				again = append(again, f)
			default:
				answer(f, o)
			}
		}
		files = again
	}
	return out
}

// writeDocuments reads, merges and writes each document once, all in one call,
// and yields an Outcome each.
func (s *Stock) writeDocuments(ctx context.Context, files []*file) func(func(*file, Outcome) bool) {
	return func(yield func(*file, Outcome) bool) {
		names := make([]string, len(files))
		for i, f := range files {
			names[i] = f.name
		}
		docs, err := s.store.Documents(ctx, s.merchant, names)
		var set Settings
		if err == nil {
			set, err = s.store.Settings(ctx, s.merchant)
		}
		if err != nil {
			for _, f := range files {
				if !yield(f, Outcome{Err: err}) {
					return
				}
			}
			return
		}
		var ready []Change
		var at []*file
		for i, f := range files {
			c, done, err := s.write(ctx, f, docs[i], set)
			if err != nil {
				done = &Outcome{Err: err}
			}
			if done == nil {
				ready, at = append(ready, c), append(at, f)
			} else if !yield(f, *done) {
				return
			}
		}
		for i, o := range s.submit(ctx, ready) {
			o.Doubts, o.Untracked = ready[i].Document.Doubts, at[i].skip
			if o.Err == nil && len(o.Untracked) > 0 {
				s.log.WarnContext(ctx, "order names levels that are not tracked; nothing moved on them",
					"document", at[i].name, "levels", o.Untracked, "trace", at[i].trace)
			}
			if !yield(at[i], o) {
				return
			}
		}
	}
}

// write makes the Change that turns the document as read into the one that
// knows the new facts, too; done if it knew them.
func (s *Stock) write(ctx context.Context, f *file, d Document, set Settings) (c Change, done *Outcome, err error) {
	rec, err := decodeRecord(d)
	if err != nil {
		return c, nil, err
	}
	before := rec.Order
	rec.Order = Merge(before, f.facts)
	channel, _ := set.Channel(rec.Order.Channel)
	places := s.places(ctx, &rec, channel, set)
	implied, doubts := rec.Order.Implied(places)
	// A document that knows the facts already is left as it is, unless what it
	// was made into is no longer what it implies.
	if d.Version > 0 && reflect.DeepEqual(before, rec.Order) && len(implied.Minus(rec.Booked)) == 0 {
		return c, &Outcome{Duplicate: true, Doubts: doubts}, nil
	}
	if rec.Order.Full && !before.Full && rec.Order.Created < channel.Since.Unix() && rec.Order.Created > 0 {
		rec.Base, rec.Settled, rec.Booked = true, true, implied
	}
	c = Change{
		ID: f.name, Merchant: s.merchant, Kind: KindOrder, Origin: rec.Order.Channel, Recorded: true, TraceID: f.trace,
		Lines: orderLines(implied.Minus(rec.Booked), f.skip),
	}
	if rec.Order.Full && rec.Order.Settles != "" && !rec.Settled {
		c.Reservation, rec.Settled = rec.Order.Settles, true
	}
	rec.Booked = implied
	body, err := json.Marshal(rec)
	if err != nil {
		return c, nil, fmt.Errorf("inventory: document %s: %w", f.name, err)
	}
	c.Document = &Document{Name: f.name, Version: d.Version, Body: body, Doubts: doubts}
	return c, nil, c.Validate()
}

// places finds where the order's units may be, and chooses a home for lines
// that are new.
func (s *Stock) places(ctx context.Context, rec *record, channel Channel, set Settings) Places {
	p := Places{Locations: channel.Locations, Homes: rec.Homes}
	if len(p.Locations) == 0 {
		p.Locations = set.Locations
	}
	if len(p.Locations) < 2 || s.sourcer == nil || rec.Order.Location != "" {
		return p
	}
	var need []Line
	var ids []string
	var keys []Key
	for _, l := range rec.Order.Lines {
		if l.SKU == "" || l.Ordered == 0 || rec.Homes[l.ID] != "" {
			continue
		}
		need, ids = append(need, Line{SKU: l.SKU, Quantity: l.Ordered}), append(ids, l.ID)
		if k := (Key{SKU: l.SKU}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if need == nil {
		return p
	}
	homes := map[string]string{}
	for id, at := range rec.Homes {
		homes[id] = at
	}
	levels, _ := s.store.Levels(ctx, s.merchant, keys) // a hint; the first location will do
	levels = slices.DeleteFunc(levels, func(l Level) bool { return !slices.Contains(p.Locations, l.Location) })
	for i, n := range need {
		lines, err := s.sourcer.Source(ctx, []Line{n}, levels)
		if err == nil && len(lines) > 0 && slices.Contains(p.Locations, lines[0].Location) {
			homes[ids[i]] = lines[0].Location
		} else {
			homes[ids[i]] = p.Locations[0]
		}
	}
	rec.Homes, p.Homes = homes, homes
	return p
}

// orderLines turns a movement into lines. What both leaves available and is
// committed at one level is one line; the rest comes from or goes to the
// world. The channel's own number has moved with available.
func orderLines(m Movement, skip []Key) []Line {
	var lines []Line
	add := func(x Moved, n int64, from, to State, shown int64) {
		if n > 0 {
			lines = append(lines, Line{SKU: x.SKU, Location: x.Location, Quantity: n, From: from, To: to, Shown: shown})
		}
	}
	for _, x := range m {
		if slices.Contains(skip, Key{SKU: x.SKU, Location: x.Location}) {
			continue
		}
		sold := max(0, min(-x.Available, x.Committed))
		back := max(0, min(x.Available, -x.Committed))
		a, c := x.Available+sold-back, x.Committed-sold+back
		add(x, sold, Available, Committed, -sold)
		add(x, back, Committed, Available, back)
		add(x, a, World, Available, a)
		add(x, -a, Available, World, a)
		add(x, c, World, Committed, 0)
		add(x, -c, Committed, World, 0)
	}
	return lines
}
