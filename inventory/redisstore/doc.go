// Package redisstore keeps stock in Redis 7.0 or newer, or in Valkey: the
// truth that any number of processes share. It is an [inventory.Store], an
// [inventory.Journaler], an [inventory.KitKeeper], an [inventory.Bookmarker] and
// an [inventory.Leaser].
//
// # Use
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	store, err := redisstore.New(ctx, rdb, nil)
//	if err != nil {
//		return err
//	}
//	stock, err := inventory.New(store, "acme", nil)
//
// Any redis.UniversalClient will do: of one server, of a Sentinel group, of a
// Cluster. It is the program's own, with its own pool, and never closed here.
// A Store has nothing to close.
//
// # One script per call
//
// Each call is one script, so it takes effect whole or not at all, whoever
// else writes. All keys of a merchant carry the hash tag {merchant}, so they
// share one slot of a Cluster, and every key that a script touches is declared:
// while a slot migrates, a call waits and is made again. The layout of the keys
// is written down in layout.go.
//
// Apply sends a vector of Changes in one script, up to 1,000 lines or 1 MB at a
// time, and each Change has an outcome of its own. Levels, what channels are
// believed to show, what is pending for them, and the memory of the ID move in
// the same step. Time is the server's.
//
// Callers that come while two calls of a merchant are under way wait and share
// the next one: nothing is delayed to gather more. Each has its own outcome; a
// caller that leaves takes nobody with it, and if its Change was on its way the
// error is an [inventory.ErrUnknown].
//
// # Exactly once
//
// Redis clients send a script again by themselves when its reply was lost. The
// second run is recognised: by the Change's ID, the reservation, the version
// and fingerprint of a document, the batch, or a nonce of the claim or lease.
// IDs are remembered for at least [Config.Horizon].
//
// # Leases
//
// A lease is a record per level with its token and its end, by the server's
// clock; tokens count up per merchant. Apply checks tokens and leases in its
// script, beside the ID and the levels. It looks for them only until the end of
// the longest lease that was given, so whoever leases nothing pays nothing.
//
// # What a crash can lose
//
// What Redis has acknowledged is as safe as its own settings make it:
//
//	appendfsync always      nothing
//	appendfsync everysec    about the last second
//	replicas, no file       what a replica had not received when it took over
//	neither                 everything
//
// A loss is not passed over. Each merchant has an epoch, made with its first
// write, and a sequence that grows with every writing call; both come with
// every reply. A Store that sees either go back refuses the merchant from then
// on with [inventory.ErrDataLoss], reads included. A merchant that is not there
// in a fresh process is simply one without levels.
//
// [Check] reports what can lose stock on the servers of a client, what each
// finding risks and what to do: eviction, no append-only file, an old version, a
// replica in place of the master, and more. New refuses what is unsafe unless
// [Config.AllowUnsafe] has its name. What a managed server does not tell is in
// the report as unknown.
//
// # Errors
//
// An error of Redis itself is wrapped. If nobody knows whether a write took
// effect, the error is an [inventory.ErrUnknown], joined with its cause: call
// again with the same ID. A context that ends before anything was sent is
// reported as its own error. Answers that mean that the server is not ready
// (LOADING, READONLY, MOVED, TRYAGAIN and the like) are tried again for about a
// second. A record that can't be read is a [*CorruptError], never a guess.
// redis.Nil never escapes.
//
// # Limits
//
// Quantities are exact up to 2^53 units; a Change that would take a level
// beyond is an [inventory.InvalidError]. Names of channels must be valid UTF-8.
// A batch has at most 1,000 pushes.
package redisstore
