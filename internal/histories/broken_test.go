package histories_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/internal/histories"
	"github.com/onhand-dev/onhand/inventory"
)

// broken is a store in memory with one fault.
type broken struct {
	*memory
	calls atomic.Int64
	apply func(b *broken, c inventory.Change) inventory.Outcome
	stale atomic.Pointer[map[inventory.Key][]inventory.Level] // what was read once
}

func (b *broken) Apply(_ context.Context, changes []inventory.Change) []inventory.Outcome {
	b.calls.Add(1)
	return []inventory.Outcome{b.apply(b, changes[0])}
}

func (b *broken) real(c inventory.Change) inventory.Outcome {
	return b.memory.Apply(context.Background(), []inventory.Change{c})[0]
}

// A store with one fault is caught, mostly by the first history of some.
func TestBrokenStoresAreCaught(t *testing.T) {
	t.Parallel()
	sells := func(c inventory.Change) bool { return c.Kind == inventory.KindSell && !c.Recorded }
	for name, apply := range map[string]func(*broken, inventory.Change) inventory.Outcome{
		"no floor": func(b *broken, c inventory.Change) inventory.Outcome {
			if !sells(c) {
				return b.real(c)
			}
			c.Recorded = true
			out := b.real(c)
			out.Oversold = nil
			return out
		},
		"looks, then sells": func(b *broken, c inventory.Change) inventory.Outcome {
			if !sells(c) {
				return b.real(c)
			}
			k := c.Lines[0].Key()
			levels, err := b.Levels(context.Background(), c.Merchant, []inventory.Key{k})
			if err != nil || levels[0].Sellable() < 2 {
				return b.real(c)
			}
			b.memory.Apply(context.Background(), []inventory.Change{{ // others are faster
				ID: fmt.Sprint("other", b.calls.Load()), Merchant: c.Merchant, Kind: inventory.KindSell, Lines: []inventory.Line{
					{SKU: k.SKU, Location: k.Location, Quantity: levels[0].Sellable(), From: inventory.Available, To: inventory.Committed},
				},
			}})
			c.Recorded = true
			out := b.real(c)
			out.Oversold = nil
			return out
		},
		"an update is lost": func(b *broken, c inventory.Change) inventory.Outcome {
			if b.calls.Load()%20 == 0 && c.Kind == inventory.KindReceive {
				return inventory.Outcome{ID: c.ID}
			}
			return b.real(c)
		},
		"no memory of IDs": func(b *broken, c inventory.Change) inventory.Outcome {
			if sells(c) {
				c.ID = fmt.Sprint(c.ID, "#", b.calls.Load())
			}
			return b.real(c)
		},
		"levels are cached": func(b *broken, c inventory.Change) inventory.Outcome {
			out := b.real(c)
			if seen := b.stale.Load(); seen != nil && out.Duplicate && len(c.Lines) == 1 && (*seen)[c.Lines[0].Key()] != nil {
				out.Levels = (*seen)[c.Lines[0].Key()]
			} else if len(c.Lines) == 1 && out.Err == nil {
				b.stale.Store(&map[inventory.Key][]inventory.Level{c.Lines[0].Key(): out.Levels})
			}
			return out
		},
		"line by line": func(b *broken, c inventory.Change) inventory.Outcome {
			if !sells(c) || len(c.Lines) == 1 {
				return b.real(c)
			}
			first := c
			first.ID, first.Lines = c.ID+"#1", c.Lines[:1]
			if out := b.real(first); out.Err != nil {
				out.ID = c.ID
				return out
			}
			c.Lines = c.Lines[1:]
			return b.real(c)
		},
		"given back twice": func(b *broken, c inventory.Change) inventory.Outcome {
			out := b.real(c)
			if c.Kind == inventory.KindRelease && out.Err == nil && !out.Duplicate {
				for _, l := range out.Reservation.Lines {
					in := inventory.Receive(c.Reservation+"#", inventory.Line{SKU: l.SKU, Location: l.Location, Quantity: l.Quantity})
					in.Merchant = c.Merchant
					b.real(in)
				}
			}
			return out
		},
		"the second holder gets the same units": func(b *broken, c inventory.Change) inventory.Outcome {
			if c.Kind == inventory.KindReserve && b.calls.Load()%7 == 0 {
				return inventory.Outcome{ID: c.ID, Reservation: &inventory.Reservation{ID: c.ID, Status: inventory.Held}}
			}
			return b.real(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var err error
			for seed := uint64(1); err == nil && seed <= 20; seed++ {
				m := newMemory()
				h := &histories.History{Seed: seed, Clients: 5, Calls: 24, SKUs: []string{"a", "b", "c"}, Units: 8, Several: true, Advance: m.advance}
				b := &broken{memory: m, apply: apply}
				err = h.Judge(run(t, h, m, histories.Direct(b, "acme")), time.Minute)
			}
			require.ErrorContains(t, err, "no order of calls")
		})
	}
}
