package queue

import (
	"context"
	"errors"
	"fmt"
)

// A Handler handles one event. It returns nil once every effect is durable;
// the event is acknowledged then and only then. It is called concurrently for
// events of different keys and must take a repeated event for what it is.
//
// The context ends after the Router's Timeout. It does not end with the context
// of Run: a handler that has begun may finish.
type Handler func(ctx context.Context, e Event) error

// A BatchHandler handles several events at once and returns an error per event,
// in their order; nil means that all went well. No two events of one batch, and
// of batches handled at the same time, have the same key.
type BatchHandler func(ctx context.Context, events []Event) []error

// ByMerchant returns a Handler that passes each event to the handler of its
// merchant. An error of pick steers the Router as a handler's error does: make
// it Permanent for a merchant that will never be known. pick is called for
// every event, concurrently.
func ByMerchant(pick func(merchant string) (Handler, error)) Handler {
	return func(ctx context.Context, e Event) error {
		h, err := pick(e.Merchant)
		if err != nil {
			return fmt.Errorf("queue: pick a handler for merchant %q: %w", e.Merchant, err)
		}
		if h == nil {
			return Permanent(fmt.Errorf("queue: no handler for merchant %q", e.Merchant))
		}
		return h(ctx, e)
	}
}

// one makes a Handler the batch of one that the Router works with.
func one(h Handler) BatchHandler {
	return func(ctx context.Context, events []Event) []error {
		return []error{h(ctx, events[0])}
	}
}

var errGoexit = errors.New("handler ended its goroutine without returning")
