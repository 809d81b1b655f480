// Package queuetest checks that a backend keeps what package queue promises.
//
// A backend's test calls Run with a Harness that says how to open a queue and
// what the queue can do:
//
//	func TestConformance(t *testing.T) {
//		queuetest.Run(t, queuetest.Harness{
//			New:      func(t testing.TB) queue.Queue { return open(t) },
//			Features: queuetest.Features{Groups: true, OrderedPerKey: true},
//		})
//	}
//
// Every test uses topics of its own with random names, so one broker serves all
// of them, side by side and again and again. What a Feature says that a queue
// cannot do is skipped, with the reason; everything else is required.
package queuetest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

// A Harness opens queues for the tests.
type Harness struct {
	// New opens a queue. The tests close it.
	New func(t testing.TB) queue.Queue
	// Reopen closes a queue as a process does that ends in order, and opens
	// another one on the same data. Nil means that nothing outlives the queue.
	Reopen func(t testing.TB, q queue.Queue) queue.Queue
	// Restart kills the broker as a crash does and starts it again on the same
	// data; it returns when it serves. Nil means that it cannot be done here. No
	// other test may use the broker at that time.
	Restart func(t testing.TB)
	// Foreign writes a message to a topic as a program does that knows nothing of
	// events. Nil means that nobody else can write to a topic.
	Foreign func(t testing.TB, q queue.Queue, topic string, message []byte)
	// Features says what the queue can do.
	Features Features
	// Bubble runs every test in a testing/synctest bubble: for queues without
	// network, files and goroutines of their own. No wait then takes any time.
	Bubble bool
	// Patience bounds the wait for something that must come. Default 30 s.
	Patience time.Duration
	// Silence is how long nothing must come to believe that nothing will. It
	// must be longer than the queue may take to redeliver. Default 500 ms.
	Silence time.Duration
	// Scale divides the number of events in the large tests. Default 1: 10,000
	// events, 50 consumers, 10,500 dead letters.
	Scale int
}

// Features are capabilities that not every broker has.
type Features struct {
	// Groups: every group of a topic gets every event.
	Groups bool
	// KeepsForNewGroups: a group gets what was published before it first
	// subscribed, also when it is not the topic's first.
	KeepsForNewGroups bool
	// OrderedPerKey: events of one key come in order, also to several
	// subscriptions of a group and after a Nack.
	OrderedPerKey bool
	// DelayedNack: Nack waits as long as it is told to.
	DelayedNack bool
	// CountsDeliveries: Event.Attempt rises with every delivery.
	CountsDeliveries bool
	// MaxBody is the longest body in bytes; one byte more must be ErrTooLarge.
	// 0 means that there is no bound to test. Below 1,000,000 the body of
	// 1 MB is not tried.
	MaxBody int
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Patience <= 0 {
		h.Patience = 30 * time.Second
	}
	if h.Silence <= 0 {
		h.Silence = 500 * time.Millisecond
	}
	if h.Scale <= 0 {
		h.Scale = 1
	}
	for _, group := range []struct {
		name  string
		cases []test
	}{
		{"Delivery", deliveryTests},
		{"Order", orderTests},
		{"Router", routerTests},
		{"DeadLetters", letterTests},
		{"Volume", volumeTests},
		{"Outage", outageTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) { h.one(t, c) })
			}
		})
	}
}

// A test is one promise.
type test struct {
	name  string
	needs func(h Harness) string // why it cannot be kept, or ""
	alone bool                   // no other test may run at the time
	run   func(e *env)
}

func (h Harness) one(t *testing.T, c test) {
	if c.needs != nil {
		if why := c.needs(h); why != "" {
			t.Skip(why)
		}
	}
	body := func(t *testing.T) {
		e := &env{T: t, h: h, q: h.New(t), topic: name(), group: "g1"}
		defer func() {
			if err := e.q.Close(t.Context()); err != nil {
				t.Errorf("close the queue: %v", err)
			}
		}()
		c.run(e)
	}
	if h.Bubble {
		synctest.Test(t, body)
		return
	}
	if !c.alone {
		t.Parallel()
	}
	body(t)
}

func needs(ok func(f Features) bool, why string) func(h Harness) string {
	return func(h Harness) string {
		if ok(h.Features) {
			return ""
		}
		return why
	}
}

// name is a topic that no other test and no earlier run has used.
func name() string { return fmt.Sprintf("qt-%s", strings.ToLower(rand.Text()[:12])) }
