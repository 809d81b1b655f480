package shopifytest

import (
	"math"
	"time"
)

// bucket is the leaky bucket of query costs.
type bucket struct {
	level float64
	at    time.Time
}

// refill adds what was restored since the last look.
func (b *bucket) refill(now time.Time, maximum, rate int) {
	if d := now.Sub(b.at).Seconds(); d > 0 {
		b.level = min(float64(maximum), b.level+d*float64(rate))
		b.at = now
	}
}

// cost is extensions.cost of an answer.
type cost struct {
	Requested int      `json:"requestedQueryCost"`
	Actual    *int     `json:"actualQueryCost"`
	Throttle  throttle `json:"throttleStatus"`
}

type throttle struct {
	Maximum   int `json:"maximumAvailable"`
	Currently int `json:"currentlyAvailable"`
	Rate      int `json:"restoreRate"`
}

func (s *Server) cost(requested int, actual *int) *cost {
	return &cost{requested, actual, throttle{s.cfg.MaximumAvailable, int(math.Floor(s.bucket.level)), s.cfg.RestoreRate}}
}
