package queue

import (
	"context"
	"iter"
	"time"
)

// A Publisher puts events into topics. It is safe for concurrent use.
type Publisher interface {
	// Publish returns nil once the queue has confirmed every event. After any
	// other answer some of them may be in the topic: publish all of them again
	// with the same IDs, and handlers see the repeats as such. Errors are
	// ErrTooLarge and ErrNoTopic (nothing was published), ErrClosed, the
	// context's, or the broker's.
	Publish(ctx context.Context, topic string, events ...Event) error
}

// A Subscriber opens subscriptions. It is safe for concurrent use.
type Subscriber interface {
	// Subscribe joins a group of a topic. Every group gets every event;
	// the subscriptions within one group share them. The context bounds the
	// call, not the subscription. Errors are ErrNoTopic, ErrClosed, the
	// context's, or the broker's.
	Subscribe(ctx context.Context, topic, group string) (Subscription, error)
}

// A Subscription is one consumer's place in a group. Receive is for one
// goroutine at a time; the deliveries may be settled from any.
type Subscription interface {
	// Receive waits until at least one event is there and returns up to max of
	// those that are, in the order in which they may be handled. It returns the
	// context's error when that ends first, and then has taken nothing, and
	// ErrClosed after Close. A max below 1 means 1.
	Receive(ctx context.Context, max int) ([]Delivery, error)
	// Close gives back what was received and not settled, so that the group
	// gets it again. Settle what is finished before closing.
	Close(ctx context.Context) error
}

// A Delivery is an event together with the duty to settle it: Ack or Nack,
// once. One that is never settled comes back, at the latest when its
// subscription is closed or its process is gone.
type Delivery struct {
	Event Event
	// Ack says that the event is done. An error means that it may come back.
	Ack func(ctx context.Context) error
	// Nack gives the event back, to be delivered again once the given time has
	// passed; with 0 or less, at once. Queues that cannot wait deliver sooner.
	Nack func(ctx context.Context, after time.Duration) error
}

// A Browser looks at events without taking them. It is safe for concurrent use.
type Browser interface {
	// Browse yields what a topic keeps, oldest first, as of the call; what comes
	// later may be left out. It is meant for topics that no group subscribes
	// to, as dead letter topics are: these keep events until someone removes
	// them. Ack removes the event; one that is left alone or nacked stays. An
	// error ends the iteration. A backend says in its documentation what it
	// yields for a topic that has groups.
	Browse(ctx context.Context, topic string) iter.Seq2[Delivery, error]
}

// A Queue is what every backend offers.
type Queue interface {
	Publisher
	Subscriber
	Browser
	// Close ends all subscriptions and releases what the queue holds. Calls
	// made afterwards answer ErrClosed. The context bounds how long it may take.
	Close(ctx context.Context) error
}

// A Lagger is a Queue that can tell how much is waiting. It is optional: the
// Router uses it to end a Drain at once instead of waiting for silence.
type Lagger interface {
	// Lag counts what a group of a topic has not handled, whether or not this
	// process subscribes to it.
	Lag(ctx context.Context, topic, group string) (Lag, error)
}

// Lag is what one group has not handled yet.
type Lag struct {
	// Waiting could be received now; Delayed was nacked and its time has not
	// come; InFlight is received and not settled, by any consumer of the group.
	Waiting, Delayed, InFlight int
	// Oldest is the Time of the oldest event among them, zero if unknown or none.
	Oldest time.Time
	// Exact is false where the numbers are estimates, as SQS gives them.
	Exact bool
}
