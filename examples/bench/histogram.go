package main

import (
	"math"
	"math/bits"
	"time"
)

// fine is how many bits of a duration a bucket keeps: buckets are 1/64 wide of
// what they hold, so what is read from them is at most 1.6 % too long.
const fine = 6

// histogram counts durations in buckets that grow with what they hold. An average
// would hide the slow ones, and keeping every duration would slow down who
// measures.
type histogram struct {
	counts []uint32
	n      uint64
}

func newHistogram() *histogram { return &histogram{counts: make([]uint32, (64-fine+1)<<fine)} }

// bucketOf is the value itself below 1<<fine, and else its first bits and how many
// follow.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0))
	shift := max(bits.Len64(v)-1-fine, 0)
	return shift<<fine + int(v>>shift)
}

// most is the longest duration of a bucket.
func most(bucket int) time.Duration {
	shift := max(bucket>>fine-1, 0)
	return time.Duration((uint64(bucket-shift<<fine)+1)<<shift - 1)
}

func (h *histogram) add(d time.Duration) {
	h.counts[bucketOf(d)]++
	h.n++
}

func (h *histogram) merge(o *histogram) {
	for i, c := range o.counts {
		h.counts[i] += c
	}
	h.n += o.n
}

// quantile is the duration that the share q of all does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.n)))
	var seen uint64
	for i, c := range h.counts {
		if seen += uint64(c); c > 0 && seen >= rank {
			return most(i)
		}
	}
	return 0
}
