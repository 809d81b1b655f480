// Package rabbitqueue is a queue.Queue in RabbitMQ, 3.10 or later.
//
//	q, err := rabbitqueue.New(ctx, "amqps://user:password@rabbit.example.com/shop", nil)
//
// # Topology
//
// With the default prefix, topic "orders" and its group "stock" are
//
//	exchange onhand.orders         fanout; what it cannot route goes on to
//	exchange onhand.:kept          direct, and from there by topic to
//	queue    onhand.orders         what was published while the topic had no group
//	queue    onhand.orders:stock   what the group has not acknowledged
//
// All are durable and declared before the first use, by publishers, too. So an
// event that is published has a queue, whoever subscribes and whenever. The first
// group of a topic gets what the topic has kept; a later one gets what is
// published from its first subscription on. Name groups in Config.Groups to have
// them from the start. A group that is no longer wanted keeps collecting: delete
// its queue.
//
// The queues are quorum queues: they are replicated where the cluster has several
// nodes, and they count deliveries, which classic queues do not. Their arguments
// cannot be changed later; New and Subscribe answer ErrArguments where they
// differ. A user without the right to declare works with what exists, and gets
// queue.ErrNoTopic for what does not.
//
// Dead letters of the group are the queue onhand.orders.dead.stock, on which
// [Queue.Browse] works: RabbitMQ shows a queue only to who takes from it, so one
// process reads at a time, the others wait, and what it does not remove is back
// in its place when it has finished.
//
// # Order
//
// A group's queue has a single active consumer: one subscription gets the events,
// the others of all processes stand by, and one of them takes over when it is
// closed or its connection is lost. So the order per key holds, also over a
// restart, and the parallel work is that of one Router. For work that many
// processes are to share, split the topic, or set Config.Competing and give up
// the order between processes.
//
// # Delivery
//
// Publish sends all events of a call at once and waits until the broker has
// confirmed each. Event.Attempt is counted by the broker, over restarts, too. A
// Nack keeps the event in the process, unacknowledged, and the later ones of its
// key behind it, until its time has come; if the process ends before, the event
// comes again at once, and counts on. What was received when a connection was
// lost, and is delivered again to the same subscription, is not received twice:
// it keeps its place, and can be acknowledged as before.
//
// An event that is unsettled for longer than the broker's consumer_timeout (30
// minutes by default) costs the subscription its channel and comes again; set it
// above the longest outage of a dependency that is to be waited for.
//
// A message that is no event becomes a dead letter with the message as it was.
//
// # Outages
//
// A lost connection is made again, after 50 ms at first and 2 s or so at most, for as
// long as it takes. Meanwhile Publish waits up to Config.Timeout and then fails
// with ErrDisconnected, which is unavailable to a Router: it pauses, and nothing
// goes to the dead letters. Receive waits.
//
// A quorum queue that was declared within the last half second before all its
// nodes crashed is lost to RabbitMQ 3.10: it never answers again, and has to be
// deleted. Clients cannot help that; a cluster makes it unlikely.
//
// # Why not Watermill's adapter
//
// The package uses amqp091, the client that watermill-amqp stands on, directly.
// Version 3.1.0 of watermill-amqp has one message in flight per subscription,
// whatever the prefetch, where a Router wants as many as it has keys in work; it
// publishes one by one, each waiting for its confirmation, without a context; it
// loses what is published to a queue that nobody has declared, and tells nobody
// when the broker returns it; it fails on headers that are not text, as quorum
// queues set them; it gives back at once and without a count what is nacked; and
// its pool of channels shrinks with every channel that cannot be opened again.
// Of these, only the declaration and the headers can be mended from outside.
//
// # Retention and personal data
//
// Events stay until every group has acknowledged them, letters until they are
// replayed or purged: RabbitMQ ends neither by itself. To bound how long dead
// letters, and the personal data in them, are kept, set a policy:
//
//	rabbitmqctl set_policy --apply-to queues letters '^onhand\..*\.dead\.' '{"message-ttl":2592000000}'
//
// Bodies lie unencrypted in the broker's files.
package rabbitqueue
