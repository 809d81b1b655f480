package inventory

import (
	"context"
	"iter"
	"time"
)

// Applier applies Changes: a [Store], or a Locker in front of one. It returns
// one Outcome each, in order, and no second error: with a connection lost
// half-way there is no truthful single one.
type Applier interface {
	Apply(ctx context.Context, changes []Change) []Outcome
}

// Ledger is the part of a [Store] for those who sell. It knows nothing of
// orders, kits and sourcing. It is safe for concurrent use.
type Ledger interface {
	Applier
	// Applied reports which IDs are remembered as applied: those of Changes and
	// of reservations, which have memories of their own. Orders are in Documents.
	Applied(ctx context.Context, merchant string, ids []string) ([]bool, error)
	// Levels returns the tracked levels of keys, sorted; an [*UntrackedError]
	// beside them names the keys that have none. An empty Location stands for
	// every location of the SKU.
	Levels(ctx context.Context, merchant string, keys []Key) ([]Level, error)
	// AllLevels lists every level, in no order; each as of when it is read. One
	// that is written meanwhile may come twice.
	AllLevels(ctx context.Context, merchant string) iter.Seq2[Level, error]
	// Reservations returns the holds with these IDs that are known.
	Reservations(ctx context.Context, merchant string, ids []string) ([]Reservation, error)
	// Documents returns one per name, in order; Version 0 where there is none.
	Documents(ctx context.Context, merchant string, names []string) ([]Document, error)
	// Doubtful lists documents with doubts, oldest write first, without their
	// bodies. Fetchable selects those with a doubt that a fetch can end (see
	// [Reason.Fetch]), else those that need their levels checked.
	Doubtful(ctx context.Context, merchant string, fetchable bool, max int) ([]Doubt, error)
	// ScanDocuments looks at about max documents from a cursor on, "" for the
	// first, and returns those that q selects, in no order, and the next cursor,
	// "" at the end. What is there during the whole scan comes at least once.
	ScanDocuments(ctx context.Context, merchant string, q DocumentQuery, cursor string, max int) (docs []Document, next string, err error)
	// Settings returns the merchant's settings.
	Settings(ctx context.Context, merchant string) (Settings, error)
	// Configure merges settings. It returns when every level has been marked
	// by the new rules; a Configure that was cut off is finished by Tidy.
	Configure(ctx context.Context, merchant string, set Settings) error
}

// DocumentQuery selects documents by when they were last written, by the store's
// clock.
type DocumentQuery struct {
	// Whole selects documents that are not compact and were written so long ago
	// or longer, Compact those that are. Below zero: none of them.
	Whole, Compact time.Duration
	// Bases leaves out all that are not [Document.Base].
	Bases bool
}

// Doubt is a document that is not sure of what it says.
type Doubt struct {
	Document string
	Reasons  []Reason
	// Since is when the document was last written.
	Since time.Time
}

// Outbox is the part of a [Store] for a [Pusher]: what channels have to be
// told, as stored batches. It is safe for concurrent use by many processes.
type Outbox interface {
	// Claim leases a batch for lease: one without an answer whose time has
	// come, unchanged, else a new one of up to max pending levels, those that
	// fall first, of these those that are pending longest, of these in order of
	// key. What the Changes of one Apply come to together makes a level pending, or
	// not, and a Configure makes all pending at the same moment. A level is in one
	// batch at a time. A batch without ID means that there is nothing to do.
	Claim(ctx context.Context, merchant, channel string, max int, lease time.Duration) (Batch, error)
	// Seal stores b.Request, and refused entries leave the batch by it. Only
	// then may it be sent. ErrConflict: the lease is another's by now.
	Seal(ctx context.Context, b Batch, refused []Result) (Batch, error)
	// Settle ends a batch with one result per push. A batch that is settled
	// already is left alone, without error.
	Settle(ctx context.Context, b Batch, results []Result) error
	// Postpone gives up the lease of a batch that got no answer, until wait
	// has passed; then Claim hands out the same bytes again.
	Postpone(ctx context.Context, b Batch, wait time.Duration) error
	// Unpark lets parked levels be told again at once. Others are left alone.
	Unpark(ctx context.Context, merchant, channel string, keys []Key) error
	// Forget makes unknown what the channel shows of levels, so that nothing is
	// pushed until a [Believe]. It ends their parking. A batch under way stays
	// so; when it is settled the level is unknown all the same.
	Forget(ctx context.Context, merchant, channel string, keys []Key) error
	// Beliefs tells how levels stand with a channel; nil keys: every level
	// that is pending, under way or parked. Unknown keys are left out. Of a
	// pooled channel there is one per SKU, without location, and so it is asked
	// for by any key of the SKU.
	Beliefs(ctx context.Context, merchant, channel string, keys []Key) iter.Seq2[Belief, error]
}

// Store keeps the truth. It is dumb about orders, kits and sourcing; package
// storetest tells whether an implementation is one.
type Store interface {
	Ledger
	Outbox
	// Tidy expires reservations, forgets old ones and leases that are over, and
	// finishes what was cut off: at most max of each. It may be cut off anywhere
	// and run by any number of processes. A reservation whose expiry is refused is
	// due again in an hour only, whoever submitted it, so that others get their turn.
	Tidy(ctx context.Context, merchant string, max int) (Tidied, error)
}

// Bookmarker is an optional power of a Store: it keeps cursors. An unknown
// name has the value "".
type Bookmarker interface {
	// Bookmark reads a cursor of the merchant, SetBookmark moves it.
	Bookmark(ctx context.Context, merchant, name string) (string, error)
	SetBookmark(ctx context.Context, merchant, name, value string) error
}
