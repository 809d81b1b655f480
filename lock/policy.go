package lock

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Fallback is the class, for [Stats], of what no other class matches.
const Fallback = "fallback"

// Policy is a Locker that chooses a strategy by the class of the SKU, and by
// the time. Strategies may change while callers are on their way: the store
// checks what each of them rests on, so none loses an update to another.
type Policy struct {
	fallback Locker
	cfg      PolicyConfig
	classes  atomic.Pointer[[]Class]

	mu    sync.Mutex
	stats []Stats
}

// PolicyConfig of a Policy. Nil and zero values mean defaults.
type PolicyConfig struct {
	// Now is the clock of [Window]s. Default: time.Now.
	Now func() time.Time
	// OnContention is called after every call that had others in its way or
	// waited, with the Stats of that call alone, by the goroutine that made it:
	// for metrics and logs. Default: none.
	OnContention func(Stats)
}

// NewPolicy returns a policy. The first class in order that matches any line of
// a Change governs all of it; what none matches, and what names no SKU because
// only the store knows a reservation's lines, is the fallback's. (A Commit in
// the same vector as its Reserve goes with it.) The error is an
// [*inventory.InvalidError].
func NewPolicy(fallback Locker, classes []Class, cfg *PolicyConfig) (*Policy, error) {
	if fallback == nil {
		return nil, &inventory.InvalidError{Field: "fallback", Problem: "is missing"}
	}
	p := &Policy{fallback: fallback}
	if cfg != nil {
		p.cfg = *cfg
	}
	if p.cfg.Now == nil {
		p.cfg.Now = time.Now
	}
	if err := p.Replace(classes); err != nil {
		return nil, err
	}
	return p, nil
}

// Replace puts other classes in place, at any time. Calls under way finish as
// they began. The error is that of [NewPolicy], and nothing is replaced.
func (p *Policy) Replace(classes []Class) error {
	if err := validate(classes); err != nil {
		return err
	}
	classes = own(classes)
	p.classes.Store(&classes)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range classes {
		p.of(c.Name)
	}
	p.of(Fallback)
	return nil
}

// Stats returns those of every class since the start, in the order in which
// they first came; classes that were replaced, and the fallback, among them.
func (p *Policy) Stats() []Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.stats)
}

// of returns the stats of a class; the caller has the mutex.
func (p *Policy) of(class string) *Stats {
	i := slices.IndexFunc(p.stats, func(s Stats) bool { return s.Class == class })
	if i < 0 {
		i = len(p.stats)
		p.stats = append(p.stats, Stats{Class: class})
	}
	return &p.stats[i]
}

// share is the part of a vector that one class governs.
type share struct {
	class  string
	locker Locker
	at     []int
}

// Apply implements [inventory.Applier]. Changes of one class stay together, in
// order; classes are applied one after the other.
func (p *Policy) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	out := make([]inventory.Outcome, len(changes))
	for _, s := range p.shares(changes) {
		part := make([]inventory.Change, len(s.at))
		for j, i := range s.at {
			part[j] = changes[i]
		}
		var answers []inventory.Outcome
		p.measure(ctx, s.class, func(ctx context.Context) []inventory.Outcome {
			answers = s.locker.Apply(ctx, part)
			return answers
		})
		for j, i := range s.at {
			out[i] = answers[j]
		}
	}
	return out
}

func (p *Policy) shares(changes []inventory.Change) []*share {
	var shares []*share
	classes, now := *p.classes.Load(), p.cfg.Now()
	byReservation := map[string]*share{}
	for i, c := range changes {
		skus := make([]string, len(c.Lines))
		for j, l := range c.Lines {
			skus[j] = l.SKU
		}
		s := byReservation[c.Reservation]
		if s == nil {
			class, locker := p.choose(classes, now, skus)
			at := slices.IndexFunc(shares, func(s *share) bool { return s.class == class })
			if at < 0 {
				at = len(shares)
				shares = append(shares, &share{class: class, locker: locker})
			}
			s = shares[at]
		}
		s.at = append(s.at, i)
		if c.Reservation != "" {
			byReservation[c.Reservation] = s
		}
	}
	return shares
}

func (p *Policy) choose(classes []Class, now time.Time, skus []string) (string, Locker) {
	for _, c := range classes {
		if c.governs(skus) {
			return c.Name, c.at(now)
		}
	}
	return Fallback, p.fallback
}

// Update implements [Locker] by the strategy of the first class that matches
// any key.
func (p *Policy) Update(ctx context.Context, merchant string, keys []inventory.Key, decide Decide) (out inventory.Outcome, err error) {
	skus := make([]string, len(keys))
	for i, k := range keys {
		skus[i] = k.SKU
	}
	class, locker := p.choose(*p.classes.Load(), p.cfg.Now(), skus)
	p.measure(ctx, class, func(ctx context.Context) []inventory.Outcome {
		out, err = locker.Update(ctx, merchant, keys, decide)
		return []inventory.Outcome{{Duplicate: out.Duplicate, Err: err}}
	})
	return out, err
}

// measure counts what a call met and how it ended.
func (p *Policy) measure(ctx context.Context, class string, call func(context.Context) []inventory.Outcome) {
	m := &meter{}
	s := Stats{Class: class}
	for _, o := range call(withMeter(ctx, m)) {
		s.count(o)
	}
	s.Conflicts, s.Wait = m.conflicts.Load(), time.Duration(m.wait.Load())
	meterOf(ctx).conflict(s.Conflicts)
	meterOf(ctx).waited(s.Wait)
	p.mu.Lock()
	p.of(class).add(s)
	p.mu.Unlock()
	if p.cfg.OnContention != nil && (s.Conflicts > 0 || s.GaveUp > 0 || s.Wait > 0) {
		p.cfg.OnContention(s)
	}
}
