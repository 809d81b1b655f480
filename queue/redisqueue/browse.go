package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/queue"
)

// Browse implements queue.Browser. It reads the stream in pages and takes
// nothing, so any number may browse and remove at a time, and while the topic is
// in use. Of a topic with groups it yields what some group has not acknowledged;
// Ack takes that away from all of them, except from who has received it or read
// it ahead.
func (q *Queue) Browse(ctx context.Context, topic string) iter.Seq2[queue.Delivery, error] {
	return func(yield func(queue.Delivery, error) bool) {
		last, err := q.last(ctx, topic)
		for from := "-"; err == nil && last != ""; {
			var page []read
			if page, err = q.page(ctx, topic, from, last); err != nil || len(page) == 0 {
				break
			}
			for _, r := range page {
				if err := ctx.Err(); err != nil {
					yield(queue.Delivery{}, err)
					return
				}
				if !yield(q.browsed(topic, r), nil) {
					return
				}
			}
			from = "(" + page[len(page)-1].id
		}
		if err != nil {
			yield(queue.Delivery{}, err)
		}
	}
}

// last is the ID of the newest entry, "" if there is none.
func (q *Queue) last(ctx context.Context, topic string) (string, error) {
	if err := q.names.check(topic); err != nil {
		return "", err
	}
	var last string
	err := q.await(ctx, func(ctx context.Context) error {
		return q.insist(ctx, func(ctx context.Context) error {
			got, err := q.rdb.XRevRangeN(ctx, q.names.topic(topic), "+", "-", 1).Result()
			if len(got) > 0 {
				last = got[0].ID
			}
			if errors.Is(err, redis.Nil) {
				err = nil
			}
			return explain(err, fmt.Sprintf("browse topic %q", topic))
		})
	})
	return last, err
}

func (q *Queue) page(ctx context.Context, topic, from, last string) ([]read, error) {
	var page []read
	err := q.await(ctx, func(ctx context.Context) error {
		return q.insist(ctx, func(ctx context.Context) error {
			v, err := q.call(ctx, fmt.Sprintf("browse topic %q", topic), browseScript, []string{q.names.topic(topic)}, from, last, readAhead, pageBytes)
			if err == nil {
				page, err = entries(v)
			}
			return err
		})
	})
	return page, err
}

func (q *Queue) browsed(topic string, r read) queue.Delivery {
	return queue.Delivery{
		Event: r.event,
		Ack: func(ctx context.Context) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return q.await(ctx, func(ctx context.Context) error {
				return q.insist(ctx, func(ctx context.Context) error {
					_, err := q.call(ctx, fmt.Sprintf("remove from topic %q", topic), removeScript,
						[]string{q.names.topic(topic), q.names.kept(topic)}, r.id)
					return err
				})
			})
		},
		Nack: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

// Lag implements queue.Lagger. It is exact, except that what other processes
// have read ahead, up to 100 events each, counts as in flight. A group that does
// not exist yet lags by what the topic keeps for it. Oldest is the Time of the
// first event that is not acknowledged or, if it has none, when it was published.
func (q *Queue) Lag(ctx context.Context, topic, group string) (queue.Lag, error) {
	if err := ctx.Err(); err != nil {
		return queue.Lag{}, err
	}
	if err := q.names.check(topic, group); err != nil {
		return queue.Lag{}, err
	}
	l := queue.Lag{Exact: true}
	err := q.await(ctx, func(ctx context.Context) error {
		v, err := q.call(ctx, fmt.Sprintf("count topic %q, group %q", topic, group), lagScript,
			[]string{q.names.topic(topic), q.names.kept(topic), q.names.due(topic, group)}, group)
		if err != nil {
			return err
		}
		parts, err := answer(v, 5)
		if err != nil {
			return err
		}
		l.Waiting, l.Delayed = int(number(parts[0])), int(number(parts[2]))
		l.InFlight = int(number(parts[1])) - l.Delayed
		for _, first := range parts[3:] {
			got, err := entries(first)
			if err != nil {
				return err
			}
			for _, r := range got {
				t := r.event.Time
				if t.IsZero() {
					t = time.UnixMilli(int64(newItem(r.id, r.event).at)) //nolint:gosec // milliseconds since 1970
				}
				if l.Oldest.IsZero() || t.Before(l.Oldest) {
					l.Oldest = t
				}
			}
		}
		return nil
	})
	if err != nil {
		return queue.Lag{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for s := range q.subs {
		if s.topic == topic && s.group == group {
			n := min(s.waiting(), l.InFlight)
			l.Waiting, l.InFlight = l.Waiting+n, l.InFlight-n
		}
	}
	return l, nil
}

func (s *subscription) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.in.waiting(time.Now())
}
