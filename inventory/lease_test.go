package inventory_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

func TestValidLease(t *testing.T) {
	t.Parallel()
	keys := []inventory.Key{{SKU: "MUG", Location: "berlin"}}
	require.NoError(t, inventory.ValidLease("acme", keys, time.Millisecond))
	require.NoError(t, inventory.ValidLease("acme", times(keys[0], inventory.MaxLines), inventory.MaxLease))
	for field, err := range map[string]error{
		"Merchant":         inventory.ValidLease("", keys, time.Second),
		"Keys":             inventory.ValidLease("acme", nil, time.Second),
		"Keys has 1001":    inventory.ValidLease("acme", times(keys[0], inventory.MaxLines+1), time.Second),
		"Keys[1].SKU":      inventory.ValidLease("acme", append(keys, inventory.Key{Location: "berlin"}), time.Second),
		"Keys[1].Location": inventory.ValidLease("acme", append(keys, inventory.Key{SKU: "MUG"}), time.Second),
		"ttl is 0s":        inventory.ValidLease("acme", keys, 0),
		"ttl is 1h0m0.001": inventory.ValidLease("acme", keys, inventory.MaxLease+time.Millisecond),
	} {
		require.ErrorIs(t, err, inventory.ErrInvalid)
		require.ErrorContains(t, err, field)
	}
}

func times(k inventory.Key, n int) []inventory.Key {
	keys := make([]inventory.Key, n)
	for i := range keys {
		keys[i] = k
	}
	return keys
}

// That somebody else decides on a level is an answer: a queue tries that one
// message again, and does not hold up all others.
func TestLeasedAndFencedAreAnswers(t *testing.T) {
	t.Parallel()
	leased := &inventory.LeasedError{Keys: []inventory.Key{{SKU: "MUG", Location: "berlin"}, {SKU: "TEE", Location: "lyon"}}}
	require.EqualError(t, leased, "inventory: level is leased: MUG@berlin, TEE@lyon")
	for _, err := range []error{leased, inventory.ErrLeased, inventory.ErrFenced} {
		require.True(t, inventory.Answered(fmt.Errorf("lock: %w", err)))
		require.False(t, inventory.Answered(errors.New(err.Error())))
	}
}
