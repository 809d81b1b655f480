package shopifytest

import "time"

// Fault is what goes wrong with one request to the API. The zero value is no
// fault.
type Fault struct {
	Status    int           // answer this HTTP status, nothing applied
	Throttle  bool          // answer THROTTLED, nothing applied
	Drop      bool          // break the connection before anything is applied
	LoseReply bool          // apply, then break the connection
	Delay     time.Duration // hold the request back before it is applied
	Slow      time.Duration // hold the answer back after it was applied
}

// OnRequest calls hook for every request to the API. It is told the name of the
// first field asked for, such as "inventoryAdjustQuantities" or "orders", and
// how many requests for it there have been, this one included. It must not call
// the server.
func (s *Server) OnRequest(hook func(operation string, n int) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// Outage switches the API off, and on again: requests are answered 503. The
// shop goes on selling.
func (s *Server) Outage(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outage = on
}

// Counters count what the shop did.
type Counters struct {
	Requests, Throttled, Faults                            int // to the API
	Orders, Cancelled, Refunds, Edits, Fulfillments, Moves int
	HandEdits                                              int
	Writes, Replays, Refusals                              int // mutations that applied, were repeated, were refused
	Delivered, Refused, GivenUp, Lost, Duplicated, Stale   int // webhooks
}

// Counters returns what the shop did so far.
func (s *Server) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counters
}
