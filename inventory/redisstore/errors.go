package redisstore

import (
	"fmt"
)

// UnsafeError says that a server can lose stock, by its settings or by what it
// is. Allow it by name in [Config.AllowUnsafe], or change the server as Do says.
type UnsafeError struct{ Finding }

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("redisstore: %s, %s (or allow %q by name)", e.Server, e.Finding, string(e.Name))
}

// Unsafe names a check of the server: see [Check].
type Unsafe string

const (
	// Eviction is a maxmemory-policy other than noeviction: Redis may delete
	// levels and IDs to make room.
	Eviction Unsafe = "eviction"
	// OldServer is a server before Redis 7.0.
	OldServer Unsafe = "old-server"
	// NoAOF is appendonly no: a restart loses stock.
	NoAOF Unsafe = "no-aof"
	// LazyFsync is appendfsync no. With everysec it is a note.
	LazyFsync Unsafe = "lazy-fsync"
	// FailingFile is an append-only file that can't be written.
	FailingFile Unsafe = "failing-file"
	// NoScripts is a server or a user that may not run scripts.
	NoScripts Unsafe = "no-scripts"
	// Replica is a server that is a replica of another.
	Replica Unsafe = "replica"
	// ReplicaLag is a replica that is not up to date.
	ReplicaLag Unsafe = "replica-lag"
	// Unacknowledged is a master with replicas that writes without any of them.
	Unacknowledged Unsafe = "unacknowledged"
	// WritableReplicas is replica-read-only no.
	WritableReplicas Unsafe = "writable-replicas"
	// PlainClient is a client of one node of a Cluster.
	PlainClient Unsafe = "plain-client"
	// ClusterState is a Cluster that is not ok.
	ClusterState Unsafe = "cluster-state"
	// Memory is a server with little room left.
	Memory Unsafe = "memory"
	// Clock is a server whose clock is not that of this process.
	Clock Unsafe = "clock"
)

// CorruptError says that a record can't be read, so nothing is known of it.
// Nothing was applied that touches it.
type CorruptError struct {
	Merchant string
	// Record names it, e.g. "level TEE-M@berlin".
	Record string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("redisstore: merchant %q: %s is corrupt", e.Merchant, e.Record)
}

// Permanent tells a queue that trying again does not help.
func (e *CorruptError) Permanent() bool { return true }

// SchemaError says that the merchant's data were written in another layout, by
// a newer or older version of this package.
type SchemaError struct{ Merchant, Schema string }

func (e *SchemaError) Error() string {
	return fmt.Sprintf("redisstore: merchant %q has layout %q, this version reads %q", e.Merchant, e.Schema, schema)
}
