package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// counting counts the reads of levels.
type counting struct {
	inventory.Store
	reads int
	// before runs ahead of each read of levels and each Apply.
	before func()
}

func (c *counting) Levels(ctx context.Context, merchant string, keys []inventory.Key) ([]inventory.Level, error) {
	c.reads++
	return c.Store.Levels(ctx, merchant, keys)
}

func (c *counting) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	if before := c.before; before != nil {
		c.before = nil
		before()
	}
	return c.Store.Apply(ctx, changes)
}

func counted(t *testing.T, cfg *inventory.Config) (*inventory.Stock, *counting) {
	t.Helper()
	c := &counting{Store: memstore.New(nil)}
	s, err := inventory.New(c, "acme", cfg)
	require.NoError(t, err)
	return s, c
}

// said is Availability without its time.
func said(t *testing.T, s *inventory.Stock, channel string, skus ...string) ([]inventory.Availability, error) {
	t.Helper()
	before := time.Now()
	all, err := s.Availability(t.Context(), channel, skus...)
	for i, a := range all {
		require.False(t, a.AsOf.Before(before))
		all[i].AsOf = time.Time{}
	}
	return all, err
}

func have(sku string, quantity int64, at ...inventory.AvailableAt) inventory.Availability {
	return inventory.Availability{SKU: sku, Quantity: quantity, ByLocation: at}
}

func in(location string, quantity int64) inventory.AvailableAt {
	return inventory.AvailableAt{Location: location, Quantity: quantity}
}

func TestAvailability(t *testing.T) {
	s, store := counted(t, &inventory.Config{Kits: boxes()})
	track(t, s, unitsAt("MUG", "berlin", 9), unitsAt("MUG", "lyon", -3), unitsAt("MUG", "porto", 50),
		unitsAt("TEE", "berlin", 2), unitsAt("TEE", "lyon", 7), unitsAt("HAT", "lyon", 1))
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{
		Channels: []inventory.Channel{
			{Name: "shop", Locations: []string{"lyon", "berlin"}, Buffer: 1, Max: 6},
			{Name: "all"},
		},
		Levels: map[inventory.Key]inventory.Rules{
			{SKU: "MUG", Location: "berlin"}: {SafetyStock: 4, Buffers: map[string]int64{"all": 5}},
			{SKU: "TEE", Location: "lyon"}:   {BackorderLimit: 10},
		},
	}))
	store.reads = 0
	got, err := said(t, s, "", "TEE", "MUG", "BOX", "TEE")
	require.NoError(t, err)
	require.Equal(t, []inventory.Availability{
		have("TEE", 19, in("berlin", 2), in("lyon", 17)),
		have("MUG", 52, in("berlin", 5), in("lyon", -3), in("porto", 50)),
		have("BOX", 0, in("berlin", 2), in("lyon", -2)), // porto has no tees, so it is not said
	}, got)
	require.Equal(t, 1, store.reads, "many at once are one read")

	got, err = said(t, s, "shop", "MUG", "BOX", "TEE")
	require.NoError(t, err)
	require.Equal(t, []inventory.Availability{
		have("MUG", 3, in("berlin", 6), in("lyon", -3)),
		have("BOX", -1, in("berlin", 1), in("lyon", -2)),
		have("TEE", 7, in("berlin", 1), in("lyon", 6)),
	}, got)
	got, err = said(t, s, "all", "MUG")
	require.NoError(t, err)
	require.Equal(t, have("MUG", 51, in("berlin", 4), in("lyon", -3), in("porto", 50)), got[0])

	got, err = said(t, s, "nobody", "MUG")
	require.ErrorIs(t, err, inventory.ErrInvalid)
	require.Nil(t, got)
	got, err = said(t, s, "nobody")
	require.NoError(t, err)
	require.Nil(t, got)
}

func TestAvailabilityOfTheUnknown(t *testing.T) {
	kits := boxes()
	kits["TWO"] = []inventory.Line{units("MUG", 1), units("HAT", 1)}
	kits["APART"] = []inventory.Line{units("MUG", 1), units("CAP", 1)}
	kits["BAD"] = []inventory.Line{units("BAD", 1)}
	cfg := &inventory.Config{Kits: kits, Sourcer: inventory.FewestLocations()}
	s, _ := counted(t, cfg)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: "shop", Locations: []string{"porto"}}}}))
	track(t, s, unitsAt("MUG", "berlin", 9), unitsAt("CAP", "lyon", 1))
	got, err := said(t, s, "", "HAT", "MUG", "TWO", "BAD")
	require.Equal(t, []inventory.Availability{have("MUG", 9, in("berlin", 9))}, got, "the known ones are there")
	var untracked *inventory.UntrackedError
	require.ErrorAs(t, err, &untracked)
	require.Equal(t, []inventory.Key{{SKU: "HAT"}}, untracked.Keys, "once")
	require.ErrorContains(t, err, "contains itself")

	_, err = said(t, s, "", "APART")
	require.ErrorAs(t, err, &untracked, "no location has both")
	require.Equal(t, []inventory.Key{{SKU: "CAP", Location: "berlin"}}, untracked.Keys)
	_, err = s.Reserve(t.Context(), "cart", time.Minute, units("APART", 1))
	require.ErrorAs(t, err, &untracked, "and selling says the same")
	require.Equal(t, []inventory.Key{{SKU: "CAP", Location: "berlin"}}, untracked.Keys)

	_, err = said(t, s, "shop", "MUG")
	require.ErrorIs(t, err, inventory.ErrUntracked, "the shop has none anywhere, which is not zero")
	for _, sku := range []string{"HAT", "TWO", "APART"} {
		_, err = s.Available(t.Context(), sku)
		require.ErrorIs(t, err, inventory.ErrUntracked)
	}
	cfg.SpreadKits = true
	s, err = inventory.New(s.Store(), "acme", cfg)
	require.NoError(t, err)
	n, err := s.Available(t.Context(), "APART")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = s.Reserve(t.Context(), "cart", time.Minute, units("APART", 1))
	require.NoError(t, err)
}

func TestSpreadKitWithinTheCap(t *testing.T) {
	s, _ := counted(t, &inventory.Config{Kits: boxes(), SpreadKits: true})
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: "shop", Max: 3}}}))
	track(t, s, unitsAt("MUG", "berlin", 19), unitsAt("MUG", "lyon", 1), unitsAt("TEE", "berlin", 4), unitsAt("TEE", "lyon", 40))
	got, err := said(t, s, "", "BOX")
	require.NoError(t, err)
	require.Equal(t, have("BOX", 10, in("berlin", 4), in("lyon", 0)), got[0], "more than the sum: parts can come from both")
	got, err = said(t, s, "shop", "BOX")
	require.NoError(t, err)
	require.Equal(t, have("BOX", 6, in("berlin", 3), in("lyon", 0)), got[0], "the cap is per location and holds for kits, not for components")
}

func TestReadsSeeTheLastWrite(t *testing.T) {
	s, _ := counted(t, nil)
	track(t, s, unitsAt("MUG", "berlin", 9))
	for i := range 9 {
		_, err := s.Apply(t.Context(), inventory.Sell(string(rune('a'+i)), unitsAt("MUG", "berlin", 1)))
		require.NoError(t, err)
		n, err := s.Available(t.Context(), "MUG")
		require.NoError(t, err)
		require.EqualValues(t, 8-i, n)
	}
}

// What is said to be available of a kit or a SKU can be reserved, and one more
// cannot, whichever way kits are made up.
func TestAvailableCanBeReserved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kits := inventory.FixedKits{"KIT": nil}
		for _, sku := range []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "components")] {
			kits["KIT"] = append(kits["KIT"], units(sku, rapid.Int64Range(1, 3).Draw(t, "per kit")))
		}
		cfg := &inventory.Config{Kits: kits, Sourcer: inventory.FewestLocations("lyon"), SpreadKits: rapid.Bool().Draw(t, "spread")}
		s, err := inventory.New(memstore.New(nil), "acme", cfg)
		require.NoError(t, err)
		var lines []inventory.Line
		for _, sku := range []string{"a", "b", "c"} {
			for _, location := range []string{"berlin", "lyon", "porto"} {
				lines = append(lines, unitsAt(sku, location, rapid.Int64Range(0, 9).Draw(t, sku+location)))
			}
		}
		require.NoError(t, s.Emit(t.Context(), inventory.Track("load", lines...)))
		sku := rapid.SampledFrom([]string{"KIT", "a"}).Draw(t, "sku")
		n, err := s.Available(t.Context(), sku)
		require.NoError(t, err)
		_, err = s.Reserve(t.Context(), "too many", time.Minute, units(sku, n+1))
		require.ErrorIs(t, err, inventory.ErrInsufficient)
		if n > 0 {
			_, err = s.Reserve(t.Context(), "all", time.Minute, units(sku, n))
			require.NoError(t, err)
		}
	})
}

// A pooled channel shows one number: its buffer and its cap are for the sum.
func TestAvailabilityOfAPooledChannel(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	stock := warehouse(&inventory.Config{Kits: inventory.FixedKits{"PAIR": {{SKU: "MUG", Quantity: 2}}}},
		inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 9},
		inventory.Line{SKU: "MUG", Location: "lyon", Quantity: 4},
		inventory.Line{SKU: "MUG", Location: "oslo", Quantity: 50})
	of := func(c inventory.Channel, sku string) inventory.Availability {
		t.Helper()
		c.Name, c.Pooled, c.Locations = "bazaar", true, []string{"berlin", "lyon"}
		require.NoError(t, stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{c}}))
		got, err := stock.Availability(ctx, "bazaar", sku)
		require.NoError(t, err)
		require.Len(t, got, 1)
		for b, err := range stock.Beliefs(ctx, "bazaar", inventory.Key{SKU: "MUG"}) {
			require.NoError(t, err)
			if sku == "MUG" {
				require.Equal(t, b.Target, got[0].Quantity, "what is told is what is said to be available")
			}
		}
		return got[0]
	}
	both := []inventory.AvailableAt{{Location: "berlin", Quantity: 9}, {Location: "lyon", Quantity: 4}}
	for _, tt := range []struct {
		buffer, max, want, pairs int64
	}{{want: 13, pairs: 6}, {buffer: 2, want: 11, pairs: 5}, {buffer: 6, want: 7, pairs: 3}, {buffer: 2, max: 4, want: 4, pairs: 4}, {buffer: 99, want: 0, pairs: 0}} {
		got := of(inventory.Channel{Buffer: tt.buffer, Max: tt.max}, "MUG")
		require.Equal(t, tt.want, got.Quantity)
		require.Equal(t, both, got.ByLocation)
		require.Equal(t, tt.pairs, of(inventory.Channel{Buffer: tt.buffer, Max: tt.max}, "PAIR").Quantity)
	}
	require.NoError(t, stock.Configure(ctx, inventory.Settings{Levels: map[inventory.Key]inventory.Rules{
		{SKU: "MUG", Location: "lyon"}: {Buffers: map[string]int64{"bazaar": 3}},
	}}))
	require.EqualValues(t, 8, of(inventory.Channel{Buffer: 2}, "MUG").Quantity)
}
