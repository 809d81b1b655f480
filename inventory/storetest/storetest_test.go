package storetest_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/inventory/storetest"
)

// The store in memory has nothing that could go back under it, so the group
// about that is run on one that is told.
func TestLoss(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open:   func(*testing.T) inventory.Store { return &lossy{Store: memstore.New(nil)} },
		GoBack: func(_ *testing.T, s inventory.Store) { s.(*lossy).err = inventory.ErrDataLoss },
	})
}

// lossy answers err, if there is one, to everything that the suite asks.
type lossy struct {
	*memstore.Store
	err error
}

func (s *lossy) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	if s.err == nil {
		return s.Store.Apply(ctx, changes)
	}
	out := make([]inventory.Outcome, len(changes))
	for i, c := range changes {
		out[i] = inventory.Outcome{ID: c.ID, Err: s.err}
	}
	return out
}

func (s *lossy) Applied(ctx context.Context, merchant string, ids []string) ([]bool, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Applied(ctx, merchant, ids)
}

func (s *lossy) Levels(ctx context.Context, merchant string, keys []inventory.Key) ([]inventory.Level, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Levels(ctx, merchant, keys)
}

func (s *lossy) AllLevels(ctx context.Context, merchant string) iter.Seq2[inventory.Level, error] {
	if s.err != nil {
		return func(yield func(inventory.Level, error) bool) { yield(inventory.Level{}, s.err) }
	}
	return s.Store.AllLevels(ctx, merchant)
}

func (s *lossy) Reservations(ctx context.Context, merchant string, ids []string) ([]inventory.Reservation, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Reservations(ctx, merchant, ids)
}

func (s *lossy) Documents(ctx context.Context, merchant string, names []string) ([]inventory.Document, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Documents(ctx, merchant, names)
}

func (s *lossy) Doubtful(ctx context.Context, merchant string, fetchable bool, most int) ([]inventory.Doubt, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.Doubtful(ctx, merchant, fetchable, most)
}

func (s *lossy) ScanDocuments(ctx context.Context, merchant string, q inventory.DocumentQuery, cursor string, most int) ([]inventory.Document, string, error) {
	if s.err != nil {
		return nil, "", s.err
	}
	return s.Store.ScanDocuments(ctx, merchant, q, cursor, most)
}

func (s *lossy) Settings(ctx context.Context, merchant string) (inventory.Settings, error) {
	if s.err != nil {
		return inventory.Settings{}, s.err
	}
	return s.Store.Settings(ctx, merchant)
}

func (s *lossy) Beliefs(ctx context.Context, merchant, channel string, keys []inventory.Key) iter.Seq2[inventory.Belief, error] {
	if s.err != nil {
		return func(yield func(inventory.Belief, error) bool) { yield(inventory.Belief{}, s.err) }
	}
	return s.Store.Beliefs(ctx, merchant, channel, keys)
}

func (s *lossy) Configure(ctx context.Context, merchant string, set inventory.Settings) error {
	if s.err != nil {
		return s.err
	}
	return s.Store.Configure(ctx, merchant, set)
}

func (s *lossy) Claim(ctx context.Context, merchant, channel string, most int, lease time.Duration) (inventory.Batch, error) {
	if s.err != nil {
		return inventory.Batch{}, s.err
	}
	return s.Store.Claim(ctx, merchant, channel, most, lease)
}

func (s *lossy) Journal(ctx context.Context, merchant, cursor string, most int) (inventory.Page, error) {
	if s.err != nil {
		return inventory.Page{}, s.err
	}
	return s.Store.Journal(ctx, merchant, cursor, most)
}

func (s *lossy) Tidy(ctx context.Context, merchant string, most int) (inventory.Tidied, error) {
	if s.err != nil {
		return inventory.Tidied{}, s.err
	}
	return s.Store.Tidy(ctx, merchant, most)
}
