package inventory

import (
	"cmp"
	"context"
	"log/slog"
	"time"
)

// Janitor tidies a stock: it lets reservations expire, forgets old ones and
// finishes what was cut off, in bounded steps that may run in any number of
// processes. Without one stock is right all the same: whoever needs a unit of
// an expired hold lets it expire.
type Janitor struct {
	stock *Stock
	cfg   JanitorConfig
}

// JanitorConfig of a Janitor. Nil and zero values mean defaults.
type JanitorConfig struct {
	// Every is the pause between rounds. Default: 1 s.
	Every time.Duration
	// Steps of one call to the store. Default: 100.
	Steps int
	// Logger of errors. Default: none.
	Logger *slog.Logger
}

// NewJanitor returns a Janitor of the stock.
func NewJanitor(s *Stock, cfg *JanitorConfig) *Janitor {
	var c JanitorConfig
	if cfg != nil {
		c = *cfg
	}
	c.Every = cmp.Or(max(c.Every, 0), time.Second)
	c.Steps = cmp.Or(max(c.Steps, 0), 100)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Janitor{stock: s, cfg: c}
}

// Run tidies until ctx ends; then it returns nil.
func (j *Janitor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := j.stock.store.Tidy(ctx, j.stock.merchant, j.cfg.Steps)
		if err != nil && ctx.Err() == nil {
			j.cfg.Logger.WarnContext(ctx, "could not tidy up", "merchant", j.stock.merchant, "error", err)
		}
		if !more || err != nil {
			sleep(ctx, j.cfg.Every)
		}
	}
	return nil
}
