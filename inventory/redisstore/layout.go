package redisstore

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// # Layout
//
// All keys of a merchant begin with its hash tag T = {merchant}, so they share
// a slot of a Redis Cluster and any Change is one script. Whole numbers are
// decimal text, times are microseconds of Redis's clock since 1970 unless a
// line says otherwise. Names never contain control characters, so NUL, tab and
// newline separate.
//
//	T:meta       hash    schema, epoch, seq, shape (grows with settings, IDs'
//	                     generations and locations), buckets, gens (newest
//	                     first: "number shards start"), ids (in the newest),
//	                     set (JSON: channels, names, kits), ver (of the settings),
//	                     locs, entries (of the journal, that there ever were),
//	                     batches (last number), remark ("bucket cursor
//	                     server"), remarksince (when channels changed), cfg (nonce of the last Configure), fence (the last
//	                     token), leased (ms: no lease is in force from then on)
//	T:lv:<b>     hash    b = hash(SKU) % buckets; field "SKU NUL location" ->
//	                     "version available reserved committed unavailable
//	                     incoming safety backorder", then per channel
//	                     " number,believed,buffer,pending,batch,parked"; pending
//	                     is f or r (falling, rising) and since when, parked
//	                     is r if what was refused was a rise, and since when;
//	                     at the end " d" if it is of a kit, " c" if of a
//	                     component of one that has levels.
//	                     Field "SKU NUL" -> the same, all quantities 0: how
//	                     pooled channels stand with the SKU. A number that is no
//	                     name's is of a removed channel, and means nothing
//	T:id:<g>:<s> hash    16 bytes of SHA-256(ID) -> 8 bytes of fingerprint, about
//	                     80 IDs per hash, so that it stays a listpack
//	T:hd:<s>     hash    reservation -> "status deadline(ms) ended settled
//	                     fingerprint TAB order", then a line per level:
//	                     "quantity SKU NUL location"; status is h, c, r or x; then
//	                     a line per part that was committed, until its order's
//	                     document comes: "TAB order TAB quantity SKU NUL location"
//	T:due        zset    held reservations -> deadline (ms)
//	T:old        zset    ended reservations -> when they ended
//	T:doc:<s>    hash    document -> "version fingerprint written marks
//	                     doubts(JSON)", the marks c (compact) and b (base) without
//	                     a space behind; document NUL -> body
//	T:df, T:dc   zset    documents with doubts that a fetch ends, and those
//	                     whose levels need a check -> when written
//	T:p:<ch>:f, T:p:<ch>:r  zset  levels pending on a channel, falling and
//	                     rising -> since
//	T:b:<ch>     hash    batch -> "attempt sealed claimed nonce epoch", then a
//	                     line per push: "delta target since SKU NUL location"
//	T:br:<ch>    hash    batch -> request; n:<nonce> -> batch of that claim;
//	                     e -> nonce of the last Seal that emptied one
//	T:bl:<ch>    zset    batch -> when it may be handed out again
//	T:pk:<ch>    hash    parked level -> reason
//	T:pr:<ch>    zset    parked level -> when it is tried again
//	T:ls         hash    "SKU NUL location" -> "fence until(ms) nonce": the
//	                     level's last lease, and of the call that made it
//	T:kt         hash    kit that has levels -> a line per component: "units SKU"
//	T:kc         zset    "component NUL kit", all with score 0
//	T:km         zset    levels of kits and of components that moved -> when
//	T:bm         hash    bookmarks
//	T:j          stream  the journal, one entry per call: n (from 1, without
//	                     gaps), seq; then levels as they were after the call (a
//	                     line each: "version available reserved committed
//	                     unavailable incoming safety backorder SKU NUL location",
//	                     "k SKU NUL location" of a kit, of a pool and of one that
//	                     ended, empty if only read) and changes (a line each:
//	                     kind, ID, "level quantity from-to shown;"..., in an untrack two more per level,
//	                     from world to world, with its last version and safety
//	                     stock, and its backorder limit; note as JSON), or settings and levels, or settled, channel and
//	                     pushes, or forgotten or unparked (a channel's number)
//	                     and levels (fields), or kits (a line each, tabs between:
//	                     kit, "units SKU" per component)
//
// IDs live in generations: one begins when the newest is a horizon old or
// full, and is forgotten a horizon after the next began.

const (
	schema = "1"
	// shards of reservations and of documents.
	shards = 256
	// perShard is how many IDs a hash has on average when a generation is full.
	perShard    = 80
	firstShards = 256
	mostShards  = 1 << 17
)

// places are the names of a merchant's keys.
type places string

func placesOf(merchant string) places { return places("{" + merchant + "}:") }

func (p places) at(name string) string          { return string(p) + name }
func (p places) meta() string                   { return p.at("meta") }
func (p places) level(bucket int) string        { return p.at("lv:") + strconv.Itoa(bucket) }
func (p places) leases() string                 { return p.at("ls") }
func (p places) hold(id string) string          { return p.at("hd:") + strconv.Itoa(shard(id)) }
func (p places) document(name string) string    { return p.at("doc:") + strconv.Itoa(shard(name)) }
func (p places) of(kind, channel string) string { return p.at(kind) + ":" + channel }
func (p places) falling(channel string) string  { return p.at("p:") + channel + ":f" }
func (p places) rising(channel string) string   { return p.at("p:") + channel + ":r" }

func (p places) id(g generation, h idHash) string {
	b := make([]byte, 0, 64)
	b = append(append(b, p...), "id:"...)
	b = append(strconv.AppendInt(b, int64(g.number), 10), ':')
	return string(strconv.AppendUint(b, uint64(h.spread%uint32(g.shards)), 10))
}

// outbox are the keys of a channel's batches, in the order of outbox.lua.
func (p places) outbox(channel string) []string {
	return []string{p.of("b", channel), p.of("br", channel), p.of("bl", channel), p.of("pk", channel), p.of("pr", channel)}
}

// dropped declares all keys of channels that are removed, and counts them.
func (p places) dropped(c *call, channels []string) int {
	n := len(c.keys)
	for _, name := range channels {
		c.key(p.falling(name), p.rising(name))
		c.key(p.outbox(name)...)
	}
	return len(c.keys) - n
}

// idHash stands for an ID.
type idHash struct {
	bytes  string
	spread uint32
}

func hashID(id string) idHash {
	sum := sha256.Sum256([]byte(id))
	return idHash{bytes: string(sum[:16]), spread: binary.BigEndian.Uint32(sum[16:])}
}

// hash is simple enough for Lua's floating point to do the same.
func hash(s string) uint32 {
	var h uint32
	for i := range len(s) {
		h = h*65599 + uint32(s[i])
	}
	return h >> 16
}

func shard(name string) int { return int(hash(name) % shards) }

func bucket(sku string, buckets int) int { return int(hash(sku) % uint32(buckets)) }

func field(k inventory.Key) string { return k.SKU + "\x00" + k.Location }

func keyOf(field string) (inventory.Key, bool) {
	sku, location, ok := strings.Cut(field, "\x00")
	return inventory.Key{SKU: sku, Location: location}, ok
}
