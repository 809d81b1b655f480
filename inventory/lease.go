package inventory

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// MaxLease is the longest time that a lease runs without being renewed.
const MaxLease = time.Hour

// Leaser is an optional power of a [Store]: it leases levels, so that for a
// while nobody but the holder decides on them. It is safe for concurrent use
// by many processes. Package lock uses it; so may a program with a protocol of
// its own.
//
// A lease is in force from its Lease until its Unlease or ExpiresAt, by the
// store's clock; at ExpiresAt itself it is over. One that is over is nobody's.
// A level has at most one lease in force. Leases know nothing of levels: a key
// that is not tracked can be leased, and no lease moves a level's Version.
//
// This is what a store checks of a [Change], in the step that applies it:
//
//  1. Its ID, reservation or document, as ever: a repeat is a repeat, whoever
//     has leased what.
//  2. Its Guards, in order: of each the Fence first, if it has one, then the
//     Version. [ErrFenced] if the lease in force on the level has another token
//     or there is none. That goes for every Change that carries a Fence.
//  3. The leases of the levels that its lines move, those of its reservation
//     included: [*LeasedError] with every level whose lease in force has a token
//     that none of the Change's Guards on that level has.
//  4. Everything else: levels that are not tracked, floors.
//
// The third step is left out for what was decided elsewhere or before. That is
// every Recorded Change; Expire; and what settles a hold with what the hold has:
// Release, and a Commit before the hold's time is over, parts of a hold
// included. (Extend moves nothing. A later Commit takes units anew; of a leased level its error is an ErrLeased and
// no [ErrExpired], as the next try may succeed.)
// So a lease never stands between a customer who has paid and his cart, and
// while it is in force nobody else takes units from the level but by what has
// happened already.
//
// A lease that is over when a Change moves its level is over for good, also if the
// store's clock goes back. So are all once an applied Change, or a Lease, finds
// none in force.
type Leaser interface {
	// Lease leases all keys for ttl in one step, or none: [*LeasedError] names
	// those of which another lease is in force, the caller's own not excepted.
	// The token grows with every Lease of the merchant, and is never given out
	// twice. After [ErrUnknown] the keys may be leased to nobody until ttl is
	// over. A client that sends the same call again by itself gets one lease.
	Lease(ctx context.Context, merchant string, keys []Key, ttl time.Duration) (Lease, error)
	// Renew makes a lease last until ttl from now, never shorter, on all of its
	// keys or on none: [ErrFenced] if it is no longer in force on one of them,
	// also if nobody else has taken it. The token stays.
	Renew(ctx context.Context, l Lease, ttl time.Duration) (Lease, error)
	// Unlease gives a lease back. Where it is no longer in force nothing
	// happens, and that is no error.
	Unlease(ctx context.Context, l Lease) error
}

// Lease is the right to decide on some levels for a while.
type Lease struct {
	Merchant string
	// Keys are sorted, each once.
	Keys []Key
	// Fence is the token, above zero. A [Guard] with it makes the store refuse
	// what the holder writes after the lease is over.
	Fence int64
	// ExpiresAt is by the store's clock, in whole milliseconds.
	ExpiresAt time.Time
}

// LeasedError names the levels that another holder has leased. It is an
// ErrLeased.
type LeasedError struct{ Keys []Key }

func (e *LeasedError) Error() string {
	parts := make([]string, len(e.Keys))
	for i, k := range e.Keys {
		parts[i] = k.String()
	}
	return ErrLeased.Error() + ": " + strings.Join(parts, ", ")
}

// Is makes it an ErrLeased.
func (e *LeasedError) Is(target error) bool { return target == ErrLeased }

// ValidLease checks what every [Leaser] may rely on, and returns an
// [*InvalidError] that names the first bad argument: 1 to [MaxLines] whole keys,
// and a ttl of 1 ms to [MaxLease].
func ValidLease(merchant string, keys []Key, ttl time.Duration) error {
	if err := ValidMerchant(merchant); err != nil {
		return err
	}
	if len(keys) < 1 || len(keys) > MaxLines {
		return &InvalidError{Field: "Keys", Problem: fmt.Sprintf("has %d entries, must have 1 to %d", len(keys), MaxLines)}
	}
	for i, k := range keys {
		if err := validKey(fmt.Sprintf("Keys[%d]", i), k); err != nil {
			return err
		}
	}
	if ttl < time.Millisecond || ttl > MaxLease {
		return &InvalidError{Field: "ttl", Problem: fmt.Sprintf("is %v, must be 1 ms to %v", ttl, MaxLease)}
	}
	return nil
}
