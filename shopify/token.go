package shopify

import (
	"context"
	"log/slog"
)

// TokenSource gives the Admin API access token of one shop. It is called for
// every request, from many goroutines, so it keeps the token itself and asks
// for a new one only before the old one ends.
//
// A source that can do so also implements [TokenDropper].
//
// Implement it for a public app, whose expiring offline tokens (one hour, with
// a refresh token that changes each time; required from 2027-01-01) must be
// kept where all processes find them.
type TokenSource interface {
	Token(ctx context.Context) (string, error)
}

// TokenDropper is an optional power of a [TokenSource]: to be told that
// Shopify refused a token. The client then asks for a token again and, if that
// is another one, sends the request once more.
type TokenDropper interface {
	// DropToken forgets the token if it is still the current one.
	DropToken(token string)
}

// StaticToken is a token that does not change: that of a custom app made in a
// shop's admin ("shpat_...", which no new shop can make since 2026-01-01).
// It never prints itself.
type StaticToken string

// Token returns the token.
func (t StaticToken) Token(context.Context) (string, error) { return string(t), nil }

// String hides the token from fmt.
func (t StaticToken) String() string { return "shopify.StaticToken(hidden)" }

// GoString hides the token from fmt's %#v.
func (t StaticToken) GoString() string { return t.String() }

// LogValue hides the token from slog.
func (t StaticToken) LogValue() slog.Value { return slog.StringValue(t.String()) }
