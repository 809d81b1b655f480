package redisstore

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

// targetScript asks common.lua about a pool of levels: target of the first level
// or of all, and what is owed and marked. ARGV: pooled, buffer, max, locations,
// believed or empty, then per level its location, units, own buffer or empty.
const targetScript = `
local function main()
  now = 1
  local c = {id = '1', buffer = tonumber(ARGV[2]), max = tonumber(ARGV[3]), locs = ARGV[4], f = 'f', r = 'r'}
  if ARGV[1] == '1' then c.pooled, pooling = true, true end
  channels, channelof = {c}, {['1'] = c}
  local pool, first = {f = 'a\0', pool = true}, nil
  fill(pool, nil)
  levels['a\0'], parts['a\0'] = pool, {}
  for i = 6, #ARGV, 3 do
    local l = {f = 'a\0' .. ARGV[i], pool = false}
    fill(l, '1 ' .. ARGV[i + 1] .. ' 0 0 0 0 0 0' .. (ARGV[i + 2] ~= '' and ' 1,,' .. ARGV[i + 2] .. ',,,' or ''))
    if l.bad then return redis.error_reply('bad level') end
    parts['a\0'][#parts['a\0'] + 1] = l
    first = first or l
  end
  local at = c.pooled and pool or first
  local g = group(at, '1')
  g.believed = tonumber(ARGV[5])
  mark(at)
  local t = target(at, c, g)
  local o = t and g.believed and owed(t, g.believed) or nil
  return {t and text(t) or '', o and text(o) or '', g.dir}
end
`

// The one function that says what a channel is owed is the same in Go and in
// the scripts, over all that a level can have.
func TestTargetsInScriptsAreThoseInGo(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	common, err := sources.ReadFile("lua/common.lua")
	require.NoError(t, err)
	tail, err := sources.ReadFile("lua/tail.lua")
	require.NoError(t, err)
	script := redis.NewScript(string(common) + targetScript + string(tail))

	rapid.Check(t, func(t *rapid.T) {
		units := func(name string) int64 {
			return rapid.OneOf(
				rapid.Int64Range(-9, 9), rapid.Int64Range(-3*inventory.MaxQuantity, 3*inventory.MaxQuantity),
				rapid.Int64Range(1<<40-2, 1<<40+2), rapid.Int64Range(-1<<40-2, -1<<40+2), rapid.Int64Range(-1<<53, 1<<53),
			).Draw(t, name)
		}
		limit := rapid.OneOf(rapid.Just[int64](0), rapid.Int64Range(0, 9), rapid.Int64Range(0, inventory.MaxQuantity))
		c := inventory.Channel{Name: "shop", Pooled: rapid.Bool().Draw(t, "pooled"), Buffer: limit.Draw(t, "buffer"), Max: limit.Draw(t, "max")}
		locations := ""
		if rapid.IntRange(0, 3).Draw(t, "everywhere") == 0 {
			c.Locations = []string{"l1", "l3"}
			locations = "\n" + strings.Join(c.Locations, "\n") + "\n"
		}
		believed, known := units("believed"), rapid.IntRange(0, 4).Draw(t, "unknown") > 0
		args := []any{c.Pooled, c.Buffer, c.Max, locations, ""}
		if known {
			args[4] = believed
		}
		var levels []inventory.Level
		sold := false
		for i := range rapid.IntRange(1, 4).Draw(t, "levels") {
			l := inventory.Level{Key: inventory.Key{SKU: "a", Location: fmt.Sprintf("l%d", i)}, Available: units("available")}
			own := any("")
			if rapid.Bool().Draw(t, "own buffer") {
				n := limit.Draw(t, "own")
				l.Rules.Buffers, own = map[string]int64{"shop": n}, n
			}
			levels = append(levels, l)
			args = append(args, l.Location, l.Available, own)
			sold = sold || c.Sells(l.Location) && (c.Pooled || i == 0)
		}
		target := inventory.Target(levels[0], c)
		if c.Pooled {
			target = inventory.PooledTarget(levels, c)
		}
		want := []any{"", "", ""}
		if sold {
			want[0] = fmt.Sprint(target)
			if known {
				owed := inventory.Owed(target, believed)
				want[1] = fmt.Sprint(owed)
				switch {
				case owed < 0:
					want[2] = "f"
				case owed > 0:
					want[2] = "r"
				}
			}
		}
		got, err := script.Run(context.Background(), rdb, nil, args...).Slice()
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("scripts say %q, Go says %q", got, want)
		}
	})
}
