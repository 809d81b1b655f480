package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Memory is called full from this share on, in percent: of the bound, or, where
// there is none, of the machine, of which a rewrite of the file can take as much
// again.
const fullBound, fullMachine = 80, 50

func (x *inspection) memory(ctx context.Context) error {
	policy := x.info["maxmemory_policy"]
	if policy == "" {
		var err error
		if policy, _, err = x.config(ctx, "maxmemory-policy"); err != nil {
			return err
		}
	}
	bound, bounded := x.number("maxmemory")
	const setting, risk, do = "maxmemory-policy", "Redis may delete levels and IDs to make room", "set maxmemory-policy noeviction"
	switch {
	case policy == "":
		x.find(SeverityUnknown, Eviction, setting, "", risk, "verify that it is noeviction")
	case policy == "noeviction":
	case bounded && bound == 0:
		x.find(SeverityWarning, Eviction, setting, policy, risk+" as soon as maxmemory is set", do)
	default:
		x.find(SeverityUnsafe, Eviction, setting, policy, risk, do)
	}

	used, known := x.number("used_memory")
	total, _ := x.number("total_system_memory")
	what, share, of := "maxmemory", int64(fullBound), bound
	if bound == 0 {
		what, share, of = "total_system_memory", fullMachine, total
	}
	if known && of > 0 && used/share*100 >= of {
		x.find(SeverityWarning, Memory, "used_memory", fmt.Sprintf("%d %% of %s", used*100/of, what),
			"a server without room refuses every write, or is killed", "give it more memory, or shorten Config.Horizon and JournalLength")
	}
	return nil
}

// file checks what a restart keeps. Replicas keep what they have received.
func (x *inspection) file(ctx context.Context) error {
	replicas, _ := x.number("connected_slaves")
	switch x.info["aof_enabled"] {
	case "0":
		severity, risk := SeverityUnsafe, "a restart of the server loses all stock"
		if save, known, err := x.config(ctx, "save"); err != nil {
			return err
		} else if known && save != "" {
			risk = "a restart of the server loses what came after its last snapshot (save " + save + ")"
		} else if !known {
			risk = "a restart of the server loses what came after its last snapshot, if there are any"
		}
		if replicas > 0 {
			severity, risk = SeverityWarning, risk+", unless a replica takes over before"
		}
		x.find(severity, NoAOF, "appendonly", "no", risk, "set appendonly yes")
	case "1":
		return x.fsync(ctx)
	default:
		x.find(SeverityUnknown, NoAOF, "appendonly", "", "without it a restart of the server loses stock", "verify that it is yes, or that a replica takes over")
	}
	return nil
}

func (x *inspection) fsync(ctx context.Context) error {
	const setting, exact = "appendfsync", "set appendfsync always to lose nothing"
	how, known, err := x.config(ctx, setting)
	if err != nil {
		return err
	}
	switch {
	case !known:
		x.find(SeverityUnknown, LazyFsync, setting, "", "always loses nothing when the machine stops, everysec about a second, no half a minute", "verify which it is")
	case how == "no":
		x.find(SeverityUnsafe, LazyFsync, setting, how, "when the machine stops, about half a minute of stock is lost", "set appendfsync everysec or always")
	case how == "everysec":
		x.find(SeverityNote, LazyFsync, setting, how, "when the machine stops, about a second of stock is lost", exact)
	}
	if how != "no" {
		rewrite, _, err := x.config(ctx, "no-appendfsync-on-rewrite")
		if err != nil {
			return err
		}
		if rewrite == "yes" {
			x.find(SeverityWarning, LazyFsync, "no-appendfsync-on-rewrite", rewrite, "while the file is rewritten it is as appendfsync no", "set it to no")
		}
	}
	if status := x.info["aof_last_write_status"]; status != "" && status != "ok" {
		x.find(SeverityWarning, FailingFile, "aof_last_write_status", status, "what is written now is not in the file, and writes are refused", "see the server's log and its disk")
	}
	return nil
}

// mostLag is how long a replica may be silent, in seconds; it reports once a
// second.
const mostLag = 10

// replicas are asked nothing; the master tells of them.
func (x *inspection) replicas(ctx context.Context) error {
	if n, _ := x.number("connected_slaves"); n == 0 || x.server.Role == "replica" {
		return nil
	}
	for i := 0; ; i++ {
		text, ok := x.info["slave"+strconv.Itoa(i)]
		if !ok {
			break
		}
		is := map[string]string{}
		for pair := range strings.SplitSeq(text, ",") {
			k, v, _ := strings.Cut(pair, "=")
			is[k] = v
		}
		lag, err := strconv.Atoi(is["lag"])
		if is["state"] != "online" || err != nil || lag > mostLag {
			x.find(SeverityWarning, ReplicaLag, "replica "+is["ip"]+":"+is["port"], fmt.Sprintf("%s, lag %s s", is["state"], is["lag"]),
				"if it takes over now, what it has not received is lost", "see the replica's log and the network")
		}
	}
	for _, s := range []struct {
		name     Unsafe
		setting  string
		bad      string
		severity Severity
		risk, do string
	}{
		{
			Unacknowledged, "min-replicas-to-write", "0", SeverityWarning,
			"a master that is cut off takes writes that are lost when a replica takes over", "set min-replicas-to-write 1 and min-replicas-max-lag 10",
		},
		{
			WritableReplicas, "replica-read-only", "no", SeverityWarning,
			"as a replica, this server takes writes and forgets them", "set replica-read-only yes on every server",
		},
	} {
		value, known, err := x.config(ctx, s.setting)
		if err != nil {
			return err
		}
		switch {
		case !known:
			x.find(SeverityUnknown, s.name, s.setting, "", s.risk+" if it is "+s.bad, "verify it")
		case value == s.bad:
			x.find(s.severity, s.name, s.setting, value, s.risk, s.do)
		}
	}
	return nil
}
