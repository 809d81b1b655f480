package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// Pusher tells one channel what it should show: it claims what is pending,
// lets the [Syncer] prepare a request, seals the bytes in the store, sends
// them, and sends the same bytes again until there is an answer. Its state is
// in the store, so any number of processes may run one for the same channel,
// and one that dies loses nothing.
type Pusher struct {
	stock *Stock
	to    Syncer
	cfg   PusherConfig
	// idempotent: the Syncer is.
	idempotent bool

	mu    sync.Mutex
	stats PushStats
}

// PusherConfig of a Pusher. Nil and zero values mean defaults.
type PusherConfig struct {
	// MaxBatch is how many levels share a request. Default: 250, Shopify's
	// limit.
	MaxBatch int
	// Workers that push at the same time. Default: 2.
	Workers int
	// Timeout of one request. Default: 30 s.
	Timeout time.Duration
	// Lease of a batch: how long another process waits before it takes over
	// one that this process claimed. At least Timeout, so that a request of this
	// process has ended by then. Default: twice Timeout.
	Lease time.Duration
	// Poll is how long to wait when nothing was pending. Default: 100 ms.
	Poll time.Duration
	// Memory is for how long the channel surely remembers idempotency keys.
	// A batch without an answer for longer is not sent again; its levels are
	// parked as [Lapsed], unless the Syncer is [Idempotent]. Default: 23 h;
	// Shopify keeps keys for 24.
	Memory time.Duration
	// OnSettled hears of every batch that was settled.
	OnSettled func(Batch, []Result)
	// Logger of refusals and missing answers. Default: none.
	Logger *slog.Logger
}

// PushStats count what a Pusher has done.
type PushStats struct {
	// Batches settled; Applied, Refused, Deferred, Lapsed levels in them.
	Batches, Applied, Refused, Deferred, Lapsed int64
	// NoAnswer counts requests without an answer.
	NoAnswer int64
}

// NewPusher returns a Pusher that tells to's channel about the stock.
func NewPusher(s *Stock, to Syncer, cfg *PusherConfig) *Pusher {
	var c PusherConfig
	if cfg != nil {
		c = *cfg
	}
	c.MaxBatch = cmp.Or(max(c.MaxBatch, 0), 250)
	c.Workers = cmp.Or(max(c.Workers, 0), 2)
	c.Timeout = cmp.Or(max(c.Timeout, 0), 30*time.Second)
	c.Lease = max(cmp.Or(max(c.Lease, 0), 2*c.Timeout), c.Timeout)
	c.Poll = cmp.Or(max(c.Poll, 0), 100*time.Millisecond)
	c.Memory = cmp.Or(max(c.Memory, 0), 23*time.Hour)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	natural, ok := to.(Idempotent)
	return &Pusher{stock: s, to: to, cfg: c, idempotent: ok && natural.Idempotent()}
}

// Stats returns what was done so far.
func (p *Pusher) Stats() PushStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Run pushes until ctx ends and what is under way is settled or given back;
// then it returns nil. It returns [ErrUnproved] for a channel where a request
// sent twice might take effect twice. Errors of the store and the channel are
// waited out.
func (p *Pusher) Run(ctx context.Context) error {
	if err := p.proved(ctx); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for range p.cfg.Workers {
		wg.Go(func() {
			for failures := 0; ctx.Err() == nil; {
				next := p.step(ctx)
				failures = next.failures(failures)
				sleep(ctx, next.wait(failures, p.cfg.Poll))
			}
		})
	}
	wg.Wait()
	return nil
}

// Drain pushes until nothing is pending or under way but what is parked, by
// itself; then it returns nil. If ctx ends first, the error says what is left.
func (p *Pusher) Drain(ctx context.Context) error {
	if err := p.proved(ctx); err != nil {
		return err
	}
	for failures := 0; ; {
		next := p.step(ctx)
		if next.kind == idle || ctx.Err() != nil {
			left, err := p.left(ctx)
			switch {
			case ctx.Err() != nil:
				return fmt.Errorf("inventory: %d levels of %s are still to be pushed: %w", left, p.to.Channel(), errors.Join(ctx.Err(), err))
			case err == nil && left == 0:
				return nil
			}
		}
		failures = next.failures(failures)
		sleep(ctx, next.wait(failures, p.cfg.Poll))
	}
}

func (p *Pusher) proved(ctx context.Context) error {
	set, err := p.stock.Settings(ctx)
	if err != nil {
		return err
	}
	c, ok := set.Channel(p.to.Channel())
	switch {
	case !ok:
		return &InvalidError{Field: "Channel", Problem: fmt.Sprintf("%q is not configured: call Stock.Configure first", p.to.Channel())}
	case !c.ReplayProved && !p.idempotent:
		return fmt.Errorf("%w: %s", ErrUnproved, c.Name)
	}
	return nil
}

// left counts levels that are pending or under way.
func (p *Pusher) left(ctx context.Context) (n int, err error) {
	ctx = context.WithoutCancel(ctx)
	for b, err := range p.stock.store.Beliefs(ctx, p.stock.merchant, p.to.Channel(), nil) {
		if err != nil {
			return n, err
		}
		if b.Pending || b.InFlight != "" {
			n++
		}
	}
	return n, nil
}

// event is what a step of the pusher came to.
type event struct {
	kind  kind
	retry time.Duration // what the channel asked to wait
}

type kind int

const (
	idle   kind = iota // nothing was pending
	done               // a batch was settled
	failed             // no answer, from the store or the channel
)

func (e event) failures(before int) int {
	if e.kind == failed {
		return before + 1
	}
	return 0
}

// wait is how long to wait before the next step.
func (e event) wait(failures int, poll time.Duration) time.Duration {
	switch e.kind {
	case idle:
		return poll
	case failed:
		return cmp.Or(e.retry, backoff(failures))
	}
	return 0
}

// backoff is 1, 2, 4, 8, 8, ... s, less up to a quarter.
func backoff(failures int) time.Duration {
	d := time.Second << min(max(failures-1, 0), 3)
	return d - time.Duration(rand.Int64N(int64(d)/4))
}

// mostDerived is how many steps of deriving kits come before one claim.
const mostDerived = 20

// derive brings what kits can show up to date, so that it is pushed at once.
// More says that there is more to do than is done before one claim.
func (p *Pusher) derive(ctx context.Context) (more bool) {
	for range mostDerived {
		var err error
		if more, err = p.stock.derive(ctx); err != nil {
			if ctx.Err() == nil { // other levels can be pushed all the same
				p.cfg.Logger.WarnContext(ctx, "what kits can show is not up to date", "channel", p.to.Channel(), "error", err)
			}
			return false
		}
		if !more {
			return false
		}
	}
	return more
}

// step claims one batch and brings it as far as it goes.
func (p *Pusher) step(ctx context.Context) event {
	more := p.derive(ctx)
	b, err := p.stock.store.Claim(ctx, p.stock.merchant, p.to.Channel(), p.cfg.MaxBatch, p.cfg.Lease)
	if err != nil {
		return p.failed(ctx, "claim", b, err)
	}
	if b.ID == "" {
		if more {
			return event{kind: done}
		}
		return event{kind: idle}
	}
	// From here on the batch is under way, and is brought to an end also if
	// ctx ends: within the time-out of a request.
	bg, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Timeout)
	defer cancel()
	if b.Request == nil {
		if b, err = p.prepare(bg, b); err != nil || b.ID == "" {
			if err == nil || errors.Is(err, ErrConflict) {
				return event{kind: done}
			}
			return p.postpone(ctx, b, "prepare", err)
		}
	}
	if b.Now.Sub(b.FirstSent) > p.cfg.Memory && !p.idempotent {
		results := make([]Result, len(b.Pushes))
		for i := range results {
			results[i] = Result{Status: Lapsed, Err: fmt.Errorf("no answer for %v, so the outcome is unknown: compare the level with the channel", p.cfg.Memory)}
		}
		return p.settle(ctx, b, results)
	}
	results, err := p.to.Send(bg, b)
	if err == nil && len(results) != len(b.Pushes) {
		err = fmt.Errorf("inventory: syncer of %s answered %d results for %d pushes", b.Channel, len(results), len(b.Pushes))
	}
	if err != nil {
		p.count(func(s *PushStats) { s.NoAnswer++ })
		return p.postpone(ctx, b, "send", err)
	}
	return p.settle(ctx, b, results)
}

func (p *Pusher) prepare(ctx context.Context, b Batch) (Batch, error) {
	request, refused, err := p.to.Prepare(ctx, b)
	if err != nil {
		return b, err
	}
	if request == nil {
		request = []byte{}
	}
	b.Request = request
	for i, r := range refused {
		if r.Status != "" {
			p.count(func(s *PushStats) { s.Refused++ })
			p.cfg.Logger.WarnContext(ctx, "push refused", "channel", b.Channel, "level", b.Pushes[i].Key, "error", r.Err)
		}
	}
	return p.stock.store.Seal(ctx, b, refused)
}

// postpone gives a batch back until later; if that fails its lease ends by
// itself.
func (p *Pusher) postpone(ctx context.Context, b Batch, doing string, err error) event {
	e := p.failed(ctx, doing, b, err)
	wait := cmp.Or(e.retry, backoff(b.Attempt))
	bg, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Timeout)
	defer cancel()
	if err := p.stock.store.Postpone(bg, b, wait); err != nil {
		p.cfg.Logger.WarnContext(ctx, "batch not given back; its lease ends by itself", "channel", b.Channel, "batch", b.ID, "error", err)
	}
	return e
}

func (p *Pusher) failed(ctx context.Context, doing string, b Batch, err error) event {
	if ctx.Err() == nil {
		p.cfg.Logger.WarnContext(ctx, "push waits", "doing", doing, "channel", p.to.Channel(), "batch", b.ID, "attempt", b.Attempt, "error", err)
	}
	var after interface{ RetryAfter() time.Duration }
	if errors.As(err, &after) {
		return event{kind: failed, retry: max(after.RetryAfter(), 0)}
	}
	return event{kind: failed}
}

// settle tells the store the results. They are not lost if it can't be reached
// for a while: the batch then comes again, and the channel answers the same.
func (p *Pusher) settle(ctx context.Context, b Batch, results []Result) event {
	bg, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.cfg.Timeout)
	defer cancel()
	if err := p.stock.store.Settle(bg, b, results); err != nil {
		return p.failed(ctx, "settle", b, err)
	}
	p.count(func(s *PushStats) {
		s.Batches++
		for _, r := range results {
			switch r.Status {
			case Applied, Replaced:
				s.Applied++
			case Refused:
				s.Refused++
			case Deferred:
				s.Deferred++
			case Lapsed:
				s.Lapsed++
			}
		}
	})
	for i, r := range results {
		if r.Status == Refused || r.Status == Lapsed {
			p.cfg.Logger.WarnContext(ctx, "level parked", "channel", b.Channel, "level", b.Pushes[i].Key, "status", r.Status, "error", r.Err)
		}
	}
	if p.cfg.OnSettled != nil {
		p.cfg.OnSettled(b, results)
	}
	return event{kind: done}
}

func (p *Pusher) count(f func(*PushStats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.stats)
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
