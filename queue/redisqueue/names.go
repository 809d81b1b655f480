package redisqueue

import (
	"fmt"
	"strings"

	"github.com/onhand-dev/onhand/queue"
)

// names are what keys are called. The topic is the hash tag of all its keys, so
// they are in one slot of a Cluster, and a script may touch them together.
type names struct{ prefix string }

var escape = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

// topic names a topic's stream, and the channel that tells of news in it.
func (n names) topic(topic string) string { return n.prefix + "{" + escape.Replace(topic) + "}" }

// kept names the hash of how many entries a group has done with that are kept
// for others.
func (n names) kept(topic string) string { return n.topic(topic) + ":kept" }

// lease names the hash that says who may take from a group.
func (n names) lease(topic, group string) string { return n.topic(topic) + ":lease:" + group }

// due names the hash of when delayed entries of a group are due.
func (n names) due(topic, group string) string { return n.topic(topic) + ":due:" + group }

// check refuses what cannot be a name.
func (n names) check(topic string, groups ...string) error {
	if topic == "" {
		return fmt.Errorf("redisqueue: a topic without a name: %w", queue.ErrNoTopic)
	}
	for _, g := range groups {
		if g == "" {
			return fmt.Errorf("redisqueue: a group of topic %q without a name: %w", topic, queue.ErrNoTopic)
		}
	}
	return nil
}
