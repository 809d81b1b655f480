// Package queue carries events between services and sees that each has its
// effect: in order per key, tried again when it fails, set aside with the reason
// when it keeps failing, and acknowledged only when it is done.
//
// A backend is a [Queue]: package memqueue in the process, others for brokers.
// A [Router] sits on any of them and calls handlers.
//
//	q := memqueue.New(nil)
//	r := queue.NewRouter(q, nil)
//	r.Handle("orders", "stock", func(ctx context.Context, e queue.Event) error {
//		return apply(ctx, e.Body)
//	})
//	err := r.Run(ctx) // until ctx ends and what has begun is finished
//
// # Events, topics, groups
//
// An [Event] is published to a topic. Every group of the topic gets it; the
// processes within one group share the work. Delivery is at least once: an event
// that was handled but whose acknowledgement was lost comes again, and so do
// those that a process held when it ended. Handlers recognise a repeat by
// Event.ID, which its publisher keeps the same.
//
// # Order
//
// Events with the same Key are handled one after the other, in order. Different
// keys run in parallel up to RouterConfig.Concurrency handler calls, also within
// one partition, queue or stream of a broker. Events without a Key run in any
// order. Across processes the order is as good as the broker's: those that bind
// a key to one consumer keep it, the others do not.
//
// A [BatchHandler] gets the events that are there, up to BatchSize and at most
// one of a key, and answers with an error per event.
//
// # Errors
//
// What a handler's error means is asked of the error itself, with errors.As, so
// packages that return such errors need not import this one:
//
//	Permanent() bool            true: to the dead letters at once
//	Unavailable() bool          true: something else is down; wait, costs no attempt
//	RetryAfter() time.Duration  the wait before the next attempt, up to 15 min
//	Reason() string             the reason in the dead letter
//
// [Permanent], [Unavailable] and [RetryAfter] wrap any error so. All other
// errors, panics among them, are tried again after 1 s, 2 s, 4 s and 8 s, give or
// take a fifth, and go to the dead letters after MaxAttempts failures. While
// an event waits, its key waits, and no other. No more than Window events
// are held back like that; at the bound the subscription receives no more
// until one of them is settled. Waits are kept in the process: the event stays
// unacknowledged, and returns to the queue when the process ends.
//
// # Dependencies
//
// Each subscription has a circuit breaker. After BreakerFailures calls in a row
// that were Unavailable it opens: nothing is received or handled for
// BreakerPause, then one call tries. A success closes it. An outage however long
// costs no attempt and kills no event. Where one merchant of many is down, calls
// for others succeed in between and the breaker stays closed; only the keys
// concerned wait.
//
// # Dead letters
//
// An event that failed for good is published to [DeadTopic] with its reason,
// error, number of attempts and times, and only then acknowledged. It is the
// original event plus headers, not longer than the original by more than these. If
// the queue does not take the letter, the event is kept and its key waits.
// [DeadLetters] lists, replays and purges; a replayed event goes to the group
// that it failed in, and the Routers of other groups pass it over.
//
// Dead letters hold what the events hold, personal data included. They stay
// until they are replayed or purged, or for as long as the broker keeps them.
//
// # Shutdown
//
// When the context of [Router.Run] ends, nothing new is taken, what has not
// started is given back, and handlers that work are left to finish: their
// contexts do not end with it. What finishes within DrainTimeout is acknowledged
// and not delivered again. After that the contexts are cancelled; a handler
// that obeys has its event given back without cost, one that does not return
// within two more seconds is reported as left.
//
// # Time
//
// The decisions (which event may run, what an error means, whether to pause)
// are steps without goroutines; one loop per subscription does the waiting. All
// of it uses package time, so tests run in a testing/synctest bubble and wait
// for nothing. [Router.Drain] handles what is there and returns.
//
// # Writing a backend
//
// Implement [Queue], and [Lagger] if the broker can count. Package queuetest
// checks the result. Keep it plain: no retries of handlers, no waiting, no
// reordering; that is the Router's work. Deliveries may stay unsettled for as
// long as a handler runs and its key waits, so a broker's visibility timeout has
// to be extended meanwhile, and positions in a log may be committed only up to
// the oldest unsettled event.
package queue
