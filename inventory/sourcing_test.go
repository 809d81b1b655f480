package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

func stocked(sku, location string, available int64) inventory.Level {
	return inventory.Level{Key: inventory.Key{SKU: sku, Location: location}, Available: available}
}

// boxed is what a Sourcer is given for n kits of two a and one b.
func boxed(n int64) []inventory.Line {
	a, b := units("a", 2*n), units("b", n)
	a.Kit, a.PerKit, b.Kit, b.PerKit = "BOX", 2, "BOX", 1
	return []inventory.Line{a, b}
}

func TestFewestLocations(t *testing.T) {
	t.Parallel()
	levels := []inventory.Level{
		stocked("a", "berlin", 5), stocked("a", "lyon", 9), stocked("a", "porto", 8), stocked("a", "rome", 2),
		stocked("b", "berlin", 1), stocked("b", "porto", 3),
	}
	for _, tt := range []struct {
		name   string
		prefer []string
		need   []inventory.Line
		want   []string
	}{
		{"one place is enough", nil, []inventory.Line{units("a", 9)}, []string{"9 a lyon"}},
		{"the preferred if it is enough", []string{"rome", "berlin"}, []inventory.Line{units("a", 5)}, []string{"5 a berlin"}},
		{"two places", nil, []inventory.Line{units("a", 12)}, []string{"9 a lyon", "3 a porto"}},
		{"two places with the preferred", []string{"berlin"}, []inventory.Line{units("a", 12)}, []string{"5 a berlin", "7 a lyon"}},
		{"never more places for a preferred one", []string{"rome"}, []inventory.Line{units("a", 12)}, []string{"9 a lyon", "3 a porto"}},
		{"all of them", []string{"rome"}, []inventory.Line{units("a", 24)}, []string{"2 a rome", "9 a lyon", "8 a porto", "5 a berlin"}},
		{"short everywhere: where most is", []string{"rome"}, []inventory.Line{units("a", 25)}, []string{"25 a lyon"}},
		{"lines of one SKU are one demand", nil, []inventory.Line{units("a", 6), units("a", 5)}, []string{"6 a lyon", "3 a lyon", "2 a porto"}},
		{"and are short together", nil, []inventory.Line{units("a", 16), units("a", 16)}, []string{"16 a lyon", "16 a lyon"}},
		{"one place for the whole order", nil, []inventory.Line{units("a", 1), units("b", 2)}, []string{"1 a porto", "2 b porto"}},
		{"else one that is needed anyway", nil, []inventory.Line{units("b", 4), units("a", 5)}, []string{"3 b porto", "1 b berlin", "5 a porto"}},
		{"a given location comes first", nil, []inventory.Line{units("a", 4), unitsAt("a", "berlin", 3)}, []string{"4 a lyon", "3 a berlin"}},
		{"a given location is needed anyway", nil, []inventory.Line{unitsAt("b", "berlin", 1), units("a", 5)}, []string{"1 b berlin", "5 a berlin"}},
		{"a kit whole", nil, boxed(2), []string{"4 a porto", "2 b porto"}},
		{"kits one by one", nil, boxed(4), []string{"6 a porto", "2 a berlin", "3 b porto", "1 b berlin"}},
		{"a place that has each but not both", nil, append(boxed(1), units("a", 7)), []string{"2 a porto", "1 b porto", "7 a lyon"}},
		{"kits before what is easier", []string{"porto"}, append([]inventory.Line{units("a", 8)}, boxed(4)...), []string{"8 a lyon", "6 a porto", "2 a berlin", "3 b porto", "1 b berlin"}},
		{"more kits than there are: where most are", nil, boxed(9), []string{"18 a porto", "9 b porto"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := inventory.FewestLocations(tt.prefer...).Source(t.Context(), tt.need, levels)
			require.NoError(t, err)
			require.Equal(t, tt.want, texts(got))
		})
	}
}

func texts(lines []inventory.Line) (out []string) {
	for _, l := range lines {
		out = append(out, fmt.Sprintf("%d %s %s", l.Quantity, l.SKU, l.Location))
	}
	return out
}

func TestSourcersLookAtWhereUnitsAre(t *testing.T) {
	t.Parallel()
	full := stocked("a", "berlin", 9)
	safe := stocked("a", "lyon", 12)
	safe.Rules.SafetyStock, safe.Committed, safe.Unavailable = 10, 3, 1
	levels := []inventory.Level{full, safe}
	for name, s := range map[string]inventory.Sourcer{"most": inventory.MostStock("rome"), "fewest": inventory.FewestLocations("rome")} {
		where := func(c inventory.Change) string {
			lines, err := s.Source(t.Context(), c.Lines, levels)
			require.NoError(t, err)
			require.Len(t, lines, 1)
			return lines[0].Location
		}
		require.Equal(t, "berlin", where(inventory.Sell("1", units("a", 3))), name+": what is sellable")
		require.Equal(t, "lyon", where(inventory.Cancel("1", inventory.Available, units("a", 3))), name+": what is committed")
		require.Equal(t, "lyon", where(inventory.Move("1", inventory.Unavailable, inventory.World, units("a", 1))), name)
		require.Equal(t, "berlin", where(inventory.Receive("1", units("a", 300))), name+": what comes in is never split")
		require.Equal(t, "berlin", where(inventory.Track("1", units("a", 0))), name)
		require.Equal(t, "berlin", where(inventory.Track("1", units("a", -4))), name)
	}
	got, err := inventory.FewestLocations("lyon").Source(t.Context(), inventory.Receive("1", units("a", 5)).Lines, levels)
	require.NoError(t, err)
	require.Equal(t, "lyon", got[0].Location)
}

func TestMostStockKeepsKitsTogether(t *testing.T) {
	t.Parallel()
	levels := []inventory.Level{stocked("a", "berlin", 4), stocked("a", "lyon", 90), stocked("b", "berlin", 4), stocked("b", "lyon", 1), stocked("b", "porto", 50)}
	got, err := inventory.MostStock().Source(t.Context(), append(boxed(1), units("a", 1)), levels)
	require.NoError(t, err)
	require.Equal(t, []string{"2 a berlin", "1 b berlin", "1 a lyon"}, texts(got))

	odd := boxed(3)
	odd[1].Quantity = 2 // not a whole number of kits: somebody's own lines
	got, err = inventory.MostStock().Source(t.Context(), odd, levels)
	require.NoError(t, err)
	require.Equal(t, []string{"6 a lyon", "2 b porto"}, texts(got))
}

func TestSourcersOfTheUnknown(t *testing.T) {
	t.Parallel()
	for _, s := range []inventory.Sourcer{inventory.MostStock(), inventory.FewestLocations()} {
		_, err := s.Source(t.Context(), []inventory.Line{units("a", 1)}, nil)
		var e *inventory.UntrackedError
		require.ErrorAs(t, err, &e, "unknown is not out of stock")
		require.Equal(t, []inventory.Key{{SKU: "a"}}, e.Keys)
		_, err = s.Source(t.Context(), boxed(1), []inventory.Level{stocked("a", "berlin", 1), stocked("b", "lyon", 1)})
		require.ErrorAs(t, err, &e)
		require.Equal(t, []inventory.Key{{SKU: "b", Location: "berlin"}}, e.Keys)
		lines, err := s.Source(t.Context(), nil, nil)
		require.NoError(t, err)
		require.Empty(t, lines)
	}
}

// What every sourcing keeps to, whatever it is asked.
func TestSourcingProperties(t *testing.T) {
	t.Parallel()
	locations := []string{"berlin", "lyon", "porto", "rome"}
	rapid.Check(t, func(t *rapid.T) {
		var levels []inventory.Level
		for _, sku := range []string{"a", "b", "c"} {
			for _, location := range locations {
				if rapid.IntRange(0, 4).Draw(t, "tracked") > 0 {
					l := stocked(sku, location, rapid.Int64Range(-3, 12).Draw(t, "available"))
					l.Rules.SafetyStock = rapid.Int64Range(0, 2).Draw(t, "safety stock")
					levels = append(levels, l)
				}
			}
		}
		var need []inventory.Line
		for range rapid.IntRange(1, 4).Draw(t, "lines") {
			l := units(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "sku"), rapid.Int64Range(1, 15).Draw(t, "quantity"))
			l.From, l.To = inventory.Available, inventory.Committed
			if rapid.IntRange(0, 3).Draw(t, "pinned") == 0 {
				l.Location = rapid.SampledFrom(locations).Draw(t, "location")
			}
			need = append(need, l)
		}
		kits := rapid.IntRange(-3, 3).Draw(t, "kits")
		for range max(0, kits) {
			for _, l := range boxed(rapid.Int64Range(1, 3).Draw(t, "units")) {
				l.From, l.To = inventory.Available, inventory.Committed
				need = append(need, l)
			}
		}
		prefer := rapid.Permutation(locations).Draw(t, "prefer")[:rapid.IntRange(0, 2).Draw(t, "preferred")]
		splits := rapid.Bool().Draw(t, "split")
		sourcer := inventory.MostStock(prefer...)
		if splits {
			sourcer = inventory.FewestLocations(prefer...)
		}
		kept, keptLevels := slices.Clone(need), slices.Clone(levels)
		got, err := sourcer.Source(t.Context(), need, levels)
		require.Equal(t, kept, need, "the caller's lines must stay as they are")
		require.Equal(t, keptLevels, levels)
		shuffled, shuffledErr := sourcer.Source(t.Context(), need, rapid.Permutation(levels).Draw(t, "shuffled"))
		require.Equal(t, err, shuffledErr, "whatever the order of levels")
		require.Equal(t, got, shuffled)
		if err != nil {
			require.ErrorIs(t, err, inventory.ErrUntracked)
			return
		}
		left := map[inventory.Key]int64{}
		for _, l := range levels {
			left[l.Key] = l.Sellable()
		}
		moved, asked, pinned := map[string]int64{}, map[string]int64{}, map[inventory.Key]int64{}
		boxesAt := map[string][2]int64{}
		for _, l := range got {
			require.Positive(t, l.Quantity)
			require.NotEmpty(t, l.Location)
			moved[l.SKU] += l.Quantity
			left[l.Key()] -= l.Quantity
			if l.Kit != "" {
				n := boxesAt[l.Location]
				n[slices.Index([]string{"a", "b"}, l.SKU)] += l.Quantity
				boxesAt[l.Location] = n
			}
		}
		for at, n := range boxesAt {
			require.Equal(t, n[0], 2*n[1], "kits are whole at %s", at)
		}
		for _, l := range need {
			asked[l.SKU] += l.Quantity
			if l.Location != "" {
				pinned[l.Key()] += l.Quantity
			}
		}
		require.Equal(t, asked, moved, "no unit is added or lost")
		if !splits || kits > 0 {
			return
		}
		// Plain lines: if the sum suffices, no place gives more than it has.
		for sku := range asked {
			var sum, open int64
			for _, l := range levels {
				if l.SKU == sku {
					sum += max(0, l.Sellable()-pinned[l.Key])
				}
			}
			for _, l := range need {
				if l.SKU == sku && l.Location == "" {
					open += l.Quantity
				}
			}
			places := map[string]bool{}
			for _, l := range got {
				if l.SKU == sku && open > 0 {
					places[l.Location] = true
				}
			}
			for at := range places {
				k := inventory.Key{SKU: sku, Location: at}
				if sum >= open && pinned[k] == 0 {
					require.GreaterOrEqual(t, left[k], int64(0), "%d of %d wanted from %s", open, sum, k)
				}
			}
		}
	})
}

// FewestLocations against trying all sets of places.
func TestFewestLocationsAreFewest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		locations := []string{"a", "b", "c", "d", "e"}
		var levels []inventory.Level
		var have []int64
		for _, at := range locations {
			n := rapid.Int64Range(0, 9).Draw(t, at)
			have = append(have, n)
			levels = append(levels, stocked("sku", at, n))
		}
		want := rapid.Int64Range(1, 30).Draw(t, "want")
		prefer := rapid.Permutation(locations).Draw(t, "prefer")
		got, err := inventory.FewestLocations(prefer...).Source(t.Context(), []inventory.Line{units("sku", want)}, levels)
		require.NoError(t, err)
		// The best set: fewest places, then those that come first in prefer.
		var best []int
		for set := range 1 << len(locations) {
			var sum int64
			var ranks []int
			for i := range locations {
				if set&(1<<i) != 0 {
					sum += have[i]
					ranks = append(ranks, slices.Index(prefer, locations[i]))
				}
			}
			slices.Sort(ranks)
			if sum >= want && (best == nil || len(ranks) < len(best) || len(ranks) == len(best) && slices.Compare(ranks, best) < 0) {
				best = ranks
			}
		}
		var used []int
		for _, l := range got {
			used = append(used, slices.Index(prefer, l.Location))
		}
		if best == nil {
			require.Len(t, got, 1)
			require.Equal(t, slices.Max(have), have[slices.Index(locations, got[0].Location)])
			return
		}
		require.Equal(t, best, used)
	})
}

func TestOwnSourcingPolicy(t *testing.T) {
	answer := []inventory.Line{}
	s, store := counted(t, &inventory.Config{Sourcer: inventory.SourcerFunc(
		func(_ context.Context, need []inventory.Line, levels []inventory.Level) ([]inventory.Line, error) {
			clear(need) // what it is given is its own
			clear(levels)
			return answer, nil
		})})
	track(t, s, unitsAt("MUG", "berlin", 5), unitsAt("MUG", "lyon", 5))
	sell := func() error {
		_, err := s.Apply(t.Context(), inventory.Sell("1", units("MUG", 2), unitsAt("MUG", "lyon", 1)))
		return err
	}
	a, b, c := unitsAt("MUG", "berlin", 1), unitsAt("MUG", "berlin", 1), unitsAt("MUG", "lyon", 1)
	for _, l := range []*inventory.Line{&a, &b, &c} {
		l.From, l.To = inventory.Available, inventory.Committed
	}
	for name, lines := range map[string][]inventory.Line{
		"nothing": nil, "too few": {a, c}, "too many": {a, b, b, c}, "not where it was asked": {a, b, b},
		"no location": {a, units("MUG", 1), c}, "another SKU": {a, unitsAt("TEE", "berlin", 1), c},
	} {
		answer = lines
		require.ErrorIs(t, sell(), inventory.ErrInvalid, name)
	}
	huge := a
	huge.Quantity = 1 << 62
	answer = []inventory.Line{huge, huge, huge, huge, a, b, c}
	require.ErrorIs(t, sell(), inventory.ErrInvalid)
	store.reads = 0
	answer = []inventory.Line{a, b, c}
	require.NoError(t, sell())
	require.Equal(t, 1, store.reads)
	require.EqualValues(t, 3, level(t, s, "MUG", "berlin").Available)
	require.EqualValues(t, 4, level(t, s, "MUG", "lyon").Available)
}

func TestSourcingABatchIsOneReadAndCountsOn(t *testing.T) {
	s, store := counted(t, &inventory.Config{Sourcer: inventory.MostStock()})
	track(t, s, unitsAt("MUG", "berlin", 6), unitsAt("MUG", "lyon", 5))
	store.reads = 0
	require.NoError(t, s.Emit(t.Context(),
		inventory.Sell("1", units("MUG", 4)), inventory.Sell("2", units("MUG", 4)), inventory.Sell("3", unitsAt("MUG", "berlin", 2))))
	require.Equal(t, 1, store.reads, "the second sees what the first will take")
}

func TestSourcingAgainWhenSomebodyWasFaster(t *testing.T) {
	s, store := counted(t, &inventory.Config{Sourcer: inventory.FewestLocations()})
	track(t, s, unitsAt("MUG", "berlin", 6), unitsAt("MUG", "lyon", 5))
	other, err := inventory.New(store.Store, "acme", nil)
	require.NoError(t, err)
	store.before = func() {
		_, err := other.Apply(t.Context(), inventory.Sell("other", unitsAt("MUG", "berlin", 4)))
		require.NoError(t, err)
	}
	out, err := s.Apply(t.Context(), inventory.Sell("1", units("MUG", 6)))
	require.NoError(t, err)
	require.Equal(t, []string{"5 MUG lyon", "1 MUG berlin"}, texts(out.Lines))

	store.reads = 0
	_, err = s.Apply(t.Context(), inventory.Sell("2", units("MUG", 2)))
	require.ErrorIs(t, err, inventory.ErrInsufficient)
	require.Equal(t, 2, store.reads, "the same choice is not tried again")
	require.EqualValues(t, 1, short(t, err)[0].Left)
}

func TestSourcingKeepsToTheChannelsLocations(t *testing.T) {
	s, _ := newStock(t, &inventory.Config{Sourcer: inventory.MostStock()})
	require.NoError(t, s.Configure(t.Context(), inventory.Settings{Channels: []inventory.Channel{{Name: "till", Locations: []string{"lyon"}}}}))
	track(t, s, unitsAt("MUG", "berlin", 60), unitsAt("MUG", "lyon", 5), unitsAt("TEE", "berlin", 5))
	out, err := s.Apply(t.Context(), inventory.Sell("1", units("MUG", 1)).ReportedBy("till"))
	require.NoError(t, err)
	require.Equal(t, "lyon", out.Lines[0].Location)
	_, err = s.Apply(t.Context(), inventory.Sell("2", units("TEE", 1)).ReportedBy("till"))
	require.ErrorIs(t, err, inventory.ErrUntracked)
	out, err = s.Apply(t.Context(), inventory.Sell("3", units("MUG", 1)))
	require.NoError(t, err)
	require.Equal(t, "berlin", out.Lines[0].Location)
}

func TestSpreadKitsOnlyWhereTheyHaveTo(t *testing.T) {
	for spread, want := range map[bool]int64{false: 1, true: 3} {
		s, _ := newStock(t, &inventory.Config{Kits: boxes(), Sourcer: inventory.FewestLocations(), SpreadKits: spread})
		track(t, s, unitsAt("MUG", "berlin", 2), unitsAt("TEE", "berlin", 1), unitsAt("MUG", "lyon", 4), unitsAt("TEE", "porto", 9), unitsAt("TEE", "lyon", 0))
		n, err := s.Available(t.Context(), "BOX")
		require.NoError(t, err)
		require.Equal(t, want, n)
		first, err := s.Reserve(t.Context(), "first", time.Minute, units("BOX", 1))
		require.NoError(t, err)
		for _, l := range first.Lines {
			require.Equal(t, "berlin", l.Location, "where it can be whole it is")
		}
		_, err = s.Reserve(t.Context(), "second", time.Minute, units("BOX", 2))
		if spread {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, []string{"BOX"}, short(t, err)[0].Kits)
	}
}

func TestSourcerThatFails(t *testing.T) {
	down := errors.New("routing service is down")
	s, _ := newStock(t, &inventory.Config{Sourcer: inventory.SourcerFunc(
		func(context.Context, []inventory.Line, []inventory.Level) ([]inventory.Line, error) { return nil, down })})
	track(t, s, unitsAt("MUG", "berlin", 2))
	out := s.ApplyBatch(t.Context(), []inventory.Change{inventory.Sell("1", units("MUG", 1)), inventory.Sell("2", unitsAt("MUG", "berlin", 1))})
	require.ErrorIs(t, out[0].Err, down)
	require.NoError(t, out[1].Err, "who has a location needs it not")
}
