package rabbitqueue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Config tunes a Queue. Nil and the zero value mean the defaults, and so does
// any number or duration that is not positive.
type Config struct {
	// Competing lets all subscriptions of a group take events side by side. Then
	// the order per key holds within each subscription only. Default: one
	// subscription of a group is active, the others stand by, and the order holds.
	// It is fixed for a group once its queue exists.
	Competing bool
	// Groups names groups that are to exist, by topic: they are declared as soon
	// as the topic is used, also by a process that only publishes, so that none
	// of them misses what was published before it first subscribed.
	Groups map[string][]string
	// Logger gets lost and restored connections. Nil discards.
	Logger *slog.Logger
	// MaxBody is the longest body of an event, in bytes. It travels in base64, so
	// the broker's max_message_size must be half as much again. Default 1 MiB.
	MaxBody int
	// Name is shown for the connections in RabbitMQ's management. Default
	// "onhand".
	Name string
	// Prefetch is how many events a subscription may hold unsettled, those that
	// wait in the process to be received among them; beyond it the broker sends no
	// more. With a Router it should be no less than RouterConfig.Window.
	// Default 1000.
	Prefetch int
	// Prefix begins the names of all exchanges and queues. Default "onhand.".
	Prefix string
	// Timeout bounds a Publish whose context does not: the wait for a connection
	// and for the broker's confirmation. It bounds each step of connecting, too.
	// Default 10 s.
	Timeout time.Duration
	// TLS is used with amqps. Nil means the system's roots and the URL's host.
	TLS *tls.Config
}

// withDefaults returns a complete copy; c may be nil.
func (c *Config) withDefaults() Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	if out.MaxBody <= 0 {
		out.MaxBody = 1 << 20
	}
	if out.Name == "" {
		out.Name = "onhand"
	}
	if out.Prefetch <= 0 {
		out.Prefetch = 1000
	}
	out.Prefetch = min(out.Prefetch, 65_535) // AMQP has 16 bits for it
	if out.Prefix == "" {
		out.Prefix = "onhand."
	}
	if out.Timeout <= 0 {
		out.Timeout = 10 * time.Second
	}
	return out
}

// address is where the broker is, and as whom to go there. It prints without
// the password.
type address struct {
	raw string
	uri amqp.URI
}

// parse reads a URL without repeating it in an error: it has a password.
func parse(raw string) (address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		if text := err.Error(); strings.Contains(text, "invalid userinfo") || strings.Contains(text, "invalid port") {
			err = errors.New("user, password or port is not as URLs have it; write special characters as %40 and so on")
		}
		return address{}, fmt.Errorf("rabbitqueue: the URL cannot be read: %w", err)
	}
	if u.Scheme != "amqp" && u.Scheme != "amqps" {
		return address{}, fmt.Errorf("rabbitqueue: the URL begins with %q, and must with amqp:// or amqps://", u.Scheme)
	}
	uri, err := amqp.ParseURI(raw)
	if err != nil {
		return address{}, fmt.Errorf("rabbitqueue: the URL of %s cannot be used; it looks like amqp://user:password@host:5672/vhost", u.Host)
	}
	return address{raw, uri}, nil
}

// String implements fmt.Stringer.
func (a address) String() string {
	return fmt.Sprintf("%s://%s:%d/%s", a.uri.Scheme, a.uri.Host, a.uri.Port, url.PathEscape(strings.TrimPrefix(a.uri.Vhost, "/")))
}

// GoString and LogValue keep the password out of %#v and of logs.
func (a address) GoString() string     { return a.String() }
func (a address) LogValue() slog.Value { return slog.StringValue(a.String()) }
