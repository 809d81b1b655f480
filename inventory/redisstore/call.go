package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

// How often a whole call is made again.
const (
	mostStale = 16 // the client knew too little
	mostBusy  = 6  // the server did not run the script
	firstWait = 10 * time.Millisecond
)

// call is one run of a script on its way: KEYS and ARGV.
type call struct {
	keys []string
	args []any
}

func (c *call) key(keys ...string) { c.keys = append(c.keys, keys...) }
func (c *call) arg(args ...any)    { c.args = append(c.args, args...) }

// reply is what a script answered, after the five that all have in common.
type reply struct {
	now  time.Time
	rest []any
	// shape that the script was run with.
	shape *shape
}

// write runs a script that may write. An error of which nobody knows whether
// the script ran is an [inventory.ErrUnknown].
func (s *Store) write(ctx context.Context, m *merchant, script *redis.Script, build func(*call, *shape) error) (reply, error) {
	return s.run(ctx, m, script, true, build)
}

// run builds and sends a script until it has an answer. Build is called for
// every try, with what is known of the merchant by then.
func (s *Store) run(ctx context.Context, m *merchant, script *redis.Script, writes bool, build func(*call, *shape) error) (reply, error) {
	var (
		cause error // of the last try that nobody answered
		wait  = firstWait
	)
	for stale, busy := 0, 0; stale < mostStale && busy < mostBusy; {
		if err := ctx.Err(); err != nil {
			return reply{}, unanswered(cause, err)
		}
		v, err := m.view()
		if err != nil {
			return reply{}, err
		}
		c := &call{args: []any{schema, v.epoch, v.seq, v.shape.number}}
		if err := build(c, v.shape); err != nil {
			return reply{}, err
		}
		raw, err := script.Run(ctx, s.rdb, c.keys, c.args...).Slice()
		if err != nil {
			var answered bool
			if answered, cause = s.failure(ctx, err, writes); answered {
				return reply{}, cause
			}
			if !unstarted(err) {
				return reply{}, cause
			}
			busy++
			sleep(ctx, &wait)
			continue
		}
		a := &answer{raw: raw}
		switch a.text() {
		case "OK":
			epoch, seq, number, now := a.text(), a.int(), a.int(), a.stamp()
			if a.bad {
				return reply{}, unreadable(m)
			}
			if err := s.saw(ctx, m, v, epoch, seq, nil); err != nil {
				return reply{}, err
			}
			if number != v.shape.number && epoch != "" {
				m.outdated(v.shape)
			}
			return reply{now: now, rest: raw[5:], shape: v.shape}, nil
		case "STALE":
			epoch, seq, number := a.text(), a.int(), a.int()
			a.text()
			sh, ok := decodeShape(number, []string{a.text(), a.text(), a.text(), a.text(), a.text()})
			if a.bad || !ok {
				return reply{}, &CorruptError{Merchant: m.name, Record: "meta"}
			}
			if err := s.saw(ctx, m, v, epoch, seq, sh); err != nil {
				return reply{}, err
			}
			stale++
		case "LOSS":
			return reply{}, s.saw(ctx, m, v, a.text(), -1, nil)
		case "SCHEMA":
			return reply{}, &SchemaError{Merchant: m.name, Schema: a.text()}
		case "CORRUPT":
			return reply{}, &CorruptError{Merchant: m.name, Record: readable(a.text())}
		default:
			return reply{}, unreadable(m)
		}
	}
	if cause == nil {
		cause = fmt.Errorf("redisstore: settings of merchant %q change faster than they can be read: %w", m.name, inventory.ErrConflict)
	}
	return reply{}, cause
}

func (s *Store) saw(ctx context.Context, m *merchant, before view, epoch string, seq int64, sh *shape) error {
	err := m.saw(before, epoch, seq, sh)
	if isLoss(err) {
		s.cfg.Logger.ErrorContext(ctx, "redisstore: data went back in time; the merchant is refused from now on",
			"merchant", m.name, "epoch", epoch, "known_epoch", before.epoch, "sequence", seq, "known_sequence", before.seq)
	}
	return err
}

// outdated drops what is known if it is still the same; the next call learns
// the rest by a STALE answer.
func (m *merchant) outdated(seen *shape) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.shape == seen {
		old := *seen
		old.number = 0
		m.shape = &old
	}
}

// failure says what an error of a call means; answered is that the server
// itself refused the call, so nothing was applied.
func (s *Store) failure(ctx context.Context, err error, writes bool) (answered bool, _ error) {
	var refusal redis.Error
	halfway := strings.Contains(err.Error(), "HALFWAY ")
	if errors.As(err, &refusal) && !unstarted(err) && !halfway {
		return true, fmt.Errorf("redisstore: %w", err)
	}
	if errors.Is(err, redis.Nil) {
		err = errors.New("redisstore: no answer")
	}
	errs := []error{err}
	end := ctx.Err()
	if deadline, ok := ctx.Deadline(); ok && end == nil && !time.Now().Before(deadline) {
		end = context.DeadlineExceeded // the connection's timer was first
	}
	if end != nil && !errors.Is(err, end) {
		errs = append(errs, end)
	}
	if writes {
		errs = append([]error{inventory.ErrUnknown}, errs...)
	}
	return false, errors.Join(errs...)
}

// unanswered is the error of a call that is given up before another try. If no
// try was sent, nothing is unknown.
func unanswered(cause, end error) error {
	if cause == nil {
		return end
	}
	return errors.Join(cause, end)
}

// unstarted reports whether the server did not run the script this time. The
// client may have sent it before by itself, so the first run stays unknown;
// scripts recognise their own second run.
func unstarted(err error) bool {
	for _, prefix := range []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "MOVED", "ASK", "BUSY", "NOSCRIPT", "NOREPLICAS"} {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return false
}

func sleep(ctx context.Context, wait *time.Duration) {
	t := time.NewTimer(*wait/2 + rand.N(*wait))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
	*wait *= 2
}

func unreadable(m *merchant) error {
	return &CorruptError{Merchant: m.name, Record: "the answer of a script"}
}

// readable writes a record's name for people.
func readable(record string) string {
	if kind, f, ok := strings.Cut(record, " "); ok && (kind == "level" || kind == "lease") {
		if k, ok := keyOf(f); ok {
			return kind + " " + k.String()
		}
	}
	return record
}
