// Package redisqueue is a queue.Queue in Redis Streams: Redis 7.0 or later, or
// Valkey, alone, behind Sentinel, or a Cluster.
//
//	q, err := redisqueue.New(ctx, "rediss://user:password@redis.example.com:6379/0", nil)
//
// # Keys
//
// With the default prefix, topic "orders" and its group "stock" are
//
//	onhand:{orders}               stream  what some group has not acknowledged
//	onhand:{orders}:kept          hash    how many entries each group has done with that others have not
//	onhand:{orders}:lease:stock   hash    who may take from the group, until when
//	onhand:{orders}:due:stock     hash    when delayed events are due
//
// and a consumer group "stock" of the stream. The topic is the hash tag, so all
// of a topic is in one slot of a Cluster, and topics spread over it. Dead letters
// of the group are the stream onhand:{orders.dead.stock}.
//
// A topic without groups keeps everything. Its first group gets that; a later one
// gets what is published from its first subscription on. Name groups in
// Config.Groups to have them from the start.
//
// # Order
//
// One subscription of a group takes events, the others of all processes stand by:
// it holds the group's lease, which every script that takes checks and prolongs.
// When it is closed, another one takes over at once; when its process is killed,
// after Config.Lease, 5 s by default. It begins with all that was pending. So
// the order per key holds, also over a restart, and the parallel work is that of
// one Router. A process that was stopped for longer than its lease delivers
// nothing more before it has the lease again; but a handler that had begun runs
// on, and may meet its event's second delivery.
//
// For work that many processes are to share, split the topic, or set
// Config.Competing and give up the order between processes: then each
// subscription is a consumer that says that it lives, and what one has that does
// not is taken over after the same time. Nothing is ever taken from one that
// lives, however long its handlers work.
//
// # Delivery
//
// Publish returns when the server has answered, and the events of a call are
// appended in one step. Event.Attempt counts the deliveries to Receive and is
// written down before each one but the first, so it survives the process;
// what was only read ahead has not been delivered. A Nack with a delay is kept in
// the server, too: whoever has the group next waits for the rest of it. The later
// events of its key wait behind it.
//
// Acknowledgements that are given at the same time go to the server together.
// One that finds the server away is repeated, and Ack returns an error only after
// Config.Timeout; the subscription then tells the server as soon as it is back.
//
// An entry that is no event becomes a dead letter with the entry as it was: the
// field "event", or all its fields as a JSON array.
//
// # Outages
//
// Calls are repeated for up to Config.Timeout while the server is away, loading,
// full or no master, and then fail with ErrDisconnected, which is unavailable to
// a Router: it pauses, and nothing goes to the dead letters. Receive waits. A
// group that is gone after a restart is made again and gets all that the stream
// has: rather twice than never.
//
// What was confirmed, and how much of it a crash of the server can take back:
//
//	appendonly yes, appendfsync always     nothing
//	appendonly yes, appendfsync everysec   about a second, if the machine stops; nothing, if only the process is killed
//	appendonly yes, appendfsync no         about half a minute, if the machine stops; refused as "lazy-fsync"
//	appendonly no                          everything since the last snapshot; refused as "no-aof"
//	a replica takes over                   what it had not received; set min-replicas-to-write to bound it
//
// What is taken back of acknowledgements comes again; what is taken back of
// publications is gone. New refuses a server that evicts keys ("eviction"), a
// replica, one before 7.0 and a plain client of a Cluster, unless
// Config.AllowUnsafe names it. What the server does not tell is logged.
//
// # Memory
//
// An entry is deleted when the last group has acknowledged it, never before, and
// there is no bound on length that would. So a stream holds what is waiting,
// pending or delayed in some group: of each event its JSON, which has the body in
// base64, and some 50 bytes. Redis keeps entries in nodes of up to 4 KB or 100
// entries (stream-node-max-bytes, stream-node-max-entries) and frees a node with
// its last entry, so an event that waits long can hold up to 4 KB of acknowledged ones.
// A full server refuses publications, and the Router pauses.
//
// A group that is no longer wanted keeps collecting. End it with
//
//	redis-cli XGROUP DESTROY onhand:{orders} old
//	redis-cli DEL onhand:{orders}:lease:old onhand:{orders}:due:old
//
// and what was kept for it alone is deleted within a minute by the subscription
// of another group.
//
// # Access
//
// A user needs no more than
//
//	ACL SETUSER onhand on >password ~onhand:* &onhand:* +@read +@write +@scripting +ping +info +time +config|get +publish +subscribe +unsubscribe +client|setname
//
// Without the channels everything works, but what is published is seen up to a
// second later.
//
// # Why not Watermill's adapter
//
// The package uses go-redis directly. Version 1.4.5 of watermill-redisstream
// reads one message at a time and has one in flight; it takes what has been
// pending for a minute from whoever works on it, alive or not, and delivers it
// beside; a message that it cannot unmarshal ends the subscription without a
// word; it delivers a nacked message again at once or after a fixed sleep that
// holds up all others, and does not count; a read under way takes messages for a
// subscriber that has been closed; its only way to trim is a length, which takes
// messages that nobody has read; it closes the client that it was given. None of
// these can be mended from outside.
//
// # Retention and personal data
//
// Events stay until every group has acknowledged them, letters until they are
// replayed or purged: nothing expires by itself. Purge letters by age with
// queue.Filter.Before. Bodies lie unencrypted in the server's memory and in its
// files; an append-only file has deleted entries until it is rewritten
// (auto-aof-rewrite-percentage, or BGREWRITEAOF).
package redisqueue
