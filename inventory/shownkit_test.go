package inventory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// boxStock shows BOX, two mugs and a tee, at a shop that is right about it:
// there are five in berlin, and two in lyon.
func boxStock(t *testing.T, cfg *inventory.Config) *inventory.Stock {
	t.Helper()
	if cfg == nil {
		cfg = &inventory.Config{}
	}
	cfg.Kits = boxes()
	s, _ := newStock(t, cfg)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, ReplayProved: true}}}))
	track(t, s, unitsAt("MUG", "berlin", 10), unitsAt("TEE", "berlin", 6), unitsAt("MUG", "lyon", 4), unitsAt("TEE", "lyon", 9))
	require.NoError(t, s.ShowKits(t.Context(), "BOX"))
	for _, k := range []inventory.Key{{SKU: "BOX", Location: "berlin"}, {SKU: "BOX", Location: "lyon"}} {
		l := inventory.Line{SKU: k.SKU, Location: k.Location, Shown: level(t, s, k.SKU, k.Location).Available}
		require.NoError(t, s.Emit(t.Context(), inventory.Believe("read/"+k.String(), shop, l)))
	}
	return s
}

// stands are target and believed of the kit, as the shop is told.
func stands(t *testing.T, s *inventory.Stock, location string) [2]int64 {
	t.Helper()
	for b, err := range s.Store().Beliefs(t.Context(), "acme", shop, []inventory.Key{{SKU: "BOX", Location: location}}) {
		require.NoError(t, err)
		require.Equal(t, b.Target != b.Believed, b.Pending)
		return [2]int64{b.Target, b.Believed}
	}
	t.Fatal("no such level")
	return [2]int64{}
}

func TestShownKitFollowsItsComponents(t *testing.T) {
	s := boxStock(t, nil)
	require.Equal(t, [2]int64{5, 5}, stands(t, s, "berlin"))
	require.NoError(t, s.Emit(t.Context(), inventory.Sell("1", unitsAt("TEE", "berlin", 3))))
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{3, 5}, stands(t, s, "berlin"))
	require.Equal(t, [2]int64{2, 2}, stands(t, s, "lyon"))
	require.NoError(t, s.Emit(t.Context(), inventory.Sell("2", unitsAt("BOX", "berlin", 3))), "sold here, it is its components")
	_, err := s.Apply(t.Context(), inventory.Sell("3", unitsAt("BOX", "berlin", 1)))
	require.Equal(t, "TEE", short(t, err)[0].SKU, "and their floor decides, not the kit's number, which is stale here")
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{0, 5}, stands(t, s, "berlin"))
	n, err := s.Available(t.Context(), "BOX")
	require.NoError(t, err)
	require.EqualValues(t, 2, n, "read from the components, so never stale")
}

func TestOrderOfAShownKit(t *testing.T) {
	s := boxStock(t, nil)
	o := order("1", 0)
	o.Lines = []inventory.OrderLine{{ID: "l1", SKU: "BOX", Ordered: 3}, {ID: "l2", SKU: "TEE", Ordered: 1}}
	o.Places = inventory.OrderPlaces{Updated: 2000, Read: 2010, Lines: []inventory.LinePlaces{
		{Line: "l1", Sure: true, At: []inventory.PlaceLine{{Location: "berlin", Open: 3}}}, {Line: "l2", Sure: true, At: []inventory.PlaceLine{{Location: "berlin", Open: 1}}},
	}}
	apply := func() {
		t.Helper()
		for range 2 {
			out, err := s.Apply(t.Context(), inventory.Ordered(o))
			require.NoError(t, err)
			require.Empty(t, out.Untracked)
			for _, l := range out.Lines {
				require.NotEqual(t, "BOX", l.SKU, "no stock moves on the kit")
			}
		}
	}
	apply()
	require.Equal(t, [2]int64{2, 2}, stands(t, s, "berlin"), "the shop has moved its own number")
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{2, 2}, stands(t, s, "berlin"), "ten mugs less six, six tees less four")
	require.EqualValues(t, 4, level(t, s, "MUG", "berlin").Available)

	o.Updated = 3000
	o.Refunds = []inventory.Refund{{ID: "r", Confirmed: true, Lines: []inventory.RefundLine{{Line: "l1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1}}}}
	apply()
	require.Equal(t, [2]int64{3, 3}, stands(t, s, "berlin"), "a refund that restocks")
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{3, 3}, stands(t, s, "berlin"))

	o.Updated = 4000
	o.Places = inventory.OrderPlaces{Updated: 4000, Read: 4010, Lines: []inventory.LinePlaces{
		{Line: "l1", Sure: true, At: []inventory.PlaceLine{{Location: "berlin", Gone: 1}, {Location: "lyon", Open: 2}}},
		{Line: "l2", Sure: true, At: []inventory.PlaceLine{{Location: "berlin", Open: 1}}},
	}}
	apply()
	require.Equal(t, [2]int64{5, 5}, stands(t, s, "berlin"), "moved to another location")
	require.Equal(t, [2]int64{0, 0}, stands(t, s, "lyon"))
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{5, 5}, stands(t, s, "berlin"))
	require.Equal(t, [2]int64{0, 0}, stands(t, s, "lyon"))

	o.Updated = 5000
	o.Fulfillments = []inventory.Fulfillment{{
		ID: "f", Status: inventory.FulfillmentShipped, Confirmed: inventory.FulfillmentShipped, Location: "lyon",
		Lines: []inventory.FulfillmentLine{{Line: "l1", Quantity: 2}},
	}}
	apply()
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{0, 0}, stands(t, s, "lyon"), "shipping moves nothing that is shown")
	require.EqualValues(t, 0, level(t, s, "MUG", "lyon").Committed)
}

func TestOldOrderOfAShownKitIsABase(t *testing.T) {
	s := boxStock(t, nil)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, Locations: []string{"berlin"}, Since: time.Unix(3000, 0)}}}))
	o := order("1", 2)
	o.Lines[0].SKU = "BOX"
	require.NoError(t, s.Emit(t.Context(), inventory.Ordered(o)))
	require.Equal(t, [2]int64{5, 5}, stands(t, s, "berlin"), "its number was read after it")
	o.Updated = 4000
	o.Refunds = []inventory.Refund{{ID: "r", Confirmed: true, Lines: []inventory.RefundLine{{Line: "l1", Restock: inventory.RestockCancel, Location: "berlin", Quantity: 1}}}}
	require.NoError(t, s.Emit(t.Context(), inventory.Ordered(o)))
	require.Equal(t, [2]int64{6, 6}, stands(t, s, "berlin"))
}

func TestBundleOfTheShopMovesNoKit(t *testing.T) {
	s := boxStock(t, nil)
	o := order("1", 0) // one box, as its components
	o.Lines = []inventory.OrderLine{{ID: "l1", SKU: "MUG", Ordered: 2}, {ID: "l2", SKU: "TEE", Ordered: 1}}
	o.Location = "berlin"
	require.NoError(t, s.Emit(t.Context(), inventory.Ordered(o)))
	require.EqualValues(t, 8, level(t, s, "MUG", "berlin").Available, "not expanded twice")
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{4, 5}, stands(t, s, "berlin"))
}

func TestKitSoldElsewhereAndReported(t *testing.T) {
	for name, sourcer := range map[string]inventory.Sourcer{"placed": nil, "spread": inventory.FewestLocations("lyon")} {
		t.Run(name, func(t *testing.T) {
			s := boxStock(t, &inventory.Config{Sourcer: sourcer})
			lines, berlin, lyon := []inventory.Line{unitsAt("BOX", "berlin", 3), unitsAt("BOX", "lyon", 1), unitsAt("MUG", "berlin", 1)}, int64(2), int64(1)
			if sourcer != nil {
				lines, berlin, lyon = []inventory.Line{units("BOX", 4), units("BOX", 2), unitsAt("MUG", "berlin", 1)}, 1, 0
			}
			out, err := s.Apply(t.Context(), inventory.Sell("1", lines...).ReportedBy(shop))
			require.NoError(t, err)
			for _, l := range out.Lines {
				require.NotZero(t, l.Quantity)
			}
			require.Equal(t, [2]int64{berlin, berlin}, stands(t, s, "berlin"))
			require.Equal(t, [2]int64{lyon, lyon}, stands(t, s, "lyon"))
			again, err := s.Apply(t.Context(), inventory.Sell("1", lines...).ReportedBy(shop))
			require.NoError(t, err)
			require.True(t, again.Duplicate)
			require.Equal(t, [2]int64{berlin, berlin}, stands(t, s, "berlin"))
		})
	}
}

func TestKitEditedByHandIsPutRight(t *testing.T) {
	s := boxStock(t, nil)
	require.NoError(t, s.Emit(t.Context(), inventory.Edited("1", shop, unitsAt("BOX", "berlin", -2))))
	require.EqualValues(t, 10, level(t, s, "MUG", "berlin").Available, "nobody took mugs")
	require.NoError(t, s.DeriveKits(t.Context()))
	require.Equal(t, [2]int64{5, 3}, stands(t, s, "berlin"))
}

func TestShowKitsSaysWhatCannotBeShown(t *testing.T) {
	s := boxStock(t, nil)
	require.ErrorIs(t, s.ShowKits(t.Context(), "CRATE", "MUG"), inventory.ErrInvalid)
	require.ErrorContains(t, s.ShowKits(t.Context(), "MUG"), "Config.Kits knows no components of it")
	require.NoError(t, s.Emit(t.Context(), inventory.Track("hats", unitsAt("HAT", "porto", 3)), inventory.Track("own", unitsAt("CRATE", "lyon", 7)),
		inventory.Track("mugs", unitsAt("MUG", "porto", 3))))
	require.NoError(t, s.ShowKits(t.Context(), "CRATE"))
	all, err := s.ShownKits(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, []inventory.Line{units("MUG", 5), units("TEE", 2)}, all[1].Components, "a box in a crate is taken apart")
	require.Equal(t, []inventory.Key{{SKU: "CRATE", Location: "lyon"}}, all[1].Occupied)
	require.Equal(t, []inventory.Key{{SKU: "TEE", Location: "porto"}}, all[1].Missing)
	require.Len(t, all[1].Levels, 1)
	require.EqualValues(t, 2, all[1].Levels[0].Available)
	require.Len(t, all[0].Levels, 2)

	require.NoError(t, s.HideKits(t.Context(), "BOX", "never shown"))
	all, err = s.ShownKits(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	_, err = s.Levels(t.Context(), inventory.Key{SKU: "BOX"})
	require.ErrorIs(t, err, inventory.ErrUntracked)

	kits := inventory.FixedKits{"SET": {units("CAP", 1), units("MUG", 1)}}
	other, _ := newStock(t, &inventory.Config{Kits: kits})
	none, err := other.ShownKits(t.Context())
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, other.ShowKits(t.Context(), "SET"))
	all, err = other.ShownKits(t.Context())
	require.NoError(t, err)
	require.Equal(t, []inventory.Key{{SKU: "CAP"}, {SKU: "MUG"}}, all[0].Missing)
}

// bare is a store without optional powers.
type bare struct{ inventory.Store }

func TestStoreWithoutLevelsOfKits(t *testing.T) {
	s, err := inventory.New(bare{memstore.New(nil)}, "acme", &inventory.Config{Kits: boxes()})
	require.NoError(t, err)
	require.ErrorIs(t, s.ShowKits(t.Context(), "BOX"), errors.ErrUnsupported)
	require.ErrorIs(t, s.HideKits(t.Context(), "BOX"), errors.ErrUnsupported)
	_, err = s.ShownKits(t.Context())
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.NoError(t, s.DeriveKits(t.Context()), "there is nothing to do")
	track(t, s, unitsAt("MUG", "berlin", 10), unitsAt("TEE", "berlin", 6))
	out, err := s.Apply(t.Context(), inventory.Sell("1", unitsAt("BOX", "berlin", 3)).ReportedBy(shop))
	require.NoError(t, err)
	require.Len(t, out.Levels, 2)
	o := order("1", 1)
	o.Lines[0].SKU = "BOX"
	_, err = s.Apply(t.Context(), inventory.Ordered(o))
	require.NoError(t, err)
}

func TestPusherNeedsNobodyToDeriveKits(t *testing.T) {
	s := boxStock(t, nil)
	to := newPlace()
	to.shown[inventory.Key{SKU: "BOX", Location: "berlin"}] = 5
	require.NoError(t, s.Emit(t.Context(), inventory.Sell("1", unitsAt("TEE", "berlin", 3))))
	require.NoError(t, inventory.NewPusher(s, to, nil).Drain(t.Context()))
	require.Equal(t, map[inventory.Key]int64{{SKU: "BOX", Location: "berlin"}: 3}, to.shown)
}

func TestJanitorDerivesKits(t *testing.T) {
	s := boxStock(t, nil)
	require.NoError(t, s.Emit(t.Context(), inventory.Sell("1", unitsAt("TEE", "berlin", 3))))
	_, err := inventory.NewJanitor(s, nil).Round(t.Context())
	require.NoError(t, err)
	require.Equal(t, [2]int64{3, 5}, stands(t, s, "berlin"))
}

// deaf is a store whose kits can't be derived.
type deaf struct {
	*memstore.Store
	err error
}

func (d deaf) Derive(context.Context, string, int) (bool, error) { return false, d.err }

func TestOtherLevelsArePushedWhenKitsAreNotDerived(t *testing.T) {
	s, err := inventory.New(deaf{memstore.New(nil), errors.New("unreadable")}, "acme", nil)
	require.NoError(t, err)
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: shop, ReplayProved: true}}}))
	c := inventory.Track("load", inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 10, Shown: 8})
	c.Origin = shop
	require.NoError(t, s.Emit(t.Context(), c))
	to := newPlace()
	require.NoError(t, inventory.NewPusher(s, to, nil).Drain(t.Context()))
	require.EqualValues(t, 2, to.shown[inventory.Key{SKU: "MUG", Location: "berlin"}])
	_, err = inventory.NewJanitor(s, nil).Round(t.Context())
	require.ErrorContains(t, err, "unreadable")
}

func TestAKitMovesKitUnitsByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "components")
		levels, each := make([]inventory.Level, n), make([]int64, n)
		for i := range levels {
			levels[i].Available = int64(rapid.IntRange(-20, 40).Draw(t, "available"))
			levels[i].Rules = inventory.Rules{SafetyStock: int64(rapid.IntRange(0, 9).Draw(t, "safety")), BackorderLimit: int64(rapid.IntRange(0, 9).Draw(t, "backorder"))}
			each[i] = int64(rapid.IntRange(1, 5).Draw(t, "units"))
		}
		before := inventory.KitUnits(levels, each)
		sold := int64(rapid.IntRange(-5, 5).Draw(t, "sold"))
		for i := range levels {
			levels[i].Available -= sold * each[i]
		}
		require.Equal(t, before-sold, inventory.KitUnits(levels, each), "so a channel that sells a kit is right without being told")
		for i := range levels {
			if before > 0 {
				require.GreaterOrEqual(t, levels[i].Sellable()+sold*each[i], before*each[i], "never more than can be sold")
			}
		}
	})
}
