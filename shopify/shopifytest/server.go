package shopifytest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// Server is a shop with its Admin API. It is an http.Handler, and
// [Server.Transport] calls it without a socket. It is safe for concurrent use.
type Server struct {
	// URL is where the API listens if the server was started by [New]: use it
	// in place of https://{shop}.
	URL string
	// Domain, Token and Secret are those of the Config.
	Domain, Token, Secret string

	cfg      Config
	versions []string
	newest   string
	schemas  map[string]*graphql.Schema
	wake     chan struct{}

	mu           sync.Mutex // guards all below
	ahead        time.Duration
	chance       *rand.Rand
	target       target
	hook         func(string, int) Fault
	outage       bool
	calls        map[string]int
	counters     Counters
	bucket       bucket
	keys         map[string]*remembered
	underway     schedule
	sequence     int
	lastID       int64
	lastItemID   int64
	lastOrder    int64
	locations    map[int64]*location
	items        map[int64]*item
	variants     map[int64]*item
	skus         map[string]*item
	levels       map[int64]*level
	orders       map[int64]*order
	assigned     map[int64]*fulfillmentOrder
	shipments    map[int64]*shipment
	refunds      map[int64]*refund
	locationList []*location
	itemList     []*item
	orderList    []*order
	touched      map[*level]int64 // levels that moved in this step, and what was available before
}

// New starts a shop whose API listens on a local port until the test ends.
func New(t testing.TB, cfg *Config) *Server {
	t.Helper()
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Open makes a shop that listens nowhere, for a program that serves it itself,
// and for tests that use [Server.Transport].
func Open(cfg *Config) (*Server, error) {
	c := cfg.withDefaults()
	s := &Server{
		Domain: c.Domain, Token: c.Token, Secret: c.Secret,
		cfg: c, versions: admin.Versions(), schemas: map[string]*graphql.Schema{}, wake: make(chan struct{}, 1),
		chance: rand.New(rand.NewPCG(c.Seed, 1)), //nolint:gosec // traffic, not secrets
		calls:  map[string]int{}, keys: map[string]*remembered{}, lastID: firstID, lastItemID: firstItemID,
		locations: map[int64]*location{}, items: map[int64]*item{}, variants: map[int64]*item{}, skus: map[string]*item{}, levels: map[int64]*level{},
		orders: map[int64]*order{}, assigned: map[int64]*fulfillmentOrder{}, shipments: map[int64]*shipment{},
		refunds: map[int64]*refund{}, touched: map[*level]int64{},
	}
	for _, v := range s.versions {
		sdl, _ := admin.Schema(v)
		schema, err := graphql.Load(sdl)
		if err != nil {
			return nil, fmt.Errorf("shopifytest: version %s: %w", v, err)
		}
		s.schemas[v], s.newest = schema, v
	}
	s.bucket = bucket{level: float64(c.MaximumAvailable), at: s.now()}
	if c.World != nil {
		if err := s.LoadWorld(bytes.NewReader(c.World)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Now is the time by the shop's clock.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Server) now() time.Time { return s.cfg.Now().Add(s.ahead) }
