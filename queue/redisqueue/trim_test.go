package redisqueue_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/redisqueue"
)

// TestAnEntryIsThereAsLongAsAGroupNeedsIt plays groups that publish, receive,
// settle, come late and start again. What they do not need any more is gone at
// once, and nothing else; and the lag of each is exact.
func TestAnEntryIsThereAsLongAsAGroupNeedsIt(t *testing.T) {
	url := server(t)
	rdb := plain(t, url)
	rapid.Check(t, func(t *rapid.T) {
		ctx, topic := context.Background(), name()
		must := func(err error) {
			if err != nil {
				t.Fatalf("%v", err)
			}
		}
		q, err := redisqueue.New(ctx, url, &redisqueue.Config{
			Prefix: prefix, AllowUnsafe: []redisqueue.Unsafe{redisqueue.NoAOF}, Competing: rapid.Bool().Draw(t, "competing"),
		})
		must(err)
		defer func() { must(q.Close(ctx)) }()
		n, kept := 0, []string{}                // of all events; those before there was a group
		open := map[string]queue.Subscription{} // by group
		needs := map[string]map[string]bool{}   // by group and event
		flying := map[string][]queue.Delivery{} // by group
		loaded := map[string]bool{}             // by group: has what was pending when it began
		group := func(t *rapid.T) (string, bool) {
			names := slices.Sorted(maps.Keys(needs))
			if len(names) == 0 {
				return "", false
			}
			return rapid.SampledFrom(names).Draw(t, "group"), true
		}
		pick := func(t *rapid.T) (g string, d queue.Delivery, ok bool) {
			if g, ok = group(t); !ok || len(flying[g]) == 0 {
				return g, d, false
			}
			i := rapid.IntRange(0, len(flying[g])-1).Draw(t, "delivery")
			d = flying[g][i]
			flying[g] = slices.Delete(flying[g], i, i+1)
			return g, d, true
		}
		t.Repeat(map[string]func(*rapid.T){
			"publish": func(t *rapid.T) {
				for range rapid.IntRange(1, 3).Draw(t, "events") {
					id := fmt.Sprint(n)
					n++
					must(q.Publish(ctx, topic, queue.Event{ID: id}))
					for g := range needs {
						needs[g][id] = true
					}
					if len(needs) == 0 {
						kept = append(kept, id)
					}
				}
			},
			"join": func(t *rapid.T) {
				g := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group")
				if open[g] != nil {
					return
				}
				s, err := q.Subscribe(ctx, topic, g)
				must(err)
				open[g] = s
				if needs[g] == nil {
					first := len(needs) == 0
					needs[g] = map[string]bool{}
					if first {
						for _, id := range kept {
							needs[g][id] = true
						}
					}
				}
			},
			"close": func(t *rapid.T) {
				if g, ok := group(t); ok && open[g] != nil {
					must(open[g].Close(ctx))
					open[g], flying[g], loaded[g] = nil, nil, false
				}
			},
			"receive": func(t *rapid.T) {
				g, ok := group(t)
				if !ok || open[g] == nil || len(needs[g]) == len(flying[g]) {
					return
				}
				ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
				defer cancel()
				ds, err := open[g].Receive(ctx, rapid.IntRange(1, 5).Draw(t, "max"))
				must(err)
				for _, d := range ds {
					if !needs[g][d.Event.ID] {
						t.Fatalf("group %s got %s, which is not for it or is done", g, d.Event.ID)
					}
				}
				flying[g], loaded[g] = append(flying[g], ds...), true
			},
			"ack": func(t *rapid.T) {
				if g, d, ok := pick(t); ok {
					must(d.Ack(ctx))
					delete(needs[g], d.Event.ID)
				}
			},
			"nack": func(t *rapid.T) {
				if _, d, ok := pick(t); ok {
					must(d.Nack(ctx, 0))
				}
			},
			"": func(t *rapid.T) {
				want := map[string]bool{}
				for g := range needs {
					maps.Copy(want, needs[g])
					l, err := q.Lag(ctx, topic, g)
					must(err)
					if l.Waiting+l.InFlight != len(needs[g]) || ((open[g] == nil || loaded[g]) && l.InFlight != len(flying[g])) || l.Delayed != 0 || !l.Exact {
						t.Fatalf("lag of %s is %+v, expected %d in all and %d in flight", g, l, len(needs[g]), len(flying[g]))
					}
					if l.Oldest.IsZero() != (len(needs[g]) == 0) {
						t.Fatalf("lag of %s is %+v with %d events", g, l, len(needs[g]))
					}
				}
				if len(needs) == 0 {
					for _, id := range kept {
						want[id] = true
					}
				}
				got := map[string]bool{}
				for d, err := range q.Browse(ctx, topic) {
					must(err)
					got[d.Event.ID] = true
				}
				size, err := rdb.XLen(ctx, prefix+"{"+topic+"}").Result()
				must(err)
				if !maps.Equal(got, want) || int(size) != len(want) {
					t.Fatalf("the stream has %d entries, %v, and should have %v", size, got, want)
				}
			},
		})
	})
}

// TestADestroyedGroupKeepsNothing: someone has ended a group by hand.
func TestADestroyedGroupKeepsNothing(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		cfg.Groups = map[string][]string{}
		topic := name()
		cfg.Groups[topic] = []string{"a", "b", "old"}
		q, rdb, key := open(t, url, cfg), plain(t, url), prefix+"{"+topic+"}"
		publish(t, q, topic, some(0, 30)...)
		a, b := subscribe(t, q, topic, "a"), subscribe(t, q, topic, "b")
		for _, d := range receive(t, a, 30) {
			require.NoError(t, d.Ack(t.Context()))
		}
		had := receive(t, b, 20)
		for _, d := range had[:10] {
			require.NoError(t, d.Ack(t.Context()))
		}
		require.NoError(t, rdb.XGroupDestroy(t.Context(), key, "old").Err())
		require.NoError(t, a.Close(t.Context()))
		a = subscribe(t, q, topic, "a") // it trims when it begins
		silent(t, a, 300*time.Millisecond)
		size, err := rdb.XLen(t.Context(), key).Result()
		require.NoError(t, err)
		assert.EqualValues(t, 20, size, "b has not acknowledged 20")
		for _, d := range had[10:] {
			require.NoError(t, d.Ack(t.Context()))
		}
		l, err := q.Lag(t.Context(), topic, "b")
		require.NoError(t, err)
		assert.Equal(t, 10, l.Waiting)
		for _, d := range receive(t, b, 10) {
			require.NoError(t, d.Ack(t.Context()))
		}
		size, err = rdb.XLen(t.Context(), key).Result()
		require.NoError(t, err)
		assert.Zero(t, size)
	})
}

// TestBrowseRemovesFromEveryGroup, but not from who has it already.
func TestBrowseRemovesFromEveryGroup(t *testing.T) {
	both(t, func(t *testing.T, url string, cfg redisqueue.Config) {
		topic := name()
		cfg.Groups = map[string][]string{topic: {"a", "b"}}
		q := open(t, url, cfg)
		publish(t, q, topic, some(0, 3)...)
		a := subscribe(t, q, topic, "a")
		for _, d := range receive(t, a, 3) {
			require.NoError(t, d.Ack(t.Context()))
		}
		for d, err := range q.Browse(t.Context(), topic) {
			require.NoError(t, err)
			if d.Event.ID == "0001" {
				require.NoError(t, d.Ack(t.Context()))
				require.NoError(t, d.Ack(t.Context()), "it is gone, and that is fine")
			}
		}
		l, err := q.Lag(t.Context(), topic, "b")
		require.NoError(t, err)
		assert.Equal(t, 2, l.Waiting)
		publish(t, q, topic, some(3, 1)...)
		l, err = q.Lag(t.Context(), topic, "a")
		require.NoError(t, err)
		assert.Equal(t, 1, l.Waiting)
		assert.Equal(t, []string{"0000", "0002", "0003"}, ids(receive(t, subscribe(t, q, topic, "b"), 3)))
	})
}

// TestMemoryIsGivenBack: 10,000 events later the stream takes no room.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	url := real(t)
	q, topic := open(t, url, redisqueue.Config{Prefetch: 20_000}), name()
	s := subscribe(t, q, topic, "g")
	for i := range 20 {
		events := some(i*500, 500)
		for j := range events {
			events[j].Body = make([]byte, 1000)
		}
		publish(t, q, topic, events...)
	}
	ds := receive(t, s, 10_000)
	acked := make(chan error, len(ds))
	for i, d := range ds {
		if i == 5000 {
			continue // it waits for long
		}
		go func() { acked <- d.Ack(context.WithoutCancel(t.Context())) }()
	}
	for range len(ds) - 1 {
		require.NoError(t, <-acked)
	}
	bytes, err := plain(t, url).MemoryUsage(t.Context(), prefix+"{"+topic+"}").Result()
	require.NoError(t, err)
	assert.Less(t, bytes, int64(16<<10), "for one event and its neighbours")
}
