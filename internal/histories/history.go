// Package histories judges stores by what their callers saw: many of them call
// at once, everything is written down, and porcupine looks for an order, one
// call after the other, in which a simple [Model] would have answered the same.
// Where there is none a promise is broken. It is for tests.
package histories

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/onhand-dev/onhand/inventory"
)

// Way is a way into a store: the store itself, or a Stock with a strategy. It
// is called by many goroutines.
type Way struct {
	Apply        func(context.Context, inventory.Change) inventory.Outcome
	Levels       func(context.Context, ...inventory.Key) ([]inventory.Level, error)
	Reservations func(context.Context, string) ([]inventory.Reservation, error)
	// expiries are written down below, where the Stock's own pass, too.
	expiries bool
}

// Direct is the store without anything in front of it.
func Direct(s inventory.Store, merchant string) Way {
	return Way{
		Apply: func(ctx context.Context, c inventory.Change) inventory.Outcome {
			c.Merchant = merchant
			return s.Apply(ctx, []inventory.Change{c})[0]
		},
		Levels: func(ctx context.Context, keys ...inventory.Key) ([]inventory.Level, error) {
			return s.Levels(ctx, merchant, keys)
		},
		Reservations: func(ctx context.Context, id string) ([]inventory.Reservation, error) {
			return s.Reservations(ctx, merchant, []string{id})
		},
	}
}

// ByStock is a Stock, with a strategy if it has one. Its store and that of the
// strategy have to be what [History.Expiries] returns.
func ByStock(s *inventory.Stock) Way {
	return Way{
		Apply: func(ctx context.Context, c inventory.Change) inventory.Outcome {
			out, _ := s.Apply(ctx, c) // the error is the Outcome's
			return out
		},
		expiries: true,
		Levels:   s.Levels,
		Reservations: func(ctx context.Context, id string) ([]inventory.Reservation, error) {
			return s.Store().Reservations(ctx, s.Merchant(), []string{id})
		},
	}
}

// History is a run of many clients, and what they saw. Fill in the fields, then
// call Run once.
type History struct {
	// Seed makes what is asked; the order in which it is answered is chance.
	Seed uint64
	// Clients call at once, Calls times each.
	Clients, Calls int
	// SKUs are those that are tracked. Several makes Changes of several lines
	// and reads of several levels, so the history can't be split by SKU: keep it
	// small.
	SKUs    []string
	Several bool
	// Units that each level starts with.
	Units int64
	// Resent: clients send again by themselves what got no answer.
	Resent bool
	// Advance lets time pass in the store, at one moment; nil: it can't, and
	// holds last.
	Advance func(time.Duration)

	rec recorder
}

// Location of all levels.
const Location = "berlin"

// Rules of the SKUs: a safety stock, a backorder limit, and neither, in turn.
func (h *History) Rules() map[string]inventory.Rules {
	out := map[string]inventory.Rules{}
	for i, sku := range h.SKUs {
		out[sku] = []inventory.Rules{{SafetyStock: 2}, {BackorderLimit: 3}, {}}[i%3]
	}
	return out
}

// Settings are Rules as a store wants them, to be configured before Run, once
// the levels are tracked.
func (h *History) Settings() inventory.Settings {
	set := inventory.Settings{Levels: map[inventory.Key]inventory.Rules{}}
	for sku, r := range h.Rules() {
		set.Levels[inventory.Key{SKU: sku, Location: Location}] = r
	}
	return set
}

func (h *History) line(sku string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: Location, Quantity: n}
}

// Run starts the levels by the way first and configures them, lets the clients
// call, each by one of the ways, and returns what they saw.
func (h *History) Run(ctx context.Context, first Way, configure func(inventory.Settings) error, ways ...Way) ([]porcupine.Operation, error) {
	for _, sku := range h.SKUs {
		if o := first.Apply(ctx, inventory.Track("track/"+sku, h.line(sku, h.Units))); o.Err != nil {
			return nil, fmt.Errorf("track %s: %w", sku, o.Err)
		}
	}
	if err := configure(h.Settings()); err != nil {
		return nil, err
	}
	levels, err := first.Levels(ctx, h.keys()...)
	if err != nil {
		return nil, err
	}
	for _, l := range levels {
		if l.Version != configured {
			return nil, fmt.Errorf("%s: the history begins with version %d", l, configured)
		}
	}
	start := make(chan struct{})
	errs := make([]error, h.Clients)
	var all sync.WaitGroup
	for i := range h.Clients {
		all.Go(func() {
			<-start
			c := client{h: h, number: i + 1, way: ways[i%len(ways)], Rand: rand.New(rand.NewPCG(h.Seed, uint64(i)))}
			for range h.Calls {
				errs[i] = errors.Join(errs[i], c.call(ctx))
			}
		})
	}
	close(start)
	all.Wait()
	return h.rec.ops, errors.Join(errs...)
}

// configured is the version of a level that was tracked and configured.
const configured = 2

func (h *History) keys() []inventory.Key {
	keys := make([]inventory.Key, len(h.SKUs))
	for i, sku := range h.SKUs {
		keys[i] = inventory.Key{SKU: sku, Location: Location}
	}
	return keys
}

// skuOf is the SKU that a Change is about: IDs and reservations start with it.
func (h *History) skuOf(c inventory.Change) string {
	if h.Several {
		return ""
	}
	if len(c.Lines) > 0 {
		return c.Lines[0].SKU
	}
	sku, _, _ := strings.Cut(c.Reservation, "/")
	return sku
}

// write submits a Change.
func (h *History) write(ctx context.Context, number int, way Way, c inventory.Change) {
	h.rec.do(number, Input{SKU: h.skuOf(c), Change: c, Resent: h.Resent}, func() (Output, bool) {
		return outputOf(way.Apply(ctx, c))
	})
}

// client is one who calls.
type client struct {
	*rand.Rand
	h      *History
	number int
	way    Way
}

// names are few, so that clients meet on them.
const (
	fewIDs   = 12
	fewHolds = 5
)

func (c *client) call(ctx context.Context) error {
	h := c.h
	sku := h.SKUs[c.IntN(len(h.SKUs))]
	id := func(kind string, few int) string { return fmt.Sprintf("%s/%s%d", sku, kind, c.IntN(few)) }
	hold := id("hold", fewHolds)
	ttl := 24 * time.Hour
	if h.Advance != nil {
		ttl = time.Duration(1+c.IntN(4)) * time.Minute
	}
	write := func(change inventory.Change) { h.write(ctx, c.number, c.way, change) }
	switch n := c.IntN(100); {
	case n < 25:
		write(inventory.Sell(id("sell", fewIDs), c.lines(sku)...))
	case n < 28:
		write(inventory.Sell(id("fact", fewIDs), c.lines(sku)...).ReportedBy("elsewhere"))
	case n < 36:
		write(inventory.Receive(id("in", fewIDs), h.line(sku, 1)))
	case n < 50:
		write(inventory.Reserve(hold, ttl, h.line(sku, 1)))
	case n < 58:
		write(inventory.Commit(hold, fmt.Sprint("order/", c.IntN(2))))
	case n < 64:
		write(inventory.Release(hold))
	case n < 68:
		write(inventory.Extend(hold, ttl))
	case n < 74:
		if c.way.expiries {
			c.way.Apply(ctx, inventory.Expire(hold))
		} else {
			write(inventory.Expire(hold))
		}
	case n < 78 && h.Advance != nil:
		d := time.Duration(1+c.IntN(2)) * time.Minute
		h.rec.do(c.number, Input{Passed: d}, func() (Output, bool) { h.Advance(d); return Output{}, false })
	case n < 86:
		return c.readHold(ctx, sku, hold)
	default:
		return c.readLevels(ctx, sku)
	}
	return nil
}

// lines take one or two units; sometimes of another SKU, too.
func (c *client) lines(sku string) []inventory.Line {
	out := []inventory.Line{c.h.line(sku, 1+int64(c.IntN(2)))}
	if other := c.h.SKUs[c.IntN(len(c.h.SKUs))]; c.h.Several && other != sku {
		out = append(out, c.h.line(other, 1))
	}
	return out
}

func (c *client) readHold(ctx context.Context, sku, id string) (err error) {
	if c.h.Several {
		sku = ""
	}
	c.h.rec.do(c.number, Input{SKU: sku}, func() (Output, bool) {
		var holds []inventory.Reservation
		if holds, err = c.way.Reservations(ctx, id); err != nil {
			return Output{}, true
		}
		out := Output{Holds: map[string]inventory.Status{id: ""}}
		for _, r := range holds {
			out.Holds[id] = r.Status
		}
		return out, false
	})
	return err
}

func (c *client) readLevels(ctx context.Context, sku string) (err error) {
	keys := []inventory.Key{{SKU: sku, Location: Location}}
	if c.h.Several {
		sku, keys = "", c.h.keys()
	}
	c.h.rec.do(c.number, Input{SKU: sku}, func() (Output, bool) {
		var levels []inventory.Level
		if levels, err = c.way.Levels(ctx, keys...); err != nil {
			return Output{}, true
		}
		return Output{Levels: levelsOf(levels)}, false
	})
	return err
}

// Judge returns nil if the history could have come about with one call after
// the other, else an error that shows where it stops making sense.
func (h *History) Judge(ops []porcupine.Operation, within time.Duration) error {
	model := h.Model()
	if model.Partition != nil {
		for _, part := range model.Partition(ops) {
			single := model
			single.Partition = nil
			r, info := porcupine.CheckOperationsVerbose(single, part, within)
			switch r {
			case porcupine.Ok:
			case porcupine.Illegal:
				return h.explain(single, part, info)
			default:
				return fmt.Errorf("%d operations are too many to judge in %v", len(part), within)
			}
		}
	}
	return nil
}

// explain shows the longest order that makes sense, its end, and the calls that
// find no place behind it.
func (h *History) explain(model porcupine.Model, ops []porcupine.Operation, info porcupine.LinearizationInfo) error {
	var best []porcupine.Operation
	for _, part := range info.PartialLinearizationsOperations() {
		for _, l := range part {
			if len(l) > len(best) {
				best = l
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "no order of calls explains this (seed %d): after %d of %d operations, the last of them\n", h.Seed, len(best), len(ops))
	s, placed := model.Init(), map[int64]bool{}
	for i, op := range best {
		_, s = model.Step(s, op.Input, op.Output)
		placed[op.Call] = true
		if i >= len(best)-12 {
			fmt.Fprintln(&b, "  ", show(op))
		}
	}
	fmt.Fprintf(&b, "levels are %v, holds %v, time %v; then none of these fits\n", s.(*state).levels, s.(*state).holds, s.(*state).now)
	n := 0
	for _, op := range ops {
		if !placed[op.Call] && n < 12 {
			n++
			fmt.Fprintln(&b, "  ", show(op))
		}
	}
	return errors.New(b.String())
}

func show(op porcupine.Operation) string {
	in, out := op.Input.(Input), op.Output.(Output)
	what := "read"
	switch {
	case in.Passed > 0:
		what = "passed " + in.Passed.String()
	case in.Change.Kind != "":
		what = fmt.Sprintf("%s %s %s%s recorded=%t ttl=%v", in.Change.Kind, in.Change.Key(), unitsOf(in.Change.Lines), in.Change.OrderName, in.Change.Recorded, in.Change.TTL)
	}
	return fmt.Sprintf("%d-%d client %d: %s -> %+v", op.Call, op.Return, op.ClientId, what, out)
}
