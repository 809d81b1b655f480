package main

import (
	"context"
	"slices"
	"time"
)

// subject is something that sells and is measured.
type subject interface {
	measure(ctx context.Context, w window) (sample, error)
}

// sample is what one round said of a subject. What is not known is 0.
type sample struct {
	PerSecond float64 `json:"ops_per_s"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
	P999      float64 `json:"p999_us,omitempty"`
	// ServerCPU and OwnCPU are processor seconds per second: the server's, of a
	// Redis its one thread, and this process's.
	ServerCPU float64 `json:"server_cpu,omitempty"`
	OwnCPU    float64 `json:"own_cpu,omitempty"`
}

// measure implements subject.
func (l load) measure(ctx context.Context, w window) (sample, error) {
	r, err := l.run(ctx, w)
	if err == nil {
		err = ctx.Err()
	}
	return r.sample(), err
}

func (r result) sample() sample {
	seconds := r.window.Seconds()
	return sample{
		PerSecond: float64(r.took.n) / seconds,
		P50:       micros(r.took.quantile(.5)), P99: micros(r.took.quantile(.99)), P999: micros(r.took.quantile(.999)),
		ServerCPU: r.server.Seconds() / seconds, OwnCPU: r.own.Seconds() / seconds,
	}
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// entry is a subject with what its rounds said, or why there are none.
type entry struct {
	what    string
	subject subject
	skipped string
	rounds  []sample
}

func skip(what, why string) *entry { return &entry{what: what, skipped: why} }

// typical is the median of each figure over the rounds.
func (e *entry) typical() sample {
	of := func(get func(sample) float64) float64 { return median(e.rounds, get) }
	return sample{
		PerSecond: of(func(s sample) float64 { return s.PerSecond }),
		P50:       of(func(s sample) float64 { return s.P50 }),
		P99:       of(func(s sample) float64 { return s.P99 }),
		P999:      of(func(s sample) float64 { return s.P999 }),
		ServerCPU: of(func(s sample) float64 { return s.ServerCPU }),
		OwnCPU:    of(func(s sample) float64 { return s.OwnCPU }),
	}
}

// spread is how far the rounds are apart, as a share of the median.
func (e *entry) spread() float64 {
	if len(e.rounds) == 0 || e.typical().PerSecond == 0 {
		return 0
	}
	by := func(a, b sample) int { return int(a.PerSecond - b.PerSecond) }
	return (slices.MaxFunc(e.rounds, by).PerSecond - slices.MinFunc(e.rounds, by).PerSecond) / e.typical().PerSecond
}

func median(rounds []sample, get func(sample) float64) float64 {
	var all []float64
	for _, s := range rounds {
		all = append(all, get(s))
	}
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
