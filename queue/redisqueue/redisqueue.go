package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/queue"
)

// A Queue is a queue.Queue in Redis Streams. It is safe for concurrent use. Make
// one with New or NewWithClient, and close it.
type Queue struct {
	cfg   Config
	names names
	rdb   redis.UniversalClient
	owned bool // rdb is closed with the Queue
	wakes *wakes
	work  sync.WaitGroup // calls that outlive who has asked for them

	mu     sync.Mutex
	closed bool
	joined map[string]bool // topics whose Config.Groups exist
	subs   map[*subscription]bool
}

var (
	_ queue.Queue  = (*Queue)(nil)
	_ queue.Lagger = (*Queue)(nil)
)

// New connects to the server at a URL such as
// rediss://user:password@host:6379/0; its parameters are those of
// redis.ParseURL. A nil cfg means the defaults. The context bounds the call, not
// the Queue. Errors are ErrAccess, ErrUnsafe, ErrDisconnected if nothing answers
// there, the context's, and those of a URL that cannot be read; none of them has
// the password in it.
func New(ctx context.Context, url string, cfg *Config) (*Queue, error) {
	full, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	opt, err := parse(url, &full)
	if err != nil {
		return nil, err
	}
	rdb := redis.NewClient(opt)
	q, err := open(ctx, rdb, full)
	if err != nil {
		return nil, errors.Join(err, rdb.Close())
	}
	q.owned = true
	return q, nil
}

// NewWithClient uses a client of yours, which may be one of a Cluster or of
// Sentinel, with credentials and TLS as you like. It stays yours: Close does not
// close it. The context of a call is obeyed while it waits for the server only
// if redis.Options.ContextTimeoutEnabled is set. Errors are those of New.
func NewWithClient(ctx context.Context, rdb redis.UniversalClient, cfg *Config) (*Queue, error) {
	full, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if rdb == nil {
		return nil, errors.New("redisqueue: the client must not be nil")
	}
	return open(ctx, rdb, full)
}

func open(ctx context.Context, rdb redis.UniversalClient, cfg Config) (*Queue, error) {
	bounded, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	err := rdb.Ping(bounded).Err()
	if err == nil {
		err = inspect(bounded, rdb, &cfg)
	}
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrUnsafe):
		return nil, err
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w: connect: no answer within %s", ErrDisconnected, cfg.Timeout)
	default:
		return nil, explain(err, "connect")
	}
	q := &Queue{
		cfg: cfg, names: names{cfg.Prefix}, rdb: rdb, joined: map[string]bool{}, subs: map[*subscription]bool{},
	}
	q.wakes = newWakes(context.WithoutCancel(ctx), rdb, q.wake)
	return q, nil
}

// call runs a script, for Config.Timeout at most.
func (q *Queue) call(ctx context.Context, doing string, s *redis.Script, keys []string, args ...any) (any, error) {
	bounded, cancel := context.WithTimeout(ctx, q.cfg.Timeout)
	defer cancel()
	v, err := s.Run(bounded, q.rdb, keys, args...).Result()
	switch {
	case err == nil || errors.Is(err, redis.Nil):
		return v, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%w: %s: no answer within %s", ErrDisconnected, doing, q.cfg.Timeout)
	}
	return nil, explain(err, doing)
}

// The waits between calls that find the server away: they double.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// insist repeats what finds the server away, for Config.Timeout at most.
func (q *Queue) insist(ctx context.Context, do func(ctx context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, q.cfg.Timeout)
	defer cancel()
	var last error
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := do(bounded)
		if err == nil || (!errors.Is(err, ErrDisconnected) && bounded.Err() == nil) {
			return err
		}
		if errors.Is(err, ErrDisconnected) {
			last = err
		}
		wait(bounded, pause)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case bounded.Err() != nil && last != nil:
			return last
		case bounded.Err() != nil:
			return fmt.Errorf("%w: no answer within %s", ErrDisconnected, q.cfg.Timeout)
		}
	}
}

// await runs do and returns when it has, or ctx ends; then do goes on, for a
// client that is waiting for its server hears of no context.
func (q *Queue) await(ctx context.Context, do func(ctx context.Context) error) error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return queue.ErrClosed
	}
	done := make(chan error, 1)
	q.work.Go(func() { done <- do(ctx) })
	q.mu.Unlock()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// One call of the publishing script has so much, about: it runs alone.
const (
	publishCount = 500
	publishBytes = 4 << 20
)

// Publish implements queue.Publisher. Events of one call are appended together,
// unless they come to more than 4 MB or are more than 500. It waits up to
// Config.Timeout for a connection and for the answer. When that does not come,
// the error is ErrDisconnected and the outcome is unknown; it steers a Router as
// queue.Unavailable does. A call that finds the server away is repeated within
// that time, so events may be there twice, as after any Publish that is repeated.
func (q *Queue) Publish(ctx context.Context, topic string, events ...queue.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := q.names.check(topic); err != nil {
		return err
	}
	messages := make([]any, len(events))
	sizes := make([]int, len(events))
	for i, e := range events {
		if len(e.Body) > q.cfg.MaxBody {
			return fmt.Errorf("redisqueue: event %q has %d bytes of %d: %w", e.ID, len(e.Body), q.cfg.MaxBody, queue.ErrTooLarge)
		}
		b, err := queue.Marshal(e)
		if err != nil {
			return err
		}
		messages[i], sizes[i] = b, len(b)
	}
	return q.await(ctx, func(ctx context.Context) error {
		if err := q.insist(ctx, func(ctx context.Context) error { return q.declare(ctx, topic) }); err != nil {
			return err
		}
		for len(messages) > 0 {
			n, bytes := 0, 0
			for n < len(messages) && n < publishCount && (n == 0 || bytes+sizes[n] <= publishBytes) {
				bytes += sizes[n]
				n++
			}
			err := q.insist(ctx, func(ctx context.Context) error {
				_, err := q.call(ctx, fmt.Sprintf("publish to %q", topic), publishScript, []string{q.names.topic(topic)}, messages[:n]...)
				return err
			})
			if err != nil {
				return err
			}
			messages, sizes = messages[n:], sizes[n:]
		}
		return nil
	})
}

// declare sees that the groups of Config.Groups exist.
func (q *Queue) declare(ctx context.Context, topic string) error {
	groups := q.cfg.Groups[topic]
	q.mu.Lock()
	done := len(groups) == 0 || q.joined[topic]
	q.mu.Unlock()
	if done {
		return nil
	}
	if err := q.join(ctx, topic, false, groups...); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.joined[topic] = true
	return nil
}

// join sees that groups exist; those that are lost get all that is there.
func (q *Queue) join(ctx context.Context, topic string, lost bool, groups ...string) error {
	keys, args := []string{q.names.topic(topic), q.names.kept(topic)}, []any{q.cfg.mode(), flag(lost)}
	for _, g := range groups {
		keys, args = append(keys, q.names.lease(topic, g)), append(args, g)
	}
	v, err := q.call(ctx, fmt.Sprintf("join topic %q", topic), joinScript, keys, args...)
	if err != nil {
		return err
	}
	if other, _ := v.(string); other != "" {
		return fmt.Errorf("%w: topic %q, group %q", ErrMode, topic, other)
	}
	return nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Subscribe implements queue.Subscriber. The group exists from then on, whether
// or not anyone subscribes.
func (q *Queue) Subscribe(ctx context.Context, topic, group string) (queue.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := q.names.check(topic, group); err != nil {
		return nil, err
	}
	err := q.await(ctx, func(ctx context.Context) error {
		return q.insist(ctx, func(ctx context.Context) error {
			if err := q.declare(ctx, topic); err != nil {
				return err
			}
			return q.join(ctx, topic, false, group)
		})
	})
	if err != nil {
		return nil, err
	}
	s := newSubscription(q, topic, group)
	q.wakes.watch(ctx, s.stream)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed { // meanwhile
		return nil, queue.ErrClosed
	}
	q.subs[s] = true
	s.start(context.WithoutCancel(ctx))
	return s, nil
}

// wake tells the subscriptions of a stream that it has news.
func (q *Queue) wake(stream string, released bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range q.subs {
		if s.stream == stream {
			s.news(released)
		}
	}
}

// left forgets a subscription that is closed.
func (q *Queue) left(s *subscription) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.subs, s)
}

// Close implements queue.Queue. A second Close does nothing.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return nil
	}
	q.closed = true
	subs := make([]*subscription, 0, len(q.subs))
	for s := range q.subs {
		subs = append(subs, s)
	}
	q.mu.Unlock()
	ended := make(chan error, 1)
	go func() {
		errs := make([]error, len(subs))
		var wg sync.WaitGroup
		for i, s := range subs {
			wg.Go(func() { errs[i] = s.Close(ctx) })
		}
		wg.Wait()
		q.wakes.close()
		q.work.Wait()
		if q.owned {
			errs = append(errs, q.rdb.Close())
		}
		ended <- errors.Join(errs...)
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait returns after d, or earlier when ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
