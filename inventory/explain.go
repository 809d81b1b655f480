package inventory

import (
	"context"
	"slices"
	"strings"
)

// Explanation is why a level is as it is.
type Explanation struct {
	Level Level
	// Reservations hold units of it, as far back as the journal reaches.
	Reservations []Reservation
	// Beliefs are how it stands with each channel that sells it.
	Beliefs []Belief
	// Entries are the newest of the journal about it, at most 50, oldest first.
	Entries []Entry
}

const mostExplained = 50

// Explain tells what is known of a level, for somebody who wonders about its
// number. It reads the whole journal, so it is not for a page that customers
// see; its parts are read one after the other. Errors: [ErrUntracked], and those
// of [Stock.Journal].
func (s *Stock) Explain(ctx context.Context, k Key) (Explanation, error) {
	var x Explanation
	holds := map[string]bool{}
	for p := (Page{More: true}); p.More; {
		var err error
		if p, err = s.Journal(ctx, p.Cursor, 1000); err != nil {
			return x, err
		}
		for _, e := range p.Entries {
			if !e.about(k) {
				continue
			}
			if e.Reservation != "" {
				holds[e.Reservation] = true
			}
			x.Entries = append(x.Entries, e)
		}
		x.Entries = slices.Delete(x.Entries, 0, max(0, len(x.Entries)-mostExplained))
	}
	levels, err := s.store.Levels(ctx, s.merchant, []Key{k})
	if err != nil {
		return x, err
	}
	x.Level = levels[0]
	if x.Reservations, err = s.holding(ctx, k, holds); err != nil {
		return x, err
	}
	set, err := s.store.Settings(ctx, s.merchant)
	if err != nil {
		return x, err
	}
	for _, c := range set.Channels {
		if !c.Sells(k.Location) {
			continue
		}
		for b, err := range s.store.Beliefs(ctx, s.merchant, c.Name, []Key{k}) {
			if err != nil {
				return x, err
			}
			x.Beliefs = append(x.Beliefs, b)
		}
	}
	return x, nil
}

// about reports whether the entry wrote the level.
func (e Entry) about(k Key) bool {
	return slices.ContainsFunc(e.Levels, func(l Level) bool { return l.Key == k }) || slices.Contains(e.Ended, k)
}

// holding returns those of the holds that hold units of the level, by ID.
func (s *Stock) holding(ctx context.Context, k Key, holds map[string]bool) ([]Reservation, error) {
	ids := make([]string, 0, len(holds))
	for id := range holds {
		ids = append(ids, id)
	}
	all, err := s.store.Reservations(ctx, s.merchant, ids)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(r Reservation) bool {
		return r.Status != Held || !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Key() == k })
	})
	slices.SortFunc(all, func(a, b Reservation) int { return strings.Compare(a.ID, b.ID) })
	return all, nil
}
