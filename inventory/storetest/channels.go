package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// channels: what a channel is to show, is believed to show and has to be told
// is decided in the step that moves the stock.
func channels(t *testing.T, h Harness) {
	t.Run("believed", func(t *testing.T) { each(t, h, believedTests) })
	t.Run("target", func(t *testing.T) { each(t, h, targetTests()) })
	t.Run("settings", func(t *testing.T) { each(t, h, settingsTests) })
	t.Run("pooled", func(t *testing.T) { each(t, h, pooledTests) })
	t.Run("life", func(t *testing.T) { each(t, h, lifeTests) })
}

// twoShops configures shop and till, and starts a with 10 units that both show.
func twoShops(f *fixture) {
	f.Helper()
	f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}, {Name: till}}})
	f.must(trackShown("a", 10, 10))
	f.must(believe("till", till, "a", 10))
}

// believe notes that a channel shows n of a level here.
func believe(id, channel, sku string, n int64) inventory.Change {
	l := line(sku, 0)
	l.Shown = n
	return inventory.Believe(id, channel, l)
}

var believedTests = []test{
	{"a sale is pending everywhere", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)))
		f.stands(shop, "a", 8, 10)
		f.stands(till, "a", 8, 10)
		f.must(inventory.Cancel("c", inventory.Available, line("a", 2)))
		f.stands(shop, "a", 10, 10)
		f.stands(till, "a", 10, 10)
	}},
	{"a channel's own sale is told to the others only", 0, func(f *fixture) {
		twoShops(f)
		sell := inventory.Sell("s", line("a", 2)).ReportedBy(shop)
		f.must(sell)
		f.stands(shop, "a", 8, 8)
		f.stands(till, "a", 8, 10)
		f.repeat(sell)
		f.stands(shop, "a", 8, 8)
		f.must(inventory.Receive("r", line("a", 5)).ReportedBy(till))
		f.stands(shop, "a", 13, 8)
		f.stands(till, "a", 13, 15)
	}},
	{"what moves beside available is no news", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)).ReportedBy(shop))
		f.must(inventory.Fulfil("f", line("a", 2)).ReportedBy(shop))
		f.stands(shop, "a", 8, 8)
	}},
	{"a refused Change moves nothing believed", 0, func(f *fixture) {
		twoShops(f)
		sell := guarded(inventory.Sell("s", line("a", 2)).ReportedBy(shop), 7)
		f.refuse(sell, inventory.ErrConflict)
		f.refuse(inventory.Sell("s", line("a", 2), line("x", 1)).ReportedBy(shop), inventory.ErrUntracked)
		f.stands(shop, "a", 10, 10)
	}},
	{"shown can differ from what moves", 0, func(f *fixture) {
		twoShops(f)
		sell := recorded(inventory.Sell("s", line("a", 2), line("a", 1)))
		sell.Origin, sell.Lines[0].Shown, sell.Lines[1].Shown = shop, -1, -4
		f.must(sell)
		f.stands(shop, "a", 7, 5)
	}},
	{"a hold is pending, and its commit is not", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Reserve("h", hour, line("a", 3)))
		f.stands(shop, "a", 7, 10)
		f.must(inventory.Commit("h", "o1"))
		f.stands(shop, "a", 7, 10)
	}},
	{"unknown is not pushed", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.track("a", 10)
		f.must(inventory.Sell("s1", line("a", 1)))
		f.must(inventory.Sell("s2", line("a", 1)).ReportedBy(shop))
		b := f.belief(shop, "a")
		f.no(b.Known || b.Pending, "nobody has read what the shop shows")
		f.equal(int64(8), b.Target)
		f.equal(0, len(f.listed(shop)))
		f.idle()
		f.must(believe("b1", shop, "a", 5))
		f.stands(shop, "a", 8, 5)
		f.must(believe("b2", shop, "a", 7))
		f.stands(shop, "a", 8, 5)
	}},
	{"zero is known", 0, func(f *fixture) {
		f.pending()
		f.must(trackShown("a", 0, 0))
		f.stands(shop, "a", 0, 0)
		f.track("b", 4)
		f.must(believe("b", shop, "b", 0))
		f.stands(shop, "b", 4, 0)
	}},
	{"Believe moves no stock", 0, func(f *fixture) {
		twoShops(f)
		before := f.states("a")
		f.must(believe("b", shop, "a", 3))
		f.equal(before, f.states("a"))
		f.refuse(believe("x", shop, "x", 3), inventory.ErrUntracked)
	}},
	{"a Track of several states has one number", 0, func(f *fixture) {
		f.pending()
		c := trackShown("a", 10, 9)
		committed := line("a", 4)
		committed.To = inventory.Committed
		c.Lines = append(c.Lines, committed)
		f.must(c)
		f.stands(shop, "a", 10, 9)
	}},
	{"an origin that is no channel is only a name", 0, func(f *fixture) {
		twoShops(f)
		f.must(inventory.Sell("s", line("a", 2)).ReportedBy("warehouse"))
		f.stands(shop, "a", 8, 10)
	}},
	{"locations of a channel", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Locations: []string{here}}, {Name: till}}})
		away := inventory.Line{SKU: "a", Location: there, Quantity: 10, Shown: 10}
		f.must(trackShown("a", 10, 10))
		other := inventory.Track("away", away)
		other.Origin = till
		f.must(other)
		f.must(inventory.Sell("s", inventory.Line{SKU: "a", Location: there, Quantity: 4}))
		f.equal(1, len(f.listed(till)))
		f.equal(0, len(f.listed(shop)), "a level where the channel does not sell is not its business")
		f.idle()
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: till, Locations: []string{here}}}})
		f.equal(0, len(f.listed(till)), "a channel that leaves a location is not told about it any more")
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: till}}})
		f.equal(1, len(f.listed(till)))
	}},
}

func targetTests() []test {
	var tests []test
	for _, tt := range []struct {
		name      string
		available int64
		c         inventory.Channel
		rules     inventory.Rules
		want      int64
	}{
		{name: "available", available: 10, want: 10},
		{name: "less the channel's buffer", available: 10, c: inventory.Channel{Buffer: 3}, want: 7},
		{name: "less the level's own buffer", available: 10, c: inventory.Channel{Buffer: 3}, rules: inventory.Rules{Buffers: map[string]int64{shop: 1}}, want: 9},
		{name: "level's own buffer of zero", available: 10, c: inventory.Channel{Buffer: 3}, rules: inventory.Rules{Buffers: map[string]int64{shop: 0}}, want: 10},
		{name: "another channel's buffer", available: 10, c: inventory.Channel{Buffer: 3}, rules: inventory.Rules{Buffers: map[string]int64{till: 1}}, want: 7},
		{name: "buffer above available", available: 2, c: inventory.Channel{Buffer: 3}, want: 0},
		{name: "at most Max", available: 10, c: inventory.Channel{Max: 4}, want: 4},
		{name: "buffer before Max", available: 10, c: inventory.Channel{Buffer: 7, Max: 4}, want: 3},
		{name: "oversold is shown", available: -2, c: inventory.Channel{Buffer: 3, Max: 4}, want: -2},
		{name: "safety stock is not withheld", available: 10, rules: inventory.Rules{SafetyStock: 4, BackorderLimit: 9}, want: 10},
	} {
		tests = append(tests, test{tt.name, 0, func(f *fixture) {
			tt.c.Name = shop
			f.configure(inventory.Settings{Channels: []inventory.Channel{tt.c}})
			f.must(trackShown("a", tt.available, tt.available))
			f.rules("a", tt.rules)
			f.stands(shop, "a", tt.want, tt.available)
		}})
	}
	return tests
}

var settingsTests = []test{
	{"come back as they went in", 0, func(f *fixture) {
		f.equal(inventory.Settings{}, f.settings(), "a new merchant has none")
		since := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
		full := inventory.Channel{Name: "a shop", Locations: []string{there, here}, Buffer: 2, Max: 99, ReplayProved: true, Since: since}
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: till}, full}, Locations: []string{"ignored"}})
		got := f.settings()
		f.equal(2, len(got.Channels))
		f.yes(since.Equal(got.Channels[0].Since), "Since of a channel")
		got.Channels[0].Since = since
		f.equal([]inventory.Channel{full, {Name: till}}, got.Channels, "sorted by name")
		f.equal(0, len(got.Locations), "Locations are those that have levels")
	}},
	{"channels are merged by name", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Buffer: 1}, {Name: till, Buffer: 1}}})
		version := f.settings().Version
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: till, Buffer: 2}}})
		f.equal([]inventory.Channel{{Name: shop, Buffer: 1}, {Name: till, Buffer: 2}}, f.settings().Channels)
		f.yes(f.settings().Version > version, "the version grows with every Configure")
	}},
	{"new rules mark every level", 0, func(f *fixture) {
		f.pending()
		for i := range 40 {
			f.must(trackShown(fmt.Sprintf("sku-%d", i), 10, 10))
		}
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop, Buffer: 4}}})
		f.equal(40, len(f.listed(shop)), "all are pending when Configure returns")
		f.stands(shop, "sku-7", 6, 10)
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.equal(0, len(f.listed(shop)))
	}},
	{"a channel that is added knows nothing", 0, func(f *fixture) {
		f.track("a", 10)
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		f.no(f.belief(shop, "a").Known, "nobody has read what the shop shows")
		f.equal(0, len(f.listed(shop)))
	}},
	{"rules of a level are replaced", 0, func(f *fixture) {
		f.track("a", 10)
		f.track("b", 10)
		rules := inventory.Rules{SafetyStock: 1, BackorderLimit: 2, Buffers: map[string]int64{shop: 3}}
		f.rules("a", rules)
		f.equal(rules, f.level("a").Rules)
		f.equal(int64(2), f.level("a").Version, "new rules are a write")
		f.rules("b", rules)
		f.must(inventory.Sell("s", line("a", 1)))
		f.equal(rules, f.level("a").Rules, "what is not named stays")
		f.rules("a", inventory.Rules{SafetyStock: 4})
		f.equal(inventory.Rules{SafetyStock: 4}, f.level("a").Rules)
	}},
	{"rules of an unknown level are refused, and all with them", 0, func(f *fixture) {
		f.track("a", 10)
		err := f.store.Configure(f.Context(), f.merchant, inventory.Settings{
			Channels: []inventory.Channel{{Name: shop}},
			Levels:   map[inventory.Key]inventory.Rules{key("a"): {SafetyStock: 1}, key("y"): {}, key("x"): {}},
		})
		f.equal([]inventory.Key{key("x"), key("y")}, f.untracked(err))
		f.equal(0, len(f.settings().Channels))
		f.equal(inventory.Rules{}, f.level("a").Rules)
	}},
	{"bad settings are refused", 0, func(f *fixture) {
		f.track("a", 10)
		for _, set := range []inventory.Settings{
			{Channels: []inventory.Channel{{Name: till}, {Name: ""}}},
			{Channels: []inventory.Channel{{Name: till}, {Name: shop, Buffer: -1}}},
			{Channels: []inventory.Channel{{Name: till}, {Name: shop, Max: -1}}},
			{Levels: map[inventory.Key]inventory.Rules{key("a"): {SafetyStock: -1}}},
			{Levels: map[inventory.Key]inventory.Rules{key("a"): {Buffers: map[string]int64{shop: -1}}}},
		} {
			f.errorIs(f.store.Configure(f.Context(), f.merchant, set), inventory.ErrInvalid)
		}
		f.equal(0, len(f.settings().Channels))
		f.errorIs(f.store.Configure(f.Context(), "{}", inventory.Settings{}), inventory.ErrInvalid)
	}},
	{"a channel that is not configured is refused", 0, func(f *fixture) {
		f.track("a", 10)
		_, err := f.store.Claim(f.Context(), f.merchant, shop, 9, minute)
		f.errorIs(err, inventory.ErrInvalid)
		for _, err := range f.store.Beliefs(f.Context(), f.merchant, shop, nil) {
			f.errorIs(err, inventory.ErrInvalid)
		}
	}},
}
