package queue_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
)

func TestMarshalLeavesOutTheAttempt(t *testing.T) {
	b, err := queue.Marshal(queue.Event{ID: "1", Attempt: 7, Body: []byte{0, 255}})
	require.NoError(t, err)
	require.Equal(t, `{"id":"1","body":"AP8="}`, string(b))
	require.Equal(t, queue.Event{ID: "1", Body: []byte{0, 255}}, queue.Unmarshal(b))
	require.Equal(t, queue.Event{}, queue.Unmarshal([]byte(`{"id":"","attempt":9,"format":1}`)))
}

// TestUnreadMessageIsADeadLetter follows what is no event, or one of the future,
// into the dead letters and, once it can be read, back.
func TestUnreadMessageIsADeadLetter(t *testing.T) {
	for name, c := range map[string]struct{ message, reason string }{
		"text":         {"hello", queue.ReasonForeign},
		"other JSON":   {`{"order":1}`, queue.ReasonForeign},
		"null":         {"null", queue.ReasonForeign},
		"empty":        {"", queue.ReasonForeign},
		"the future's": {`{"id":"1","format":2}`, queue.ReasonVersion},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, q *memqueue.Queue) {
				e := queue.Unmarshal([]byte(c.message))
				require.Equal(t, e.ID, queue.Unmarshal([]byte(c.message)).ID, "a repeat has the same ID")
				publish(t, q, "t", e)
				r := queue.NewRouter(q, nil)
				r.Handle("t", "g", func(context.Context, queue.Event) error {
					t.Error("a handler was called")
					return nil
				})
				require.NoError(t, r.Drain(t.Context()))
				ls := letters(t, r, "t", "g")
				require.Len(t, ls, 1)
				require.Equal(t, c.reason, ls[0].Reason)
				require.Equal(t, c.message, string(ls[0].Event.Body), "the letter has the message as it came")
				require.NotEmpty(t, ls[0].Error)
				require.Zero(t, ls[0].Attempts)

				done, err := r.DeadLetters("t", "g").Replay(t.Context(), queue.Filter{})
				require.Error(t, err)
				require.Equal(t, queue.Replayed{Failed: 1}, done, "nobody can read it yet, so it stays")
				require.Len(t, letters(t, r, "t", "g"), 1)
			})
		})
	}
}

// TestUnreadLetterIsReadAgain replays the letter of a process that was too old.
func TestUnreadLetterIsReadAgain(t *testing.T) {
	bubble(t, func(t *testing.T, q *memqueue.Queue) {
		publish(t, q, queue.DeadTopic("t", "g"), queue.Event{
			ID: "unread/1", Body: []byte(`{"id":"real","key":"k"}`), Headers: map[string]string{"onhand-dead-reason": queue.ReasonVersion},
		})
		r := queue.NewRouter(q, nil)
		var got []string
		r.Handle("t", "g", func(_ context.Context, e queue.Event) error {
			got = append(got, e.ID+" "+e.Key)
			return nil
		})
		done, err := r.DeadLetters("t", "g").Replay(t.Context(), queue.Filter{})
		require.NoError(t, err)
		require.Equal(t, queue.Replayed{Sent: 1}, done)
		require.NoError(t, r.Drain(t.Context()))
		require.Equal(t, []string{"real k"}, got)
	})
}
