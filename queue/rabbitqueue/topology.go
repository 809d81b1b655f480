package rabbitqueue

import (
	"fmt"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// topology declares what a topic and its groups need. What it has declared it
// does not declare again, until forget.
type topology struct {
	names     names
	competing bool
	groups    map[string][]string // by topic, from the Config

	mu    sync.Mutex
	known map[string]bool // by the name of the queue
}

// manyDeliveries is the limit of deliveries beyond which RabbitMQ would take an
// event away by itself: none that is ever reached. Without one, RabbitMQ 3 puts
// what is given back to the end of the queue, and RabbitMQ 4 has a limit of 20.
const manyDeliveries = int64(1<<31 - 1)

// topic declares a topic's exchange, its own queue, and the groups that are to
// exist. An event that no group has a queue for goes by the alternate exchange
// into the topic's own queue, so it is never dropped.
func (t *topology) topic(conn *amqp.Connection, topic string) error {
	name := t.names.topic(topic)
	if t.knows(name) {
		return nil
	}
	kept := t.names.kept()
	steps := []step{
		exchange(kept, amqp.ExchangeDirect, nil),
		queueOf(name, t.arguments(false)),
		binding(name, topic, kept),
		exchange(name, amqp.ExchangeFanout, amqp.Table{"alternate-exchange": kept}),
	}
	for _, g := range t.groups[topic] {
		q := t.names.group(topic, g)
		steps = append(steps, queueOf(q, t.arguments(true)), binding(q, "", name))
	}
	if err := declare(conn, steps); err != nil {
		return err
	}
	t.learn(name)
	return nil
}

// group declares a group's queue; bound, it gets what is published from then on.
func (t *topology) group(conn *amqp.Connection, topic, group string, bound bool) error {
	name := t.names.group(topic, group)
	steps := []step{queueOf(name, t.arguments(true))}
	if bound {
		steps = append(steps, binding(name, "", t.names.topic(topic)))
	}
	return declare(conn, steps)
}

func (t *topology) arguments(group bool) amqp.Table {
	args := amqp.Table{"x-queue-type": "quorum", "x-delivery-limit": manyDeliveries}
	if group && !t.competing {
		args["x-single-active-consumer"] = true
	}
	return args
}

func (t *topology) knows(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.known[name]
}

func (t *topology) learn(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]bool{}
	}
	t.known[name] = true
}

// forget has everything declared again: the broker may have lost it.
func (t *topology) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known = nil
}

// A step declares one thing. Where the user may not declare, it may exist
// already, and passive asks for that.
type step struct {
	what            string
	active, passive func(ch *amqp.Channel) error
}

func exchange(name, kind string, args amqp.Table) step {
	return step{
		what:   fmt.Sprintf("exchange %q", name),
		active: func(ch *amqp.Channel) error { return ch.ExchangeDeclare(name, kind, true, false, false, false, args) },
		passive: func(ch *amqp.Channel) error {
			return ch.ExchangeDeclarePassive(name, kind, true, false, false, false, nil)
		},
	}
}

func queueOf(name string, args amqp.Table) step {
	return step{
		what: fmt.Sprintf("queue %q", name),
		active: func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclare(name, true, false, false, false, args)
			return err
		},
		passive: func(ch *amqp.Channel) error {
			_, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
			return err
		},
	}
}

// binding has no passive form: whoever may not bind must rely on the
// administrator to have bound what exists.
func binding(queue, key, exchange string) step {
	return step{
		what:    fmt.Sprintf("binding of queue %q to exchange %q", queue, exchange),
		active:  func(ch *amqp.Channel) error { return ch.QueueBind(queue, key, exchange, false, nil) },
		passive: func(*amqp.Channel) error { return nil },
	}
}

// declare takes the steps, each refusal of which costs a channel.
func declare(conn *amqp.Connection, steps []step) error {
	ch, err := conn.Channel()
	if err != nil {
		return explain(err, "open a channel")
	}
	defer func() { _ = ch.Close() }()
	for _, s := range steps {
		err := s.active(ch)
		if code(err) == amqp.AccessRefused {
			refusal := err
			if ch, err = conn.Channel(); err != nil {
				return explain(err, "open a channel")
			}
			if err = s.passive(ch); code(err) == amqp.NotFound {
				err = fmt.Errorf("%w; it does not exist, and this user may not create it: %w", err, refusal)
			}
		}
		if err != nil {
			return explain(err, "declare "+s.what)
		}
	}
	return nil
}
