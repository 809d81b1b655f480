package queue

import (
	"errors"
	"time"
)

var (
	// ErrClosed is returned by a queue or subscription that has been closed.
	ErrClosed = errors.New("queue: closed; open a new queue or subscription")
	// ErrTooLarge is returned by Publish for an event that is larger than the
	// queue takes. Nothing of that call was published.
	ErrTooLarge = errors.New("queue: event too large; shorten its body or store it elsewhere and send a reference")
	// ErrNoTopic is returned where a topic or group name is empty, or does not
	// exist in a broker that may not create it.
	ErrNoTopic = errors.New("queue: no such topic; name an existing topic and group")
)

// Permanent wraps err so that the event goes to the dead letters at once: it
// would fail the same way every time. It returns nil for nil.
//
// Any error in the chain with a method Permanent() bool steers the same way,
// so other packages need no import of this one.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanentError{err}
}

// RetryAfter wraps err so that the event is tried again no sooner than after d,
// as a server asked. It costs an attempt. It returns nil for nil, and a d that
// is not positive leaves the wait to the Router.
//
// Any error in the chain with a method RetryAfter() time.Duration steers the
// same way.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return retryAfterError{err, d}
}

// Unavailable wraps err to say that something the handler depends on is down,
// and the event is not to blame: the event waits and is tried again, it costs
// no attempt, and when it goes on the whole subscription pauses. It returns nil
// for nil.
//
// Any error in the chain with a method Unavailable() bool steers the same way;
// together with RetryAfter it waits as long as that says.
func Unavailable(err error) error {
	if err == nil {
		return nil
	}
	return unavailableError{err}
}

type permanentError struct{ error }

func (permanentError) Permanent() bool { return true }
func (e permanentError) Unwrap() error { return e.error }

type retryAfterError struct {
	error
	after time.Duration
}

func (e retryAfterError) RetryAfter() time.Duration { return e.after }
func (e retryAfterError) Unwrap() error             { return e.error }

type unavailableError struct{ error }

func (unavailableError) Unavailable() bool { return true }
func (e unavailableError) Unwrap() error   { return e.error }

// reasonError gives an error of the Router's own making a reason.
type reasonError struct {
	error
	reason string
}

func (e reasonError) Reason() string { return e.reason }
func (e reasonError) Unwrap() error  { return e.error }

func isPermanent(err error) bool {
	var p interface{ Permanent() bool }
	return errors.As(err, &p) && p.Permanent()
}

func isUnavailable(err error) bool {
	var u interface{ Unavailable() bool }
	return errors.As(err, &u) && u.Unavailable()
}

func retryAfter(err error) time.Duration {
	var r interface{ RetryAfter() time.Duration }
	if errors.As(err, &r) {
		return r.RetryAfter()
	}
	return 0
}

func reasonOf(err error, fallback string) string {
	var r interface{ Reason() string }
	if errors.As(err, &r) && r.Reason() != "" {
		return r.Reason()
	}
	return fallback
}
