package queue

import (
	"maps"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Reserved headers. A dead letter is the original event plus headers, so that
// its body stays as long as it was and fits wherever the original did.
const (
	reserved       = "onhand-"
	headerTopic    = reserved + "dead-topic"
	headerGroup    = reserved + "dead-group"
	headerReason   = reserved + "dead-reason"
	headerError    = reserved + "dead-error"
	headerAttempts = reserved + "dead-attempts"
	headerFirst    = reserved + "dead-first"
	headerDied     = reserved + "dead-died"
	headerOnly     = reserved + "only-group" // a replay is for this group alone
)

// maxErrorText bounds the error text in a letter, in bytes.
const maxErrorText = 1000

// A Letter is an event that could not be handled, and why.
type Letter struct {
	// Event is the original, as its publisher made it.
	Event Event
	// Topic and Group are where it failed.
	Topic, Group string
	// Reason is one of the Reason constants, or what the error's own Reason
	// method said.
	Reason string
	// Error is the text of the last error, cut at 1000 bytes.
	Error string
	// Attempts is how many tries failed in the process that gave up, 0 if it was
	// not tried.
	Attempts int
	// First is when that process received the event, Died when it gave up.
	First, Died time.Time
}

// DeadTopic is the topic that the Router publishes the dead letters of a topic
// and group to.
func DeadTopic(topic, group string) string { return topic + ".dead." + group }

// event is the letter as it is published.
func (l Letter) event() Event {
	e := unmarked(l.Event)
	e.Headers = maps.Clone(e.Headers)
	if e.Headers == nil {
		e.Headers = map[string]string{}
	}
	maps.Copy(e.Headers, map[string]string{
		headerTopic:    l.Topic,
		headerGroup:    l.Group,
		headerReason:   l.Reason,
		headerError:    cut(l.Error, maxErrorText),
		headerAttempts: strconv.Itoa(l.Attempts),
		headerFirst:    l.First.UTC().Format(time.RFC3339Nano),
		headerDied:     l.Died.UTC().Format(time.RFC3339Nano),
	})
	return e
}

// letterOf reads what event wrote. What is missing or malformed stays zero: an
// event that someone else put into the topic is listed, too.
func letterOf(e Event) Letter {
	h := e.Headers
	attempts, _ := strconv.Atoi(h[headerAttempts])
	first, _ := time.Parse(time.RFC3339Nano, h[headerFirst])
	died, _ := time.Parse(time.RFC3339Nano, h[headerDied])
	return Letter{
		Event: unmarked(e), Topic: h[headerTopic], Group: h[headerGroup],
		Reason: h[headerReason], Error: h[headerError],
		Attempts: attempts, First: first, Died: died,
	}
}

// unmarked returns e without reserved headers and attempt.
func unmarked(e Event) Event {
	e.Attempt = 0
	marked := false
	for name := range e.Headers {
		marked = marked || strings.HasPrefix(name, reserved)
	}
	if !marked {
		return e
	}
	e.Headers = maps.Clone(e.Headers)
	maps.DeleteFunc(e.Headers, func(name, _ string) bool { return strings.HasPrefix(name, reserved) })
	if len(e.Headers) == 0 {
		e.Headers = nil
	}
	return e
}

// forGroup marks e so that Routers of other groups pass it over.
func (e Event) forGroup(group string) Event {
	e.Headers = maps.Clone(e.Headers)
	if e.Headers == nil {
		e.Headers = map[string]string{}
	}
	e.Headers[headerOnly] = group
	return e
}

// cut shortens valid text to n bytes without splitting a character.
func cut(s string, n int) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
