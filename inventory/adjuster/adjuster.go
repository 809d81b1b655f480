// Package adjuster is the inventory adjuster: the two ends of a topic of
// Changes. [To] publishes Changes instead of applying them, and [Handler]
// applies what was published. An [inventory.Emitter] stands before either, so
// a queue can be put between a source of Changes and the stock, or taken out,
// without touching anything else:
//
//	orders := shopify.NewOrderConsumer(stock, ...)                        // at once
//	orders := shopify.NewOrderConsumer(adjuster.To(q, "changes"), ...)    // through a queue
//	router.HandleBatch("changes", "adjuster", adjuster.Handler(...))      // its other end
//
// A Change may be delivered more than once and in any order: its ID, its
// reservation or its order's document makes it take effect once.
package adjuster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/queue"
)

// Schema is the version of the body's layout: a Change as JSON.
const Schema = 1

// To returns an Emitter that publishes Changes to a topic. Each must name its
// Merchant. Emit returns nil once the queue has confirmed all of them; after an
// error emit all again. It is safe for concurrent use.
func To(pub queue.Publisher, topic string) inventory.Emitter { return emitter{pub, topic} }

type emitter struct {
	pub   queue.Publisher
	topic string
}

func (e emitter) Emit(ctx context.Context, changes ...inventory.Change) error {
	events := make([]queue.Event, len(changes))
	for i, c := range changes {
		var err error
		if events[i], err = event(c); err != nil {
			return err
		}
	}
	if len(events) == 0 {
		return nil
	}
	return e.pub.Publish(ctx, e.topic, events...)
}

func event(c inventory.Change) (queue.Event, error) {
	if err := inventory.ValidMerchant(c.Merchant); err != nil {
		return queue.Event{}, err
	}
	body, err := json.Marshal(c)
	if err != nil {
		return queue.Event{}, fmt.Errorf("adjuster: change %s: %w", c.ID, err)
	}
	id := c.ID
	if c.Order != nil || id == "" { // many facts and calls have one name
		sum := sha256.Sum256(body)
		id = c.Key() + "#" + hex.EncodeToString(sum[:8])
	}
	return queue.Event{
		ID: id, Key: c.Key(), Type: "change/" + string(c.Kind), Merchant: c.Merchant, Origin: c.Origin,
		TraceID: c.TraceID, Time: c.At, Schema: Schema, Body: body,
	}, nil
}

// Handler applies published Changes: those of one batch in one call to each
// merchant's stock, with an error per event. An event that does not decode, or
// whose merchant pick does not know, goes to the dead letters; a store that
// does not answer makes the queue wait and costs no attempt.
func Handler(pick func(merchant string) (*inventory.Stock, error)) queue.BatchHandler {
	return func(ctx context.Context, events []queue.Event) []error {
		errs := make([]error, len(events))
		changes, at := map[string][]inventory.Change{}, map[string][]int{}
		for i, e := range events {
			c, err := change(e)
			if err != nil {
				errs[i] = queue.Permanent(err)
				continue
			}
			changes[e.Merchant], at[e.Merchant] = append(changes[e.Merchant], c), append(at[e.Merchant], i)
		}
		for merchant, cs := range changes {
			stock, err := pick(merchant)
			if err != nil {
				for _, i := range at[merchant] {
					errs[i] = err
				}
				continue
			}
			for j, o := range stock.ApplyBatch(ctx, cs) {
				errs[at[merchant][j]] = steer(o.Err)
			}
		}
		return errs
	}
}

func change(e queue.Event) (inventory.Change, error) {
	var c inventory.Change
	if e.Schema != Schema {
		return c, fmt.Errorf("adjuster: event %s has schema %d, and this build reads %d", e.ID, e.Schema, Schema)
	}
	if err := json.Unmarshal(e.Body, &c); err != nil {
		return c, fmt.Errorf("adjuster: event %s is not a change: %w", e.ID, err)
	}
	if c.TraceID == "" {
		c.TraceID = e.TraceID
	}
	return c, nil
}

func steer(err error) error {
	switch {
	case err == nil:
		return nil
	case !inventory.Answered(err):
		return queue.Unavailable(err)
	case errors.Is(err, inventory.ErrReusedID):
		return queue.Permanent(err)
	}
	return err
}
