package redisqueue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/onhand-dev/onhand/queue"
)

var (
	// ErrAccess is returned where the server refuses: a wrong user or password, a
	// command or key that the user may not use.
	ErrAccess = errors.New("redisqueue: the server refuses access")
	// ErrDisconnected is returned while the server is away, or takes no writes
	// because it is loading, full, or not the master. It steers a Router as
	// queue.Unavailable does. Of a Publish the outcome is unknown.
	ErrDisconnected = queue.Unavailable(errors.New("redisqueue: the server cannot be used now"))
	// ErrMode is returned where a group exists and was made with the other value
	// of Config.Competing.
	ErrMode = errors.New("redisqueue: the group was made with another Config.Competing; use the same in all processes, or another group")
	// ErrUnsafe is returned by New for a server that can lose events by its
	// settings. What it is has a name, by which Config.AllowUnsafe allows it.
	ErrUnsafe = errors.New("redisqueue: the server can lose events")

	errGone    = errors.New("redisqueue: the delivery was settled before, or its subscription has ended; the event comes again if it is not acknowledged")
	errNoGroup = errors.New("redisqueue: the group is gone")
)

// away are answers of a server that will serve later.
var away = []string{"LOADING", "MASTERDOWN", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF", "BUSY", "NOREPLICAS", "MOVED", "ASK"}

// explain makes a server's answer one of our errors.
func explain(err error, doing string) error {
	if err == nil {
		return nil
	}
	var answer redis.Error
	if !errors.As(err, &answer) {
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		var n net.Error
		if errors.As(err, &n) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, redis.ErrPoolTimeout) {
			return fmt.Errorf("%w: %s: %w", ErrDisconnected, doing, err)
		}
		return fmt.Errorf("redisqueue: %s: %w", doing, err)
	}
	// An error within a script comes with the script's name around it.
	text := strings.TrimPrefix(answer.Error(), "ERR ")
	code, _, _ := strings.Cut(text, " ")
	switch {
	case code == "NOGROUP" || strings.Contains(text, "NOGROUP"):
		return fmt.Errorf("%w: %s: %w", errNoGroup, doing, err)
	case code == "WRONGPASS" || code == "NOAUTH" || code == "NOPERM" || strings.HasPrefix(text, "AUTH ") || strings.Contains(text, "invalid password"):
		return fmt.Errorf("%w: %s: %w", ErrAccess, doing, err)
	case code == "WRONGTYPE":
		return fmt.Errorf("redisqueue: %s: a key of that name is something else; choose another Config.Prefix: %w", doing, err)
	}
	for _, a := range away {
		if code == a || strings.HasPrefix(text, "-"+a) {
			return fmt.Errorf("%w: %s: %w", ErrDisconnected, doing, err)
		}
	}
	return fmt.Errorf("redisqueue: %s: %w", doing, err)
}
