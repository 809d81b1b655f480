package shopifytest

import (
	"encoding/json"
	"time"
)

// Config says how a [Server] behaves. The zero value, and nil, is a shop that
// answers at once and delivers every webhook once and in order.
type Config struct {
	// Domain of the shop. Default "test.myshopify.com".
	Domain string
	// Token that requests must carry. Default "test".
	Token string
	// Secret that webhooks are signed with. Default "secret".
	Secret string
	// Seed of all chance: two servers with one seed, one clock and the same
	// calls do the same.
	Seed uint64
	// Now is the clock that the server's own is set by. Default time.Now.
	// [Server.Advance] moves the server's clock ahead of it.
	Now func() time.Time
	// World is loaded at the start, see [Server.LoadWorld].
	World json.RawMessage

	// Duplicate, Reorder, Lose, Stale and Late are shares of webhooks, between
	// 0 and 1: sent twice; held back by up to Delay, behind later ones; never
	// sent; sent again, as they were, hours later; assembled when they are sent
	// and not when the change happened, so that they show a later state.
	Duplicate, Reorder, Lose, Stale, Late float64
	// Delay is how long Reorder holds a webhook back at most. Default 3 minutes.
	Delay time.Duration

	// Lag is how far the index behind the orders connection is behind. It
	// decides which orders are found, not what they contain. Default 10 s, none
	// if negative.
	Lag time.Duration
	// Routing is how long after an order its fulfillment orders come to be.
	Routing time.Duration
	// Skew is by how much an order's stamps may be early at most.
	Skew time.Duration
	// NoRefundLines makes edits and cancellations of orders write no refund
	// lines, as happens where nothing was paid.
	NoRefundLines bool

	// MaximumAvailable and RestoreRate are those of the cost bucket. Default
	// 2000 and 100, a shop on the Standard plan. MaxCost of one query: 1000.
	MaximumAvailable, RestoreRate, MaxCost int
	// LinearCost counts every node of a page in full, without the logarithm
	// that Shopify grants: the most that a query can cost.
	LinearCost bool

	// ForgetKeys makes the shop forget idempotency keys at once.
	ForgetKeys bool
	// FailedKeys makes a key whose first request was refused answer
	// IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED. Without it the request is tried anew.
	FailedKeys bool
}

func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	num := func(n *int, v int) {
		if *n == 0 {
			*n = v
		}
	}
	def(&out.Domain, "test.myshopify.com")
	def(&out.Token, "test")
	def(&out.Secret, "secret")
	num(&out.MaximumAvailable, 2000)
	num(&out.RestoreRate, 100)
	num(&out.MaxCost, 1000)
	if out.Now == nil {
		out.Now = time.Now
	}
	if out.Delay == 0 {
		out.Delay = 3 * time.Minute
	}
	if out.Lag == 0 {
		out.Lag = 10 * time.Second
	}
	return out
}
