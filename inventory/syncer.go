package inventory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Syncer tells one channel about stock. A [Pusher] calls it; it keeps no
// state, does not retry and has no clock.
type Syncer interface {
	// Channel is the name in the merchant's settings.
	Channel() string
	// Prepare makes the bytes of the request that tells the channel about the
	// batch, once. Entries that can't be told are refused, with the reason:
	// refused is nil or has one Result per push, Status [Refused] where so,
	// else empty.
	Prepare(ctx context.Context, b Batch) (request []byte, refused []Result, err error)
	// Send sends b.Request and returns one Result per push. An error means one
	// thing only: no answer. The same bytes are then sent again.
	Send(ctx context.Context, b Batch) ([]Result, error)
}

// Batch is a set of pushes that are told by one request.
type Batch struct {
	ID, Epoch, Merchant, Channel string
	Pushes                       []Push
	// Request is what was sealed; nil before.
	Request []byte
	// Attempt counts leases, from 1.
	Attempt int
	// FirstSent is when the batch was sealed, by the store's clock.
	FirstSent time.Time
	// Now is the store's clock at the claim.
	Now time.Time
}

// Key is the idempotency key of the batch, a UUID made from merchant, channel,
// epoch and ID: the same for every try.
func (b Batch) Key() string {
	sum := sha256.Sum256([]byte(b.Merchant + "\x00" + b.Channel + "\x00" + b.Epoch + "\x00" + b.ID))
	sum[6] = sum[6]&0x0f | 0x80 // version 8: made by our own rule
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Push is one level to tell a channel about.
type Push struct {
	Key
	// Delta is what to add to the channel's number, Target what it then is as
	// far as we know. Channels that take relative numbers use Delta. A pooled
	// channel's pushes have no location.
	Delta, Target int64
	// Since is when the level became pending.
	Since time.Time
}

// String is for messages.
func (p Push) String() string { return fmt.Sprintf("%s: %+d, to %d", p.Key, p.Delta, p.Target) }

// PushStatus is what became of one push.
type PushStatus string

const (
	// Applied by the channel, now or by an earlier try.
	Applied PushStatus = "applied"
	// Replaced: the channel was told Target and shows that now, whatever it
	// showed before. What it was heard to sell meanwhile is told again, since
	// nobody knows whether it was before or after.
	Replaced PushStatus = "replaced"
	// Deferred: not applied for want of something else, e.g. because of
	// another entry of the request; it comes back in a new batch.
	Deferred PushStatus = "deferred"
	// Refused: not applied and will not be; the level is parked with the
	// reason until RetryIn has passed, or until stock falls below what the
	// channel shows if what was refused was a rise.
	Refused PushStatus = "refused"
	// Lapsed: nobody knows, and no answer will tell: e.g. there was none until
	// the channel forgot the idempotency key. A rise counts as applied and a fall as not, which errs on
	// the side of less; the level is parked, as by Refused, for a person to compare.
	Lapsed PushStatus = "lapsed"
)

// Result of one push of a batch.
type Result struct {
	Status PushStatus
	// Err is the reason of Refused and Deferred.
	Err error
	// RetryIn is when a parked level is tried again; 0: after an hour.
	RetryIn time.Duration
}

// Belief is how a level stands with a channel.
type Belief struct {
	Key
	Channel string
	// Target is what the channel should show, Believed what it shows as far as
	// we know; Known tells whether it was ever read.
	Target, Believed int64
	Known            bool
	// Pending: Target is to be told, and the level is in no batch yet.
	Pending bool
	// InFlight is the batch that tells the channel; "" if none.
	InFlight string
	// Parked is the reason why the level is not told; "" if it is.
	Parked string
	// Since is when it became pending or parked; zero if neither.
	Since time.Time
}

// String is for messages.
func (b Belief) String() string {
	return fmt.Sprintf("%s on %s: target %d, believed %d, known %t, pending %t, in flight %q, parked %q",
		b.Key, b.Channel, b.Target, b.Believed, b.Known, b.Pending, b.InFlight, b.Parked)
}
