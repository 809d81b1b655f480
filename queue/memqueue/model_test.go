package memqueue_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

// A flight is a delivery that a test has not settled.
type flight struct {
	queue.Delivery
	n   int
	sub int
}

// timeless hides the test's deadline, which nobody may ask for in a bubble.
type timeless struct{ rapid.TB }

// TestOrderProperty plays random publishing, receiving and settling by several
// subscriptions of one group: an event comes only when all earlier unsettled ones
// of its key are with the same subscription, none comes early, and none is lost.
func TestOrderProperty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for range 50 {
			rapid.Check(timeless{t}, playOrder)
		}
	})
}

func playOrder(t *rapid.T) {
	const subs = 2
	var (
		q       = memqueue.New(nil)
		ctx     = context.Background()
		open    [subs]queue.Subscription
		keys    []string           // by number of the event
		settled = map[int]bool{}   // acknowledged or removed
		flying  = map[int]flight{} // by number
		early   = map[int]time.Time{}
	)
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	receive := func(s, limit int) int {
		if open[s] == nil {
			var err error
			open[s], err = q.Subscribe(ctx, "t", "g")
			must(err)
		}
		short, cancel := context.WithTimeout(ctx, 1)
		defer cancel()
		ds, _ := open[s].Receive(short, limit)
		for _, d := range ds {
			n := d.Event.Schema
			if _, ok := flying[n]; ok || settled[n] {
				t.Fatalf("%d came again, unsettled or settled", n)
			}
			if time.Now().Before(early[n]) {
				t.Fatalf("%d came %s early", n, time.Until(early[n]))
			}
			for m := range n {
				if f, ok := flying[m]; keys[n] != "" && keys[m] == keys[n] && !settled[m] && (!ok || f.sub != s) {
					t.Fatalf("%d of key %q came to %d before %d was settled", n, keys[n], s, m)
				}
			}
			flying[n] = flight{d, n, s}
		}
		return len(ds)
	}
	pick := func(t *rapid.T) (flight, bool) {
		var ns []int
		for n := range len(keys) {
			if _, ok := flying[n]; ok {
				ns = append(ns, n)
			}
		}
		if len(ns) == 0 {
			return flight{}, false
		}
		f := flying[rapid.SampledFrom(ns).Draw(t, "event")]
		delete(flying, f.n)
		return f, true
	}
	t.Repeat(map[string]func(*rapid.T){
		"publish": func(t *rapid.T) {
			key := rapid.SampledFrom([]string{"", "a", "a", "a", "b"}).Draw(t, "key")
			must(q.Publish(ctx, "t", queue.Event{ID: fmt.Sprint(len(keys)), Key: key, Schema: len(keys)}))
			keys = append(keys, key)
		},
		"receive": func(t *rapid.T) {
			receive(rapid.IntRange(0, subs-1).Draw(t, "sub"), rapid.IntRange(1, 3).Draw(t, "max"))
		},
		"ack": func(t *rapid.T) {
			if f, ok := pick(t); ok {
				must(f.Ack(ctx))
				settled[f.n] = true
			}
		},
		"nack": func(t *rapid.T) {
			if f, ok := pick(t); ok {
				after := time.Duration(rapid.IntRange(0, 3).Draw(t, "ms")) * time.Millisecond
				must(f.Nack(ctx, after))
				early[f.n] = time.Now().Add(after)
			}
		},
		"time": func(t *rapid.T) { time.Sleep(time.Duration(rapid.IntRange(0, 2).Draw(t, "ms")) * time.Millisecond) },
		"close": func(t *rapid.T) {
			s := rapid.IntRange(0, subs-1).Draw(t, "sub")
			if open[s] == nil {
				return
			}
			must(open[s].Close(ctx))
			open[s] = nil
			for n, f := range flying {
				if f.sub == s {
					delete(flying, n)
				}
			}
		},
		"remove": func(t *rapid.T) {
			skip := rapid.IntRange(0, 5).Draw(t, "skip")
			for d, err := range q.Browse(ctx, "t") {
				must(err)
				if _, ok := flying[d.Event.Schema]; ok {
					continue
				}
				if skip--; skip < 0 {
					must(d.Ack(ctx))
					settled[d.Event.Schema] = true
					return
				}
			}
		},
	})
	for rounds := 0; len(settled) < len(keys); rounds++ {
		if rounds > 2*len(keys)+10 {
			t.Fatalf("%d of %d events settled, and no more come", len(settled), len(keys))
		}
		for n, f := range flying {
			must(f.Ack(ctx))
			settled[n] = true
			delete(flying, n)
		}
		time.Sleep(5 * time.Millisecond)
		for s := range subs {
			receive(s, 2)
		}
	}
	l, err := q.Lag(ctx, "t", "g")
	must(err)
	if l != (queue.Lag{Exact: true}) {
		t.Fatalf("lag %+v with everything settled", l)
	}
}
