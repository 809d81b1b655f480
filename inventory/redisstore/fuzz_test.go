package redisstore

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// The records that scripts write and Go reads. Whatever is there, reading it
// does not panic; what can be read is written again as it was, up to its
// spelling, by the writers below, which do as the scripts do.

var fuzzNames = []string{"shop", "till", "later"}

func FuzzLevelRecord(f *testing.F) {
	for _, s := range []string{
		"1 10 0 0 0 0 0 0", "9007199254740992 -3 2 1 0 5 2 3 1,8,,f1772366400000000,,", "2 10 0 0 0 0 0 0 1,-1,3,,7, 2,,4,,,",
		"2 10 0 0 0 0 0 0 3,8,,,,1772366400000000", "", "x", "1 2 3", "1 10 0 0 0 0 0 0 ", "1 10 0 0 0 0 0 0 9,1,,,,", "1 1 1 1 1 1 1 1 1,,,f,,",
		"1e3 1 1 1 1 1 1 1", "+1 1 1 1 1 1 1 1", "01 1 1 1 1 1 1 1", "9007199254740993 1 1 1 1 1 1 1", "1 10 0 0 0 0 0 0 1,8,,x5,,", "1 10 0 0 0 0 0 0 1,8,,,, d", "1 10 0 0 0 0 0 0 c", "1 10 0 0 0 0 0 0 d 1,8,,,,",
	} {
		f.Add(s)
	}
	k := inventory.Key{SKU: "größe 42", Location: "berlin"}
	f.Fuzz(func(t *testing.T, text string) {
		l, ok := decodeLevel(k, text, fuzzNames)
		if !ok {
			return
		}
		require.Equal(t, k, l.Key)
		for _, n := range []int64{l.Version, l.Available, l.Reserved, l.Committed, l.Unavailable, l.Incoming} {
			require.LessOrEqual(t, n, int64(1)<<53)
			require.GreaterOrEqual(t, n, int64(-1)<<53)
		}
		again, ok := decodeLevel(k, packLevel(l), fuzzNames)
		require.True(t, ok, packLevel(l))
		require.Equal(t, l, again)
	})
}

// packLevel writes a record as common.lua does, but for the direction of what is
// pending, which Go does not read.
func packLevel(l levelRecord) string {
	s := fmt.Sprint(l.Version, l.Available, l.Reserved, l.Committed, l.Unavailable, l.Incoming, l.Rules.SafetyStock, l.Rules.BackorderLimit)
	for _, g := range l.groups {
		id, believed, buffer, pending, parked := 0, "", "", "", ""
		for i, n := range fuzzNames {
			if n == g.name {
				id = i + 1
			}
		}
		if g.known {
			believed = strconv.FormatInt(g.believed, 10)
		}
		if n, ok := l.Rules.Buffers[g.name]; ok {
			buffer = strconv.FormatInt(n, 10)
		}
		if g.since != 0 {
			pending = "f" + strconv.FormatInt(g.since, 10)
		}
		if g.parked != 0 {
			parked = strconv.FormatInt(g.parked, 10)
		}
		s += fmt.Sprintf(" %d,%s,%s,%s,%s,%s", id, believed, buffer, pending, g.batch, parked)
	}
	if l.Kit {
		s += " d"
	}
	return s
}

func FuzzHoldRecord(f *testing.F) {
	for _, s := range []string{
		"h 1772370000000 0 0 00000000000000ff\t\n2 a\x00berlin\n1 größe 42\x00lyon\n", "c 1772370000000 1772366400000000 1 0123456789abcdef\torder/1\n1 a\x00b\n",
		"r 1 2 0 a\t\n", "x 9 9 1 f\t\n3 a\x00b\n", "", "h", "z 1 0 0 a\t\n", "h 1 0 0 a\t\n1 b", "h 1 0 0 a\t\nx b\x00c\n", "h 1 0 0 a b\t\n", "h 1 0 0 a\n",
		"h 1 x y z\t\n", "h 1 0 0 a\t\n-1 b\x00c\n", "h 1 0 0 a\t\n1 b\x00c",
	} {
		f.Add(s)
	}
	now := time.UnixMilli(1772370000000).UTC()
	letters := map[inventory.Status]string{inventory.Held: "h", inventory.CommittedHold: "c", inventory.ReleasedHold: "r", inventory.ExpiredHold: "x"}
	f.Fuzz(func(t *testing.T, text string) {
		h, ok := decodeHold("cart", text, now)
		if !ok {
			return
		}
		require.Equal(t, "cart", h.ID)
		require.NotEmpty(t, h.Status)
		if h.Status == inventory.Held {
			require.True(t, now.Before(h.ExpiresAt))
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s %d 0 0 f\t%s\n", letters[h.Status], h.ExpiresAt.UnixMilli(), h.Order)
		for _, l := range h.Lines {
			require.GreaterOrEqual(t, l.Quantity, int64(0))
			b.WriteString(strconv.FormatInt(l.Quantity, 10) + " " + field(l.Key()) + "\n")
		}
		again, ok := decodeHold("cart", b.String(), now)
		require.True(t, ok, b.String())
		require.Equal(t, h, again)
	})
}

func FuzzDocumentRecord(f *testing.F) {
	for _, s := range []string{
		"1 00ff 1772366400000000 ", `7 0123456789abcdef 1772366400000001 ["order","restock"]`, "", "1", "1 2 3", `1 f 2 {}`, `1 f 2 ["`, "x f 2 ", "1 f x ", "-1 f 2 ", `1 f 2 [1]`, `1 f 2 []`, `1 f 2 cb["order"]`, `1 f 2 b`, `1 f 2 bc`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, written, ok := decodeDocument("o/1", text)
		if !ok {
			return
		}
		us := int64(0)
		if !written.IsZero() {
			us = written.UnixMicro()
		}
		again, at, ok := decodeDocument("o/1", fmt.Sprintf("%d f %d %s", d.Version, us, encodeDoubts(&d)))
		require.True(t, ok)
		if len(d.Doubts) == 0 {
			d.Doubts = nil
		}
		require.Equal(t, d, again)
		require.True(t, written.Equal(at))
	})
}

func FuzzBatchRecord(f *testing.F) {
	for _, s := range []string{
		"1 0 1772366400000000 NONCE EPOCH\n-2 8 1772366400000000 a\x00berlin\n3 4 0 größe 42\x00lyon\n", "2 5 6 n e\n", "", "1 0 0 n e", "1 0 0 n\n", "1 0 0 n e f\n",
		"x 0 0 n e\n", "1 0 0 n e\n1 2 3 a\n", "1 0 0 n e\n1 2 a\x00b\n", "1 0 0 n e\n1 2 3 a\x00b", "99999999999999999999 0 0 n e\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b, ok := decodeBatch("7", text)
		if !ok {
			return
		}
		us := func(at time.Time) int64 {
			if at.IsZero() {
				return 0
			}
			return at.UnixMicro()
		}
		var out strings.Builder
		fmt.Fprintf(&out, "%d %d %d n %s\n", b.Attempt, us(b.FirstSent), us(b.Now), b.Epoch)
		for _, p := range b.Pushes {
			fmt.Fprintf(&out, "%d %d %d %s\n", p.Delta, p.Target, us(p.Since), field(p.Key))
		}
		again, ok := decodeBatch("7", out.String())
		require.True(t, ok, out.String())
		require.Equal(t, b, again)
	})
}

// What a STALE answer says of a merchant: with it a client makes the names of
// keys, so it must be whole.
func FuzzShapeRecord(f *testing.F) {
	set := `{"channels":[{"name":"shop","buffer":2,"locations":["berlin"]}],"names":["shop","later"]}`
	for _, s := range [][5]string{
		{"16", "1 256 1772366400000000", "", "0", ""},
		{"3", "2 32 1772366400000001\n1 256 1772366400000000", set, "4", "lyon\nberlin"},
		{"0", "1 256 0", "", "0", ""},
		{"x", "1 256 0", "", "0", ""},
		{"1", "", "", "0", ""},
		{"1", "1 0 0", "", "0", ""},
		{"1", "1 256", "", "0", ""},
		{"1", "1 256 0", "{", "0", ""},
		{"1", "1 256 0", `{"channels":[{"name":"a"}]}`, "0", ""},
		{"1", "1 256 0", "null", "x", ""},
		{"9999999999", "1 256 0", "", "0", "\n"},
	} {
		f.Add(int64(1), s[0], s[1], s[2], s[3], s[4])
	}
	f.Fuzz(func(t *testing.T, number int64, buckets, generations, set, version, locations string) {
		sh, ok := decodeShape(number, []string{buckets, generations, set, version, locations})
		if !ok {
			return
		}
		require.NotEmpty(t, sh.generations)
		p := placesOf("acme")
		for _, g := range sh.generations {
			require.NotEmpty(t, p.id(g, hashID("id")))
		}
		b := bucket("sku", sh.buckets)
		require.True(t, b >= 0 && b < sh.buckets)
		require.Positive(t, sh.full())
		for _, c := range sh.settings.Channels {
			require.Positive(t, sh.id(c.Name))
		}
		if next, err := sh.merge(inventory.Settings{Channels: []inventory.Channel{{Name: "new"}}}); err == nil {
			require.Positive(t, next.id("new"))
		}
	})
}
