package queuetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/onhand-dev/onhand/queue"
)

var deliveryTests = []test{
	{name: "EventIntact", run: eventIntact},
	{name: "AckedIsGone", run: ackedIsGone},
	{name: "NackComesBack", run: nackComesBack},
	{name: "AttemptCounts", run: attemptCounts, needs: needs(func(f Features) bool { return f.CountsDeliveries }, "the queue does not count deliveries")},
	{name: "DelayedNack", run: delayedNack, needs: needs(func(f Features) bool { return f.DelayedNack }, "the queue does not delay a nack")},
	{name: "CloseGivesBack", run: closeGivesBack},
	{name: "ReceiveMax", run: receiveMax},
	{name: "KeptForFirstGroup", run: keptForFirstGroup},
	{name: "FirstGroupMissesNothing", run: firstGroupMissesNothing},
	{name: "TwoGroups", run: twoGroups, needs: needs(func(f Features) bool { return f.Groups }, "the queue has one group per topic")},
	{name: "KeptForNewGroup", run: keptForNewGroup, needs: needs(func(f Features) bool { return f.Groups && f.KeepsForNewGroups }, "the queue keeps nothing for later groups")},
	{name: "Bodies", run: bodies},
	{name: "TooLarge", run: tooLarge, needs: needs(func(f Features) bool { return f.MaxBody > 0 }, "the queue has no bound on bodies")},
	{name: "ContextRespected", run: contextRespected},
	{name: "Names", run: names},
	{name: "Closed", run: closed},
	{name: "AckedThenClosed", run: ackedThenClosed},
	{name: "Foreign", run: foreign, needs: func(h Harness) string {
		if h.Foreign == nil {
			return "nobody else can write to a topic"
		}
		return ""
	}},
	{name: "Lag", run: lag},
	{name: "Persistent", run: persistent, needs: outlives},
	{name: "DelayedOutlives", run: delayedOutlives, needs: outlives},
}

func outlives(h Harness) string {
	if h.Reopen == nil {
		return "what is queued is lost with the queue"
	}
	return ""
}

func eventIntact(e *env) {
	sent := queue.Event{
		ID: "shopify/acme/orders/4711", Key: "order:4711", Type: "orders/create", Merchant: "acme",
		Origin: "shopify/acme-eu", TraceID: "4bf92f3577b34da6", Time: time.Date(2026, 11, 24, 9, 30, 0, 123456789, time.UTC),
		Schema: 3, Headers: map[string]string{"shop": "Käse & Co", "empty": ""}, Body: []byte(`{"id":4711}`),
	}
	s := e.subscribe(e.group)
	e.publish(sent)
	d := e.receive(s, 1)[0]
	if d.Event.Attempt != 1 {
		e.Errorf("Attempt is %d on the first delivery, expected 1", d.Event.Attempt)
	}
	e.same(d.Event, sent)
	e.ack(d)
	e.close(s)
}

// same checks that an event came through unchanged, Attempt apart.
func (e *env) same(got, want queue.Event) {
	e.Helper()
	if got.ID != want.ID || got.Key != want.Key || got.Type != want.Type || got.Merchant != want.Merchant ||
		got.Origin != want.Origin || got.TraceID != want.TraceID || !got.Time.Equal(want.Time) || got.Schema != want.Schema ||
		!maps.Equal(got.Headers, want.Headers) || !bytes.Equal(got.Body, want.Body) {
		e.Errorf("event changed on its way:\n got %+v\nsent %+v", short(got), short(want))
	}
}

// short cuts a body for printing.
func short(ev queue.Event) queue.Event {
	ev.Body = ev.Body[:min(len(ev.Body), 64)]
	return ev
}

func ackedIsGone(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(3)...)
	e.ack(e.receive(s, 3)...)
	e.silent(s)
	e.close(s)
	s = e.subscribe(e.group)
	e.silent(s)
	e.close(s)
}

func nackComesBack(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(1)...)
	d := e.receive(s, 1)[0]
	e.nack(d, 0)
	again := e.receive(s, 1)[0]
	e.same(again.Event, d.Event)
	e.ack(again)
	e.silent(s)
	e.close(s)
}

func attemptCounts(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(1)...)
	for want := 1; want <= 4; want++ {
		d := e.receive(s, 1)[0]
		if d.Event.Attempt != want {
			e.Fatalf("Attempt is %d on delivery %d", d.Event.Attempt, want)
		}
		if want < 4 {
			e.nack(d, 0)
		} else {
			e.ack(d)
		}
	}
	e.close(s)
}

func delayedNack(e *env) {
	const delay = 1500 * time.Millisecond
	s := e.subscribe(e.group)
	e.publish(some(2)...)
	ds := e.receive(s, 2)
	nacked := time.Now()
	e.nack(ds[0], delay)
	e.ack(ds[1])
	d := e.receive(s, 1)[0]
	if took := time.Since(nacked); took < delay*9/10 {
		e.Errorf("came back after %s, expected %s", took, delay)
	}
	e.ack(d)
	e.close(s)
}

func closeGivesBack(e *env) {
	first := e.subscribe(e.group)
	e.publish(some(5)...)
	ds := e.receive(first, 5)
	e.ack(ds[:2]...)
	e.close(first)
	second := e.subscribe(e.group)
	back := e.receive(second, 3)
	got, want := ids(back), ids(ds[2:])
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		e.Errorf("after closing came %q, expected the unsettled %q", got, want)
	}
	e.ack(back...)
	e.silent(second)
	e.close(second)
}

func receiveMax(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(7)...)
	for _, limit := range []int{0, 1, 2} {
		got, err := s.Receive(e.patient(), limit)
		e.must(err, "receive")
		if len(got) < 1 || len(got) > max(limit, 1) {
			e.Fatalf("Receive(%d) returned %d events", limit, len(got))
		}
		e.ack(got...)
	}
	e.close(s)
}

func keptForFirstGroup(e *env) {
	e.publish(some(3)...)
	s := e.subscribe(e.group)
	e.ack(e.receive(s, 3)...)
	e.silent(s)
	e.close(s)
}

// firstGroupMissesNothing subscribes for the first time while events are
// published, by several at once.
func firstGroupMissesNothing(e *env) {
	const publishers, each = 8, 100
	begun, ended := make(chan struct{}, publishers), make(chan error, publishers)
	for p := range publishers {
		go func() {
			var err error
			for i := 0; i < each && err == nil; i++ {
				err = e.q.Publish(e.Context(), e.topic, queue.Event{ID: fmt.Sprintf("p%d-%d", p, i)})
				if i == 2 {
					begun <- struct{}{}
				}
			}
			ended <- err
		}()
	}
	for range publishers {
		select {
		case <-begun:
		case <-e.patient().Done():
			e.Fatal("nothing can be published")
		}
	}
	s := e.subscribe(e.group)
	e.ack(e.receive(s, publishers*each)...)
	for range publishers {
		e.must(<-ended, "publish")
	}
	e.silent(s)
	e.close(s)
}

func twoGroups(e *env) {
	a, b := e.subscribe("g1"), e.subscribe("g2")
	e.publish(some(20)...)
	e.ack(e.receive(a, 20)...)
	got := e.receive(b, 20)
	e.nack(got[0], 0)
	e.ack(got[1:]...)
	e.silent(a)
	e.ack(e.receive(b, 1)...)
	e.silent(b)
	e.close(a)
	e.close(b)
}

func keptForNewGroup(e *env) {
	a := e.subscribe("g1")
	e.publish(some(3)...)
	e.ack(e.receive(a, 3)...)
	b := e.subscribe("g2")
	e.ack(e.receive(b, 3)...)
	e.silent(a)
	e.close(a)
	e.close(b)
}

func bodies(e *env) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	sent := map[string][]byte{"empty": nil, "binary": every, "text": []byte("\u2028 <script>&\x00")}
	if e.h.Features.MaxBody == 0 || e.h.Features.MaxBody >= 1_000_000 {
		sent["large"] = bytes.Repeat(every, 1_000_000/256)
	}
	s := e.subscribe(e.group)
	for id, body := range sent {
		e.publish(queue.Event{ID: id, Body: body})
	}
	for _, d := range e.receive(s, len(sent)) {
		e.same(d.Event, queue.Event{ID: d.Event.ID, Body: sent[d.Event.ID]})
		e.ack(d)
	}
	e.close(s)
}

func tooLarge(e *env) {
	s := e.subscribe(e.group)
	err := e.q.Publish(e.patient(), e.topic, queue.Event{ID: "small"}, queue.Event{ID: "large", Body: make([]byte, e.h.Features.MaxBody+1)})
	if !errors.Is(err, queue.ErrTooLarge) {
		e.Errorf("publish of %d bytes: %v, expected ErrTooLarge", e.h.Features.MaxBody+1, err)
	}
	e.silent(s)
	e.publish(queue.Event{ID: "fits", Body: make([]byte, e.h.Features.MaxBody)})
	e.ack(e.receive(s, 1)...)
	e.close(s)
}

func contextRespected(e *env) {
	s := e.subscribe(e.group)
	ctx, cancel := context.WithCancel(e.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := s.Receive(ctx, 1)
		ended <- err
	}()
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			e.Errorf("Receive returned %v when its context was cancelled", err)
		}
	case <-e.patient().Done():
		e.Fatal("Receive went on when its context was cancelled")
	}
	if err := e.q.Publish(ctx, e.topic, some(1)...); !errors.Is(err, context.Canceled) {
		e.Errorf("Publish returned %v with a cancelled context", err)
	}
	e.publish(queue.Event{ID: "later"})
	ds := e.receive(s, 1) // the cancelled Receive has taken nothing
	e.ack(ds...)
	e.close(s)
}

func names(e *env) {
	if err := e.q.Publish(e.patient(), "", some(1)...); !errors.Is(err, queue.ErrNoTopic) {
		e.Errorf("publish without a topic: %v, expected ErrNoTopic", err)
	}
	for _, n := range [][2]string{{"", "g1"}, {e.topic, ""}} {
		if _, err := e.q.Subscribe(e.patient(), n[0], n[1]); !errors.Is(err, queue.ErrNoTopic) {
			e.Errorf("subscribe to topic %q, group %q: %v, expected ErrNoTopic", n[0], n[1], err)
		}
	}
}

func closed(e *env) {
	s := e.subscribe(e.group)
	e.close(s)
	e.close(s) // again does nothing
	if _, err := s.Receive(e.patient(), 1); !errors.Is(err, queue.ErrClosed) {
		e.Errorf("receive from a closed subscription: %v, expected ErrClosed", err)
	}
	open := e.subscribe(e.group)
	ended := make(chan error, 1)
	go func() {
		_, err := open.Receive(e.Context(), 1)
		ended <- err
	}()
	e.must(e.q.Close(e.patient()), "close the queue")
	select {
	case err := <-ended:
		if !errors.Is(err, queue.ErrClosed) {
			e.Errorf("a Receive under way: %v, expected ErrClosed", err)
		}
	case <-e.patient().Done():
		e.Fatal("Receive went on when the queue was closed")
	}
	if err := e.q.Publish(e.patient(), e.topic, some(1)...); !errors.Is(err, queue.ErrClosed) {
		e.Errorf("publish to a closed queue: %v, expected ErrClosed", err)
	}
	if _, err := e.q.Subscribe(e.patient(), e.topic, e.group); !errors.Is(err, queue.ErrClosed) {
		e.Errorf("subscribe to a closed queue: %v, expected ErrClosed", err)
	}
}

func persistent(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(20)...)
	e.ack(e.receive(s, 5)...)
	e.q = e.h.Reopen(e.T, e.q)
	s = e.subscribe(e.group)
	e.ack(e.receive(s, 15)...)
	e.silent(s)
	e.close(s)
}

// delayedOutlives ends the process while an event waits out a nack: it comes
// again, at the latest when its time has come, and its attempts count on.
func delayedOutlives(e *env) {
	s := e.subscribe(e.group)
	e.publish(some(2)...)
	ds := e.receive(s, 2)
	e.ack(ds[1])
	e.nack(ds[0], time.Second)
	e.q = e.h.Reopen(e.T, e.q)
	s = e.subscribe(e.group)
	d := e.receive(s, 1)[0]
	if d.Event.ID != ds[0].Event.ID || (e.h.Features.CountsDeliveries && d.Event.Attempt < 2) {
		e.Errorf("%s came with Attempt %d, expected %s and at least 2", d.Event.ID, d.Event.Attempt, ds[0].Event.ID)
	}
	e.ack(d)
	e.silent(s)
	e.close(s)
}

// ackedThenClosed acknowledges much and closes at once: a broker that is slower
// than the process must not forget any of it.
func ackedThenClosed(e *env) {
	n := 900 / e.h.Scale
	e.publish(some(n)...)
	s := e.subscribe(e.group)
	e.ack(e.receive(s, n)...)
	e.close(s)
	s = e.subscribe(e.group)
	e.silent(s)
	e.close(s)
}

// foreign has someone write to the topic what is no event: it ends as a dead
// letter with the message as it was, and the events around it are handled.
func foreign(e *env) {
	e.close(e.subscribe(e.group))
	e.publish(queue.Event{ID: "before"})
	for _, message := range []string{"\x00\xffhello", `{"order":1}`, `{"id":"1","format":99}`} {
		e.h.Foreign(e.T, e.q, e.topic, []byte(message))
	}
	e.publish(queue.Event{ID: "after"})
	r := e.router(queue.RouterConfig{})
	var handled atomic.Int64
	r.Handle(e.topic, e.group, func(context.Context, queue.Event) error {
		handled.Add(1)
		return nil
	})
	e.must(r.Drain(e.patient()), "drain")
	if handled.Load() != 2 {
		e.Errorf("%d events handled, expected the 2 around the foreign messages", handled.Load())
	}
	got := map[string]string{}
	for _, l := range e.letters(r, queue.Filter{}) {
		got[string(l.Event.Body)] = l.Reason
	}
	want := map[string]string{
		"\x00\xffhello": queue.ReasonForeign, `{"order":1}`: queue.ReasonForeign, `{"id":"1","format":99}`: queue.ReasonVersion,
	}
	if !maps.Equal(got, want) {
		e.Errorf("dead letters and reasons %q, expected %q", got, want)
	}
}

// lag looks at what is waiting and in flight, if the queue can tell. Where that
// is not exact it may take a while to be right.
func lag(e *env) {
	q, ok := e.q.(queue.Lagger)
	if !ok {
		e.Skip("the queue cannot tell how much is waiting")
	}
	events := some(5)
	for i := range events {
		events[i].Time = time.Unix(int64(1000+i), 0)
	}
	s := e.subscribe(e.group)
	e.publish(events...)
	e.lags(q, queue.Lag{Waiting: 5})
	ds := e.receive(s, 3)
	e.ack(ds[0])
	e.lags(q, queue.Lag{Waiting: 2, InFlight: 2, Oldest: time.Unix(1001, 0)})
	e.nack(ds[1], time.Hour)
	want := queue.Lag{Waiting: 2, InFlight: 1, Delayed: 1, Oldest: time.Unix(1001, 0)}
	if !e.h.Features.DelayedNack {
		want = queue.Lag{Waiting: 3, InFlight: 1}
	}
	e.lags(q, want)
	e.close(s)
}

// lags waits until a queue says so. A zero Oldest is not compared.
func (e *env) lags(q queue.Lagger, want queue.Lag) {
	e.Helper()
	patient := e.patient()
	for {
		got, err := q.Lag(patient, e.topic, e.group)
		e.must(err, "lag")
		oldest := want.Oldest.IsZero() || got.Oldest.Equal(want.Oldest)
		if got.Waiting == want.Waiting && got.Delayed == want.Delayed && got.InFlight == want.InFlight && oldest {
			return
		}
		select {
		case <-patient.Done():
		case <-time.After(e.h.Silence / 10):
			if !got.Exact {
				continue
			}
		}
		e.Fatalf("lag %+v, expected %+v", got, want)
	}
}
