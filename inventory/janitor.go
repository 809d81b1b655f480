package inventory

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// Janitor tidies a stock: it lets reservations expire, forgets old ones, takes
// away leases that are over, works out what kits can show, finishes what was cut
// off, and compacts and forgets documents of old orders. It works in bounded
// steps that may be cut off anywhere, in any number of processes.
//
// Nothing depends on one. Without it stock is right all the same, as whoever
// needs a unit of an expired hold lets it expire; channels show such a unit
// later, and memory grows. It is safe for concurrent use.
type Janitor struct {
	stock *Stock
	cfg   JanitorConfig

	mu    sync.Mutex
	stats JanitorStats
	look  look
	next  time.Time // when to see whether a look is due
	stuck map[string]found
}

// found is when a reservation was last found stuck.
type found struct {
	Stuck
	at time.Time
}

// JanitorConfig of a Janitor. Nil and zero values mean defaults.
type JanitorConfig struct {
	// Every is the pause between rounds once there is nothing more to do.
	// Default: 1 s.
	Every time.Duration
	// Steps is how much a round does of each kind of work. It bounds how long
	// one call keeps a store from others. Default: 100.
	Steps int
	// OrdersEvery is the time between two beginnings of a look through all
	// documents of orders. If the store is a [Bookmarker], any number of
	// Janitors look through them together. Default: 1 h.
	OrdersEvery time.Duration
	// Logger of errors, and of reservations that can't expire. Default: none.
	Logger *slog.Logger
}

// JanitorStats are what a Janitor has done since it was made.
type JanitorStats struct {
	// Rounds, and Failed those of them that ended with an error.
	Rounds, Failed int64
	// The following are as in [Tidied].
	Expired, Forgotten, Leases, Trimmed, CompactedOrders, ForgottenOrders int64
	// Stuck are the reservations that this Janitor could not let expire within
	// the last two hours, by ID, at most 1,000. One is tried every hour.
	Stuck []Stuck
}

// mostStuck bounds what a Janitor remembers.
const mostStuck = 1000

// NewJanitor returns a Janitor of the stock.
func NewJanitor(s *Stock, cfg *JanitorConfig) *Janitor {
	var c JanitorConfig
	if cfg != nil {
		c = *cfg
	}
	c.Every = cmp.Or(max(c.Every, 0), time.Second)
	c.OrdersEvery = cmp.Or(max(c.OrdersEvery, 0), time.Hour)
	c.Steps = cmp.Or(max(c.Steps, 0), 100)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Janitor{stock: s, cfg: c, stuck: map[string]found{}}
}

// Run tidies until ctx ends; then it returns nil. Errors are waited out and
// logged.
func (j *Janitor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		done, err := j.Round(ctx)
		if err != nil && ctx.Err() == nil {
			j.cfg.Logger.WarnContext(ctx, "could not tidy up", "merchant", j.stock.merchant, "error", err)
		}
		if !done.More || err != nil {
			sleep(ctx, j.cfg.Every)
		}
	}
	return nil
}

// Round tidies once, in bounded steps, and says what it did, also beside an
// error. The error is that of the store; another round makes up for it.
func (j *Janitor) Round(ctx context.Context) (Tidied, error) {
	done, err := j.stock.store.Tidy(ctx, j.stock.merchant, j.cfg.Steps)
	more, wrong := j.stock.derive(ctx)
	done.More = done.More || more
	if err == nil {
		err = j.lookAtOrders(ctx, &done)
	}
	err = errors.Join(err, wrong)
	j.note(done, err)
	for _, s := range done.Stuck {
		j.cfg.Logger.WarnContext(ctx, "a reservation can't expire; it is tried again in an hour",
			"merchant", j.stock.merchant, "reservation", s.Reservation, "error", s.Err)
	}
	return done, err
}

func (j *Janitor) note(done Tidied, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, now := &j.stats, time.Now()
	s.Rounds++
	if err != nil {
		s.Failed++
	}
	s.Expired += int64(done.Expired)
	s.Forgotten += int64(done.Forgotten)
	s.Leases += int64(done.Leases)
	s.CompactedOrders += int64(done.CompactedOrders)
	s.ForgottenOrders += int64(done.ForgottenOrders)
	s.Trimmed += int64(done.Trimmed)
	for _, x := range done.Stuck {
		if len(j.stuck) < mostStuck {
			j.stuck[x.Reservation] = found{x, now}
		}
	}
	maps.DeleteFunc(j.stuck, func(_ string, f found) bool { return now.Sub(f.at) > 2*time.Hour })
}

// Stats returns what the Janitor has done so far.
func (j *Janitor) Stats() JanitorStats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	for _, id := range slices.Sorted(maps.Keys(j.stuck)) {
		s.Stuck = append(s.Stuck, j.stuck[id].Stuck)
	}
	return s
}
