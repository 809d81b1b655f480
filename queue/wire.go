package queue

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// wireFormat is the version of the form in which events travel. A later version
// that this one must not take for its own has a higher number.
const wireFormat = 1

// Reasons of dead letters that no handler has seen, because they could not be
// read.
const (
	ReasonForeign = "foreign" // no event: someone else has written it to the topic
	ReasonVersion = "version" // written by a later version of this package
)

// An event that stands for a message that could not be read has these.
const (
	unreadPrefix     = "unread/" // of its ID
	headerUnread     = reserved + "unread"
	headerUnreadText = reserved + "unread-error"
)

// Marshal returns the form in which backends send an event: its JSON, without
// Attempt. It fails only for a Time outside the years 0 to 9999.
func Marshal(e Event) ([]byte, error) {
	e.Attempt = 0
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("queue: event %q cannot be sent: %w", e.ID, err)
	}
	return b, nil
}

// Unmarshal reads what Marshal wrote. It does not fail: a message that is no
// event, or one of a later format, becomes an event that has the message as its
// Body and an ID made from it, and is marked so that the Router sends it to the
// dead letters without calling a handler, with ReasonForeign or ReasonVersion.
// So it is neither lost nor tried for ever.
func Unmarshal(message []byte) Event {
	var w struct {
		Event
		ID     *string `json:"id"`
		Format int     `json:"format"` // absent means 1
	}
	err := json.Unmarshal(message, &w)
	switch {
	case err != nil:
		return unread(message, ReasonForeign, fmt.Errorf("the message is not an event: %w", err))
	case w.ID == nil:
		return unread(message, ReasonForeign, errors.New("the message is not an event: it has no id"))
	case w.Format > wireFormat:
		return unread(message, ReasonVersion, fmt.Errorf("the event has format %d, and this process reads up to %d", w.Format, wireFormat))
	}
	w.Event.ID, w.Attempt = *w.ID, 0
	return w.Event
}

func unread(message []byte, reason string, err error) Event {
	sum := sha256.Sum256(message)
	return Event{
		ID: unreadPrefix + hex.EncodeToString(sum[:16]), Body: message,
		Headers: map[string]string{headerUnread: reason, headerUnreadText: err.Error()},
	}
}

// whyUnread returns why an event stands for a message that could not be read,
// and "" for all others.
func whyUnread(e Event) (reason string, err error) {
	if reason = e.Headers[headerUnread]; reason != "" {
		err = errors.New(e.Headers[headerUnreadText])
	}
	return reason, err
}

// reread is the event of a letter as it is replayed. One that could not be read
// when it died is read again: perhaps this process can.
func reread(l Letter) (Event, error) {
	if !strings.HasPrefix(l.Event.ID, unreadPrefix) || (l.Reason != ReasonForeign && l.Reason != ReasonVersion) {
		return l.Event, nil
	}
	e := Unmarshal(l.Event.Body)
	if _, err := whyUnread(e); err != nil {
		return e, fmt.Errorf("queue: dead letter %q cannot be replayed: %w", l.Event.ID, err)
	}
	return e, nil
}
