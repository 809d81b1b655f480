package queue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestLanesProperty plays random arrivals, outcomes and pauses against the key
// scheduler and holds it to its promises: order per key, never two of a key at a
// time, nothing lost, nothing twice, counts that add up.
func TestLanesProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			l        = newLanes()
			now      = time.Unix(0, 0)
			arrived  = map[string][]int{} // by key, in order
			finished = map[string][]int{}
			unkeyed  = map[int]bool{}
			running  []*item
			parked   = map[*item]time.Time{}
			n        int
		)
		id := func(it *item) int { return it.delivery.Event.Schema }
		key := func(it *item) string { return it.delivery.Event.Key }
		begin := func(its []*item) {
			for _, it := range its {
				if until, ok := parked[it]; ok && until.After(now) {
					t.Fatalf("%d runs %s early", id(it), until.Sub(now))
				}
				delete(parked, it)
				for _, other := range running {
					if key(it) != "" && key(other) == key(it) {
						t.Fatalf("%d and %d of key %q run at a time", id(other), id(it), key(it))
					}
				}
				if k := key(it); k != "" && arrived[k][len(finished[k])] != id(it) {
					t.Fatalf("key %q: %d runs, but %d is next", k, id(it), arrived[k][len(finished[k])])
				}
				running = append(running, it)
			}
		}
		pick := func() *item {
			i := rapid.IntRange(0, len(running)-1).Draw(t, "which")
			it := running[i]
			running = slices.Delete(running, i, i+1)
			return it
		}
		end := func(it *item) {
			l.finish(it)
			if k := key(it); k != "" {
				finished[k] = append(finished[k], id(it))
			} else {
				delete(unkeyed, id(it))
			}
		}
		check := func() {
			if l.running != len(running) {
				t.Fatalf("running is %d, expected %d", l.running, len(running))
			}
			if l.back() < 0 || l.back()+len(l.ready)+l.running != l.held {
				t.Fatalf("%d held, %d running, %d ready, %d held back", l.held, l.running, len(l.ready), l.back())
			}
		}
		some := func() bool { return len(running) > 0 }
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				k := rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "key")
				if k == "" {
					unkeyed[n] = true
				} else {
					arrived[k] = append(arrived[k], n)
				}
				l.add(&item{delivery: Delivery{Event: Event{Key: k, Schema: n}}})
				n++
				check()
			},
			"take": func(t *rapid.T) {
				its := l.take(rapid.IntRange(1, 4).Draw(t, "n"))
				for _, it := range its {
					if it.alone && len(its) > 1 {
						t.Fatal("one that must run alone came with others")
					}
				}
				begin(its)
				check()
			},
			"finish": func(t *rapid.T) {
				if some() {
					end(pick())
				}
				check()
			},
			"park": func(t *rapid.T) {
				if some() {
					it := pick()
					until := now.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "s")) * time.Second)
					parked[it] = until
					if rapid.Bool().Draw(t, "letter") {
						it.letter = &Event{}
					}
					l.park(it, until)
				}
				check()
			},
			"putBack": func(t *rapid.T) {
				if some() {
					it := pick()
					it.alone = true
					l.putBack(it)
				}
				check()
			},
			"wake": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 3).Draw(t, "s")) * time.Second)
				for _, it := range l.wake(now) {
					if it.letter == nil {
						t.Fatal("wake returned an item without a letter")
					}
					begin([]*item{it})
				}
				if at, ok := l.next(); ok && !at.After(now) {
					t.Fatalf("next is %s ago after waking", now.Sub(at))
				}
				check()
			},
		})

		// Everything comes to its end, or is given back by clear.
		if rapid.Bool().Draw(t, "clear") {
			out := l.clear()
			if !slices.IsSortedFunc(out, func(a, b *item) int { return b.seq - a.seq }) {
				t.Fatal("clear does not return the newest first")
			}
			for _, it := range running {
				end(it)
			}
			for _, it := range slices.Backward(out) {
				if k := key(it); k != "" {
					finished[k] = append(finished[k], id(it))
				} else {
					delete(unkeyed, id(it))
				}
			}
		} else {
			now = now.Add(time.Hour)
			for l.held > 0 {
				begin(l.wake(now))
				begin(l.take(3))
				if len(running) == 0 {
					t.Fatalf("%d held and nothing can run", l.held)
				}
				for len(running) > 0 {
					it := running[0]
					running = running[1:]
					end(it)
				}
			}
		}
		if l.held != 0 || len(l.ready) != 0 || len(l.parked) != 0 || len(unkeyed) != 0 {
			t.Fatalf("left over: %d held, %d ready, %d parked, %d without a key", l.held, len(l.ready), len(l.parked), len(unkeyed))
		}
		if got, want := fmt.Sprint(finished), fmt.Sprint(arrived); got != want {
			t.Fatalf("finished %s, arrived %s", got, want)
		}
		if len(l.keys) != 0 {
			t.Fatalf("%d keys are remembered with nothing in them", len(l.keys))
		}
	})
}
