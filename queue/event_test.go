package queue

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEventWireForm pins the names that processes of other versions read.
func TestEventWireForm(t *testing.T) {
	e := Event{
		ID: "i", Key: "k", Type: "t", Merchant: "m", Origin: "o", TraceID: "tr", Time: time.Unix(1, 5).UTC(),
		Schema: 2, Attempt: 3, Headers: map[string]string{"h": "v"}, Body: []byte{0, 255},
	}
	b, err := json.Marshal(e)
	require.NoError(t, err)
	require.Equal(t, `{"id":"i","key":"k","type":"t","merchant":"m","origin":"o","trace_id":"tr",`+
		`"time":"1970-01-01T00:00:01.000000005Z","schema":2,"attempt":3,"headers":{"h":"v"},"body":"AP8="}`, string(b))
	b, err = json.Marshal(Event{ID: "i"})
	require.NoError(t, err)
	require.Equal(t, `{"id":"i"}`, string(b))
	var got Event
	require.NoError(t, json.Unmarshal([]byte(`{"id":"i","from_the_future":[1]}`), &got))
	require.Equal(t, Event{ID: "i"}, got)
}

func TestCloneSharesNothing(t *testing.T) {
	e := Event{Headers: map[string]string{"h": "v"}, Body: []byte("b")}
	c := e.Clone()
	c.Headers["h"], c.Body[0] = "x", 'x'
	require.Equal(t, Event{Headers: map[string]string{"h": "v"}, Body: []byte("b")}, e)
}

func TestLetterKeepsTheOriginal(t *testing.T) {
	e := Event{ID: "i", Headers: map[string]string{"h": "v", "onhand-only-group": "g"}, Body: []byte{1}, Attempt: 7}
	l := Letter{
		Event: e, Topic: "t", Group: "g", Reason: "r", Error: strings.Repeat("ä", 999),
		Attempts: 5, First: time.Unix(1, 1).UTC(), Died: time.Unix(2, 2).UTC(),
	}
	got := letterOf(l.event())
	want := l
	want.Event = Event{ID: "i", Headers: map[string]string{"h": "v"}, Body: []byte{1}}
	want.Error = strings.Repeat("ä", 500)
	require.Equal(t, want, got)
	require.Equal(t, "g", e.Headers["onhand-only-group"], "the delivered event was changed")
	require.Equal(t, Letter{Event: Event{ID: "x"}}, letterOf(Event{ID: "x"}), "an event that is no letter is listed as it is")
	require.Equal(t, "a?b", cut("a\xffb", 10))
}

// FuzzEvent reads anything and checks that what was read survives the wire.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"id":"1","key":"order:1","body":"AP8="}`,
		`{"id":"1","time":"2026-11-24T09:30:00.123456789+01:00","schema":-1,"attempt":99}`,
		`{"id":"\u0000\ud800","headers":{"":"","a":"\"b\""}}`, `{"ID":"upper","body":null,"headers":null}`, `[`,
		`{"body":"not base64"}`, `{"time":"0000-01-01T00:00:00Z"}`, `{"headers":{"onhand-dead-attempts":"x","onhand-dead-died":"y"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var e Event
		if json.Unmarshal(in, &e) != nil {
			return
		}
		wire, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("cannot write what was read: %v", err)
		}
		var again Event
		require.NoError(t, json.Unmarshal(wire, &again))
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(wire), string(second))
		l := letterOf(letterOf(e).event())
		require.Equal(t, e.ID, l.Event.ID)
		require.Equal(t, e.Body, l.Event.Body)
		for name := range l.Event.Headers {
			require.False(t, strings.HasPrefix(name, reserved), name)
		}
	})
}
