package shopify

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// The recorded life of one order: two units of a SKU and two of a tracked item
// without one, and a custom line. One unit is refunded, then the order is
// cancelled, and one unit of those left is not put back.
var recordedLife = []struct{ topic, file string }{
	{"orders/create", "orders_create"},
	{"refunds/create", "refunds_create_restock"},
	{"orders/updated", "orders_updated_after_refund"},
	{"orders/cancelled", "orders_cancelled"},
}

var recordedResolver = resolver{
	Channel: "shopify/acme",
	SKU: func(variant, sku string) string {
		if sku == "" {
			return "item:" + variant
		}
		return sku
	},
	Location: func(id string) string { return map[string]string{"73971466454": "berlin"}[id] },
}

func webhook(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("shopifytest", "testdata", "webhooks", file+".json"))
	require.NoError(t, err)
	return raw
}

func recorded(t testing.TB, topic, file string) inventory.Order {
	t.Helper()
	b, err := decodeWebhook(topic, webhook(t, file))
	require.NoError(t, err)
	o := facts(b, recordedResolver)
	require.NoError(t, o.Validate())
	return o
}

// arrangements calls f with every order of the numbers below n.
func arrangements(n int, f func([]int)) {
	var place func(done, left []int)
	place = func(done, left []int) {
		if len(left) == 0 {
			f(done)
		}
		for i, x := range left {
			rest := append(append([]int(nil), left[:i]...), left[i+1:]...)
			place(append(append([]int(nil), done...), x), rest)
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	place(nil, all)
}

// After all of them, three of the four tracked units are back and one is gone.
var recordedEnd = inventory.Movement{{SKU: "item:44843038015702", Location: "berlin", Available: -1}}

func TestRecordedLifeInEveryOrderAndDoubled(t *testing.T) {
	t.Parallel()
	for _, locations := range [][]string{{"berlin"}, {"berlin", "paris"}} {
		places := inventory.Places{Locations: locations}
		arrangements(len(recordedLife), func(order []int) {
			var once, doubled inventory.Order
			for _, i := range order {
				o := recorded(t, recordedLife[i].topic, recordedLife[i].file)
				once = inventory.Merge(once, o)
				doubled = inventory.Merge(inventory.Merge(o, doubled), o)
			}
			require.Equal(t, once, doubled)
			got, why := once.Implied(places)
			require.Equal(t, recordedEnd, got, "%v", order)
			if len(locations) == 1 {
				require.Empty(t, why)
			} else { // whether the missing unit left from there
				require.Equal(t, []inventory.Reason{inventory.UnsurePlace}, why)
			}
		})
	}
}

// What arrived, without a fetch, when one is missing. Then a fetch brings the
// newest full order that was sent.
func TestRecordedLifeWithMissingWebhooks(t *testing.T) {
	t.Parallel()
	places := inventory.Places{Locations: []string{"berlin"}}
	const managed, unnamed = "sku-managed-1", "item:44843038015702"
	beforeCancel := inventory.Movement{
		{SKU: unnamed, Location: "berlin", Available: -2, Committed: 2},
		{SKU: managed, Location: "berlin", Available: -1, Committed: 1},
	}
	for mask := range 1 << len(recordedLife) {
		var o inventory.Order
		for i, m := range recordedLife {
			if mask>>i&1 == 1 {
				o = inventory.Merge(o, recorded(t, m.topic, m.file))
			}
		}
		got, why := o.Implied(places)
		created, refunded, updated, cancelled := mask&1 > 0, mask&2 > 0, mask&4 > 0, mask&8 > 0
		name := fmt.Sprintf("%04b", mask)
		switch {
		case cancelled:
			require.Equal(t, recordedEnd, got, name)
			require.Empty(t, why, name)
		case updated:
			require.Equal(t, beforeCancel, got, name)
			require.Empty(t, why, name)
		case created && refunded: // counted, but not confirmed
			require.Equal(t, beforeCancel, got, name)
			require.Equal(t, []inventory.Reason{inventory.UnsureOrder}, why, name)
		case created:
			require.Equal(t, inventory.Movement{
				{SKU: unnamed, Location: "berlin", Available: -2, Committed: 2},
				{SKU: managed, Location: "berlin", Available: -2, Committed: 2},
			}, got, name)
			require.Empty(t, why, name)
		default:
			require.Empty(t, got, name)
			require.Equal(t, []inventory.Reason{inventory.UnsureOrder}, why, name)
		}
		fetched, err := decodeWebhook("orders/updated", webhook(t, "orders_cancelled"))
		require.NoError(t, err)
		fetched.Read = fetched.Updated + 60
		got, why = inventory.Merge(o, facts(fetched, recordedResolver)).Implied(places)
		require.Equal(t, recordedEnd, got, name)
		require.Empty(t, why, name)
	}
}

func TestRecordedEditAsksForAFetch(t *testing.T) {
	t.Parallel()
	edit := recorded(t, "orders/edited", "orders_edited")
	require.Equal(t, inventory.Order{Channel: "shopify/acme", ID: "5364772372694", Edited: 1794477601}, edit)
	o := inventory.Merge(recorded(t, "orders/create", "orders_create"), edit)
	_, why := o.Implied(inventory.Places{Locations: []string{"berlin"}})
	require.Equal(t, []inventory.Reason{inventory.UnsureOrder}, why)

	for late, settled := range map[int64]bool{0: false, 1: true} {
		fetched, err := decodeWebhook("orders/updated", webhook(t, "orders_updated_after_refund"))
		require.NoError(t, err)
		fetched.Read = edit.Edited + late
		_, why = inventory.Merge(o, facts(fetched, recordedResolver)).Implied(inventory.Places{})
		require.Equal(t, settled, len(why) == 0, "a fetch %d s after the edit", late)
	}
}

func TestRecordedIDsAboveTwoToThe53(t *testing.T) {
	t.Parallel()
	b, err := decodeWebhook("refunds/create", []byte(`{"id":271878346596884015,"order_id":"gid://shopify/Order/271878346596884017",`+
		`"refund_line_items":[{"line_item_id":"271878346596884019","quantity":1,"restock_type":"return","location_id":null}]}`))
	require.NoError(t, err)
	require.Equal(t, orderBody{Kind: bodyPart, ID: "271878346596884017", Refunds: []bodyRefund{{
		ID: "271878346596884015", Lines: []bodyRefundLine{{Line: "271878346596884019", Restock: "return", Quantity: 1}},
	}}}, b)
}
