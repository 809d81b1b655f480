package inventory

import "context"

// Idempotent is an optional power of a [Syncer]: its requests can be sent twice
// by their nature, as absolute numbers can, so that a [Pusher] asks for no proof
// of it ([Channel.ReplayProved]) and never gives up a batch as [Lapsed].
type Idempotent interface {
	Idempotent() bool
}

// SyncFunc returns the Syncer of a channel that takes absolute numbers, such as
// a marketplace without idempotency keys. The function tells the channel the
// Target of every push and returns one result for each, in order; an error means
// one thing only: no answer, and the same batch comes again.
//
// An absolute number gives back what the channel has sold and nobody has heard
// of yet. What is heard of while a push is under way is told again (see
// [Replaced]); for the rest the channel needs a [Channel.Buffer].
func SyncFunc(channel string, sync func(ctx context.Context, b Batch) ([]Result, error)) Syncer {
	return syncFunc{channel, sync}
}

type syncFunc struct {
	channel string
	sync    func(ctx context.Context, b Batch) ([]Result, error)
}

// Channel implements [Syncer].
func (s syncFunc) Channel() string { return s.channel }

// Idempotent implements [Idempotent].
func (s syncFunc) Idempotent() bool { return true }

// Prepare implements [Syncer]: the pushes say all there is to send.
func (s syncFunc) Prepare(context.Context, Batch) ([]byte, []Result, error) { return nil, nil, nil }

// Send implements [Syncer].
func (s syncFunc) Send(ctx context.Context, b Batch) ([]Result, error) {
	results, err := s.sync(ctx, b)
	for i := range results {
		if results[i].Status == Applied {
			results[i].Status = Replaced
		}
	}
	return results, err
}

var _ Idempotent = syncFunc{}
