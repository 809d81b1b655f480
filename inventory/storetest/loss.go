package storetest

import (
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// loss: a store whose data went back to an older state, or away, refuses to be
// used instead of answering from them.
func loss(t *testing.T, h Harness) {
	calls := []struct {
		name string
		call func(f *fixture) error
	}{
		{"Apply", func(f *fixture) error { return f.apply(inventory.Sell("after", line("a", 1))).Err }},
		{"a repeated Apply", func(f *fixture) error { return f.apply(inventory.Sell("before", line("a", 1))).Err }},
		{"Track", func(f *fixture) error { return f.apply(inventory.Track("t", line("new", 1))).Err }},
		{"order", func(f *fixture) error { return f.apply(document("o/2", 0, "body", line("a", 1))).Err }},
		{"Commit", func(f *fixture) error { return f.apply(inventory.Commit("h", "o1")).Err }},
		{"Applied", func(f *fixture) error {
			_, err := f.store.Applied(f.Context(), f.merchant, []string{"before"})
			return err
		}},
		{"Levels", func(f *fixture) error {
			_, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{key("a")})
			return err
		}},
		{"AllLevels", func(f *fixture) error {
			for _, err := range f.store.AllLevels(f.Context(), f.merchant) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Reservations", func(f *fixture) error {
			_, err := f.store.Reservations(f.Context(), f.merchant, []string{"h"})
			return err
		}},
		{"Documents", func(f *fixture) error {
			_, err := f.store.Documents(f.Context(), f.merchant, []string{"o/1"})
			return err
		}},
		{"Doubtful", func(f *fixture) error {
			_, err := f.store.Doubtful(f.Context(), f.merchant, true, 9)
			return err
		}},
		{"ScanDocuments", func(f *fixture) error {
			_, _, err := f.store.ScanDocuments(f.Context(), f.merchant, inventory.DocumentQuery{}, "", 9)
			return err
		}},
		{"Settings", func(f *fixture) error {
			_, err := f.store.Settings(f.Context(), f.merchant)
			return err
		}},
		{"Beliefs", func(f *fixture) error {
			for _, err := range f.store.Beliefs(f.Context(), f.merchant, shop, []inventory.Key{key("a")}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{"Claim", func(f *fixture) error {
			_, err := f.store.Claim(f.Context(), f.merchant, shop, 9, minute)
			return err
		}},
		{"Journal", func(f *fixture) error {
			j, ok := f.store.(inventory.Journaler)
			if !ok {
				return inventory.ErrDataLoss
			}
			_, err := j.Journal(f.Context(), f.merchant, "", 1)
			return err
		}},
		{"Configure", func(f *fixture) error {
			return f.store.Configure(f.Context(), f.merchant, inventory.Settings{Channels: []inventory.Channel{{Name: till}}})
		}},
		{"Tidy", func(f *fixture) error {
			_, err := f.store.Tidy(f.Context(), f.merchant, 9)
			return err
		}},
	}
	var tests []test
	for _, c := range calls {
		tests = append(tests, test{c.name, goBack, func(f *fixture) {
			f.pending("a")
			f.must(inventory.Reserve("h", hour, line("a", 1)))
			f.must(document("o/1", 0, "body", line("a", 1)))
			f.must(inventory.Sell("before", line("a", 1)))
			f.level("a")
			f.h.GoBack(f.t, f.store)
			f.errorIs(c.call(f), inventory.ErrDataLoss, "%s must refuse data that went back", c.name)
			for _, again := range calls {
				f.errorIs(again.call(f), inventory.ErrDataLoss, "%s after %s: the store must go on refusing", again.name, c.name)
			}
		}})
	}
	each(t, h, tests)
}
