package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Router takes events from a Queue and has handlers handle them: in order per
// key, with retries, dead letters, pauses while a dependency is down, and a
// shutdown that acknowledges what is finished. See the package documentation
// for the rules.
//
// Register handlers first, then call Run or Drain. Stats and DeadLetters are
// safe at any time; Run and Drain exclude each other.
type Router struct {
	queue Queue
	cfg   RouterConfig

	mu      sync.Mutex
	routes  []*route
	running bool
}

// A route is one registration.
type route struct {
	topic, group string
	handle       BatchHandler
	batch        int

	mu    sync.Mutex
	stats Stats
}

// NewRouter returns a Router over q. A nil cfg means the defaults. The Router
// never closes q.
func NewRouter(q Queue, cfg *RouterConfig) *Router {
	return &Router{queue: q, cfg: cfg.withDefaults()}
}

// Handle registers h for a group of a topic. One topic and group has one
// handler; a second one, an empty name or a nil h is an error of Run. What is
// registered while Run is under way counts from the next Run.
func (r *Router) Handle(topic, group string, h Handler) {
	var b BatchHandler
	if h != nil {
		b = one(h)
	}
	r.add(topic, group, b, 1)
}

// HandleBatch registers h as Handle does. It is given up to BatchSize events at
// a time, those that are there.
//
// If a call fails without saying which event did, because it panicked or did
// not return an error per event, its events are handled again one by one, and
// only then do failures count: one event does not take its neighbours along.
func (r *Router) HandleBatch(topic, group string, h BatchHandler) {
	r.add(topic, group, h, r.cfg.BatchSize)
}

func (r *Router) add(topic, group string, h BatchHandler, batch int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.routes = append(r.routes, &route{
		topic: topic, group: group, handle: h, batch: batch,
		stats: Stats{Topic: topic, Group: group},
	})
}

// Stats returns the figures of every registration, in their order.
func (r *Router) Stats() []Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Stats, len(r.routes))
	for i, rt := range r.routes {
		rt.mu.Lock()
		out[i] = rt.stats
		rt.mu.Unlock()
	}
	return out
}

// Run handles events until ctx ends, and then drains: it takes nothing new,
// gives back what has not started, waits up to DrainTimeout for what has, and
// acknowledges what finishes. It returns nil if everything in flight was
// settled by then. Otherwise the handlers' contexts are cancelled, they get
// two more seconds to return, and the error is a *LeftError.
//
// A registration that cannot work, a subscription that cannot be opened and a
// queue that is closed end Run with that error; other trouble with the queue is
// logged, counted and tried again for as long as it lasts.
func (r *Router) Run(ctx context.Context) error { return r.run(ctx, nil) }

// Drain handles what is there, including what waits for a retry and what the
// handlers publish to topics of this Router meanwhile, and returns once nothing
// is left: for tests, demos and jobs. If ctx ends first it shuts down as Run does and
// returns a *LeftError with what was left.
//
// A queue that can tell exactly what it holds (see Lagger) is taken at its
// word: what other consumers of the group hold then counts as left, too. With
// others, a topic is empty after Idle without an event, and what is delayed
// inside the queue for longer than that is missed.
func (r *Router) Drain(ctx context.Context) error {
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	q := newQuiet(cancel)
	err := r.run(stop, q)
	if err == nil && !q.reached() {
		err = &LeftError{Left: q.last(), Err: ctx.Err()}
	}
	return err
}

func (r *Router) run(ctx context.Context, q *quiet) error {
	routes, err := r.begin()
	if err != nil {
		return err
	}
	defer r.end()
	if ctx.Err() != nil && q == nil {
		return nil
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	consumers := make([]*consumer, 0, len(routes))
	for _, rt := range routes {
		sub, err := r.queue.Subscribe(ctx, rt.topic, rt.group)
		if err != nil && ctx.Err() != nil && q == nil {
			return closeAll(consumers)
		}
		if err != nil {
			err = fmt.Errorf("queue: subscribe to %q, group %q: %w", rt.topic, rt.group, err)
			return errors.Join(err, closeAll(consumers))
		}
		consumers = append(consumers, newConsumer(r, rt, sub, q))
	}
	errs := make([]error, len(consumers))
	var wg sync.WaitGroup
	for i, c := range consumers {
		wg.Go(func() {
			if errs[i] = c.run(ctx); errs[i] != nil {
				cancel() // the others shut down in order
			}
		})
	}
	wg.Wait()
	return errors.Join(left(errs), closeAll(consumers))
}

func (r *Router) begin() ([]*route, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running {
		return nil, errors.New("queue: the router is running already; use one Router per Run")
	}
	if len(r.routes) == 0 {
		return nil, errors.New("queue: the router has nothing to do; call Handle before Run")
	}
	seen := map[[2]string]bool{}
	for _, rt := range r.routes {
		name := [2]string{rt.topic, rt.group}
		switch {
		case rt.topic == "" || rt.group == "":
			return nil, fmt.Errorf("queue: handler for topic %q, group %q: %w", rt.topic, rt.group, ErrNoTopic)
		case rt.handle == nil:
			return nil, fmt.Errorf("queue: handler for topic %q, group %q is nil", rt.topic, rt.group)
		case seen[name]:
			return nil, fmt.Errorf("queue: topic %q, group %q has two handlers; use two groups", rt.topic, rt.group)
		}
		seen[name] = true
	}
	r.running = true
	return append([]*route(nil), r.routes...), nil
}

func (r *Router) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running = false
}

// left makes one error of those of the consumers.
func left(errs []error) error {
	var all LeftError
	var rest []error
	for _, err := range errs {
		var l *LeftError
		switch {
		case err == nil:
		case errors.As(err, &l):
			all.Left = append(all.Left, l.Left...)
			all.Err = l.Err
		default:
			rest = append(rest, err)
		}
	}
	if all.Err != nil {
		rest = append(rest, &all)
	}
	return errors.Join(rest...)
}

// closeAll gives back what the consumers could not settle.
func closeAll(consumers []*consumer) error {
	ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
	defer cancel()
	var errs []error
	for _, c := range consumers {
		if err := c.sub.Close(ctx); err != nil && !errors.Is(err, ErrClosed) {
			errs = append(errs, fmt.Errorf("queue: close subscription to %q, group %q: %w", c.topic, c.group, err))
		}
	}
	return errors.Join(errs...)
}

const (
	settleTimeout   = 10 * time.Second // one acknowledgement, nack or dead letter
	cancelGrace     = 2 * time.Second  // for handlers whose context has been cancelled
	receivePause    = time.Second      // after a Receive that was cancelled
	maxReceivePause = 30 * time.Second // the longest wait between failing Receives
)
