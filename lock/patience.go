package lock

import (
	"context"
	"math/rand/v2"
	"time"
)

// patience waits between tries: at random within a bound that doubles, so that
// those who met once do not meet each time.
type patience struct {
	bound, most time.Duration
	// end is when the last try is due; zero means that tries are counted.
	end time.Time
}

// pause waits for the next try; false means that there is none.
func (p *patience) pause(ctx context.Context) bool {
	wait := 1 + rand.N(p.bound)
	p.bound = min(2*p.bound, p.most)
	if !p.end.IsZero() {
		left := time.Until(p.end)
		if left <= 0 {
			return false
		}
		wait = min(wait, left)
	}
	start := time.Now()
	defer func() { meterOf(ctx).waited(time.Since(start)) }()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
