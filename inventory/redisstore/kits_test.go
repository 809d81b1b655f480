package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// A process that does nothing but derive hears of the first kit of a merchant
// that it has known without.
func TestWhoOnlyDerivesHearsOfKits(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant, s, derives := context.Background(), merchantName(), srv.open(t, nil), srv.open(t, nil)
		must(t, s, merchant, inventory.Track("t", line("mug", 5)))
		_, err := derives.Derive(ctx, merchant, 100)
		require.NoError(t, err)
		_, err = derives.Settings(ctx, merchant)
		require.NoError(t, err)
		require.NoError(t, s.KeepKits(ctx, merchant, []inventory.ShownKit{{SKU: "pair", Components: []inventory.Line{{SKU: "mug", Quantity: 2}}}}))
		_, err = derives.Derive(ctx, merchant, 100)
		require.NoError(t, err)
		levels, err := s.Levels(ctx, merchant, []inventory.Key{at("pair")})
		require.NoError(t, err)
		require.Len(t, levels, 1)
		require.EqualValues(t, 2, levels[0].Available)
	})
}

// Nothing is kept of a kit that is shown no more, and writes of what were its
// components are marked no longer.
func TestHiddenKitLeavesNoTrace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant, c, s := context.Background(), merchantName(), srv.raw(t), srv.open(t, nil)
		key := func(name string) string { return "{" + merchant + "}:" + name }
		derive := func() {
			t.Helper()
			more, err := s.Derive(ctx, merchant, 100)
			require.NoError(t, err)
			require.False(t, more)
			require.Zero(t, c.ZCard(ctx, key("km")).Val())
		}
		keep := func(parts ...inventory.Line) {
			t.Helper()
			require.NoError(t, s.KeepKits(ctx, merchant, []inventory.ShownKit{{SKU: "box", Components: parts}}))
			derive()
		}
		require.NoError(t, s.Configure(ctx, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}}))
		must(t, s, merchant, inventory.Track("t", line("mug", 5), line("tee", 5), line("hat", 5)))
		must(t, s, merchant, inventory.Sell("0", line("mug", 1)))
		require.Zero(t, c.Exists(ctx, key("km")).Val(), "without kits nothing is marked")

		keep(inventory.Line{SKU: "mug", Quantity: 1}, inventory.Line{SKU: "tee", Quantity: 1})
		must(t, s, merchant, inventory.Believe("b", "shop", line("box", 0)))
		b, err := s.Claim(ctx, merchant, "shop", 9, time.Minute)
		require.NoError(t, err)
		b.Request = []byte("request")
		b, err = s.Seal(ctx, b, nil)
		require.NoError(t, err)
		require.NoError(t, s.Settle(ctx, b, []inventory.Result{{Status: inventory.Refused}}))
		require.NotEmpty(t, c.HKeys(ctx, key("pk:shop")).Val())

		keep(inventory.Line{SKU: "tee", Quantity: 1})
		require.Equal(t, []string{"tee\x00box"}, c.ZRange(ctx, key("kc"), 0, -1).Val(), "a mug is no component any more")
		must(t, s, merchant, inventory.Sell("1", line("mug", 1), line("hat", 1)))
		require.Equal(t, []string{"mug\x00berlin"}, c.ZRange(ctx, key("km"), 0, -1).Val(), "marked for the last time")
		derive()
		must(t, s, merchant, inventory.Sell("2", line("mug", 1)))
		derive()
		must(t, s, merchant, inventory.Sell("3", line("mug", 1)))
		require.Zero(t, c.ZCard(ctx, key("km")).Val())

		keep()
		require.Empty(t, c.HKeys(ctx, key("pk:shop")).Val())
		require.Empty(t, c.ZRange(ctx, key("pr:shop"), 0, -1).Val())
		require.Zero(t, c.Exists(ctx, key("kt"), key("kc"), key("km"), key("p:shop:f"), key("p:shop:r")).Val(), "an empty key is gone")
	})
}
