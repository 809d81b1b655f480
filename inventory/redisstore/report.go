package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Report is what [Check] found out about the servers of a client.
type Report struct {
	// Servers are those that were asked, by address: of a Cluster every master,
	// of a Ring every shard.
	Servers []Server
	// Findings are what somebody should know, the worst of each server first.
	// What is as it should be is not among them.
	Findings []Finding
}

// Server is one that was asked. What it did not tell is empty.
type Server struct {
	Addr string
	// Product is redis or valkey, Version that product's own, and Role master or
	// replica.
	Product, Version, Role string
}

// Severity says what a [Finding] means for stock.
type Severity string

const (
	// SeverityUnsafe can lose stock or sell it twice. [New] refuses the server
	// unless it is allowed by name.
	SeverityUnsafe Severity = "unsafe"
	// SeverityWarning is safe as long as nothing else goes wrong, or until
	// somebody changes a setting. New logs it.
	SeverityWarning Severity = "warning"
	// SeverityUnknown is a setting that the server does not tell, as managed ones
	// forbid CONFIG: look it up where the server is managed. New logs it.
	SeverityUnknown Severity = "unknown"
	// SeverityNote is safe, and states a bound to know of.
	SeverityNote Severity = "note"
)

// severities from the worst on.
var severities = []Severity{SeverityUnsafe, SeverityWarning, SeverityUnknown, SeverityNote}

// Finding is one setting or condition of a server.
type Finding struct {
	// Name is the check, which does not change between versions.
	Name     Unsafe
	Severity Severity
	// Server is the address; the same as in [Report.Servers].
	Server string
	// Setting and Value are the server's own; Value is empty if it is unknown.
	Setting, Value string
	// Risk is what can happen, Do what to change or to verify.
	Risk, Do string
}

// String is one line, for people.
func (f Finding) String() string {
	if f.Severity == SeverityUnknown {
		return fmt.Sprintf("%s: %s is not told: %s; %s", f.Name, f.Setting, f.Risk, f.Do)
	}
	return fmt.Sprintf("%s: %s is %q: %s; %s", f.Name, f.Setting, f.Value, f.Risk, f.Do)
}

// Err is nil if nothing is unsafe but what is allowed, else an [*UnsafeError]
// for each finding that is, joined.
func (r Report) Err(allow ...Unsafe) error {
	var errs []error
	for _, f := range r.Findings {
		if f.Severity == SeverityUnsafe && !slices.Contains(allow, f.Name) {
			errs = append(errs, &UnsafeError{Finding: f})
		}
	}
	return errors.Join(errs...)
}

// String has a paragraph per server and a line per finding.
func (r Report) String() string {
	var b strings.Builder
	for _, s := range r.Servers {
		fmt.Fprintf(&b, "%s:", strings.Join(strings.Fields(s.Product+" "+s.Version+" "+s.Role), " ")+" at "+s.Addr)
		n := 0
		for _, f := range r.Findings {
			if f.Server == s.Addr {
				n++
				fmt.Fprintf(&b, "\n  %-7s  %s", f.Severity, f)
			}
		}
		if n == 0 {
			b.WriteString(" nothing to say")
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// log tells what is allowed though unsafe, what is not good, and, in one line
// per server, what is not known.
func (r Report) log(ctx context.Context, logger *slog.Logger) {
	mute := map[string][]string{}
	for _, f := range r.Findings {
		switch f.Severity {
		case SeverityUnsafe:
			logger.WarnContext(ctx, "redisstore: unsafe, but allowed by name", "name", string(f.Name), "server", f.Server, "finding", f.String())
		case SeverityWarning:
			logger.WarnContext(ctx, "redisstore: the server could be safer", "name", string(f.Name), "server", f.Server, "finding", f.String())
		case SeverityUnknown:
			mute[f.Server] = append(mute[f.Server], f.Setting)
		}
	}
	for _, s := range r.Servers {
		if settings := mute[s.Addr]; settings != nil {
			logger.InfoContext(ctx, "redisstore: the server does not tell these settings; verify them", "server", s.Addr, "settings", settings)
		}
	}
}

// sort puts servers and findings into the order that is promised.
func (r *Report) sort() {
	slices.SortFunc(r.Servers, func(a, b Server) int { return strings.Compare(a.Addr, b.Addr) })
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if c := strings.Compare(a.Server, b.Server); c != 0 {
			return c
		}
		return slices.Index(severities, a.Severity) - slices.Index(severities, b.Severity)
	})
}
