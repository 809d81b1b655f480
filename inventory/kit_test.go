package inventory_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

func units(sku string, n int64) inventory.Line { return inventory.Line{SKU: sku, Quantity: n} }

func unitsAt(sku, location string, n int64) inventory.Line {
	return inventory.Line{SKU: sku, Location: location, Quantity: n}
}

// boxes: a BOX is two mugs and a tee, a CRATE two boxes and a mug.
func boxes() inventory.FixedKits {
	return inventory.FixedKits{
		"BOX":   {units("MUG", 2), units("TEE", 1)},
		"CRATE": {units("BOX", 2), units("MUG", 1)},
	}
}

func short(t *testing.T, err error) []inventory.Shortage {
	t.Helper()
	var e *inventory.InsufficientError
	require.ErrorAs(t, err, &e)
	return e.Short
}

func TestKitMovesItsComponents(t *testing.T) {
	s, _ := newStock(t, &inventory.Config{Kits: boxes(), Sourcer: inventory.FixedLocation("berlin")})
	track(t, s, unitsAt("MUG", "berlin", 20), unitsAt("TEE", "berlin", 9))

	out, err := s.Apply(t.Context(), inventory.Sell("1", units("CRATE", 3), units("MUG", 1)))
	require.NoError(t, err)
	require.EqualValues(t, 20-3*5-1, level(t, s, "MUG", "berlin").Available)
	require.EqualValues(t, 9-3*2, level(t, s, "TEE", "berlin").Available)
	mugs := out.Lines[0]
	require.Equal(t, "CRATE", mugs.Kit, "of nested kits the one that was sold")
	require.EqualValues(t, 5, mugs.PerKit)
	require.Empty(t, out.Lines[2].Kit)

	text, err := json.Marshal(inventory.Change{Kind: inventory.KindSell, Lines: out.Lines})
	require.NoError(t, err)
	var back inventory.Change
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, out.Lines, back.Lines, "the kit's name travels")

	_, err = s.Apply(t.Context(), inventory.Cancel("2", inventory.Available, units("CRATE", 3)))
	require.NoError(t, err)
	require.EqualValues(t, 19, level(t, s, "MUG", "berlin").Available)
	_, err = s.Apply(t.Context(), inventory.Receive("3", unitsAt("BOX", "berlin", 1)))
	require.NoError(t, err)
	require.EqualValues(t, 21, level(t, s, "MUG", "berlin").Available)
}

func TestLinesOfAKitAreNotExpandedTwice(t *testing.T) {
	kits := boxes()
	kits["MUG"] = []inventory.Line{units("CUP", 1)} // by now a mug is a kit, too
	s, _ := newStock(t, &inventory.Config{Kits: kits})
	track(t, s, unitsAt("MUG", "berlin", 4))
	again := unitsAt("MUG", "berlin", 2)
	again.Kit, again.PerKit = "BOX", 2
	_, err := s.Apply(t.Context(), inventory.Sell("1", again))
	require.NoError(t, err)
	require.EqualValues(t, 2, level(t, s, "MUG", "berlin").Available)
}

func TestBundlesOfTheShopAreNotExpandedTwice(t *testing.T) {
	s, _ := newStock(t, &inventory.Config{Kits: boxes()})
	track(t, s, unitsAt("MUG", "berlin", 4))
	_, err := s.Apply(t.Context(), inventory.Ordered(inventory.Order{ // a bundle names its components itself
		Channel: "shop", ID: "1", Full: true, Lines: []inventory.OrderLine{{ID: "1", SKU: "MUG", Ordered: 2}},
	}))
	require.NoError(t, err)
	require.EqualValues(t, 2, level(t, s, "MUG", "berlin").Available)
}

func TestDemandOfKitsAndLinesIsSummedAndSaidOnce(t *testing.T) {
	kits := boxes()
	kits["BAG"] = []inventory.Line{units("MUG", 1)}
	for name, sourcer := range map[string]inventory.Sourcer{
		"fixed": inventory.FixedLocation("berlin"), "most": inventory.MostStock(), "fewest": inventory.FewestLocations(),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStock(t, &inventory.Config{Kits: kits, Sourcer: sourcer})
			track(t, s, unitsAt("MUG", "berlin", 7), unitsAt("TEE", "berlin", 0), unitsAt("HAT", "berlin", 1))
			_, err := s.Reserve(t.Context(), "cart", time.Minute, units("BOX", 1), units("MUG", 3), units("BAG", 1), units("BOX", 1), units("HAT", 1))
			require.Equal(t, []inventory.Shortage{
				{Key: inventory.Key{SKU: "MUG", Location: "berlin"}, State: inventory.Available, Wanted: 8, Left: 7, Kits: []string{"BAG", "BOX"}},
				{Key: inventory.Key{SKU: "TEE", Location: "berlin"}, State: inventory.Available, Wanted: 2, Left: 0, Kits: []string{"BOX"}},
			}, short(t, err), "each fits alone, but not together")
			require.ErrorContains(t, err, "TEE@berlin: 2 wanted, 0 left (kit BOX)")
			require.EqualValues(t, 7, level(t, s, "MUG", "berlin").Available, "all or nothing")
			_, err = s.Reserve(t.Context(), "cart/2", time.Minute, units("MUG", 8))
			require.Nil(t, short(t, err)[0].Kits)
		})
	}
}

func TestRedefiningAKit(t *testing.T) {
	kits := boxes()
	s, _ := newStock(t, &inventory.Config{Kits: kits, Sourcer: inventory.MostStock()})
	track(t, s, unitsAt("MUG", "berlin", 10), unitsAt("TEE", "berlin", 10), unitsAt("HAT", "berlin", 10))
	hold, err := s.Reserve(t.Context(), "cart", time.Minute, units("BOX", 1))
	require.NoError(t, err)
	sold, err := s.Apply(t.Context(), inventory.Sell("1", unitsAt("BOX", "berlin", 1)))
	require.NoError(t, err)

	for name, components := range map[string][]inventory.Line{
		"other components": {units("HAT", 1)}, "unknown components": {units("CAP", 1)}, "impossible": {units("BOX", 1)}, "no kit any more": nil,
	} {
		kits["BOX"] = components
		again, err := s.Reserve(t.Context(), "cart", time.Minute, units("BOX", 1))
		require.NoError(t, err, name)
		require.Equal(t, hold.Lines, again.Lines, name)
		out, err := s.Apply(t.Context(), inventory.Sell("1", unitsAt("BOX", "berlin", 1)))
		require.NoError(t, err, name)
		require.True(t, out.Duplicate, name)
		_, err = s.Apply(t.Context(), inventory.Sell("1", unitsAt("BOX", "berlin", 2)))
		require.ErrorIs(t, err, inventory.ErrReusedID, name)
		_, err = s.Reserve(t.Context(), "cart/2", time.Minute, units("BOX", 11))
		require.Error(t, err)
		require.NotErrorIs(t, err, inventory.ErrReusedID)
	}
	require.NoError(t, s.Release(t.Context(), "cart"))
	require.EqualValues(t, 8, level(t, s, "MUG", "berlin").Available, "what was held came back, and what was sold did not")
	require.EqualValues(t, 10, level(t, s, "HAT", "berlin").Available)
	require.Len(t, sold.Lines, 2)
}

func TestAnIDIsTheSameBeforeAndAfterASKUBecomesAKit(t *testing.T) {
	kits := inventory.FixedKits{}
	s, _ := newStock(t, &inventory.Config{Kits: kits, Sourcer: inventory.MostStock()})
	track(t, s, unitsAt("BOX", "berlin", 5), unitsAt("MUG", "berlin", 5), unitsAt("TEE", "berlin", 5))
	for i, l := range []inventory.Line{unitsAt("BOX", "berlin", 1), units("BOX", 1)} {
		id := fmt.Sprint(i)
		_, err := s.Apply(t.Context(), inventory.Sell(id, l))
		require.NoError(t, err)
		kits["BOX"] = boxes()["BOX"]
		out, err := s.Apply(t.Context(), inventory.Sell(id, l))
		require.NoError(t, err)
		require.True(t, out.Duplicate)
		delete(kits, "BOX")
	}
	require.EqualValues(t, 5, level(t, s, "MUG", "berlin").Available)
}

func TestSaleOfAKitElsewhereTellsThatChannelOfTheComponents(t *testing.T) {
	s, _ := newStock(t, &inventory.Config{Kits: boxes()})
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: "till"}}}))
	track(t, s, unitsAt("MUG", "berlin", 1), unitsAt("TEE", "berlin", 3))
	for _, l := range []inventory.Line{{SKU: "MUG", Location: "berlin", Shown: 1}, {SKU: "TEE", Location: "berlin", Shown: 3}} {
		_, err := s.Apply(t.Context(), inventory.Believe("read/"+l.SKU, "till", l))
		require.NoError(t, err)
	}
	out, err := s.Apply(t.Context(), inventory.Sell("1", unitsAt("BOX", "berlin", 1)).ReportedBy("till"))
	require.NoError(t, err, "it has happened")
	require.Equal(t, []inventory.Key{{SKU: "MUG", Location: "berlin"}}, out.Oversold)
	shown := map[string]int64{}
	for b, err := range s.Store().Beliefs(t.Context(), "acme", "till", nil) {
		require.NoError(t, err)
		require.True(t, b.Pending)
		shown[b.SKU] = b.Believed
	}
	require.Equal(t, map[string]int64{"MUG": 1, "TEE": 3}, shown, "the till's numbers of the components did not move by themselves")
}

func TestKitsThatCannotBe(t *testing.T) {
	kits := inventory.FixedKits{
		"SELF": {units("SELF", 1)}, "A": {units("B", 1)}, "B": {units("A", 1)},
		"NONE": {units("MUG", 0)}, "NAMELESS": {units("", 1)}, "PLACED": {unitsAt("MUG", "berlin", 1)},
		"1": {units("MUG", 2)}, "2": {units("1", 1)}, "3": {units("2", 1)}, "4": {units("3", 1)}, "5": {units("4", 1)},
		"MILLION": {units("MUG", 1_000_000)}, "MILLIONS": {units("MILLION", 1_000_000)},
		"MANY": nil,
	}
	for i := range inventory.MaxLines + 1 {
		kits["MANY"] = append(kits["MANY"], units(fmt.Sprint("sku", i), 1))
	}
	kits["SOME"] = kits["MANY"][:600]
	s, _ := newStock(t, &inventory.Config{Kits: kits})
	track(t, s, unitsAt("MUG", "berlin", 10))
	for sku, want := range map[string]string{
		"SELF": "Kits[SELF > SELF] contains itself", "A": "Kits[A > B > A] contains itself", "NONE": "has 0 of MUG",
		"NAMELESS": "SKU must have", "PLACED": "with a location", "5": "more than 4 deep",
		"MILLIONS": "has more than 1000000000 of MUG", "MANY": "has more than 1000 components",
	} {
		_, err := s.Apply(t.Context(), inventory.Sell("x", unitsAt(sku, "berlin", 1)))
		require.ErrorIs(t, err, inventory.ErrInvalid, sku)
		require.ErrorContains(t, err, want)
	}
	_, err := s.Apply(t.Context(), inventory.Sell("x", unitsAt("MUG", "berlin", 1), unitsAt("MILLION", "berlin", 1001)))
	require.EqualError(t, err, "inventory: Lines[1].Quantity is 1001 of the kit MILLION, so 1001000000 of MUG, must be at most 1000000000")
	_, err = s.Apply(t.Context(), inventory.Sell("x", unitsAt("SOME", "berlin", 1), unitsAt("SOME", "berlin", 1)))
	require.ErrorContains(t, err, "more than 1000 entries")
	_, err = s.Apply(t.Context(), inventory.Sell("x", unitsAt("1", "berlin", 1), unitsAt("MUG", "berlin", 0)))
	require.ErrorContains(t, err, "Lines[1].Quantity", "the line is the caller's")
	_, err = s.Apply(t.Context(), inventory.Sell("x", unitsAt("4", "berlin", 1)))
	require.NoError(t, err, "four deep is allowed")
	out := s.ApplyBatch(t.Context(), []inventory.Change{
		inventory.Sell("y", unitsAt("A", "berlin", 1)), inventory.Sell("z", unitsAt("1", "berlin", 1)),
	})
	require.ErrorIs(t, out[0].Err, inventory.ErrInvalid)
	require.NoError(t, out[1].Err, "a bad kit blocks no neighbour")
}

func TestDepthDoesNotDependOnWhatWasAskedBefore(t *testing.T) {
	kits := inventory.FixedKits{"1": {units("MUG", 2)}, "2": {units("1", 1)}, "3": {units("2", 1)}, "4": {units("3", 1)}, "5": {units("4", 1)}}
	s, _ := newStock(t, &inventory.Config{Kits: kits})
	track(t, s, unitsAt("MUG", "berlin", 100))
	out := s.ApplyBatch(t.Context(), []inventory.Change{
		inventory.Sell("a", unitsAt("4", "berlin", 1)), inventory.Sell("b", unitsAt("5", "berlin", 1)), inventory.Sell("c", unitsAt("3", "berlin", 1)),
	})
	require.NoError(t, out[0].Err)
	require.ErrorContains(t, out[1].Err, "more than 4 deep")
	require.NoError(t, out[2].Err)
}

// asking counts what is asked of it, and may be out of order.
type asking struct {
	inventory.Kits
	asked map[string]int
	err   error
}

func (a *asking) Components(ctx context.Context, merchant, sku string) ([]inventory.Line, error) {
	a.asked[merchant+"/"+sku]++
	if a.err != nil {
		return nil, a.err
	}
	return a.Kits.Components(ctx, merchant, sku)
}

func TestKitsAreAskedOncePerSKUAndCall(t *testing.T) {
	a := &asking{Kits: boxes(), asked: map[string]int{}}
	s, _ := newStock(t, &inventory.Config{Kits: a})
	track(t, s, unitsAt("MUG", "berlin", 50), unitsAt("TEE", "berlin", 50))
	require.Empty(t, a.asked, "a Track is about a level")
	var changes []inventory.Change
	for i := range 5 {
		changes = append(changes, inventory.Sell(fmt.Sprint(i), unitsAt("CRATE", "berlin", 1), unitsAt("BOX", "berlin", 1)))
	}
	require.NoError(t, s.Emit(t.Context(), changes...))
	require.Equal(t, map[string]int{"acme/CRATE": 1, "acme/BOX": 1, "acme/MUG": 1, "acme/TEE": 1}, a.asked)

	clear(a.asked)
	a.err = errors.New("no connection")
	for _, o := range s.ApplyBatch(t.Context(), []inventory.Change{
		inventory.Sell("8", unitsAt("BOX", "berlin", 1)), inventory.Sell("9", unitsAt("CRATE", "berlin", 1)),
	}) {
		require.ErrorIs(t, o.Err, a.err)
		require.False(t, inventory.Answered(o.Err), "the Change is not to blame")
	}
	require.Equal(t, map[string]int{"acme/BOX": 1}, a.asked, "nobody is kept waiting twice")
	_, err := s.Availability(t.Context(), "", "MUG", "BOX")
	require.ErrorIs(t, err, a.err)
}

func TestShortageIsReadable(t *testing.T) {
	s := inventory.Shortage{Key: inventory.Key{SKU: "MUG", Location: "berlin"}, State: inventory.Committed, Wanted: 2, Left: 1, Kits: []string{"A", "B"}}
	require.Equal(t, "MUG@berlin: 2 wanted, 1 left committed (kit A, B)", s.String())
	require.False(t, strings.Contains(inventory.Shortage{}.String(), "kit"))
}
