package redisstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/inventory"
)

// Config of a Store. Nil and zero values mean defaults.
type Config struct {
	// AllowUnsafe names checks of the server that may fail: what [Check] finds
	// unsafe is an error else. Default: none.
	AllowUnsafe []Unsafe
	// Buckets is over how many hashes the levels of a new merchant are spread,
	// from 1 to 1024. It stays as it was when the merchant was created.
	// Default: 16.
	Buckets int
	// Horizon is how long the ID of an applied Change and the record of an
	// ended reservation are remembered at least. It should be the same in all
	// processes, and longer than any queue keeps a message. At least a second.
	// Default: 15 days.
	Horizon time.Duration
	// JournalLength is about how many calls a merchant's journal keeps at most;
	// one call may have applied many Changes. Followers and counts reach back no
	// further. Default: 50,000.
	JournalLength int64
	// JournalAge is how long Tidy leaves an entry in the journal; for a
	// [inventory.Follower] that has still to read it, longer. Default: 7 days.
	JournalAge time.Duration
	// Logger hears of what is unsafe but allowed, and of lost data. Default:
	// slog.Default().
	Logger *slog.Logger
}

// withDefaults returns a copy of c, filled in, or says which field is wrong.
func (c *Config) withDefaults() (Config, error) {
	var out Config
	if c != nil {
		out = *c
	}
	out.Buckets = cmp.Or(out.Buckets, 16)
	out.Horizon = cmp.Or(out.Horizon, 15*24*time.Hour)
	out.JournalLength = cmp.Or(out.JournalLength, 50_000)
	out.JournalAge = cmp.Or(out.JournalAge, 7*24*time.Hour)
	if out.Logger == nil {
		out.Logger = slog.Default()
	}
	switch {
	case out.Buckets < 1 || out.Buckets > 1024:
		return out, &inventory.InvalidError{Field: "Config.Buckets", Problem: "must be from 1 to 1024"}
	case out.Horizon < time.Second:
		return out, &inventory.InvalidError{Field: "Config.Horizon", Problem: "must be a second or more"}
	case out.JournalLength < 1:
		return out, &inventory.InvalidError{Field: "Config.JournalLength", Problem: "must be above zero"}
	case out.JournalAge < time.Millisecond:
		return out, &inventory.InvalidError{Field: "Config.JournalAge", Problem: "must be a millisecond or more"}
	}
	return out, nil
}

// Store implements [inventory.Store], [inventory.Journaler],
// [inventory.KitKeeper], [inventory.Bookmarker] and [inventory.Leaser] in Redis.
// It is safe for concurrent use, by any number of processes on the same data.
// There is nothing to close: a goroutine runs only while callers wait for a call
// that they share, or until such a call ends that all have left.
type Store struct {
	rdb redis.UniversalClient
	cfg Config

	// calls of one merchant's Changes that run at a time without waiting.
	calls int

	mu        sync.Mutex
	merchants map[string]*merchant
}

var (
	_ inventory.Store      = (*Store)(nil)
	_ inventory.Journaler  = (*Store)(nil)
	_ inventory.Bookmarker = (*Store)(nil)
	_ inventory.Leaser     = (*Store)(nil)
)

// New returns a Store on a client that the caller owns: it is never closed
// here. It asks the servers whether they are safe for stock ([Check]), and
// returns an [*UnsafeError] for each thing that is not and that Config does not
// allow, joined. What is allowed, warnings and what a server does not tell are
// logged.
func New(ctx context.Context, rdb redis.UniversalClient, cfg *Config) (*Store, error) {
	if rdb == nil {
		return nil, &inventory.InvalidError{Field: "rdb", Problem: "must not be nil"}
	}
	c, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := rdb.Ping(ctx).Err(); err != nil {
		return nil, fmt.Errorf("redisstore: ping: %w", err)
	}
	r, err := Check(ctx, rdb)
	if err != nil {
		return nil, err
	}
	if err := r.Err(c.AllowUnsafe...); err != nil {
		return nil, err
	}
	r.log(ctx, c.Logger)
	return &Store{rdb: rdb, cfg: c, calls: mostCalls, merchants: map[string]*merchant{}}, nil
}

// merchant is what this Store has seen of a merchant.
type merchant struct {
	name   string
	places places

	mu    sync.Mutex
	epoch string
	seq   int64
	shape *shape
	lost  bool

	queue queue
	head  atomic.Pointer[header]
}

// view is what a merchant looked like when a call was sent.
type view struct {
	epoch string
	seq   int64
	shape *shape
}

// merchant returns the memory of a merchant by a valid name.
func (s *Store) merchant(name string) (*merchant, error) {
	if err := inventory.ValidMerchant(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.merchants[name]
	if m == nil {
		m = &merchant{name: name, places: placesOf(name), shape: newShape(s.cfg.Buckets)}
		s.merchants[name] = m
	}
	return m, nil
}

func (m *merchant) view() (view, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost {
		return view{}, m.loss()
	}
	return view{epoch: m.epoch, seq: m.seq, shape: m.shape}, nil
}

func (m *merchant) loss() error {
	return fmt.Errorf("merchant %q: %w", m.name, inventory.ErrDataLoss)
}

// saw compares an answer with what was known when its call was sent. Answers
// of calls that overlap come in any order, so the newest says nothing here.
func (m *merchant) saw(before view, epoch string, seq int64, sh *shape) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost {
		return m.loss()
	}
	if before.epoch != "" && (epoch != before.epoch || seq < before.seq) || m.epoch != "" && epoch != "" && epoch != m.epoch {
		m.lost = true
		return m.loss()
	}
	if epoch != "" {
		m.epoch, m.seq = epoch, max(m.seq, seq)
	}
	if sh != nil && sh.number > m.shape.number {
		m.shape = sh
	}
	return nil
}

// isLoss reports whether data were lost.
func isLoss(err error) bool { return errors.Is(err, inventory.ErrDataLoss) }

func nonce() string { return rand.Text() }
