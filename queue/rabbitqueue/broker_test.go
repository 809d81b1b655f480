package rabbitqueue_test

import (
	"crypto/rand"
	"net/url"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/rabbitqueue"
)

func browsed(t *testing.T, q queue.Queue, topic string) (ids []string) {
	t.Helper()
	for d, err := range q.Browse(t.Context(), topic) {
		require.NoError(t, err)
		ids = append(ids, d.Event.ID)
		require.NoError(t, d.Ack(t.Context()))
	}
	return ids
}

func TestWrongPassword(t *testing.T) {
	u, err := url.Parse(broker(t))
	require.NoError(t, err)
	u.User = url.UserPassword("guest", "s3cret")
	_, err = rabbitqueue.New(t.Context(), u.String(), nil)
	require.ErrorIs(t, err, rabbitqueue.ErrAccess)
	require.NotContains(t, err.Error(), "s3cret")
	u, _ = url.Parse(broker(t))
	u.Path = "/nowhere"
	_, err = rabbitqueue.New(t.Context(), u.String(), nil)
	require.ErrorIs(t, err, rabbitqueue.ErrAccess)
}

// TestDeletedBehindItsBack deletes queue and exchange of a topic that a process
// has published to: what it publishes next is kept all the same.
func TestDeletedBehindItsBack(t *testing.T) {
	q, ch, topic := open(t, nil), plain(t), rand.Text()
	for _, remove := range []func() error{
		func() error { return nil },
		func() error { _, err := ch.QueueDelete("onhand."+topic, false, false, false); return err },
		func() error { return ch.ExchangeDelete("onhand."+topic, false, false) },
	} {
		require.NoError(t, remove())
		require.NoError(t, q.Publish(t.Context(), topic, queue.Event{ID: "1"}))
		require.Equal(t, []string{"1"}, browsed(t, q, topic))
	}
}

// TestLargerThanTheBroker publishes what the Config allows and the broker does
// not; the channel that the broker closes for it is replaced.
func TestLargerThanTheBroker(t *testing.T) {
	q, topic := open(t, &rabbitqueue.Config{MaxBody: 64 << 20}), rand.Text()
	err := q.Publish(t.Context(), topic, queue.Event{ID: "1", Body: make([]byte, 20<<20)})
	require.ErrorIs(t, err, queue.ErrTooLarge)
	require.NoError(t, q.Publish(t.Context(), topic, queue.Event{ID: "2"}))
	require.Equal(t, []string{"2"}, browsed(t, q, topic))
}

func TestDeclaredOtherwise(t *testing.T) {
	q, topic := open(t, nil), rand.Text()
	_, err := plain(t).QueueDeclare("onhand."+topic+":g", true, false, false, false, amqp.Table{"x-queue-type": "classic"})
	require.NoError(t, err)
	_, err = q.Subscribe(t.Context(), topic, "g")
	require.ErrorIs(t, err, rabbitqueue.ErrArguments)
}

// TestGroupsFromTheStart has a publisher that knows of groups nobody has
// subscribed to yet: all of them get everything.
func TestGroupsFromTheStart(t *testing.T) {
	topic := rand.Text()
	q := open(t, &rabbitqueue.Config{Groups: map[string][]string{topic: {"a", "b"}}})
	require.NoError(t, q.Publish(t.Context(), topic, queue.Event{ID: "1"}))
	for _, g := range []string{"a", "b"} {
		s, err := q.Subscribe(t.Context(), topic, g)
		require.NoError(t, err)
		ds, err := s.Receive(t.Context(), 1)
		require.NoError(t, err)
		require.NoError(t, ds[0].Ack(t.Context()))
		require.NoError(t, s.Close(t.Context()))
	}
}

// TestRemovedLongAfter removes an event that another Browse has given back
// meanwhile.
func TestRemovedLongAfter(t *testing.T) {
	q, topic := open(t, nil), rand.Text()
	require.NoError(t, q.Publish(t.Context(), topic, queue.Event{ID: "1"}, queue.Event{ID: "2"}, queue.Event{ID: "3"}))
	var ds []queue.Delivery
	for d, err := range q.Browse(t.Context(), topic) {
		require.NoError(t, err)
		ds = append(ds, d)
	}
	for _, err := range q.Browse(t.Context(), topic) {
		require.NoError(t, err)
	}
	require.NoError(t, ds[1].Ack(t.Context()))
	require.Equal(t, []string{"1", "3"}, browsed(t, q, topic))
}
