package histories

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/onhand-dev/onhand/inventory"
)

// Input is what was asked: a Change, a read, or that time passes.
type Input struct {
	// SKU is the one that it is about, "" if there are several.
	SKU string
	// Change, if it has a kind.
	Change inventory.Change
	// Passed is how much time passes.
	Passed time.Duration
	// Resent: the client may have sent it more than once.
	Resent bool
}

// Output is what was answered. Fields that were not answered are empty.
type Output struct {
	// Unknown: no answer. The operation may take effect at any time from its
	// call on, or never; to the model it then does at the very end.
	Unknown bool
	// Err names the sentinels that the error is.
	Err             string
	Duplicate, Late bool
	Short, Oversold string
	Levels          map[string]level
	Holds           map[string]inventory.Status
}

// sentinels that an answer can be, in order.
var sentinels = []error{
	inventory.ErrInsufficient, inventory.ErrUntracked, inventory.ErrNotFound, inventory.ErrExpired, inventory.ErrReleased,
	inventory.ErrCommitted, inventory.ErrReusedID, inventory.ErrInvalid, inventory.ErrConflict, inventory.ErrLeased, inventory.ErrFenced,
}

func describe(errs ...error) string {
	var out []string
	for _, s := range sentinels {
		if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, s) }) {
			out = append(out, s.Error())
		}
	}
	return strings.Join(out, " and ")
}

// unitsOf sums up lines: "sku n;" each, sorted.
func unitsOf(lines []inventory.Line) string {
	sums := map[string]int64{}
	for _, l := range lines {
		sums[l.SKU] += l.Quantity
	}
	var b strings.Builder
	for _, sku := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%s %d;", sku, sums[sku])
	}
	return b.String()
}

func each(units string) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		for part := range strings.SplitSeq(strings.TrimSuffix(units, ";"), ";") {
			sku, text, _ := strings.Cut(part, " ")
			n, _ := strconv.ParseInt(text, 10, 64) // unitsOf has written it
			if !yield(sku, n) {
				return
			}
		}
	}
}

// contentOf is what an ID stands for.
func contentOf(c inventory.Change) string {
	return fmt.Sprint(c.Kind, " ", c.Recorded, " ", unitsOf(c.Lines))
}

// recorder writes a history down. Its clock counts, so two moments are never
// the same.
type recorder struct {
	clock atomic.Int64
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// do records one call. What changed nothing and tells nothing, as that a
// strategy gave up, is left out.
func (r *recorder) do(client int, in Input, call func() (out Output, silent bool)) {
	op := porcupine.Operation{ClientId: client, Input: in, Call: r.clock.Add(1)}
	out, silent := call()
	op.Output, op.Return = out, r.clock.Add(1)
	if silent {
		return
	}
	if out.Unknown {
		op.Return = math.MaxInt64
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
}

func outputOf(o inventory.Outcome) (out Output, silent bool) {
	out = Output{Err: describe(o.Err), Duplicate: o.Duplicate, Late: o.Late}
	switch {
	case errors.Is(o.Err, inventory.ErrUnknown):
		return Output{Unknown: true}, false
	case errors.Is(o.Err, inventory.ErrLeased) || errors.Is(o.Err, inventory.ErrFenced):
		return out, true
	case o.Err != nil && out.Err == "", errors.Is(o.Err, inventory.ErrConflict) && !errors.Is(o.Err, inventory.ErrInsufficient):
		return out, true // a strategy or the store gave up; nothing is applied
	}
	var short *inventory.InsufficientError
	if errors.As(o.Err, &short) {
		var parts []string
		for _, s := range slices.SortedFunc(slices.Values(short.Short), func(a, b inventory.Shortage) int { return cmp.Compare(a.SKU, b.SKU) }) {
			parts = append(parts, fmt.Sprintf("%s %d of %d", s.SKU, s.Wanted, s.Left))
		}
		out.Short = strings.Join(parts, ", ")
	}
	var oversold []string
	for _, k := range o.Oversold {
		oversold = append(oversold, k.SKU)
	}
	slices.Sort(oversold)
	out.Oversold = strings.Join(oversold, ", ")
	out.Levels = levelsOf(o.Levels)
	if o.Reservation != nil {
		out.Holds = map[string]inventory.Status{o.Reservation.ID: o.Reservation.Status}
	}
	return out, false
}

func levelsOf(levels []inventory.Level) map[string]level {
	out := map[string]level{}
	for _, l := range levels {
		out[l.SKU] = level{l.Available, l.Reserved, l.Committed, l.Version}
	}
	return out
}

// Expiries returns the store with every expiry written down that goes through
// it: a Stock and a Locker let reservations expire on their way.
func (h *History) Expiries(s LeasingStore) LeasingStore { return &expiries{s, h} }

// LeasingStore is a store that leases, too.
type LeasingStore interface {
	inventory.Store
	inventory.Leaser
}

type expiries struct {
	LeasingStore
	h *History
}

func (e *expiries) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	if len(changes) == 0 || changes[0].Kind != inventory.KindExpire {
		return e.LeasingStore.Apply(ctx, changes)
	}
	out := make([]inventory.Outcome, len(changes))
	for i, c := range changes {
		e.h.rec.do(watcher, Input{SKU: e.h.skuOf(c), Change: c, Resent: e.h.Resent}, func() (Output, bool) {
			out[i] = e.LeasingStore.Apply(ctx, []inventory.Change{c})[0]
			return outputOf(out[i])
		})
	}
	return out
}

// watcher is the client that expiries are written down for.
const watcher = 0
