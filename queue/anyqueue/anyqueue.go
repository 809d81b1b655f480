// Package anyqueue opens the queue that a URL names. It imports every backend,
// so only programs should import it, not libraries.
//
//	mem://                                     in this process (package memqueue)
//	amqp://user:password@host:5672/vhost       RabbitMQ (package rabbitqueue)
//	amqps://user:password@host:5671/vhost      RabbitMQ over TLS
//
// What a backend's Config offers beyond the URL is at its default; open the
// backend itself to change it.
package anyqueue

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/queue/rabbitqueue"
)

// ErrScheme is returned for a URL whose scheme no backend has.
var ErrScheme = errors.New("anyqueue: unknown scheme; known are mem, amqp and amqps")

// Open opens a queue. The caller closes it. Errors are ErrScheme and the
// backend's; none of them repeats the URL, which may have a password in it.
func Open(ctx context.Context, url string) (queue.Queue, error) {
	scheme, _, ok := strings.Cut(url, "://")
	if !ok {
		return nil, fmt.Errorf("anyqueue: the URL has no scheme, such as mem:// or amqp://host: %w", ErrScheme)
	}
	switch strings.ToLower(scheme) {
	case "mem":
		return memqueue.New(nil), nil
	case "amqp", "amqps":
		q, err := rabbitqueue.New(ctx, url, nil)
		if err != nil {
			return nil, err // not a *Queue that is nil in an interface that is not
		}
		return q, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrScheme, scheme)
}
