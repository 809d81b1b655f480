package inventory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
)

// A Sourcer would look where units are reserved by whoever, not where the hold
// has them.
func TestPartsAreNotSourced(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	stock, err := inventory.New(memstore.New(nil), "acme", &inventory.Config{Sourcer: inventory.FewestLocations()})
	require.NoError(t, err)
	_, err = stock.Apply(ctx, inventory.Track("t", unitsAt("a", "berlin", 9), unitsAt("a", "lyon", 9)))
	require.NoError(t, err)
	_, err = stock.Reserve(ctx, "cart", time.Hour, unitsAt("a", "berlin", 1))
	require.NoError(t, err)
	_, err = stock.Apply(ctx, inventory.CommitPart("p", "cart", "o/1", units("a", 1)))
	var invalid *inventory.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "Lines[0].Location", invalid.Field)
	_, err = stock.Apply(ctx, inventory.CommitPart("p", "cart", "o/1", unitsAt("a", "berlin", 1)))
	require.NoError(t, err)
}
