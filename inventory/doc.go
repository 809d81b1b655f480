// Package inventory keeps stock exact, whoever sells it, and tells channels
// what to show.
//
// A program holds a [*Stock], bound to one merchant, over a [Store]: package
// redisstore in production, package memstore in tests.
//
//	stock, err := inventory.New(store, "acme", nil)
//	hold, err := stock.Reserve(ctx, "cart-81", 10*time.Minute, inventory.Line{SKU: "MUG", Location: "berlin", Quantity: 2})
//	out, err := stock.Commit(ctx, "cart-81", "order/17")
//
// # Levels
//
// A level ([Level]) is one SKU at one location, in whole units: available,
// reserved by holds, committed to orders, unavailable, and incoming. A level
// exists from its [Track] to its [Untrack]. What was never tracked is [ErrUntracked] and never
// zero. Safety stock and backorder limit belong to the level ([Rules]), so they
// hold for every caller.
//
// # Changes
//
// Stock moves by a [Change] and in no other way: some lines, each of which takes
// units of one level from one state to another. All lines apply, or none. The
// constructors say what there is: [Track], [Untrack], [Sell], [Reserve], [Extend],
// [Commit], [Release], [Expire], [CommitPart], [ReleasePart], [Resize],
// [Cancel], [Fulfil], [Return], [Receive], [Ship], [Arrive], [Lose], [Move],
// [Ordered], [Edited], [Believe].
//
// A Change is applied once by its ID, however often it is submitted: by a
// caller that saw no answer, by a client that sends again by itself, by a queue
// that delivers twice. So there is one reaction to [ErrUnknown]: submit the same
// again.
//
// An enforced Change is refused below the floor; [*InsufficientError] has every
// line that is short. A recorded one ([Change.ReportedBy], [Ordered]) has
// happened elsewhere: it is applied always, and what it oversells is flagged.
//
// # Reservations
//
// A reservation is held until it is committed, released or its time is over by
// the store's clock. What a call does to one, enforced or recorded where no row
// says, is its error, "repeat", or the state that follows; "late" is committed
// with units that were taken again, or that nobody had given back yet:
//
//	                     unknown      held         over         expired      sold out     committed    released     settled
//	Reserve              held         repeat       repeat       repeat       repeat       repeat       repeat       repeat
//	Reserve other lines  held         ErrReusedID  ErrReusedID  ErrReusedID  ErrReusedID  ErrReusedID  ErrReusedID  ErrReusedID
//	Extend               ErrNotFound  held         ErrExpired   ErrExpired   ErrExpired   ErrCommitted ErrReleased  ErrCommitted
//	Commit               ErrNotFound  committed    late         late         ErrExpired   repeat       ErrReleased  repeat
//	Commit, recorded     ErrNotFound  committed    late         late         late         repeat       ErrReleased  repeat
//	Commit, other order  ErrNotFound  committed    late         late         ErrExpired   ErrCommitted ErrReleased  repeat
//	... and recorded     ErrNotFound  committed    late         late         late         ErrCommitted ErrReleased  repeat
//	Release              ErrNotFound  released     released     repeat       repeat       ErrCommitted repeat       ErrCommitted
//	Expire               repeat       repeat       expired      repeat       repeat       repeat       repeat       repeat
//	CommitPart           ErrNotFound  committed    late         late         ErrExpired   ErrCommitted ErrReleased  repeat
//	CommitPart, recorded ErrNotFound  committed    late         late         late         ErrCommitted ErrReleased  repeat
//	ReleasePart          ErrNotFound  released     released     repeat       repeat       ErrCommitted repeat       ErrCommitted
//	Resize               ErrNotFound  held         ErrExpired   ErrExpired   ErrExpired   ErrCommitted ErrReleased  ErrCommitted
//
// "Over" is held past its time, "sold out" expired when its units are gone, and
// "settled" is by an order that carried its ID. A repeat answers with the present
// state. A part leaves the hold with the lines it names; the rest stays as it
// is; the rows are of one that names all lines. What has nothing left is
// committed or released, as its last part was.
//
// Expiry needs nobody: whoever wants a unit that an old hold has lets it expire
// first. A hold that can't expire, because somebody moved by hand what it has, is
// tried once an hour and holds up no other ([Stuck]). Deadlines are moments of
// the store's clock: where that jumps, a hold lasts longer or shorter by so much,
// and nothing else happens.
//
// # Orders
//
// What is heard of an order is an [Order]: facts, not decrements. [Stock.Apply]
// merges them into the order's document ([Merge]), works out what the document
// implies ([Order.Implied]), and applies the difference to what was booked,
// together with the new document, if nobody else was faster. So messages may
// come late, twice, in any order, to any number of consumers. A document that is
// not sure says why ([Reason]), and is listed by [Ledger.Doubtful]. It is kept for
// [Config.ForgetOrders]; an order older than that, or than its channel's load
// watermark, is recorded without movement and listed by [Stock.BaseOrders].
//
// # Kits and sourcing
//
// A line of a kit ([Config.Kits]) becomes lines of its components before the
// Change exists, so nothing below Stock hears of kits, and an open reservation
// keeps what it was made of. A line without a location gets one by the
// [Sourcer]. Both are no part of the content: a repeated Change is the same
// Change though the kit was redefined, or another place would be chosen now.
//
// # Channels
//
// A [Channel] is a place that shows stock: a shop, a marketplace, a till. Its
// [Target] follows from available, buffer and cap; believed is what it shows as
// far as we know. Where the two differ the level is pending, which is decided in
// the same step as every movement, so no crash can lose a push. What a channel
// sells by itself moves stock and belief together and causes no push.
//
// A [Pusher] claims pending levels, those that fall first, and tells the
// channel by its [Syncer]: the request's bytes are stored before they are sent,
// and the same bytes are sent until there is an answer. No answer means that
// nobody knows; nothing is concluded from it.
//
// # Tidying
//
// A [Janitor] lets reservations expire in time, so that channels show what came
// back, and keeps memory bounded: it forgets ended reservations a horizon later,
// leases that are over, and orders. Any number of processes may run one, each may
// end at any step, and stock is right without it.
//
// # Journal
//
// Every applied Change is an [Entry] of the journal: what moved, why, and the
// levels after it. A [Follower] keeps something up to date by it, through
// restarts, and is told ([ErrGap]) rather than missing an entry;
// [Stock.Journal] is for whoever stores the cursor. [Stock.Explain] shows what is
// known of one level.
//
// # Your own store
//
// A Store applies vectors of lines and keeps documents, holds and batches; it
// knows nothing of orders and sourcing. Package storetest tells whether yours is
// one.
package inventory
