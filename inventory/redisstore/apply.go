package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onhand-dev/onhand/inventory"
)

// Bounds of one script call, so that it does not keep the server from others.
// A single Change may be larger.
const (
	mostLines = 1000
	mostBytes = 1 << 20
)

// Apply implements [inventory.Applier]. Changes of one merchant go in one call
// where they fit, in order, and each has an outcome of its own. After a call
// that got no answer the rest is not sent: its outcomes have the cause as
// error, without [inventory.ErrUnknown].
func (s *Store) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	out := make([]inventory.Outcome, len(changes))
	if len(changes) == 1 { // most calls; it needs no order
		out[0] = s.applyOne(ctx, changes)
		return out
	}
	byMerchant := map[string][]int{}
	var names []string
	for i, c := range changes {
		out[i].ID = c.ID
		if err := ctx.Err(); err != nil {
			out[i].Err = err
		} else if err := c.Validate(); err != nil {
			out[i].Err = err
		} else {
			if byMerchant[c.Merchant] == nil {
				names = append(names, c.Merchant)
			}
			byMerchant[c.Merchant] = append(byMerchant[c.Merchant], i)
		}
	}
	for _, name := range names {
		s.applyAll(ctx, name, changes, byMerchant[name], out)
	}
	return out
}

// applyOne applies a vector of one.
func (s *Store) applyOne(ctx context.Context, changes []inventory.Change) inventory.Outcome {
	out := inventory.Outcome{ID: changes[0].ID}
	if out.Err = ctx.Err(); out.Err != nil {
		return out
	}
	if out.Err = changes[0].Validate(); out.Err != nil {
		return out
	}
	m, err := s.merchant(changes[0].Merchant)
	if err != nil {
		out.Err = err
		return out
	}
	outcomes, err := m.share(ctx, s, changes)
	if err != nil {
		out.Err = err
		return out
	}
	return outcomes[0]
}

// applyAll applies the Changes at these positions, all of one merchant.
func (s *Store) applyAll(ctx context.Context, name string, changes []inventory.Change, at []int, out []inventory.Outcome) {
	m, err := s.merchant(name)
	for len(at) > 0 {
		n := fitting(changes, at)
		some := make([]inventory.Change, n)
		for i, from := range at[:n] {
			some[i] = changes[from]
		}
		var outcomes []inventory.Outcome
		if err == nil {
			outcomes, err = m.share(ctx, s, some)
		}
		for i, to := range at[:n] {
			if err != nil {
				out[to].Err = err
			} else {
				out[to] = outcomes[i]
			}
		}
		at = at[n:]
		if errors.Is(err, inventory.ErrUnknown) {
			err = fmt.Errorf("redisstore: not sent after a call without answer: %w", known(err))
		}
	}
}

// known is what an unknown outcome was caused by.
func known(err error) error {
	var parts interface{ Unwrap() []error }
	if !errors.As(err, &parts) {
		return err
	}
	var rest []error
	for _, e := range parts.Unwrap() {
		if e == inventory.ErrUnknown { //nolint:errorlint // the sentinel itself is left out
			continue
		}
		if errors.Is(e, inventory.ErrUnknown) {
			e = known(e)
		}
		rest = append(rest, e)
	}
	return errors.Join(rest...)
}

// fitting is how many of the Changes go into one call; at least one.
func fitting(changes []inventory.Change, at []int) int {
	lines, bytes := 0, 0
	for n, i := range at {
		l, b := weight(changes[i])
		lines, bytes = lines+l, bytes+b
		if n > 0 && (lines > mostLines || bytes > mostBytes) {
			return n
		}
	}
	return len(at)
}

// weight is about what a Change adds to a call, in lines and bytes.
func weight(c inventory.Change) (lines, bytes int) {
	bytes = 128
	for _, l := range c.Lines {
		bytes += len(l.SKU) + len(l.Location) + len(l.Reason) + 32
	}
	if c.Document != nil {
		bytes += len(c.Document.Body)
	}
	return max(1, len(c.Lines)), bytes
}

// send applies Changes of one merchant in one call. An error is that of every
// Change in it.
func (s *Store) send(ctx context.Context, m *merchant, changes []inventory.Change) ([]inventory.Outcome, error) {
	var table *levelTable
	r, err := s.write(ctx, m, applyScript, func(c *call, sh *shape) error {
		table = newLevelTable(sh)
		own := &call{keys: make([]string, 0, len(changes)*len(sh.generations)), args: make([]any, 0, 4*len(changes))}
		all, records := false, false
		for _, change := range changes {
			encodeChange(own, m.places, sh, table, change)
			all = all || ofHold(change)
			records = records || ofHold(change) || change.Document != nil
		}
		used := table.buckets
		if all {
			used = nil // the lines of a hold can be anywhere
		}
		s.header(c, m, sh, used)
		newest := sh.generations[0]
		c.arg(sh.full(), sh.few(), newest.start, s.cfg.Horizon.Microseconds(), len(sh.generations), records, sh.kits)
		table.encode(c)
		c.arg(len(changes))
		c.key(s.headerOf(m, sh).leases)
		if sh.kits {
			c.key(m.places.marks())
		}
		c.keys = append(slices.Grow(c.keys, len(own.keys)), own.keys...)
		c.args = append(slices.Grow(c.args, len(own.args)), own.args...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// That an answer can't be read is an unknown outcome: the script has run.
	o := decodeOutcomes(m, r, table)
	o.horizon = s.cfg.Horizon
	out := make([]inventory.Outcome, len(changes))
	for i, c := range changes {
		var ok bool
		if out[i], ok = o.outcome(c); !ok {
			return nil, errors.Join(inventory.ErrUnknown, unreadable(m))
		}
	}
	if o.bad || !o.done() || o.codes != "" {
		return nil, errors.Join(inventory.ErrUnknown, unreadable(m))
	}
	return out, nil
}
