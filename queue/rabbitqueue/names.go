package rabbitqueue

import (
	"fmt"
	"strings"

	"github.com/onhand-dev/onhand/queue"
)

// names are what exchanges and queues are called. A colon separates what topics
// and groups have no colon for, so no two of them can meet.
type names struct{ prefix string }

var escape = strings.NewReplacer("%", "%25", ":", "%3A")

// topic names a topic's exchange, and the queue of what no group was there for.
func (n names) topic(topic string) string { return n.prefix + escape.Replace(topic) }

// group names a group's queue.
func (n names) group(topic, group string) string {
	return n.topic(topic) + ":" + escape.Replace(group)
}

// kept names the exchange to which the topics' exchanges pass what no group has
// a queue for.
func (n names) kept() string { return n.prefix + ":kept" }

// lock names the queue that whoever reads a topic's own queue holds.
func (n names) lock(topic string) string { return n.topic(topic) + ":lock:" }

// maxName is the length that AMQP allows, in bytes.
const maxName = 255

// check refuses what cannot be a name.
func (n names) check(topic string, groups ...string) error {
	if topic == "" {
		return fmt.Errorf("rabbitqueue: a topic without a name: %w", queue.ErrNoTopic)
	}
	longest := n.lock(topic)
	for _, g := range groups {
		if g == "" {
			return fmt.Errorf("rabbitqueue: a group of topic %q without a name: %w", topic, queue.ErrNoTopic)
		}
		if name := n.group(topic, g); len(name) > len(longest) {
			longest = name
		}
	}
	if len(longest) > maxName {
		return fmt.Errorf("rabbitqueue: %q is longer than the %d bytes that RabbitMQ allows: %w", longest, maxName, queue.ErrNoTopic)
	}
	return nil
}
