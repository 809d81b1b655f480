package rabbitqueue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/onhand-dev/onhand/queue"
)

// headerMark names the AMQP header with which a publication is recognised when
// it is delivered again or returned. It is not the event's ID, which may be
// published twice.
const headerMark = "onhand-mark"

// A publisher sends events over one channel in confirm mode, which its callers
// share: their events are under way together, and each call waits for its own.
type publisher struct {
	link *link

	mu sync.Mutex
	ch *confirmed // nil, or the last one; it may be closed
}

// publish sends messages to an exchange, or with an empty one to the queue that
// key names, and returns nil once the broker has confirmed all of them.
func (p *publisher) publish(ctx context.Context, exchange, key string, messages []amqp.Publishing) error {
	ch, err := p.channel(ctx)
	if err != nil {
		return err
	}
	waits := make([]*amqp.DeferredConfirmation, 0, len(messages))
	for _, m := range messages {
		if err := ctx.Err(); err != nil {
			return err
		}
		w, err := ch.PublishWithDeferredConfirm(exchange, key, true, false, m)
		if err != nil {
			return ch.why(err, messages)
		}
		waits = append(waits, w)
	}
	for _, w := range waits {
		ok, err := w.WaitContext(ctx)
		if err != nil {
			return err
		}
		if !ok {
			return ch.why(errNotConfirmed, messages)
		}
	}
	return ch.returned(messages)
}

var errNotConfirmed = errors.New("the broker did not confirm it")

// channel returns the channel that is open, or opens one.
func (p *publisher) channel(ctx context.Context) (*confirmed, error) {
	conn, err := p.link.wait(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ch != nil && p.ch.conn == conn && !p.ch.IsClosed() {
		return p.ch, nil
	}
	p.ch, err = newConfirmed(conn)
	return p.ch, err
}

// A confirmed is a channel in confirm mode that collects what is returned.
type confirmed struct {
	*amqp.Channel
	conn  *amqp.Connection
	fence chan struct{} // a send ends after what was returned before is in back
	ended chan struct{} // closed when the channel is and watch has returned

	mu   sync.Mutex
	back map[string]amqp.Return // by mark
	err  *amqp.Error            // why it was closed
}

func newConfirmed(conn *amqp.Connection) (*confirmed, error) {
	ch, err := conn.Channel()
	if err != nil {
		return nil, explain(err, "open a channel")
	}
	c := &confirmed{Channel: ch, conn: conn, fence: make(chan struct{}), ended: make(chan struct{}), back: map[string]amqp.Return{}}
	returns, closed := ch.NotifyReturn(make(chan amqp.Return)), ch.NotifyClose(make(chan *amqp.Error, 1))
	if err := ch.Confirm(false); err != nil {
		_ = ch.Close()
		return nil, explain(err, "ask for confirmations")
	}
	go c.watch(returns, closed)
	return c, nil
}

// watch ends with the channel, and that with its connection.
func (c *confirmed) watch(returns <-chan amqp.Return, closed <-chan *amqp.Error) {
	defer close(c.ended)
	for returns != nil || closed != nil {
		select {
		case r, ok := <-returns:
			if !ok {
				returns = nil
				continue
			}
			c.mu.Lock()
			c.back[mark(r.Headers)] = r
			c.mu.Unlock()
		case err, ok := <-closed:
			if ok {
				c.mu.Lock()
				c.err = err
				c.mu.Unlock()
			}
			closed = nil
		case <-c.fence:
		}
	}
}

// returned tells whether one of the messages came back. The broker sends a
// return before the confirmation, so behind the fence all of them are in.
func (c *confirmed) returned(messages []amqp.Publishing) error {
	select {
	case c.fence <- struct{}{}:
	case <-c.ended:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for _, m := range messages {
		if r, ok := c.back[mark(m.Headers)]; ok {
			delete(c.back, mark(m.Headers))
			err = fmt.Errorf("%w: %s", errUnrouted, r.ReplyText)
		}
	}
	return err
}

var tooLarge = regexp.MustCompile(`message size (\d+) .*larger than`)

// why is the reason that the broker gave for closing the channel. When that was
// about another call's message, the answer is that ours must be sent again.
func (c *confirmed) why(err error, messages []amqp.Publishing) error {
	if c.IsClosed() {
		<-c.ended
	}
	c.mu.Lock()
	closed := c.err
	c.mu.Unlock()
	if closed == nil {
		return fmt.Errorf("%w: publish: %w", ErrDisconnected, err)
	}
	if m := tooLarge.FindStringSubmatch(closed.Reason); m != nil {
		size, _ := strconv.Atoi(m[1])
		for _, x := range messages {
			if len(x.Body) == size {
				return fmt.Errorf("rabbitqueue: publish: %w: %w", queue.ErrTooLarge, closed)
			}
		}
		return fmt.Errorf("%w: publish: another event on the channel: %w", ErrDisconnected, closed)
	}
	return explain(closed, "publish")
}

// message is an event as it is sent.
func message(body []byte, e queue.Event) amqp.Publishing {
	p := amqp.Publishing{
		Headers:      amqp.Table{headerMark: rand.Text()},
		ContentType:  "application/json",
		DeliveryMode: amqp.Persistent,
		Timestamp:    e.Time,
		Body:         body,
	}
	if len(e.ID) <= maxName { // for people who look at the queue
		p.MessageId = e.ID
	}
	if len(e.Type) <= maxName {
		p.Type = e.Type
	}
	return p
}

// mark is the mark of a message, "" for one that is not from here.
func mark(h amqp.Table) string {
	s, _ := h[headerMark].(string)
	return s
}
