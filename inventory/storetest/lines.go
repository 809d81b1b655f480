package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// lines: what one Change, or a vector of them, does to levels.
func lines(t *testing.T, h Harness) {
	t.Run("apply", func(t *testing.T) { each(t, h, applyTests) })
	t.Run("floor", func(t *testing.T) { each(t, h, floorTests) })
	t.Run("track", func(t *testing.T) { each(t, h, trackTests) })
	t.Run("untrack", func(t *testing.T) { each(t, h, untrackTests) })
	t.Run("transfer", func(t *testing.T) { each(t, h, transferTests) })
	t.Run("edited", func(t *testing.T) { each(t, h, editedTests) })
	t.Run("invalid", func(t *testing.T) { invalid(t, h) })
}

var applyTests = []test{
	{"every kind moves between its states", 0, func(f *fixture) {
		f.track("a", 10)
		f.must(inventory.Sell("sell", line("a", 4)))
		f.equal(stock("a", 6, 0, 4), f.states("a"))
		f.must(inventory.Cancel("cancel", inventory.Available, line("a", 1)))
		f.equal(stock("a", 7, 0, 3), f.states("a"))
		f.must(inventory.Fulfil("fulfil", line("a", 2)))
		f.equal(stock("a", 7, 0, 1), f.states("a"))
		f.must(inventory.Receive("receive", line("a", 5)))
		f.equal(stock("a", 12, 0, 1), f.states("a"))
		f.must(inventory.Return("return", inventory.Unavailable, line("a", 1)))
		f.must(inventory.Move("arriving", inventory.World, inventory.Incoming, line("a", 3)))
		f.must(inventory.Move("arrived", inventory.Incoming, inventory.Available, line("a", 2)))
		want := stock("a", 14, 0, 1)
		want.Unavailable, want.Incoming = 1, 1
		f.equal(want, f.states("a"))
	}},
	{"all lines apply or none", 0, func(f *fixture) {
		f.track("a", 5)
		f.track("b", 5)
		f.track("c", 1)
		f.refuse(inventory.Sell("s", line("a", 2), line("b", 2), line("c", 2)), inventory.ErrInsufficient)
		f.must(inventory.Sell("s", line("a", 2), line("b", 2), line("c", 1)))
		f.equal(stock("a", 3, 0, 2), f.states("a"))
		f.equal(stock("b", 3, 0, 2), f.states("b"))
		f.equal(stock("c", 0, 0, 1), f.states("c"))
	}},
	{"the outcome has the lines and the levels as of now", 0, func(f *fixture) {
		f.track("a", 5)
		f.track("b", 5)
		f.track("untouched", 5)
		out := f.must(inventory.Sell("s", line("a", 2), line("b", 1), line("a", 1)))
		f.equal(inventory.Sell("", line("a", 2), line("b", 1), line("a", 1)).Lines, out.Lines, "Lines are the movements made")
		f.equal(map[inventory.Key]inventory.Level{key("a"): f.level("a"), key("b"): f.level("b")}, byKey(out.Levels),
			"Levels are those that the Change names, once each, as of now")
		out = f.refuse(inventory.Sell("s2", line("a", 9), line("b", 1)), inventory.ErrInsufficient)
		f.equal(map[inventory.Key]inventory.Level{key("a"): f.level("a"), key("b"): f.level("b")}, byKey(out.Levels),
			"a refusal tells the levels, too")
	}},
	{"a version grows by one per Change and level", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		f.equal(int64(1), f.level("a").Version, "versions start at 1")
		f.must(inventory.Sell("s1", line("a", 1), line("a", 1), line("b", 1)))
		f.must(inventory.Sell("s2", line("a", 1)))
		f.equal(int64(3), f.level("a").Version, "two Changes, however many lines")
		f.equal(int64(2), f.level("b").Version)
	}},
	{"one bad Change spoils none of its neighbours", 0, func(f *fixture) {
		outs := f.applyAll(
			inventory.Track("t", line("a", 5)),
			inventory.Sell("s1", line("a", 2)),
			inventory.Sell("", line("a", 1)),
			inventory.Sell("unknown", line("x", 1)),
			inventory.Track("t2", line("a", 9)),
			inventory.Sell("short", line("a", 4)),
			inventory.Release("nobody"),
			inventory.Sell("s1", line("a", 2)),
			inventory.Sell("s1", line("a", 1)),
			inventory.Sell("s2", line("a", 3)),
			inventory.Sell("s3", line("a", 1)),
		)
		for i, want := range []error{
			nil, nil, inventory.ErrInvalid, inventory.ErrUntracked, inventory.ErrConflict, inventory.ErrInsufficient,
			inventory.ErrNotFound, nil, inventory.ErrReusedID, nil, inventory.ErrInsufficient,
		} {
			f.yes(errors.Is(outs[i].Err, want), "Change %d of the vector: want error %v, got %v", i, want, outs[i].Err)
			f.equal(i == 7, outs[i].Duplicate, "Change %d of the vector", i)
		}
		f.equal(int64(3), f.short(outs[5])[0].Left, "later Changes see what earlier ones did")
		f.equal(stock("a", 0, 0, 5), f.states("a"))
	}},
	{"an unknown level is an error, never zero", 0, func(f *fixture) {
		f.track("a", 5)
		out := f.refuse(inventory.Sell("s", line("a", 1), line("y", 1), line("x", 1), line("y", 2)), inventory.ErrUntracked)
		f.equal([]inventory.Key{key("x"), key("y")}, f.untracked(out.Err), "every unknown level, sorted, once")
		f.refuse(recorded(inventory.Sell("s", line("x", 1))), inventory.ErrUntracked)
		f.refuse(recorded(inventory.Receive("r", line("x", 1))), inventory.ErrUntracked)
		f.refuse(inventory.Reserve("h", hour, line("x", 1)), inventory.ErrUntracked)
		levels, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{key("x"), key("a"), {SKU: "y"}})
		f.equal([]inventory.Key{key("x"), {SKU: "y"}}, f.untracked(err))
		f.equal(map[inventory.Key]inventory.Level{key("a"): f.level("a")}, byKey(levels), "what is known is returned beside the error")
	}},
	{"a read without location means every location", 0, func(f *fixture) {
		f.must(inventory.Track("t", line("a", 5), inventory.Line{SKU: "a", Location: there, Quantity: 2}, line("b", 1)))
		levels, err := f.store.Levels(f.Context(), f.merchant, []inventory.Key{{SKU: "b"}, {SKU: "a"}, key("a")})
		f.noError(err)
		f.equal(3, len(levels), "each level once")
		for i, k := range []inventory.Key{key("a"), {SKU: "a", Location: there}, key("b")} {
			f.equal(k, levels[i].Key, "sorted by SKU, then location")
		}
	}},
	{"merchants do not meet", 0, func(f *fixture) {
		g := *f
		g.merchant += "-2"
		f.track("a", 5)
		f.equal(0, len(g.all()))
		g.track("a", 7)
		f.must(inventory.Sell("s", line("a", 1)))
		g.must(inventory.Sell("s", line("a", 2)))
		f.equal(stock("a", 4, 0, 1), f.states("a"))
		g.equal(stock("a", 5, 0, 2), g.states("a"))
	}},
	{"odd names are names", 0, func(f *fixture) {
		odd := []inventory.Key{
			{SKU: "ab", Location: "c"},
			{SKU: "a", Location: "bc"},
			{SKU: "a:b", Location: "c"},
			{SKU: "{a}", Location: "{b}"},
			{SKU: `"a" 'b' \c`, Location: "%s %d"},
			{SKU: "größe 字 🧦", Location: "Zürich"},
			{SKU: " a", Location: " "},
			{SKU: "007", Location: "1e3"},
			{SKU: "7", Location: "1000"},
			{SKU: strings.Repeat("x", 255), Location: strings.Repeat("y", 255)},
		}
		for i, k := range odd {
			f.must(inventory.Track(fmt.Sprintf("track-%d", i), inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: int64(i)}))
		}
		for i, k := range odd {
			f.equal(inventory.Level{Key: k, Available: int64(i), Version: 1}, f.levelAt(k))
		}
		f.equal(len(odd), len(f.all()))
	}},
	{"large numbers are exact", 0, func(f *fixture) {
		f.track("a", 1)
		c := inventory.Receive("r")
		for range inventory.MaxLines {
			c.Lines = append(c.Lines, inventory.Receive("", line("a", inventory.MaxQuantity-1)).Lines...)
		}
		out := f.must(c)
		f.equal(int64(inventory.MaxLines*(inventory.MaxQuantity-1)+1), out.Levels[0].Available)
		f.equal(out.Levels[0], f.level("a"))
	}},
	{"no Changes, no outcomes", 0, func(f *fixture) {
		f.equal(0, len(f.applyAll()))
		levels, err := f.store.Levels(f.Context(), f.merchant, nil)
		f.noError(err)
		f.equal(0, len(levels))
	}},
	{"a context that is over applies nothing", 0, func(f *fixture) {
		f.track("a", 5)
		ctx, cancel := context.WithCancel(f.Context())
		cancel()
		c := inventory.Sell("s", line("a", 1))
		c.Merchant = f.merchant
		outs := f.store.Apply(ctx, []inventory.Change{c, c})
		f.equal(2, len(outs), "one Outcome per Change, also then")
		for _, out := range outs {
			f.errorIs(out.Err, context.Canceled)
			f.equal("s", out.ID)
		}
		f.equal(stock("a", 5, 0, 0), f.states("a"))
	}},
	{"what goes in and out are copies", 0, func(f *fixture) {
		f.track("a", 5)
		buffers := map[string]int64{shop: 1}
		f.rules("a", inventory.Rules{Buffers: buffers})
		buffers[shop] = 2
		f.level("a").Rules.Buffers[shop] = 3
		f.equal(map[string]int64{shop: 1}, f.level("a").Rules.Buffers, "buffers of a level")

		places := []string{here}
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Locations: places}}})
		places[0] = there
		f.settings().Channels[0].Locations[0] = there
		f.equal([]string{here}, f.settings().Channels[0].Locations, "locations of a channel")

		c := document("o/1", 0, "body")
		c.Document.Doubts = []inventory.Reason{inventory.UnsureOrder}
		f.must(c)
		c.Document.Body[0], c.Document.Doubts[0] = 'X', inventory.UnsureSplit
		d := f.document("o/1")
		d.Body[0], d.Doubts[0] = 'Y', inventory.UnsureSplit
		f.equal("body", string(f.document("o/1").Body), "body of a document")
		f.equal([]inventory.Reason{inventory.UnsureOrder}, f.document("o/1").Doubts, "doubts of a document")

		f.must(inventory.Reserve("h", hour, line("a", 1)))
		f.hold("h").Lines[0].Quantity = 9
		f.equal(int64(1), f.hold("h").Lines[0].Quantity, "lines of a reservation")
	}},
}
