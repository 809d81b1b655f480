package inventory

import (
	linked "container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

// Bounds of what a [View] keeps.
const (
	// MinViewTTL and MaxViewTTL bound how long an answer is used.
	MinViewTTL = 30 * time.Second
	MaxViewTTL = 60 * time.Second

	defaultViewTTL  = 45 * time.Second
	defaultViewKeys = 10_000
)

// View remembers for a short time what a channel was read to show, such as the
// numbers in a shop. It is a snapshot of somebody else's truth, at most its TTL
// old; never decide by it what may be sold. Reads of our own truth, such as
// [Stock.Availability], have no cache.
//
// Callers that miss the same key at the same time share one fetch. Errors are
// not remembered. A View has no goroutine and nothing to close, and is safe for
// concurrent use.
type View[K comparable, V any] struct {
	fetch func(ctx context.Context, keys []K) ([]V, error)
	ttl   time.Duration
	max   int

	mu      sync.Mutex
	entries map[K]*linked.Element
	oldest  *linked.List // of seen, in the order in which they were written
	flights map[K]*flight[K, V]
}

// ViewConfig of a [View]. Nil and zero values mean defaults.
type ViewConfig struct {
	// TTL is how long an answer is used, counted from when it was asked for. It
	// is kept within [MinViewTTL] and [MaxViewTTL]. Default: 45 s.
	TTL time.Duration
	// MaxKeys bounds how many answers are kept; the oldest are forgotten first.
	// Default: 10,000.
	MaxKeys int
}

// seen is an answer that is kept.
type seen[K comparable, V any] struct {
	key   K
	value V
	until time.Time
}

// flight is a fetch under way. After done is closed nothing changes.
type flight[K comparable, V any] struct {
	done   chan struct{}
	values map[K]V
	err    error
	// left: the caller that fetched gave up, which says nothing to the others.
	left bool
}

// NewView returns a view of what fetch reads. Fetch answers one value for each
// key, in order, or an error for all; it is called by the goroutine that asks,
// with its context, never for a key twice at once unless it was dropped
// meanwhile.
func NewView[K comparable, V any](fetch func(ctx context.Context, keys []K) ([]V, error), cfg *ViewConfig) *View[K, V] {
	var c ViewConfig
	if cfg != nil {
		c = *cfg
	}
	if c.TTL <= 0 {
		c.TTL = defaultViewTTL
	}
	if c.MaxKeys <= 0 {
		c.MaxKeys = defaultViewKeys
	}
	return &View[K, V]{
		fetch: fetch, ttl: min(max(c.TTL, MinViewTTL), MaxViewTTL), max: c.MaxKeys,
		entries: map[K]*linked.Element{}, oldest: linked.New(), flights: map[K]*flight[K, V]{},
	}
}

// Get returns the values of keys, in order. What is not remembered is fetched
// in one call, but for keys that somebody else is fetching already. The error
// is that of a fetch, or the context's.
func (v *View[K, V]) Get(ctx context.Context, keys ...K) ([]V, error) {
	got := make(map[K]V, len(keys))
	for {
		mine, ours, others := v.look(keys, got)
		if mine != nil {
			if err := v.fly(ctx, mine, ours); err != nil {
				return nil, err
			}
			others = append(others, ours)
		}
		if others == nil {
			break
		}
		for _, f := range others {
			select {
			case <-f.done:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			if f.err != nil && !f.left {
				return nil, f.err
			}
			for k, value := range f.values {
				got[k] = value
			}
		}
	}
	out := make([]V, len(keys))
	for i, k := range keys {
		out[i] = got[k]
	}
	return out, nil
}

// look finds what is remembered of the keys that are still to be got, and whom
// to wait for. The rest is mine, and announced as a flight of ours.
func (v *View[K, V]) look(keys []K, got map[K]V) (mine []K, ours *flight[K, V], others []*flight[K, V]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for _, k := range keys {
		if _, ok := got[k]; ok {
			continue
		}
		if e := v.entries[k]; e != nil {
			if x := e.Value.(seen[K, V]); now.Before(x.until) {
				got[k] = x.value
				continue
			}
		}
		f := v.flights[k]
		switch {
		case f == nil:
			if ours == nil {
				ours = &flight[K, V]{done: make(chan struct{})}
			}
			v.flights[k] = ours
			mine = append(mine, k)
		case f != ours:
			others = append(others, f)
		}
	}
	return mine, ours, others
}

// fly fetches the keys of a flight and lands it, also if fetch panics.
func (v *View[K, V]) fly(ctx context.Context, keys []K, f *flight[K, V]) error {
	asked := time.Now()
	f.left = true // until fetch has returned
	defer func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		for _, k := range keys {
			if v.flights[k] != f {
				continue // dropped meanwhile: the answer may be older than that
			}
			delete(v.flights, k)
			if f.err == nil && !f.left {
				v.keep(seen[K, V]{key: k, value: f.values[k], until: asked.Add(v.ttl)})
			}
		}
		close(f.done)
	}()
	values, err := v.fetch(ctx, keys)
	if err == nil && len(values) != len(keys) {
		err = fmt.Errorf("inventory: a view's fetch answered %d values for %d keys", len(values), len(keys))
	}
	f.err, f.left = err, err != nil && ctx.Err() != nil
	if err != nil {
		return err
	}
	f.values = make(map[K]V, len(keys))
	for i, k := range keys {
		f.values[k] = values[i]
	}
	return nil
}

// keep remembers an answer, and forgets what is over or too much.
func (v *View[K, V]) keep(x seen[K, V]) {
	if e := v.entries[x.key]; e != nil {
		v.oldest.Remove(e)
	}
	v.entries[x.key] = v.oldest.PushBack(x)
	now := time.Now()
	for e := v.oldest.Front(); e != nil; e = v.oldest.Front() {
		old := e.Value.(seen[K, V])
		if len(v.entries) <= v.max && now.Before(old.until) {
			break
		}
		v.forget(old.key)
	}
}

func (v *View[K, V]) forget(k K) {
	if e := v.entries[k]; e != nil {
		v.oldest.Remove(e)
		delete(v.entries, k)
	}
}

// Drop forgets keys, at once: call it when a webhook says that they changed. A
// fetch of them that is under way is not remembered, and who asks after Drop
// does not wait for it.
func (v *View[K, V]) Drop(keys ...K) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, k := range keys {
		v.forget(k)
		delete(v.flights, k)
	}
}
