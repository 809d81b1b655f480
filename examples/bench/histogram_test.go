package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBucketsHoldWhatIsPutIn(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "d"))
		b := bucketOf(d)
		require.GreaterOrEqual(t, most(b), d)
		require.LessOrEqual(t, most(b)-d, d/64, "not within 1.6 %%")
		if b > 0 {
			require.Less(t, most(b-1), d, "it fits into the bucket before")
		}
	})
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	a, b := newHistogram(), newHistogram()
	require.Zero(t, a.quantile(.5))
	for i := 1; i <= 1000; i++ {
		h := a
		if i%3 == 0 {
			h = b
		}
		h.add(time.Duration(i) * time.Microsecond)
	}
	a.merge(b)
	for q, want := range map[float64]time.Duration{.5: 500, .99: 990, .999: 999, 1: 1000, .0001: 1} {
		require.InEpsilon(t, want*time.Microsecond, a.quantile(q), 1./64)
	}
}

func TestMedianAndSpreadOfRounds(t *testing.T) {
	t.Parallel()
	e := &entry{rounds: []sample{{PerSecond: 90, P99: 7}, {PerSecond: 120, P99: 5}, {PerSecond: 100, P99: 1}}}
	require.Equal(t, sample{PerSecond: 100, P99: 5}, e.typical())
	require.InDelta(t, .3, e.spread(), 1e-9)
	e.rounds = append(e.rounds, sample{PerSecond: 110, P99: 6})
	require.Equal(t, sample{PerSecond: 105, P99: 5.5}, e.typical())
	require.Zero(t, new(entry).spread())
}

func TestReadCSV(t *testing.T) {
	t.Parallel()
	const out = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"DECRBY key 1","50000.00","0.5","0.1","0.471","0.7","0.911","2.5"
`
	s, err := readCSV([]byte(out), 25_000, 400*time.Millisecond, 100*time.Millisecond)
	require.NoError(t, err)
	require.InDelta(t, 50_000, s.PerSecond, 0)
	require.InDelta(t, 471, s.P50, 1e-6)
	require.InDelta(t, 911, s.P99, 1e-6)
	require.InDelta(t, .8, s.ServerCPU, 1e-9)
	require.InDelta(t, .2, s.OwnCPU, 1e-9)
	for _, bad := range []string{"", "Could not connect\n", "\"test\",\"rps\"\n\"x\",\"y\"\n"} {
		_, err := readCSV([]byte(bad), 1, 0, 0)
		require.Error(t, err, bad)
	}
}
