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
