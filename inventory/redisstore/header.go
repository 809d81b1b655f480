package redisstore

import (
	"strconv"
	"strings"
)

// header is what common.lua reads of a merchant: it is the same for every call
// until the merchant's shape is another.
type header struct {
	shape   *shape
	keys    []string // those of the merchant, and of every channel
	args    []any    // after the epoch for a new merchant
	buckets []string // keys of levels
	numbers []any    // of buckets, as text
	leases  string
}

func newHeader(s *Store, m *merchant, sh *shape) *header {
	p := m.places
	h := &header{shape: sh, leases: p.leases()}
	h.keys = append(h.keys, p.meta(), p.at("j"), p.at("due"), p.at("old"), p.at("df"), p.at("dc"))
	h.args = append(h.args, sh.buckets, s.cfg.JournalLength, firstShards, len(sh.settings.Channels))
	for _, ch := range sh.settings.Channels {
		locations := ""
		if len(ch.Locations) > 0 {
			locations = "\n" + strings.Join(ch.Locations, "\n") + "\n"
		}
		h.keys = append(h.keys, p.falling(ch.Name), p.rising(ch.Name))
		h.args = append(h.args, sh.id(ch.Name), ch.Buffer, ch.Max, locations)
	}
	h.args = append(h.args, sh.pooled()...)
	for b := range sh.buckets {
		h.buckets, h.numbers = append(h.buckets, p.level(b)), append(h.numbers, strconv.Itoa(b))
	}
	return h
}

// headerOf returns the header of a shape; the last one is kept.
func (s *Store) headerOf(m *merchant, sh *shape) *header {
	if h := m.head.Load(); h != nil && h.shape == sh {
		return h
	}
	h := newHeader(s, m, sh)
	m.head.Store(h)
	return h
}

// header adds what common.lua reads after the first four: every channel's
// keys, and the buckets, nil for all.
func (s *Store) header(c *call, m *merchant, sh *shape, buckets []int) {
	h := s.headerOf(m, sh)
	epoch := ""
	if sh.number == 0 {
		epoch = nonce() // there may be no merchant yet
	}
	c.key(h.keys...)
	c.arg(epoch)
	c.arg(h.args...)
	if buckets == nil {
		c.key(h.buckets...)
		c.arg(len(h.numbers))
		c.arg(h.numbers...)
		return
	}
	c.arg(len(buckets))
	for _, b := range buckets {
		c.key(h.buckets[b])
		c.arg(h.numbers[b])
	}
}
