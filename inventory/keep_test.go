package inventory

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCompactFormLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		if len(body) > 0 && body[0] == compactForm {
			body[0] = '{'
		}
		out, err := unpacked(packed(body))
		require.NoError(t, err)
		require.True(t, bytes.Equal(body, out))
	})
}

// usual is the record of an order as most are: two lines, paid and shipped, at
// one of two places, one unit returned.
func usual(t *testing.T) []byte {
	t.Helper()
	rec := record{
		Order: Order{
			Channel: "shopify/acme-eu", ID: "5543210987654", Created: 1760000000, Updated: 1760300123, Full: true,
			Lines: []OrderLine{{ID: "14012345678901", SKU: "MUG-BLUE-L", Ordered: 2}, {ID: "14012345678902", SKU: "TEE-RED-M", Ordered: 1}},
			Refunds: []Refund{{ID: "99123456789", Confirmed: true, Lines: []RefundLine{
				{Line: "14012345678902", Restock: RestockReturn, Location: "berlin", Quantity: 1},
			}}},
			Fulfillments: []Fulfillment{{
				ID: "4712345678901", Status: FulfillmentShipped, Confirmed: FulfillmentShipped, Location: "berlin",
				Lines: []FulfillmentLine{{Line: "14012345678901", Quantity: 2}, {Line: "14012345678902", Quantity: 1}},
			}},
		},
		Homes:  map[string]string{"14012345678901": "berlin", "14012345678902": "berlin"},
		Booked: Movement{{SKU: "MUG-BLUE-L", Location: "berlin", Available: -2}},
	}
	body, err := json.Marshal(rec)
	require.NoError(t, err)
	return body
}

func TestCompactFormIsSmall(t *testing.T) {
	t.Parallel()
	whole := usual(t)
	compact := packed(whole)
	t.Logf("%d bytes whole, %d compact", len(whole), len(compact))
	require.Less(t, 3*len(compact), len(whole))
}

func TestCompactFormThatIsSpoilt(t *testing.T) {
	t.Parallel()
	compact := packed(usual(t))
	for _, body := range [][]byte{compact[:1], compact[:len(compact)/2], {compactForm, 0xff, 0xff}} {
		_, err := decodeRecord(Document{Name: "o/1", Version: 1, Body: body})
		require.ErrorContains(t, err, "o/1 is not readable")
	}
	bomb := packed(bytes.Repeat([]byte(" "), MaxDocument+1))
	_, err := unpacked(bomb)
	require.ErrorIs(t, err, errTooLong)
}

// The dictionary is part of what is stored: a record that was written long ago
// must be readable for ever.
func TestCompactFormOfOldRecords(t *testing.T) {
	t.Parallel()
	written, err := hex.DecodeString("019c94b90a023110865fc8c064726d5a31d8ec36e296162a2904b5102cf3ee22e2986308b2699339bfff4f17ccf17c8b223ebf7c8cd1" +
		"0a25f8c159a34b58163ea78066410148545d7852bf9f6863dde04112ab69de8af5380731e6d490a016614861fb10c42e6cc4d4b06e1ce43d25f8cb4c4d" +
		"45c65ad9e64ff171bddc39cebceab4abd6b0408254b3dfbc2cbac24c96cd8c55f369f5fbcdaa9459f52a0bdd70b22e3873a3e4f2c57448af000000ffff")
	require.NoError(t, err)
	body, err := unpacked(written)
	require.NoError(t, err)
	require.JSONEq(t, string(usual(t)), string(body))
}
