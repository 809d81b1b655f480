package redisstore

import "runtime"

// ReadHash is the name of the script that only reads.
var ReadHash = readScript.Hash()

// TidyHash is the name of the script that forgets reservations.
var TidyHash = tidyScript.Hash()

// CheckAt is Check by another clock.
var CheckAt = check

// ShareAll lets no caller send a call of its own: all go through the queue.
func ShareAll(s *Store) { s.calls = 0 }

// Waiting is how many callers wait for a call of a merchant.
func Waiting(s *Store, merchant string) int {
	m, err := s.merchant(merchant)
	if err != nil {
		return 0
	}
	m.queue.mu.Lock()
	defer m.queue.mu.Unlock()
	return len(m.queue.waiting)
}

// Yield lets others run.
func Yield() { runtime.Gosched() }

// HoldKey is the key that the hold is in.
func HoldKey(merchant, id string) string { return placesOf(merchant).hold(id) }
