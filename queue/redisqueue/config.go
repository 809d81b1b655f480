package redisqueue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config tunes a Queue. Nil and the zero value mean the defaults, and so does
// any number or duration that is not positive.
type Config struct {
	// AllowUnsafe names what may be unsafe about the server; see Unsafe.
	AllowUnsafe []Unsafe
	// Competing lets all subscriptions of a group take events side by side. Then
	// the order per key holds within each subscription only. Default: one
	// subscription of a group is active, the others stand by, and the order holds.
	// All processes must agree on it; ErrMode says where they do not.
	Competing bool
	// Groups names groups that are to exist, by topic: they are made as soon as
	// the topic is used, also by a process that only publishes, so that none of
	// them misses what was published before it first subscribed.
	Groups map[string][]string
	// Lease is how long a subscription that says nothing counts as alive: that
	// of a process that was killed is replaced, and what it held is taken over,
	// once it has passed. It is prolonged four times in that time. At least
	// 1 s. Default 5 s.
	Lease time.Duration
	// Logger gets lost and restored connections, and what the server does not
	// tell of its settings. Nil discards.
	Logger *slog.Logger
	// MaxBody is the longest body of an event, in bytes. Default 1 MiB.
	MaxBody int
	// Name is shown for the connections in CLIENT LIST. Default "onhand".
	Name string
	// Prefetch is how many events a subscription may hold unsettled, up to 100 of
	// them read ahead of Receive; beyond it no more are read. With a Router it
	// should be no less than RouterConfig.Window. Default 1000.
	Prefetch int
	// Prefix begins the names of all keys. It must not have braces. Default
	// "onhand:".
	Prefix string
	// Timeout bounds a call whose context does not: the wait for a connection and
	// for the answer. Default 10 s.
	Timeout time.Duration
	// TLS is used with rediss. Nil means the system's roots and the URL's host.
	TLS *tls.Config
}

// withDefaults returns a complete copy; c may be nil.
func (c *Config) withDefaults() (Config, error) {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Lease <= 0 {
		out.Lease = 5 * time.Second
	}
	out.Lease = max(out.Lease, time.Second)
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
	if out.Prefix == "" {
		out.Prefix = "onhand:"
	}
	if out.Timeout <= 0 {
		out.Timeout = 10 * time.Second
	}
	if strings.ContainsAny(out.Prefix, "{}") {
		return out, fmt.Errorf("redisqueue: Config.Prefix is %q, and must not have braces: the topic is the hash tag", out.Prefix)
	}
	for topic, groups := range out.Groups {
		if err := (names{out.Prefix}).check(topic, groups...); err != nil {
			return out, fmt.Errorf("redisqueue: Config.Groups: %w", err)
		}
	}
	return out, nil
}

// mode is what ErrMode compares.
func (c *Config) mode() string {
	if c.Competing {
		return "competing"
	}
	return "single"
}

// parse reads a URL without repeating it in an error: it has a password.
func parse(raw string, cfg *Config) (*redis.Options, error) {
	u, err := url.Parse(raw)
	if err != nil {
		var cause *url.Error
		if errors.As(err, &cause) {
			err = cause.Err
		}
		if text := err.Error(); strings.Contains(text, "invalid userinfo") || strings.Contains(text, "invalid port") {
			err = errors.New("user, password or port is not as URLs have it; write special characters as %40 and so on")
		}
		return nil, fmt.Errorf("redisqueue: the URL cannot be read: %w", err)
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" {
		return nil, fmt.Errorf("redisqueue: the URL begins with %q, and must with redis:// or rediss://", u.Scheme)
	}
	opt, err := redis.ParseURL(raw)
	if err != nil {
		return nil, fmt.Errorf("redisqueue: the URL of %s cannot be used; it looks like redis://user:password@host:6379/0", u.Host)
	}
	opt.ClientName = cfg.Name
	opt.ContextTimeoutEnabled = true
	opt.MaxRetries, opt.DialerRetries = -1, 1 // calls are repeated here, as long as it takes
	if opt.TLSConfig != nil && cfg.TLS != nil {
		opt.TLSConfig = cfg.TLS.Clone()
		if opt.TLSConfig.ServerName == "" {
			opt.TLSConfig.ServerName = u.Hostname()
		}
	}
	return opt, nil
}
