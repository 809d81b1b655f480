package storetest

import (
	"errors"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

var trackTests = []test{
	{"several states of a level, several levels", 0, func(f *fixture) {
		reserve, damaged := line("a", 2), line("a", 3)
		reserve.To, damaged.To = inventory.Committed, inventory.Unavailable
		f.must(inventory.Track("t", line("a", 7), reserve, damaged, line("b", 4)))
		want := stock("a", 7, 0, 2)
		want.Unavailable = 3
		f.equal(want, f.states("a"))
		f.equal(int64(12), f.level("a").OnHand())
		f.equal(int64(1), f.level("a").Version, "one Change, one version")
		f.equal(stock("b", 4, 0, 0), f.states("b"))
	}},
	{"zero is a known number", 0, func(f *fixture) {
		f.track("a", 0)
		f.equal(inventory.Level{Key: key("a"), Version: 1}, f.level("a"))
		out := f.refuse(inventory.Sell("s", line("a", 1)), inventory.ErrInsufficient)
		f.equal([]inventory.Shortage{avail("a", 1, 0)}, f.short(out))
	}},
	{"negative is what is oversold", 0, func(f *fixture) {
		f.track("a", -3)
		f.equal(stock("a", -3, 0, 0), f.states("a"))
	}},
	{"a level is started once", 0, func(f *fixture) {
		f.track("a", 5)
		f.refuse(inventory.Track("again", line("a", 5)), inventory.ErrConflict)
		f.refuse(inventory.Track("both", line("b", 1), line("a", 0)), inventory.ErrConflict)
		f.refuse(recorded(inventory.Track("recorded", line("a", 9))), inventory.ErrConflict)
		f.repeat(inventory.Track("track-a", line("a", 5)))
		f.equal(1, len(f.all()), "none of the levels of a refused Track is started")
	}},
	{"locations are seen", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 1), inventory.Line{SKU: "b", Location: there, Quantity: 1}))
		f.equal([]string{here, there}, f.settings().Locations)
	}},
}

// invalid: every bad Change is refused with the name of the field, and nothing
// of it is applied, nor is its neighbour's sale lost.
func invalid(t *testing.T, h Harness) {
	sell := func(change func(*inventory.Change)) inventory.Change {
		c := inventory.Sell("bad", line("a", 1), line("a", 1))
		change(&c)
		return c
	}
	for _, tt := range []struct {
		field string
		c     inventory.Change
	}{
		{"Kind", sell(func(c *inventory.Change) { c.Kind = "steal" })},
		{"ID", sell(func(c *inventory.Change) { c.ID = "" })},
		{"ID", sell(func(c *inventory.Change) { c.ID = "a\nb" })},
		{"Origin", sell(func(c *inventory.Change) { c.Origin = "a\x00b" })},
		{"Lines", sell(func(c *inventory.Change) { c.Lines = nil })},
		{"Lines", sell(func(c *inventory.Change) { c.Lines = make([]inventory.Line, inventory.MaxLines+1) })},
		{"Lines[1].SKU", sell(func(c *inventory.Change) { c.Lines[1].SKU = "" })},
		{"Lines[1].Location", sell(func(c *inventory.Change) { c.Lines[1].Location = "" })},
		{"Lines[1].Quantity", sell(func(c *inventory.Change) { c.Lines[1].Quantity = 0 })},
		{"Lines[1].Quantity", sell(func(c *inventory.Change) { c.Lines[1].Quantity = -1 })},
		{"Lines[1].Quantity", sell(func(c *inventory.Change) { c.Lines[1].Quantity = inventory.MaxQuantity + 1 })},
		{"Lines[1]", sell(func(c *inventory.Change) { c.Lines[1].To = "lost" })},
		{"Lines[1]", sell(func(c *inventory.Change) { c.Lines[1].To = inventory.Available })},
		{"Reservation", func() inventory.Change {
			c := inventory.Reserve("bad", hour, line("a", 1))
			c.Reservation = "other"
			return c
		}()},
		{"TTL", inventory.Reserve("bad", 0, line("a", 1))},
		{"TTL", inventory.Extend("held", 0)},
		{"OrderName", inventory.Commit("held", "")},
		{"Reservation", inventory.Release("")},
		{"ID", inventory.ReleasePart("", "held", line("a", 1))},
		{"Reservation", inventory.ReleasePart("bad", "", line("a", 1))},
		{"Lines", inventory.ReleasePart("bad", "held")},
		{"Lines", inventory.Resize("bad", "held")},
		{"OrderName", inventory.CommitPart("bad", "held", "", line("a", 1))},
		{"Lines[0]", func() inventory.Change {
			c := inventory.CommitPart("bad", "held", "o1", line("a", 1))
			c.Lines[0].From = inventory.Unavailable
			return c
		}()},
		{"Document", inventory.Ordered(inventory.Order{Channel: shop, ID: "1"})},
		{"Document.Body", document("o/1", 0, string(make([]byte, inventory.MaxDocument+1)))},
		{"Origin", inventory.Believe("bad", "", line("a", 0))},
		{"Lines", inventory.Untrack("bad")},
		{"Origin", inventory.Edited("bad", "", line("a", 1))},
		{"Lines[0]", func() inventory.Change {
			c := inventory.Untrack("bad", key("a"))
			c.Lines[0].From = inventory.Available
			return c
		}()},
	} {
		t.Run(tt.field, func(t *testing.T) {
			t.Parallel()
			f := h.open(t)
			f.track("a", 9)
			f.must(inventory.Reserve("held", hour, line("a", 1)))
			outs := f.applyAll(tt.c, inventory.Sell("good", line("a", 1)))
			var e *inventory.InvalidError
			f.yes(errors.As(outs[0].Err, &e), "want an InvalidError, got %v", outs[0].Err)
			f.equal(tt.field, e.Field, "the error names the field")
			f.errorIs(outs[0].Err, inventory.ErrInvalid)
			f.noError(outs[1].Err, "the neighbour of an invalid Change")
			f.equal(stock("a", 7, 1, 1), f.states("a"))
			f.equal(inventory.Held, f.hold("held").Status)
		})
	}
	t.Run("Merchant", func(t *testing.T) {
		t.Parallel()
		f := h.open(t)
		for _, name := range []string{"", "a{b}", "a\nb"} {
			c := inventory.Track("t", line("a", 1))
			c.Merchant = name
			f.errorIs(f.store.Apply(f.Context(), []inventory.Change{c})[0].Err, inventory.ErrInvalid, "merchant %q", name)
		}
	})
}
