package redisstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// The scripts are compared with the model in memory, operation by operation.
func TestScriptsAnswerAsTheModelDoes(t *testing.T) {
	t.Parallel()
	srv := newMini(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	store := srv.open(t, &redisstore.Config{Buckets: 3})
	raw := srv.raw(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := &pair{
			T: rt, merchant: merchantName(), redis: store, raw: raw, timed: true,
			clock:   func() time.Time { return now },
			advance: func(d time.Duration) { srv.advance(d, &now) },
			back:    func(d time.Duration) { srv.clockBack(d, &now) },
		}
		d.memory = memstore.New(&memstore.Config{Now: d.clock})
		d.run()
	})
}

// Against a real server its own clock runs, so times are left out, and nothing
// comes due.
func TestScriptsAnswerAsTheModelDoesOnRedis(t *testing.T) {
	t.Parallel()
	srv := newReal(t)
	store := srv.open(t, &redisstore.Config{Buckets: 3})
	raw := srv.raw(t)
	rapid.Check(t, func(rt *rapid.T) {
		// The model's clock moves with every call, as the server's does, so what
		// became pending first comes first in both.
		d := &pair{T: rt, merchant: merchantName(), redis: store, raw: raw}
		start := time.Now()
		d.clock = func() time.Time { return start.Add(time.Duration(d.calls) * time.Microsecond) }
		d.memory = memstore.New(&memstore.Config{Now: d.clock})
		d.run()
	})
}

// The same while replies are lost, scripts are forgotten and connections close,
// by two processes, each with its own idea of the merchant's settings.
func TestScriptsAnswerAsTheModelDoesInTrouble(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		p := newProxy(t, srv.opt.Addr)
		var stores []leasing
		for range 2 {
			opt := *srv.opt
			opt.Addr, opt.MinRetryBackoff, opt.MaxRetryBackoff = p.addr(), time.Millisecond, 2*time.Millisecond
			c := redis.NewClient(&opt)
			t.Cleanup(func() { _ = c.Close() })
			stores = append(stores, openStore(t, c, &redisstore.Config{Buckets: 3}))
		}
		raw := srv.raw(t)
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		rapid.Check(t, func(rt *rapid.T) {
			d := &pair{T: rt, merchant: merchantName(), raw: raw, proxy: p, stores: stores}
			start := time.Now()
			d.clock = func() time.Time { return start.Add(time.Duration(d.calls) * time.Microsecond) }
			if srv.mini != nil {
				d.timed, d.clock = true, func() time.Time { return now }
				d.advance = func(d time.Duration) { srv.advance(d, &now) }
				d.back = func(d time.Duration) { srv.clockBack(d, &now) }
			}
			d.memory = memstore.New(&memstore.Config{Now: d.clock})
			d.run()
		})
		require.Positive(t, p.lost.Load())
	})
}

// leasing is a store with the optional powers, too.
type leasing interface {
	inventory.Store
	inventory.Journaler
	inventory.Leaser
	inventory.KitKeeper
}

// pair is the model and the store under test.
type pair struct {
	*rapid.T
	merchant      string
	memory, redis leasing
	advance, back func(time.Duration)
	timed         bool
	batches       [2][]inventory.Batch
	leases        []inventory.Lease
	cursors       [2]string // into the journals
	calls         int
	clock         func() time.Time
	raw           *redis.Client

	// In trouble: one of stores is asked in place of redis, by way of proxy.
	proxy  *proxy
	stores []leasing
}

var (
	pairSKUs      = []string{"a", "b", "c", "größe 42"}
	pairKits      = []string{"kit", "größe 42"}
	pairLocations = []string{"berlin", "lyon"}
	pairChannels  = []string{"shop", "till", "bazaar"}
	pairStates    = []inventory.State{inventory.World, inventory.Available, inventory.Reserved, inventory.Committed, inventory.Unavailable, inventory.Incoming}
)

// horizon of both, as nobody configures another.
const horizon = 15 * 24 * time.Hour

func (d *pair) run() {
	actions := map[string]func(*rapid.T){
		"apply":     func(t *rapid.T) { d.T = t; d.apply() },
		"again":     func(t *rapid.T) { d.T = t; d.apply() },
		"more":      func(t *rapid.T) { d.T = t; d.apply() },
		"configure": func(t *rapid.T) { d.T = t; d.configure() },
		"claim":     func(t *rapid.T) { d.T = t; d.claim() },
		"seal":      func(t *rapid.T) { d.T = t; d.seal() },
		"settle":    func(t *rapid.T) { d.T = t; d.settle() },
		"revise":    func(t *rapid.T) { d.T = t; d.revise() },
		"remove":    func(t *rapid.T) { d.T = t; d.remove() },
		"postpone":  func(t *rapid.T) { d.T = t; d.postpone() },
		"lease":     func(t *rapid.T) { d.T = t; d.lease() },
		"renew":     func(t *rapid.T) { d.T = t; d.renew() },
		"unlease":   func(t *rapid.T) { d.T = t; d.unlease() },
		"keep":      func(t *rapid.T) { d.T = t; d.keep() },
		"derive":    func(t *rapid.T) { d.T = t; d.derive() },
		"":          func(t *rapid.T) { d.T = t; d.compare() },
	}
	if d.advance != nil {
		actions["advance"] = func(t *rapid.T) {
			d.advance(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
		}
		actions["clock back"] = func(t *rapid.T) {
			d.back(time.Duration(rapid.IntRange(1, 20).Draw(t, "minutes")) * time.Minute)
		}
		actions["tidy"] = func(t *rapid.T) {
			d.T = t
			d.tidy()
		}
	}
	d.start()
	d.Repeat(actions)
}

// start gives most histories channels and levels to begin with.
func (d *pair) start() {
	if rapid.IntRange(0, 3).Draw(d.T, "from nothing") == 0 {
		return
	}
	set := inventory.Settings{}
	for _, name := range pairChannels {
		set.Channels = append(set.Channels, inventory.Channel{Name: name, Pooled: name == "bazaar", Buffer: int64(rapid.IntRange(0, 2).Draw(d.T, "buffer"))})
	}
	d.both("configure", func(s leasing, _ int) (any, error) {
		return nil, s.Configure(context.Background(), d.merchant, set)
	})
	for _, sku := range pairSKUs[:2] {
		for i, location := range pairLocations {
			c := inventory.Track("start-"+sku+location, inventory.Line{SKU: sku, Location: location, Quantity: int64(rapid.IntRange(-1, 9).Draw(d.T, "units"))})
			if i == 0 {
				c.Origin, c.Lines[0].Shown = rapid.SampledFrom(pairChannels).Draw(d.T, "origin"), int64(rapid.IntRange(-1, 9).Draw(d.T, "shown"))
			}
			d.submit(c)
		}
		d.submit(inventory.Believe("start-"+sku, "bazaar", inventory.Line{SKU: sku, Shown: int64(rapid.IntRange(0, 9).Draw(d.T, "shown"))}))
	}
}

// both does the same to both stores and compares the answers.
func (d *pair) both(what string, do func(s leasing, which int) (any, error)) {
	d.Helper()
	d.calls++
	store, lost := d.redis, func() bool { return false }
	if d.proxy != nil {
		store, lost = d.trouble(what)
	}
	v, err := do(store, 1)
	redis := d.said(v) + " " + describe(err)
	runs := 1
	if lost() && what == "apply" {
		runs = 2 // the client has sent the whole vector again, and tells the second answer
	}
	for range runs {
		v, err = do(d.memory, 0)
	}
	if model := d.said(v) + " " + describe(err); model != redis {
		at := 0
		for at < min(len(model), len(redis)) && model[at] == redis[at] {
			at++
		}
		at = max(0, at-500) // some of what they have in common
		d.Fatalf("%s\nmodel %.2000s\nredis %.2000s", what, model[at:], redis[at:])
	}
}

// trouble chooses the process that is asked, and what goes wrong on the way.
// Lost reports whether a reply was.
func (d *pair) trouble(what string) (store leasing, lost func() bool) {
	store = d.stores[rapid.IntRange(0, len(d.stores)-1).Draw(d.T, "process")]
	before := d.proxy.lost.Load()
	switch rapid.IntRange(0, 11).Draw(d.T, "trouble") {
	case 0:
		if err := d.raw.ScriptFlush(context.Background()).Err(); err != nil {
			d.Fatalf("%v", err)
		}
	case 1:
		d.proxy.drop()
	case 2, 3, 4:
		if what != "tidy" && what != "untrack" { // they are several calls, or go on where they were
			d.proxy.lose.Store(1)
		}
	}
	return store, func() bool {
		d.proxy.lose.Store(0)
		return d.proxy.lost.Load() > before
	}
}

// said is the text of a value without what may differ.
func (d *pair) said(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		d.Fatalf("%v", err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		d.Fatalf("%v", err)
	}
	b, _ = json.Marshal(d.plain(tree))
	return string(b)
}

func (d *pair) plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			switch {
			case k == "Epoch" || k == "Cursor":
			case !d.timed && (k == "Time" || k == "Since" || k == "ExpiresAt" || k == "Now" || k == "FirstSent"):
				if s, _ := x.(string); s != "" {
					out[k] = strings.HasPrefix(s, "0001")
				}
			default:
				if s, ok := x.(string); ok {
					if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
						x = at.UTC().Truncate(time.Microsecond).String()
					}
				}
				out[k] = d.plain(x)
			}
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = d.plain(x)
		}
		return out
	}
	return v
}

// describe is what callers can learn from an error.
func describe(err error) string {
	var out []string
	for _, e := range []error{
		inventory.ErrInsufficient, inventory.ErrUntracked, inventory.ErrNotFound, inventory.ErrExpired, inventory.ErrReleased,
		inventory.ErrCommitted, inventory.ErrReusedID, inventory.ErrInvalid, inventory.ErrConflict, inventory.ErrUnknown, inventory.ErrDataLoss,
		inventory.ErrLeased, inventory.ErrFenced, inventory.ErrTooOld,
	} {
		if errors.Is(err, e) {
			out = append(out, e.Error())
		}
	}
	var short *inventory.InsufficientError
	if errors.As(err, &short) {
		out = append(out, fmt.Sprint(short.Short))
	}
	var untracked *inventory.UntrackedError
	if errors.As(err, &untracked) {
		out = append(out, fmt.Sprint(untracked.Keys))
	}
	var leased *inventory.LeasedError
	if errors.As(err, &leased) {
		out = append(out, fmt.Sprint(leased.Keys))
	}
	var invalid *inventory.InvalidError
	if errors.As(err, &invalid) {
		out = append(out, invalid.Field)
	}
	if err != nil && out == nil {
		out = append(out, err.Error())
	}
	return strings.Join(out, ", ")
}

func (d *pair) key() inventory.Key {
	skus := pairSKUs
	if rapid.IntRange(0, 9).Draw(d.T, "kit?") == 0 {
		skus = pairKits
	}
	return inventory.Key{SKU: rapid.SampledFrom(skus).Draw(d.T, "sku"), Location: rapid.SampledFrom(pairLocations).Draw(d.T, "location")}
}

// keep registers a kit, or no longer.
func (d *pair) keep() {
	kits := []inventory.ShownKit{{SKU: rapid.SampledFrom(pairKits).Draw(d.T, "kit")}}
	for _, sku := range pairSKUs {
		if n := rapid.IntRange(-3, 3).Draw(d.T, sku); n > 0 {
			kits[0].Components = append(kits[0].Components, inventory.Line{SKU: sku, Quantity: int64(n)})
		}
	}
	d.both("keep", func(s leasing, _ int) (any, error) { return nil, s.KeepKits(context.Background(), d.merchant, kits) })
	d.both("kits", func(s leasing, _ int) (any, error) { return s.ShownKits(context.Background(), d.merchant) })
}

// derive works off all marks.
func (d *pair) derive() {
	d.both("derive", func(s leasing, _ int) (any, error) {
		for {
			more, err := s.Derive(context.Background(), d.merchant, 50)
			if err != nil || !more {
				return nil, err
			}
		}
	})
}

// sold draws a line by which the origin's number of a kit has moved.
func (d *pair) sold() inventory.Line {
	kit := rapid.SampledFrom(append(pairKits, "a")).Draw(d.T, "kit")
	return inventory.Line{
		SKU: kit, Kit: kit, Location: rapid.SampledFrom(pairLocations).Draw(d.T, "location"), Shown: int64(rapid.IntRange(-3, 3).Draw(d.T, "shown")),
	}
}

func (d *pair) lines() []inventory.Line {
	out := make([]inventory.Line, rapid.IntRange(1, 3).Draw(d.T, "lines"))
	for i := range out {
		k := d.key()
		out[i] = inventory.Line{SKU: k.SKU, Location: k.Location, Quantity: int64(rapid.IntRange(1, 4).Draw(d.T, "quantity"))}
		if rapid.IntRange(0, 3).Draw(d.T, "shown?") == 0 {
			out[i].Shown = int64(rapid.IntRange(-3, 9).Draw(d.T, "shown"))
		}
	}
	return out
}

// partOf draws lines that the hold mostly has.
func (d *pair) partOf(hold string) []inventory.Line {
	holds, err := d.memory.Reservations(context.Background(), d.merchant, []string{hold})
	if err != nil {
		d.Fatalf("%v", err)
	}
	if len(holds) == 0 || len(holds[0].Lines) == 0 || rapid.IntRange(0, 5).Draw(d.T, "other lines") == 0 {
		return d.lines()
	}
	lines := holds[0].Lines
	if rapid.Bool().Draw(d.T, "one line") {
		lines = []inventory.Line{rapid.SampledFrom(lines).Draw(d.T, "line")}
	}
	if rapid.Bool().Draw(d.T, "one unit") {
		lines[0].Quantity = 1
	}
	return lines
}

func (d *pair) change() inventory.Change {
	id := fmt.Sprintf("id-%d", rapid.IntRange(1, 40).Draw(d.T, "id"))
	hold := fmt.Sprintf("hold-%d", rapid.IntRange(1, 5).Draw(d.T, "hold"))
	ttl := time.Duration(rapid.IntRange(1, 60).Draw(d.T, "ttl")) * time.Minute
	if !d.timed {
		ttl += 24 * time.Hour
	}
	state := func(name string) inventory.State { return rapid.SampledFrom(pairStates).Draw(d.T, name) }
	var c inventory.Change
	switch rapid.SampledFrom([]string{
		"track", "track", "believe", "sell", "sell", "sell", "reserve", "reserve", "extend", "commit", "release", "expire",
		"cancel", "fulfil", "return", "receive", "move", "order", "order",
		"commit part", "commit part", "release part", "release part", "resize", "resize", "untrack", "ship", "edit",
	}).Draw(d.T, "kind") {
	case "track":
		c = inventory.Track(id, d.lines()...)
		for i := range c.Lines {
			c.Lines[i].Quantity = c.Lines[i].Quantity*3 - 4
		}
	case "believe":
		c = inventory.Believe(id, rapid.SampledFrom(pairChannels).Draw(d.T, "channel"), d.lines()...)
		for i := range c.Lines {
			c.Lines[i].Quantity = 0
			if rapid.IntRange(0, 2).Draw(d.T, "anywhere") == 0 {
				c.Lines[i].Location = ""
			}
		}
		return c
	case "sell":
		c = inventory.Sell(id, d.lines()...)
	case "reserve":
		c = inventory.Reserve(hold, ttl, d.lines()...)
	case "extend":
		c = inventory.Extend(hold, ttl)
	case "commit":
		c = inventory.Commit(hold, rapid.SampledFrom([]string{"o/1", "o/2"}).Draw(d.T, "order"))
	case "release":
		c = inventory.Release(hold)
	case "expire":
		c = inventory.Expire(hold)
	case "commit part":
		c = inventory.CommitPart(id, hold, rapid.SampledFrom([]string{"o/1", "o/2"}).Draw(d.T, "order"), d.partOf(hold)...)
	case "untrack":
		c = inventory.Untrack(id, d.key())
		if rapid.Bool().Draw(d.T, "another") {
			c = inventory.Untrack(id, d.key(), d.key())
		}
	case "ship":
		c = inventory.Ship(id, rapid.SampledFrom(pairLocations).Draw(d.T, "to"), d.lines()...)
	case "edit":
		lines := d.lines()
		for i := range lines {
			lines[i].Quantity = lines[i].Quantity*2 - 5
		}
		return inventory.Edited(id, rapid.SampledFrom(pairChannels).Draw(d.T, "channel"), lines...)
	case "resize":
		c = inventory.Resize(id, hold, append(d.partOf(hold), d.lines()...)...)
	case "release part":
		c = inventory.ReleasePart(id, hold, d.partOf(hold)...)
	case "cancel":
		c = inventory.Cancel(id, state("to"), d.lines()...)
	case "fulfil":
		c = inventory.Fulfil(id, d.lines()...)
	case "return":
		c = inventory.Return(id, state("to"), d.lines()...)
	case "receive":
		c = inventory.Receive(id, d.lines()...)
	case "move":
		c = inventory.Move(id, state("from"), state("to"), d.lines()...)
	case "order":
		c = d.order(hold)
	}
	if rapid.IntRange(0, 2).Draw(d.T, "reported?") == 0 {
		c = c.ReportedBy(rapid.SampledFrom(append(pairChannels, "elsewhere")).Draw(d.T, "origin"))
	} else if rapid.IntRange(0, 4).Draw(d.T, "recorded?") == 0 {
		c.Recorded = true
	}
	for i := range c.Lines {
		c.Lines[i].Reason = rapid.SampledFrom([]string{"", "", "broken", "lost\tagain"}).Draw(d.T, "reason")
		c.Lines[i].Kit = rapid.SampledFrom([]string{"", "", "set"}).Draw(d.T, "kit")
	}
	if rapid.IntRange(0, 3).Draw(d.T, "traced?") == 0 {
		c.TraceID = "trace"
	}
	if len(c.Lines) > 0 && rapid.IntRange(0, 2).Draw(d.T, "of a kit?") == 0 {
		c.Lines = append(c.Lines, d.sold())
	}
	if rapid.IntRange(0, 3).Draw(d.T, "dated?") == 0 {
		c.At = d.clock().Add(-rapid.SampledFrom([]time.Duration{
			-time.Hour, time.Minute, time.Hour, horizon - time.Minute, horizon + time.Minute,
		}).Draw(d.T, "ago"))
	}
	if rapid.IntRange(0, 5).Draw(d.T, "guarded?") == 0 {
		c.Guards = []inventory.Guard{{Key: d.key(), Version: int64(rapid.IntRange(1, 5).Draw(d.T, "version"))}}
	}
	if len(d.leases) > 0 && rapid.IntRange(0, 2).Draw(d.T, "fenced?") == 0 {
		l := rapid.SampledFrom(d.leases).Draw(d.T, "lease")
		for _, k := range l.Keys {
			g := inventory.Guard{Key: k, Fence: l.Fence}
			if rapid.IntRange(0, 9).Draw(d.T, "version?") == 0 {
				g.Version = int64(rapid.IntRange(1, 5).Draw(d.T, "version"))
			}
			c.Guards = append(c.Guards, g)
		}
	}
	return c
}

func (d *pair) order(hold string) inventory.Change {
	name := rapid.SampledFrom([]string{"o/1", "o/2", "o/3"}).Draw(d.T, "order")
	docs, err := d.memory.Documents(context.Background(), d.merchant, []string{name})
	if err != nil {
		d.Fatalf("%v", err)
	}
	c := inventory.Sell(name, d.lines()...)
	c.Kind, c.Recorded = inventory.KindOrder, true
	c.Document = &inventory.Document{
		Name:    name,
		Version: max(0, docs[0].Version-int64(rapid.IntRange(0, 6).Draw(d.T, "stale")/5)),
		Body:    []byte(rapid.SampledFrom([]string{"one", "two\x00\xff"}).Draw(d.T, "body")),
		Doubts: rapid.SampledFrom([][]inventory.Reason{
			nil, {inventory.UnsureOrder}, {inventory.UnsureRestock}, {inventory.UnsureRestock, inventory.UnsurePlace},
		}).Draw(d.T, "doubts"),
	}
	c.Document.Compact = rapid.IntRange(0, 3).Draw(d.T, "compact") == 0
	c.Document.Base = rapid.IntRange(0, 3).Draw(d.T, "base") == 0
	if c.Document.Gone = rapid.IntRange(0, 9).Draw(d.T, "gone") == 0; c.Document.Gone {
		c.Lines = nil
	}
	if rapid.Bool().Draw(d.T, "settles") {
		c.Reservation = hold
	}
	return c
}

func (d *pair) apply() {
	changes := make([]inventory.Change, rapid.IntRange(1, 4).Draw(d.T, "changes"))
	for i := range changes {
		changes[i] = d.change()
	}
	if rapid.IntRange(0, 4).Draw(d.T, "repeat") == 0 {
		changes = append(changes, changes[0])
	}
	d.submit(changes...)
}

func (d *pair) submit(changes ...inventory.Change) {
	for i := range changes {
		changes[i].Merchant = d.merchant
	}
	what := "apply"
	if slices.ContainsFunc(changes, func(c inventory.Change) bool { return c.Kind == inventory.KindUntrack }) {
		what = "untrack"
	}
	d.both(what, func(s leasing, _ int) (any, error) {
		out := s.Apply(context.Background(), changes)
		errs := make([]string, len(out))
		for i := range out {
			errs[i] = describe(out[i].Err)
			out[i].Err = nil
		}
		return map[string]any{"out": out, "errs": errs}, nil
	})
}

func (d *pair) tidy() {
	d.both("tidy", func(s leasing, _ int) (any, error) {
		done, err := s.Tidy(context.Background(), d.merchant, 50)
		var stuck []string
		for _, x := range done.Stuck {
			stuck = append(stuck, x.Reservation+" "+describe(x.Err))
		}
		done.Stuck, done.Leases = nil, 0 // Lease clears away some itself
		return map[string]any{"done": done, "stuck": stuck}, err
	})
}

func (d *pair) configure() {
	set := inventory.Settings{Levels: map[inventory.Key]inventory.Rules{}}
	for _, name := range pairChannels {
		if rapid.Bool().Draw(d.T, name) {
			c := inventory.Channel{Name: name, Buffer: int64(rapid.IntRange(0, 3).Draw(d.T, "buffer")), Max: int64(rapid.IntRange(0, 5).Draw(d.T, "cap"))}
			if rapid.Bool().Draw(d.T, "everywhere") {
				c.Locations = []string{rapid.SampledFrom(pairLocations).Draw(d.T, "location")}
			}
			c.Pooled = name == "bazaar" // mostly, as it can't be changed
			if rapid.IntRange(0, 15).Draw(d.T, "otherwise") == 0 {
				c.Pooled = !c.Pooled
			}
			set.Channels = append(set.Channels, c)
		}
	}
	if rapid.Bool().Draw(d.T, "rules") {
		r := inventory.Rules{SafetyStock: int64(rapid.IntRange(0, 2).Draw(d.T, "safety")), BackorderLimit: int64(rapid.IntRange(0, 3).Draw(d.T, "backorder"))}
		if rapid.Bool().Draw(d.T, "buffers") {
			r.Buffers = map[string]int64{rapid.SampledFrom(append(pairChannels, "later")).Draw(d.T, "for"): int64(rapid.IntRange(0, 4).Draw(d.T, "buffer"))}
		}
		set.Levels[d.key()] = r
	}
	d.both("configure", func(s leasing, _ int) (any, error) {
		return nil, s.Configure(context.Background(), d.merchant, set)
	})
}

// remove takes channels away, which is seldom as histories should get on.
func (d *pair) remove() {
	if rapid.IntRange(0, 3).Draw(d.T, "seldom") != 0 {
		d.Skip("not now")
	}
	set := inventory.Settings{Remove: []string{rapid.SampledFrom(append(pairChannels, "later")).Draw(d.T, "channel")}}
	if rapid.Bool().Draw(d.T, "another") {
		set.Remove = append(set.Remove, rapid.SampledFrom(pairChannels).Draw(d.T, "other"))
	}
	d.both("remove", func(s leasing, _ int) (any, error) {
		return nil, s.Configure(context.Background(), d.merchant, set)
	})
}

// revise forgets or unparks levels of a channel.
func (d *pair) revise() {
	channel, forget := rapid.SampledFrom(pairChannels).Draw(d.T, "channel"), rapid.Bool().Draw(d.T, "forget")
	keys := []inventory.Key{d.key(), d.key()}
	if rapid.Bool().Draw(d.T, "anywhere") {
		keys[1].Location = ""
	}
	d.both("revise", func(s leasing, _ int) (any, error) {
		if forget {
			return nil, s.Forget(context.Background(), d.merchant, channel, keys)
		}
		return nil, s.Unpark(context.Background(), d.merchant, channel, keys)
	})
}

func (d *pair) claim() {
	channel := rapid.SampledFrom(pairChannels).Draw(d.T, "channel")
	most := rapid.IntRange(1, 3).Draw(d.T, "most")
	lease := time.Duration(rapid.IntRange(1, 30).Draw(d.T, "lease")) * time.Minute
	d.both("claim", func(s leasing, which int) (any, error) {
		b, err := s.Claim(context.Background(), d.merchant, channel, most, lease)
		if b.ID != "" {
			d.batches[which] = append(d.batches[which], b)
		}
		return b, err
	})
}

// batch picks one of the last batches, the same in both stores.
func (d *pair) batch() (pick func(which int) *inventory.Batch, ok bool) {
	n := len(d.batches[0])
	if n == 0 {
		d.Skip("no batch yet")
	}
	i := rapid.IntRange(max(0, n-3), n-1).Draw(d.T, "batch")
	return func(which int) *inventory.Batch { return &d.batches[which][i] }, true
}

func (d *pair) results(n int, statuses ...inventory.PushStatus) []inventory.Result {
	out := make([]inventory.Result, n)
	for i := range out {
		out[i].Status = rapid.SampledFrom(statuses).Draw(d.T, "status")
		if rapid.IntRange(0, 2).Draw(d.T, "err?") == 0 {
			out[i].Err = errors.New("no such item")
		}
		if rapid.IntRange(0, 3).Draw(d.T, "retry?") == 0 {
			out[i].RetryIn = time.Duration(rapid.IntRange(1, 20).Draw(d.T, "retry")) * time.Minute
		}
	}
	return out
}

func (d *pair) seal() {
	pick, _ := d.batch()
	var refused []inventory.Result
	if rapid.Bool().Draw(d.T, "refuse") {
		refused = d.results(len(pick(0).Pushes), "", "", inventory.Refused)
	}
	request := []byte(rapid.SampledFrom([]string{"request", "other\x00"}).Draw(d.T, "request"))
	d.both("seal", func(s leasing, which int) (any, error) {
		b := *pick(which)
		b.Request = request
		sealed, err := s.Seal(context.Background(), b, refused)
		if err == nil && sealed.ID != "" {
			*pick(which) = sealed
		}
		return sealed, err
	})
}

func (d *pair) settle() {
	pick, _ := d.batch()
	n := max(0, len(pick(0).Pushes)-rapid.IntRange(0, 9).Draw(d.T, "lacking")/9)
	results := d.results(n, inventory.Applied, inventory.Applied, inventory.Replaced, inventory.Deferred, inventory.Refused, inventory.Lapsed)
	d.both("settle", func(s leasing, which int) (any, error) {
		return nil, s.Settle(context.Background(), *pick(which), results)
	})
}

func (d *pair) postpone() {
	pick, _ := d.batch()
	wait := time.Duration(rapid.IntRange(0, 20).Draw(d.T, "wait")) * time.Minute
	d.both("postpone", func(s leasing, which int) (any, error) {
		return nil, s.Postpone(context.Background(), *pick(which), wait)
	})
}

func (d *pair) lease() {
	keys := make([]inventory.Key, rapid.IntRange(0, 3).Draw(d.T, "keys"))
	for i := range keys {
		keys[i] = d.key()
	}
	ttl := time.Duration(rapid.IntRange(1, 61).Draw(d.T, "ttl")) * time.Minute
	d.both("lease", func(s leasing, which int) (any, error) {
		l, err := s.Lease(context.Background(), d.merchant, keys, ttl)
		if err == nil && which == 0 {
			d.leases = append(d.leases, l)
		}
		return l, err
	})
}

// last picks one of the last leases, perhaps only some of its levels, or with
// a token that it does not have.
func (d *pair) last() inventory.Lease {
	n := len(d.leases)
	if n == 0 {
		d.Skip("no lease yet")
	}
	l := d.leases[rapid.IntRange(max(0, n-3), n-1).Draw(d.T, "lease")]
	switch rapid.IntRange(0, 6).Draw(d.T, "part") {
	case 0:
		l.Keys = l.Keys[:1]
	case 1:
		l.Keys = append(slices.Clone(l.Keys), d.key())
	case 2:
		l.Fence = int64(rapid.IntRange(-1, n+1).Draw(d.T, "fence"))
	}
	return l
}

func (d *pair) renew() {
	l := d.last()
	ttl := time.Duration(rapid.IntRange(1, 60).Draw(d.T, "ttl")) * time.Minute
	d.both("renew", func(s leasing, _ int) (any, error) {
		return s.Renew(context.Background(), l, ttl)
	})
}

func (d *pair) unlease() {
	l := d.last()
	d.both("unlease", func(s leasing, _ int) (any, error) {
		return nil, s.Unlease(context.Background(), l)
	})
}

// compare reads everything, now and then.
func (d *pair) compare() {
	every := 3
	if d.proxy != nil {
		every = 9 // it is about writes
	}
	if d.calls%every != 0 {
		d.calls++
		return
	}
	ctx := context.Background()
	var keys []inventory.Key
	for _, sku := range append(pairKits, pairSKUs...) {
		keys = append(keys, inventory.Key{SKU: sku})
		for _, l := range pairLocations {
			keys = append(keys, inventory.Key{SKU: sku, Location: l})
		}
	}
	var ids, holds []string
	for i := range 41 {
		ids, holds = append(ids, fmt.Sprintf("id-%d", i)), append(holds, fmt.Sprintf("hold-%d", i))
	}
	d.both("levels", func(s leasing, _ int) (any, error) { return s.Levels(ctx, d.merchant, keys) })
	d.both("all levels", func(s leasing, _ int) (any, error) {
		var out []inventory.Level
		for l, err := range s.AllLevels(ctx, d.merchant) {
			if err != nil {
				return nil, err
			}
			out = append(out, l)
		}
		slices.SortFunc(out, func(a, b inventory.Level) int { return a.Compare(b.Key) })
		return out, nil
	})
	d.both("applied", func(s leasing, _ int) (any, error) {
		return s.Applied(ctx, d.merchant, append(ids, holds...))
	})
	d.both("reservations", func(s leasing, _ int) (any, error) { return s.Reservations(ctx, d.merchant, holds) })
	d.both("documents", func(s leasing, _ int) (any, error) {
		return s.Documents(ctx, d.merchant, []string{"o/3", "o/1", "o/2", "o/9"})
	})
	for _, fetchable := range []bool{true, false} {
		d.both("doubtful", func(s leasing, _ int) (any, error) { return s.Doubtful(ctx, d.merchant, fetchable, 2) })
	}
	for _, q := range []inventory.DocumentQuery{{}, {Whole: 30 * time.Minute, Compact: 20 * time.Minute}, {Whole: -1, Bases: true}} {
		if !d.timed && q.Whole > 0 {
			continue
		}
		d.both("scan", func(s leasing, _ int) (any, error) {
			docs, err := scanAll(s, d.merchant, q)
			slices.SortFunc(docs, func(a, b inventory.Document) int { return strings.Compare(a.Name, b.Name) })
			return docs, err
		})
	}
	d.journal()
	d.both("settings", func(s leasing, _ int) (any, error) { return s.Settings(ctx, d.merchant) })
	for _, channel := range pairChannels {
		d.indexed(channel)
		for _, which := range [][]inventory.Key{nil, keys} {
			d.both("beliefs", func(s leasing, _ int) (any, error) {
				var out []inventory.Belief
				for b, err := range s.Beliefs(ctx, d.merchant, channel, which) {
					if err != nil {
						return nil, err
					}
					out = append(out, b)
				}
				return out, nil
			})
		}
	}
}

func scanAll(s leasing, merchant string, q inventory.DocumentQuery) (all []inventory.Document, err error) {
	for cursor := ""; ; {
		docs, next, err := s.ScanDocuments(context.Background(), merchant, q, cursor, 2)
		if all = append(all, docs...); err != nil || next == "" {
			return all, err
		}
		cursor = next
	}
}

// journal reads the whole journal, page by page, and what is new since the
// last time.
func (d *pair) journal() {
	most := rapid.IntRange(1, 7).Draw(d.T, "page")
	read := func(s leasing, from string) (out []inventory.Entry, end string, err error) {
		for {
			p, err := s.Journal(context.Background(), d.merchant, from, most)
			if err != nil || len(p.Entries) > most || p.More && len(p.Entries) == 0 {
				return nil, "", fmt.Errorf("page of %d, more %t: %w", len(p.Entries), p.More, err)
			}
			out, from = append(out, p.Entries...), p.Cursor
			if !p.More {
				return out, from, nil
			}
		}
	}
	d.both("journal", func(s leasing, which int) (any, error) {
		all, end, err := read(s, "")
		fresh, _, errFresh := read(s, d.cursors[which])
		d.cursors[which] = end
		if len(all) > 0 { // the last but some
			d.cursors[which] = all[max(0, len(all)-most)].Cursor
		}
		return [][]inventory.Entry{all, fresh}, errors.Join(err, errFresh)
	})
}

// indexed checks that what is listed as pending is what the levels say.
func (d *pair) indexed(channel string) {
	ctx := context.Background()
	want := map[string]string{}
	for b, err := range d.memory.Beliefs(ctx, d.merchant, channel, nil) {
		if err != nil {
			return // the channel is not configured
		}
		if b.Pending && b.Target < b.Believed {
			want[b.SKU+"\x00"+b.Location] = "f"
		} else if b.Pending {
			want[b.SKU+"\x00"+b.Location] = "r"
		}
	}
	got := map[string]string{}
	for _, dir := range []string{"f", "r"} {
		members, err := d.raw.ZRange(ctx, "{"+d.merchant+"}:p:"+channel+":"+dir, 0, -1).Result()
		if err != nil {
			d.Fatalf("%v", err)
		}
		for _, m := range members {
			got[m] += dir
		}
	}
	if !maps.Equal(want, got) {
		d.Fatalf("pending on %s\nmodel %q\nredis %q", channel, want, got)
	}
}

func TestDifferencesAreSeen(t *testing.T) {
	t.Parallel()
	require.NotEqual(t, describe(inventory.ErrConflict), describe(inventory.ErrReusedID))
	d := &pair{timed: true}
	require.NotEqual(t, d.said(inventory.Outcome{Late: true}), d.said(inventory.Outcome{}))
}
