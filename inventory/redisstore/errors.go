package redisstore

import (
	"fmt"
)

// UnsafeError says that the server's settings can lose stock. Allow it by name
// in [Config.AllowUnsafe], or change the server.
type UnsafeError struct {
	// Name is the check, as in [Config.AllowUnsafe].
	Name Unsafe
	// Setting and Value are the server's.
	Setting, Value string
	// Needed is what would be safe.
	Needed string
}

func (e *UnsafeError) Error() string {
	return fmt.Sprintf("redisstore: %s is %q, which is unsafe for stock: it must be %s (or allow %q by name)", e.Setting, e.Value, e.Needed, e.Name)
}

// Unsafe names a setting of the server that can lose stock.
type Unsafe string

const (
	// Eviction is a maxmemory-policy other than noeviction: Redis may delete
	// levels and IDs to make room.
	Eviction Unsafe = "eviction"
	// OldServer is a server before Redis 7.0.
	OldServer Unsafe = "old-server"
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
