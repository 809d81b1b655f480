// Package memstore keeps stock in memory: the model of what a store does, for
// tests, demos and programs that may forget. It keeps nothing across restarts.
//
// It passes package storetest, and the Lua scripts of redisstore are tested
// against it operation by operation, so read it to learn what a Change does.
package memstore

import (
	"cmp"
	"crypto/rand"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// Config of a Store. Nil and zero values mean defaults.
type Config struct {
	// Now is the store's clock. Default: time.Now.
	Now func() time.Time
	// Horizon is how long the ID of an applied Change and the record of a
	// settled reservation are remembered. Default: 15 days.
	Horizon time.Duration
	// JournalLength is how many entries a merchant's journal keeps. Default:
	// 50,000.
	JournalLength int
	// JournalAge is how long Tidy leaves an entry in the journal; for a
	// [inventory.Follower] that has still to read it, longer. Default: 7 days.
	JournalAge time.Duration
}

// Store implements [inventory.Store], [inventory.Journaler], [inventory.Leaser],
// [inventory.Bookmarker] and [inventory.KitKeeper]. It is safe for concurrent use.
type Store struct {
	now     func() time.Time
	horizon time.Duration
	epoch   string
	length  int
	age     time.Duration

	mu        sync.Mutex
	merchants map[string]*merchant
}

var (
	_ inventory.Store      = (*Store)(nil)
	_ inventory.Journaler  = (*Store)(nil)
	_ inventory.Leaser     = (*Store)(nil)
	_ inventory.Bookmarker = (*Store)(nil)
	_ inventory.KitKeeper  = (*Store)(nil)
)

// New returns an empty Store.
func New(cfg *Config) *Store {
	var c Config
	if cfg != nil {
		c = *cfg
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Store{
		now:       c.Now,
		horizon:   cmp.Or(max(c.Horizon, 0), 15*24*time.Hour),
		epoch:     rand.Text(),
		length:    cmp.Or(max(c.JournalLength, 0), 50_000),
		age:       cmp.Or(max(c.JournalAge, 0), 7*24*time.Hour),
		merchants: map[string]*merchant{},
	}
}

// merchant is all that is kept of one merchant.
type merchant struct {
	settings  inventory.Settings
	levels    map[inventory.Key]*inventory.Level
	ids       map[string]seen
	holds     map[string]*hold
	held      map[*hold]bool // those of them that are held
	dues      dueQueue
	ended     memories // holds
	applied   memories // IDs
	docs      map[string]*document
	channels  map[string]*channel
	bookmarks map[string]string
	journal   []inventory.Entry
	entries   int64     // that there ever were
	noted     time.Time // the newest, or what changed no level
	batches   int64
	leases    map[inventory.Key]lease
	leased    time.Time              // from then on no lease is in force
	fences    int64                  // the last token
	moved     map[inventory.Key]bool // by the call that is under way
	kits      kits
}

type seen struct {
	fingerprint uint64
}

type hold struct {
	inventory.Reservation
	fingerprint uint64
	// settled: by the document of the order that carried its ID.
	settled bool
	// parts of it that were committed, until their order's document comes.
	parts []sold
	// ended is when it was committed, released or expired.
	ended time.Time
	// retry is when it is due again, its expiry having been refused.
	retry time.Time
	// turn is its newest place in the queue of those that come due.
	turn *waiting
}

// sold is a part of a hold that was committed to an order.
type sold struct {
	order string
	line  inventory.Line
}

type document struct {
	inventory.Document
	fingerprint uint64
	written     time.Time
}

func (s *Store) merchant(name string) *merchant {
	m := s.merchants[name]
	if m == nil {
		m = &merchant{
			levels:    map[inventory.Key]*inventory.Level{},
			ids:       map[string]seen{},
			holds:     map[string]*hold{},
			held:      map[*hold]bool{},
			docs:      map[string]*document{},
			channels:  map[string]*channel{},
			bookmarks: map[string]string{},
			leases:    map[inventory.Key]lease{},
			moved:     map[inventory.Key]bool{},
			kits:      newKits(),
		}
		s.merchants[name] = m
	}
	return m
}
