package main

import (
	"math/rand/v2"
	"strconv"
)

const (
	location = "berlin"
	// catalog is over how many SKUs sales are spread, and fewer on the embedded
	// server, which is slow to load.
	catalog, small = 10_000, 500
	// soldOut SKUs have no unit, from the start.
	soldOut = 100
)

// picks is which SKUs are asked for, one after the other. It is drawn before
// anything is measured, and the same for everybody who is.
type picks []string

// drawn is long enough that callers who begin anywhere do not follow each other.
const drawn = 1 << 17

func sku(i int) string { return "sku-" + strconv.Itoa(i) }

// hot is the one SKU that everybody wants.
func hot() picks { return picks{"hot"} }

// uniform asks for all of n SKUs alike.
func uniform(n int) picks {
	r := rand.New(rand.NewPCG(1, 2))
	p := make(picks, drawn)
	for i := range p {
		p[i] = sku(r.IntN(n))
	}
	return p
}

// zipf asks for SKUs as shops sell them: the first for 13 % of all, the tenth
// for 1.
func zipf(n int) picks {
	r := rand.New(rand.NewPCG(3, 4))
	z := rand.NewZipf(r, 1.1, 1, uint64(n-1))
	p := make(picks, drawn)
	for i := range p {
		p[i] = sku(int(z.Uint64()))
	}
	return p
}

// withSoldOut asks for a SKU that is sold out in every nth sale.
func (p picks) withSoldOut(nth int) picks {
	out := make(picks, drawn)
	for i := range out {
		out[i] = p[i%len(p)]
		if i%nth == 0 {
			out[i] = goneSKU(i / nth % soldOut)
		}
	}
	return out
}

func goneSKU(i int) string { return "gone-" + strconv.Itoa(i) }

// from returns the picks of one of many callers.
func (p picks) from(caller int) func() string {
	i := caller * 7919 % len(p)
	return func() string {
		s := p[i]
		if i++; i == len(p) {
			i = 0
		}
		return s
	}
}
