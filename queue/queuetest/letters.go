package queuetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

var letterTests = []test{
	{name: "Browse", run: browse},
	{name: "ListReplayPurge", run: listReplayPurge},
	{name: "ReplayForItsGroup", run: replayForItsGroup, needs: needs(func(f Features) bool { return f.Groups }, "the queue has one group per topic")},
	{name: "ReplayInterrupted", run: replayInterrupted},
	{name: "Superseded", run: superseded},
	{name: "Many", run: manyLetters},
}

// browse looks at a topic that nobody subscribes to.
func browse(e *env) {
	e.publish(some(30)...)
	look := func() []queue.Delivery {
		var out []queue.Delivery
		for d, err := range e.q.Browse(e.patient(), e.topic) {
			e.must(err, "browse")
			out = append(out, d)
		}
		return out
	}
	if n := len(look()); n != 30 {
		e.Fatalf("browsed %d events, expected 30", n)
	}
	ds := look() // looking takes nothing
	if len(ds) != 30 {
		e.Fatalf("browsed %d events the second time, expected 30", len(ds))
	}
	e.ack(ds[:10]...)
	e.nack(ds[10], 0)
	if n := len(look()); n != 20 {
		e.Errorf("browsed %d events after 10 of 30 were acknowledged, expected 20", n)
	}
	for _, err := range e.q.Browse(e.patient(), e.topic) {
		e.must(err, "browse")
		break // leaving early is fine
	}
	for range e.q.Browse(e.patient(), e.topic+"-none") {
		e.Error("browsed something in a topic that nobody has used")
	}
}

// kill makes dead letters of events.
func (e *env) kill(events ...queue.Event) {
	e.Helper()
	e.publish(events...)
	r := e.router(queue.RouterConfig{})
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		return queue.Permanent(fmt.Errorf("cannot handle %s", ev.ID))
	})
	e.must(r.Drain(e.patient()), "drain")
}

func listReplayPurge(e *env) {
	e.kill(queue.Event{ID: "a", Merchant: "m1"}, queue.Event{ID: "b", Merchant: "m2"}, queue.Event{ID: "c", Merchant: "m1"})
	r := e.router(queue.RouterConfig{})
	dead := r.DeadLetters(e.topic, e.group)
	for _, f := range []struct {
		filter queue.Filter
		want   int
	}{
		{queue.Filter{}, 3},
		{queue.Filter{ID: "b"}, 1},
		{queue.Filter{Merchant: "m1"}, 2},
		{queue.Filter{Reason: queue.ReasonPermanent}, 3},
		{queue.Filter{Reason: "other"}, 0},
		{queue.Filter{Before: time.Now().Add(-time.Hour)}, 0},
		{queue.Filter{Limit: 2}, 2},
	} {
		if n := len(e.letters(r, f.filter)); n != f.want {
			e.Errorf("%+v selects %d letters, expected %d", f.filter, n, f.want)
		}
	}
	done, err := dead.Replay(e.patient(), queue.Filter{Merchant: "m1"})
	e.must(err, "replay")
	if done != (queue.Replayed{Sent: 2}) {
		e.Errorf("replayed %+v, expected 2 sent", done)
	}
	var mu sync.Mutex
	got := map[string]bool{}
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		mu.Lock()
		defer mu.Unlock()
		got[ev.ID] = true
		e.same(ev, queue.Event{ID: ev.ID, Merchant: "m1"})
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	if len(got) != 2 || !got["a"] || !got["c"] {
		e.Errorf("after the replay came %v, expected a and c", got)
	}
	n, err := dead.Purge(e.patient(), queue.Filter{})
	e.must(err, "purge")
	if n != 1 || len(e.letters(r, queue.Filter{})) != 0 {
		e.Errorf("purged %d letters, expected the one that was left", n)
	}
}

// replayForItsGroup checks that a group that had no trouble hears nothing.
func replayForItsGroup(e *env) {
	var good atomic.Int64
	broken := atomic.Bool{}
	broken.Store(true)
	r := e.router(queue.RouterConfig{})
	r.Handle(e.topic, "bad", func(context.Context, queue.Event) error {
		if broken.Load() {
			return queue.Permanent(errors.New("broken"))
		}
		return nil
	})
	r.Handle(e.topic, "good", func(context.Context, queue.Event) error {
		good.Add(1)
		return nil
	})
	for _, g := range []string{"bad", "good"} { // so that neither misses anything
		e.close(e.subscribe(g))
	}
	e.publish(some(10)...)
	e.must(r.Drain(e.patient()), "drain")
	broken.Store(false)
	done, err := r.DeadLetters(e.topic, "bad").Replay(e.patient(), queue.Filter{})
	e.must(err, "replay")
	if done.Sent != 10 {
		e.Errorf("replayed %+v, expected 10 sent", done)
	}
	e.must(r.Drain(e.patient()), "drain")
	if s := r.Stats(); good.Load() != 10 || s[0].Handled != 10 || s[0].Dead != 10 {
		e.Errorf("the other group handled %d events, expected 10 and no replayed ones; stats %+v", good.Load(), s)
	}
}

// replayInterrupted ends a replay half-way; repeated, it completes.
func replayInterrupted(e *env) {
	const n = 250
	e.kill(some(n)...)
	ctx, cancel := context.WithCancel(e.patient())
	asked := 0
	r := e.router(queue.RouterConfig{Superseded: func(context.Context, queue.Letter) (bool, error) {
		if asked++; asked == n/2 {
			cancel()
		}
		return false, nil
	}})
	dead := r.DeadLetters(e.topic, e.group)
	first, err := dead.Replay(ctx, queue.Filter{})
	if err == nil {
		e.Error("an interrupted replay says that it was complete")
	}
	second, err := dead.Replay(e.patient(), queue.Filter{})
	e.must(err, "replay")
	if first.Sent+second.Sent < n {
		e.Errorf("replayed %+v and %+v, expected %d together", first, second, n)
	}
	var mu sync.Mutex
	got := map[string]bool{}
	r.Handle(e.topic, e.group, func(_ context.Context, ev queue.Event) error {
		mu.Lock()
		defer mu.Unlock()
		got[ev.ID] = true
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	if len(got) != n || len(e.letters(r, queue.Filter{})) != 0 {
		e.Errorf("%d of %d events came back", len(got), n)
	}
}

func superseded(e *env) {
	e.kill(queue.Event{ID: "count-1", Type: "count"}, queue.Event{ID: "sale-1", Type: "sale"}, queue.Event{ID: "odd", Type: "odd"})
	r := e.router(queue.RouterConfig{Superseded: func(_ context.Context, l queue.Letter) (bool, error) {
		if l.Event.Type == "odd" {
			return false, errors.New("cannot tell")
		}
		return l.Event.Type == "count", nil
	}})
	done, err := r.DeadLetters(e.topic, e.group).Replay(e.patient(), queue.Filter{})
	if err == nil || done != (queue.Replayed{Sent: 1, Superseded: 1, Failed: 1}) {
		e.Errorf("replayed %+v, error %v; expected one sent, one superseded, one failed", done, err)
	}
	if ls := e.letters(r, queue.Filter{}); len(ls) != 1 || ls[0].Event.ID != "odd" {
		e.Errorf("letters left: %+v, expected the one that failed", ls)
	}
}

// manyLetters goes beyond the ten thousand at which some queues stop showing.
func manyLetters(e *env) {
	n := 10_500 / e.h.Scale
	e.kill(some(n)...)
	r := e.router(queue.RouterConfig{})
	if got := len(e.letters(r, queue.Filter{})); got != n {
		e.Fatalf("listed %d letters, expected %d", got, n)
	}
	done, err := r.DeadLetters(e.topic, e.group).Replay(e.patient(), queue.Filter{})
	e.must(err, "replay")
	if done.Sent != n || len(e.letters(r, queue.Filter{})) != 0 {
		e.Errorf("replayed %+v, expected %d sent and none left", done, n)
	}
}
