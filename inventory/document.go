package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	// Kits are the components of lines that the channel sells as plain items and
	// that are kits here, by the line's SKU, as defined when it was first seen. A
	// line that was seen before and is not in it was no kit.
	Kits map[string][]component `json:"kits,omitempty"`
	// BookedKits is Booked for the components of kits. The channel has moved its
	// number of the kit and none of theirs, so they are told to it.
	BookedKits Movement `json:"booked_kits,omitempty"`
	// BookedShown is Booked for the kits themselves: what moved of the channel's
	// number of each, where a level of it is kept.
	BookedShown Movement `json:"booked_shown,omitempty"`
	// Base: placed before the channel was loaded, or longer ago than documents
	// are kept, so its first facts moved nothing.
	Base bool `json:"base,omitempty"`
	// Settled: the reservation that the order carries has been settled.
	Settled bool `json:"settled,omitempty"`
}

// component is how many units of a SKU one unit of a kit has.
type component struct {
	SKU   string `json:"sku"`
	Units int64  `json:"units"`
}

// OrderRecord is what is remembered of an order.
type OrderRecord struct {
	// Order is the join of everything heard.
	Order Order
	// Booked is by how much it has moved stock here, Base orders from their
	// first sight on; of kits the components.
	Booked Movement
	// Base: placed before the channel's load watermark, or longer ago than
	// [Config.ForgetOrders], so what was heard first moved nothing.
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
		rec, err := recordOf(d)
		if err != nil {
			return nil, err
		}
		out[i] = &rec
	}
	return out, nil
}

func recordOf(d Document) (OrderRecord, error) {
	rec, err := decodeRecord(d)
	booked := slices.Concat(rec.Booked, rec.BookedKits).tidy()
	return OrderRecord{Order: rec.Order, Booked: booked, Base: rec.Base, Doubts: d.Doubts}, err
}

func decodeRecord(d Document) (record, error) {
	var rec record
	if d.Version == 0 {
		return rec, nil
	}
	body, err := unpacked(d.Body)
	if err == nil {
		err = json.Unmarshal(body, &rec)
	}
	if err != nil {
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
		kits := s.kitBook()
		for i, f := range files {
			c, done, err := s.write(ctx, f, docs[i], set, kits)
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
func (s *Stock) write(ctx context.Context, f *file, d Document, set Settings, kits *kitBook) (c Change, done *Outcome, err error) {
	rec, err := decodeRecord(d)
	if err != nil {
		return c, nil, err
	}
	before := rec.Order
	rec.Order = Merge(before, f.facts)
	if err := rec.learnKits(ctx, before, kits); err != nil {
		return c, nil, err
	}
	channel, _ := set.Channel(rec.Order.Channel)
	places := s.places(ctx, &rec, channel, set)
	implied, doubts := rec.Order.Implied(places)
	plain, sold, parts := rec.split(implied)
	// A document that knows the facts already is left as it is, unless what it
	// was made into is no longer what it implies.
	known := d.Version > 0 && reflect.DeepEqual(before, rec.Order)
	if known && len(plain.Minus(rec.Booked)) == 0 && len(parts.Minus(rec.BookedKits)) == 0 && len(sold.Minus(rec.BookedShown)) == 0 {
		return c, &Outcome{Duplicate: true, Doubts: doubts}, nil
	}
	if rec.Order.Full && !before.Full && s.old(rec.Order, channel) {
		rec.Base, rec.Settled, rec.Booked, rec.BookedKits, rec.BookedShown = true, true, plain, parts, sold
	}
	var shown []Line
	if _, keeps := s.store.(KitKeeper); keeps {
		shown = soldKits(sold.Minus(rec.BookedShown))
	}
	c = Change{
		ID: f.name, Merchant: s.merchant, Kind: KindOrder, Origin: rec.Order.Channel, Recorded: true, TraceID: f.trace,
		Lines: slices.Concat(orderLines(plain.Minus(rec.Booked), f.skip), unshown(orderLines(parts.Minus(rec.BookedKits), f.skip)), shown),
	}
	if rec.Order.Full && rec.Order.Settles != "" && !rec.Settled {
		c.Reservation, rec.Settled = rec.Order.Settles, true
	}
	rec.Booked, rec.BookedKits, rec.BookedShown = plain, parts, sold
	body, err := json.Marshal(rec)
	if err != nil {
		return c, nil, fmt.Errorf("inventory: document %s: %w", f.name, err)
	}
	c.Document = &Document{Name: f.name, Version: d.Version, Body: body, Doubts: doubts, Base: rec.Base}
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
	needs := map[string][]Line{}
	var keys []Key
	for _, l := range rec.Order.Lines {
		if l.SKU == "" || l.Ordered == 0 || rec.Homes[l.ID] != "" {
			continue
		}
		needs[l.ID] = rec.need(l)
		for _, n := range needs[l.ID] {
			if k := (Key{SKU: n.SKU}); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
	}
	if len(needs) == 0 {
		return p
	}
	levels, _ := s.store.Levels(ctx, s.merchant, keys) // a hint; the first location will do
	levels = slices.DeleteFunc(levels, func(l Level) bool { return !slices.Contains(p.Locations, l.Location) })
	homes := maps.Clone(rec.Homes)
	if homes == nil {
		homes = map[string]string{}
	}
	for id, need := range needs {
		homes[id] = p.Locations[0]
		lines, err := s.sourcer.Source(ctx, need, levels)
		if err == nil && len(lines) > 0 && slices.Contains(p.Locations, lines[0].Location) {
			homes[id] = lines[0].Location
		}
	}
	rec.Homes, p.Homes = homes, homes
	return p
}
