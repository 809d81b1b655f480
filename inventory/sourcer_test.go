package inventory_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

func TestFixedLocation(t *testing.T) {
	t.Parallel()
	need := []inventory.Line{{SKU: "a", Quantity: 1}, {SKU: "b", Location: "lyon", Quantity: 2}}
	got, err := inventory.FixedLocation("berlin").Source(t.Context(), need, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []inventory.Line{{SKU: "a", Location: "berlin", Quantity: 1}, {SKU: "b", Location: "lyon", Quantity: 2}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if need[0].Location != "" {
		t.Error("the caller's lines must stay as they are")
	}
}

func TestMostStock(t *testing.T) {
	t.Parallel()
	level := func(sku, location string, available int64) inventory.Level {
		return inventory.Level{Key: inventory.Key{SKU: sku, Location: location}, Available: available}
	}
	levels := []inventory.Level{level("a", "berlin", 4), level("a", "lyon", 6), level("a", "porto", 4), level("b", "berlin", 9)}
	safe := level("a", "lyon", 6)
	safe.Rules.SafetyStock = 5
	one := func(n int64) []inventory.Line { return []inventory.Line{{SKU: "a", Quantity: n}} }
	for _, tt := range []struct {
		name   string
		prefer []string
		need   []inventory.Line
		levels []inventory.Level
		want   []string
	}{
		{"most", nil, one(1), levels, []string{"lyon"}},
		{"most of what can be sold", nil, one(1), []inventory.Level{level("a", "berlin", 2), safe}, []string{"berlin"}},
		{"among equals the name", nil, one(1), []inventory.Level{level("a", "porto", 4), level("a", "berlin", 4)}, []string{"berlin"}},
		{"among equals the preferred", []string{"rome", "porto"}, one(1), []inventory.Level{level("a", "berlin", 4), level("a", "porto", 4)}, []string{"porto"}},
		{"preference does not beat stock", []string{"porto"}, one(1), levels, []string{"lyon"}},
		{"lines share what is left", nil, slices.Concat(one(3), one(3)), levels, []string{"lyon", "berlin"}},
		{"a given location takes its part", nil, slices.Concat([]inventory.Line{{SKU: "a", Location: "lyon", Quantity: 3}}, one(1)), levels, []string{"lyon", "berlin"}},
		{"short everywhere is not for it to say", nil, one(99), levels, []string{"lyon"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kept := slices.Clone(tt.need)
			lines, err := inventory.MostStock(tt.prefer...).Source(t.Context(), tt.need, tt.levels)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, l := range lines {
				got = append(got, l.Location)
				if l.SKU != kept[i].SKU || l.Quantity != kept[i].Quantity {
					t.Errorf("line %d became %+v", i, l)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !slices.Equal(tt.need, kept) {
				t.Error("the caller's lines must stay as they are")
			}
		})
	}
}

func TestMostStockOfTheUnknown(t *testing.T) {
	t.Parallel()
	_, err := inventory.MostStock().Source(t.Context(), []inventory.Line{{SKU: "a", Quantity: 1}}, nil)
	var e *inventory.UntrackedError
	if !errors.As(err, &e) || !slices.Equal(e.Keys, []inventory.Key{{SKU: "a"}}) {
		t.Errorf("got %v: unknown is not out of stock", err)
	}
}
