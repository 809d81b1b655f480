package rabbitqueue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/onhand-dev/onhand/queue"
)

var (
	// ErrAccess is returned where the broker refuses: a wrong user or password, a
	// virtual host that the user may not enter, a right that he lacks.
	ErrAccess = errors.New("rabbitqueue: the broker refuses access")
	// ErrArguments is returned where an exchange or queue exists that was declared
	// otherwise: RabbitMQ cannot change it.
	ErrArguments = errors.New("rabbitqueue: it exists and was declared otherwise; delete it once it is empty, or choose another Config.Prefix")
	// ErrDisconnected is returned while there is no connection. It steers a Router
	// as queue.Unavailable does.
	ErrDisconnected = queue.Unavailable(errors.New("rabbitqueue: not connected to the broker"))

	errGone     = errors.New("rabbitqueue: the delivery was settled before, or its channel is gone; the event comes again")
	errUnrouted = errors.New("rabbitqueue: the broker has no queue for the event")
)

// explain makes a broker's answer one of our errors.
func explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	var answer *amqp.Error
	if !errors.As(err, &answer) {
		var n net.Error
		if errors.As(err, &n) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: %s: %w", ErrDisconnected, doing, err)
		}
		return fmt.Errorf("rabbitqueue: %s: %w", doing, err)
	}
	switch answer.Code {
	case amqp.AccessRefused, amqp.NotAllowed:
		return fmt.Errorf("%w: %s: %w", ErrAccess, doing, err)
	case amqp.NotFound:
		return fmt.Errorf("rabbitqueue: %s: %w: %w", doing, queue.ErrNoTopic, err)
	case amqp.PreconditionFailed:
		if strings.Contains(answer.Reason, "inequivalent arg") {
			return fmt.Errorf("%w: %s: %w", ErrArguments, doing, err)
		}
		return fmt.Errorf("rabbitqueue: %s: %w", doing, err)
	case amqp.ChannelError, amqp.ConnectionForced, amqp.InternalError, amqp.FrameError, amqp.ResourceError, amqp.UnexpectedFrame:
		return fmt.Errorf("%w: %s: %w", ErrDisconnected, doing, err)
	}
	return fmt.Errorf("rabbitqueue: %s: %w", doing, err)
}

// code is the broker's, 0 if it is not its error.
func code(err error) int {
	var answer *amqp.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	return 0
}
