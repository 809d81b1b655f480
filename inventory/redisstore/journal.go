package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/onhand-dev/onhand/inventory"
)

// mostPacked is how many packed entries one command reads.
const mostPacked = 100

// kept is what one read saw of the journal.
type kept struct {
	epoch string
	// n of the newest entry, and its place in the stream.
	n  int64
	id string
	// first is the oldest entry; nil if there is none.
	first *packed
	// from are entries from the place that was asked for, oldest first.
	from []packed
}

// packed is an entry of the stream: what one call did.
type packed struct {
	n      int64
	id     string
	fields map[string]string
}

// Journal implements [inventory.Journaler].
func (s *Store) Journal(ctx context.Context, name, from string, most int) (inventory.Page, error) {
	m, err := s.open(ctx, name)
	if err != nil {
		return inventory.Page{}, err
	}
	if most < 1 {
		return inventory.Page{}, &inventory.InvalidError{Field: "max", Problem: "must be above zero"}
	}
	for {
		page, err := s.page(ctx, m, from, most)
		if from == "" && errors.Is(err, inventory.ErrGap) {
			continue // the oldest entry went while it was read
		}
		return page, err
	}
}

// page reads until there are entries, or no more.
func (s *Store) page(ctx context.Context, m *merchant, from string, most int) (page inventory.Page, err error) {
	at, err := s.place(ctx, m, from)
	for page.More = from != inventory.JournalEnd; err == nil && page.More && len(page.Entries) == 0; {
		var found []packed
		if found, page.More, err = s.follow(ctx, m, &at, from, most); err != nil {
			break
		}
		for _, p := range found {
			var entries []inventory.Entry
			if entries, err = p.entries(m); err != nil {
				break
			}
			for i := at.done; i < len(entries); i++ {
				if len(page.Entries) == most {
					page.Cursor, page.More = at.String(), true
					return page, nil
				}
				at = cursor{epoch: at.epoch, n: p.n, id: p.id, done: (i + 1) % len(entries)}
				entries[i].Cursor = at.String()
				page.Entries = append(page.Entries, entries[i])
			}
			at = cursor{epoch: at.epoch, n: p.n, id: p.id}
		}
	}
	if err != nil {
		return inventory.Page{}, err
	}
	page.Cursor = at.String()
	return page, nil
}

// place is where a cursor points to.
func (s *Store) place(ctx context.Context, m *merchant, from string) (cursor, error) {
	since, dated := inventory.JournalTime(from)
	if from != "" && from != inventory.JournalEnd && !dated {
		at, ok := parseCursor(from)
		if !ok {
			return at, badCursor()
		}
		return at, nil
	}
	start, id := "-", firstID
	if dated {
		ms := max(since.UnixMilli(), 1)
		start, id = fmt.Sprintf("%d-0", ms), fmt.Sprintf("%d-%d", ms-1, uint64(math.MaxUint64))
	}
	k, err := s.kept(ctx, m, start, 1)
	switch {
	case err != nil:
		return cursor{}, err
	case from == inventory.JournalEnd || len(k.from) == 0 && k.n == 0:
		return cursor{epoch: k.epoch, n: k.n, id: k.id}, nil
	case dated && (k.first == nil || k.first.n > 1 && !k.first.before(since.UnixMilli())):
		return cursor{}, gap(from, "what was applied then is not kept any more")
	case len(k.from) == 0:
		return cursor{epoch: k.epoch, n: k.n, id: k.id}, nil
	}
	return cursor{epoch: k.epoch, n: k.from[0].n - 1, id: id}, nil
}

// follow reads what comes after a place, that entry first if some of it is
// still to be read.
func (s *Store) follow(ctx context.Context, m *merchant, at *cursor, from string, most int) (found []packed, more bool, err error) {
	most = min(most, mostPacked)
	k, err := s.kept(ctx, m, at.id, most+2)
	if err != nil {
		return nil, false, err
	}
	if at.epoch == "" && at.n == 0 {
		at.epoch = k.epoch
	}
	if at.epoch != k.epoch {
		return nil, false, gap(from, "it is from before a loss of data")
	}
	next := at.n + 1
	found = k.from
	switch here := len(found) > 0 && found[0].id == at.id; {
	case k.n < at.n || here && found[0].n != at.n:
		return nil, false, gap(from, "it is ahead of the journal, so data were lost")
	case at.done > 0:
		next = at.n
	case here:
		found = found[1:]
	}
	if len(found) == 0 && k.n >= next || len(found) > 0 && found[0].n != next {
		return nil, false, gap(from, "entries after it are not kept any more")
	}
	more = len(found) > most
	return found[:min(len(found), most)], more, nil
}

func gap(from, why string) error { return &inventory.GapError{Cursor: from, Why: why} }

func (p packed) before(ms int64) bool {
	at, _ := streamTime(p.id)
	return at < ms
}

// kept reads the ends of the journal, and entries from an ID on.
func (s *Store) kept(ctx context.Context, m *merchant, from string, most int) (kept, error) {
	k := kept{id: firstID}
	j := m.places.at("j")
	_, r, err := s.read(ctx, m, func(r *reading) error {
		r.add("HMGET", m.places.meta(), "epoch", "entries")
		r.add("XREVRANGE", j, "+", "-", "COUNT", 1)
		r.add("XRANGE", j, "-", "+", "COUNT", 1)
		r.add("XRANGE", j, from, "+", "COUNT", most)
		return nil
	})
	if err != nil {
		return k, err
	}
	head, ok := r.rest[0].([]any)
	if !ok || len(head) != 2 {
		return k, unreadable(m)
	}
	k.epoch, _ = head[0].(string)
	if n, ok := head[1].(string); ok {
		if k.n, err = strconv.ParseInt(n, 10, 64); err != nil {
			return k, &CorruptError{Merchant: m.name, Record: "meta"}
		}
	}
	for i, v := range r.rest[1:] {
		entries, ok := unpack(v)
		switch {
		case !ok:
			return k, corruptJournal(m)
		case i == 2:
			k.from = entries
		case len(entries) > 0 && i == 0:
			k.id = entries[0].id
		case len(entries) > 0:
			k.first = &entries[0]
		}
	}
	return k, nil
}

func corruptJournal(m *merchant) error {
	return &CorruptError{Merchant: m.name, Record: "an entry of the journal"}
}

// unpack reads the answer of XRANGE.
func unpack(v any) ([]packed, bool) {
	list, ok := v.([]any)
	var out []packed
	for _, v := range list {
		pair, _ := v.([]any)
		if len(pair) != 2 {
			return nil, false
		}
		id, _ := pair[0].(string)
		values, _ := pair[1].([]any)
		p := packed{id: id, fields: map[string]string{}}
		for f := range slices.Chunk(values, 2) {
			if len(f) != 2 {
				return nil, false
			}
			name, _ := f[0].(string)
			p.fields[name], _ = f[1].(string)
		}
		var err error
		if p.n, err = strconv.ParseInt(p.fields["n"], 10, 64); err != nil {
			return nil, false
		}
		if _, ok := streamTime(id); !ok {
			return nil, false
		}
		out = append(out, p)
	}
	return out, ok
}
