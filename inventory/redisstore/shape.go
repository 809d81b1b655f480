package redisstore

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/inventory"
)

// shape is what a client has to know of a merchant to declare keys: it is
// cached, and a script refuses a number that is not the present one. It is
// never changed, only replaced.
type shape struct {
	// number is 0 for a merchant without data.
	number      int64
	buckets     int
	generations []generation // newest first
	settings    inventory.Settings
	// names have the number position + 1 in the records of levels: channels,
	// and names that only buffers mention. It only grows; "" stands for a name
	// that was removed, so that nothing has its number again.
	names []string
	// kits: there are or were kits that have levels, so marks are to be kept.
	kits bool
}

// generation is a stretch of time whose IDs lie together.
type generation struct {
	number, shards int
	start          int64
}

// storedSettings is the JSON form.
type storedSettings struct {
	Channels []inventory.Channel `json:"channels,omitempty"`
	Names    []string            `json:"names,omitempty"`
	Kits     bool                `json:"kits,omitempty"`
}

func newShape(buckets int) *shape {
	return &shape{buckets: buckets, generations: []generation{{number: 1, shards: firstShards}}}
}

// decodeShape reads the five fields of a STALE answer.
func decodeShape(number int64, f []string) (*shape, bool) {
	sh := &shape{number: number}
	var err error
	if sh.buckets, err = strconv.Atoi(f[0]); err != nil || sh.buckets < 1 {
		return nil, false
	}
	for line := range strings.SplitSeq(f[1], "\n") {
		g, ok := decodeGeneration(line)
		if !ok {
			return nil, false
		}
		sh.generations = append(sh.generations, g)
	}
	var set storedSettings
	if f[2] != "" {
		if err := json.Unmarshal([]byte(f[2]), &set); err != nil {
			return nil, false
		}
	}
	sh.names, sh.settings.Channels, sh.kits = set.Names, set.Channels, set.Kits
	if sh.settings.Version, err = strconv.ParseInt(f[3], 10, 64); err != nil {
		return nil, false
	}
	if f[4] != "" {
		sh.settings.Locations = strings.Split(f[4], "\n")
		slices.Sort(sh.settings.Locations)
	}
	for _, c := range set.Channels {
		if sh.id(c.Name) == 0 {
			return nil, false
		}
	}
	return sh, true
}

func decodeGeneration(line string) (g generation, ok bool) {
	f := strings.Split(line, " ")
	if len(f) != 3 {
		return g, false
	}
	number, err1 := strconv.Atoi(f[0])
	count, err2 := strconv.Atoi(f[1])
	start, err3 := strconv.ParseInt(f[2], 10, 64)
	return generation{number, count, start}, err1 == nil && err2 == nil && err3 == nil && count > 0
}

// id is the number of a name in the records of levels; 0 if it has none.
func (sh *shape) id(name string) int {
	if name == "" {
		return 0
	}
	return slices.Index(sh.names, name) + 1
}

// removed are the numbers of names that were removed.
func (sh *shape) removed() []any {
	var out []any
	for i, name := range sh.names {
		if name == "" {
			out = append(out, i+1)
		}
	}
	return out
}

// pooled tells scripts which channels are: how many, their positions, and the
// locations that they have to look at, if any.
func (sh *shape) pooled() []any {
	out := []any{0}
	for i, c := range sh.settings.Channels {
		if c.Pooled {
			out = append(out, i+1)
		}
	}
	if out[0] = len(out) - 1; out[0] != 0 {
		out = append(out, strings.Join(sh.settings.Locations, "\n"))
	}
	return out
}

// full is how many IDs the newest generation takes.
func (sh *shape) full() int {
	if n := sh.generations[0].shards; n < mostShards {
		return n * perShard
	}
	return 1 << 50
}

// few is how many IDs the newest generation has when each of its hashes has
// been written to, for all that matters: 16 are in one on average by then, and
// that one has none is less likely than one in eight million.
func (sh *shape) few() int { return sh.generations[0].shards * 16 }

// merge returns the shape with set merged, and numbers for every name.
func (sh *shape) merge(set inventory.Settings) (*shape, error) {
	next := *sh
	var err error
	if next.settings, err = sh.settings.Merge(set); err != nil {
		return nil, err
	}
	next.names = slices.Clone(sh.names)
	for i, name := range next.names {
		if slices.Contains(set.Remove, name) {
			next.names[i] = ""
		}
	}
	add := func(name string) {
		if !slices.Contains(next.names, name) {
			next.names = append(next.names, name)
		}
	}
	for _, c := range set.Channels {
		add(c.Name)
	}
	var buffers []string
	for _, r := range set.Levels {
		for name := range r.Buffers {
			buffers = append(buffers, name)
		}
	}
	slices.Sort(buffers)
	for _, name := range buffers {
		add(name)
	}
	return &next, nil
}
