package rabbitqueue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func event(id, key, mark string, tag uint64) *item {
	return &item{event: queue.Event{ID: id, Key: key}, mark: mark, tag: tag}
}

func taken(in *inbox, now time.Time) (ids []string, all []*item) {
	all = in.take(100, now)
	for _, it := range all {
		ids = append(ids, it.event.ID)
	}
	return ids, all
}

// TestWhatIsInHandIsNotReceivedTwice loses the channel while events are handled.
func TestWhatIsInHandIsNotReceivedTwice(t *testing.T) {
	in := newInbox()
	for i, id := range []string{"a", "b", "c"} {
		in.add(event(id, "", "m"+id, uint64(i+1)))
	}
	hand := in.take(2, noon)
	in.lost()
	require.False(t, in.ack(hand[0]), "the broker cannot be told")
	require.True(t, in.add(event("a", "", "ma", 1)), "it is done, so its delivery is acknowledged")
	require.False(t, in.add(event("b", "", "mb", 2)), "it is in hand")
	require.False(t, in.add(event("c", "", "mc", 3)))
	ids, _ := taken(in, noon)
	require.Equal(t, []string{"c"}, ids)
	require.True(t, in.ack(hand[1]), "by the tag of the new channel")
	require.Equal(t, uint64(2), hand[1].tag)
	require.Equal(t, queue.Lag{InFlight: 1}, in.lag(noon))
}

// TestMarksOfOthersAreNotTrusted: what has the same mark on one channel, or none,
// is another message.
func TestMarksOfOthersAreNotTrusted(t *testing.T) {
	in := newInbox()
	in.add(event("a", "", "same", 1))
	taken(in, noon)
	in.add(event("b", "", "same", 2))
	in.add(event("c", "", "", 3))
	ids, _ := taken(in, noon)
	require.Equal(t, []string{"b", "c"}, ids)
	in.lost()
	in.add(event("c", "", "", 1))
	ids, _ = taken(in, noon)
	require.Equal(t, []string{"c"}, ids, "one without a mark is not recognised")
}

// TestDoneElsewhere forgets what was acknowledged when the broker delivers it to
// another consumer.
func TestDoneElsewhere(t *testing.T) {
	in := newInbox()
	in.add(event("a", "", "ma", 1))
	_, all := taken(in, noon)
	in.lost()
	in.ack(all[0])
	in.lost()
	in.lost()
	require.Empty(t, in.marks)
}

// TestDelayOutlivesTheChannel counts and waits on after the channel is lost.
func TestDelayOutlivesTheChannel(t *testing.T) {
	in := newInbox()
	in.add(event("a", "k", "ma", 1))
	in.add(event("b", "k", "mb", 2))
	_, all := taken(in, noon)
	in.nack(all[0], time.Minute, noon)
	in.lost()
	again := event("a", "k", "ma", 1)
	again.before = 1
	in.add(again)
	in.add(event("c", "k", "mc", 3))
	ids, _ := taken(in, noon.Add(59*time.Second))
	require.Empty(t, ids, "it is delayed still, and what is behind it waits")
	require.Equal(t, noon.Add(time.Minute), in.next())
	ids, all = taken(in, noon.Add(time.Minute))
	require.Equal(t, []string{"a", "c"}, ids)
	require.Equal(t, 3, all[0].attempt, "one at the broker, one nack, and this one")
}

// TestNackOfALostChannel leaves it to the broker to deliver again.
func TestNackOfALostChannel(t *testing.T) {
	in := newInbox()
	in.add(event("a", "", "ma", 1))
	_, all := taken(in, noon)
	in.lost()
	in.nack(all[0], 0, noon)
	ids, _ := taken(in, noon)
	require.Empty(t, ids)
	in.add(event("a", "", "ma", 1))
	ids, _ = taken(in, noon)
	require.Equal(t, []string{"a"}, ids)
}
