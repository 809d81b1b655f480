package inventory

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind says what a [Change] does. The constructors set it.
type Kind string

// The kinds of Changes.
const (
	KindTrack   Kind = "track"
	KindSell    Kind = "sell"
	KindReserve Kind = "reserve"
	KindExtend  Kind = "extend"
	KindCommit  Kind = "commit"
	KindRelease Kind = "release"
	KindExpire  Kind = "expire"

	KindCommitPart  Kind = "commit_part"
	KindReleasePart Kind = "release_part"
	KindResize      Kind = "resize"

	KindCancel  Kind = "cancel"
	KindFulfil  Kind = "fulfil"
	KindReturn  Kind = "return"
	KindReceive Kind = "receive"
	KindShip    Kind = "ship"
	KindArrive  Kind = "arrive"
	KindLose    Kind = "lose"
	KindMove    Kind = "move"
	KindOrder   Kind = "order"
	KindBelieve Kind = "believe"
	KindUntrack Kind = "untrack"
	KindEdit    Kind = "edit"

	// KindConfigure is no Change: it stands in the journal for new [Rules] of
	// levels.
	KindConfigure Kind = "configure"
)

// Limits of a Change, checked by [Change.Validate].
const (
	// MaxLines of one Change.
	MaxLines = 1000
	// MaxQuantity of a line, in units; Shopify's own bound.
	MaxQuantity = 1_000_000_000
	// MaxDocument is the largest document of an order, in bytes.
	MaxDocument = 1 << 20

	maxName = 255
)

// Line moves units of one level from one state to another.
type Line struct {
	SKU string `json:"sku"`
	// Location may be left empty if the Stock has a [Sourcer].
	Location string `json:"location,omitempty"`
	// Quantity is in units, above zero. Users set SKU, Quantity and perhaps
	// Location; the constructors set the states.
	Quantity int64 `json:"quantity"`
	From     State `json:"from,omitempty"`
	To       State `json:"to,omitempty"`
	// Reason tells kinds of Unavailable apart, and says why in the journal.
	Reason string `json:"reason,omitempty"`
	// Kit is the kit that the line is a component of. [Stock] sets it when it
	// expands one; a line that names a kit already is not expanded.
	Kit string `json:"kit,omitempty"`
	// PerKit is how many units one of Kit has. A [Sourcer] that sees it takes
	// what belongs to one kit from one location; 0 means from anywhere.
	PerKit int64 `json:"per_kit,omitempty"`
	// Shown is by how much the number that the Change's Origin shows has moved
	// already. In a Track or a Believe it is the number that it shows.
	Shown int64 `json:"shown,omitempty"`
}

// Key is the line's level.
func (l Line) Key() Key { return Key{SKU: l.SKU, Location: l.Location} }

// ShownOnly reports whether the line moves no stock, but only what its Change's
// Origin shows of a kit that was sold there: the line is of Kit itself, and its
// components have lines of their own. [Stock] makes such lines. A [Store]
// ignores one where no level of the kit is kept.
func (l Line) ShownOnly() bool { return l.Quantity == 0 && l.Kit != "" && l.Kit == l.SKU }

// Change is the one way in which stock moves: all its lines apply, or none.
// It is plain data; its JSON is the wire form. Make one with a constructor
// ([Sell], [Reserve], ...). Every entry point checks it with Validate.
type Change struct {
	// ID is a business key ("order/17", "cart-81", "asn-4/line-2"), unique per
	// merchant, never random per attempt, never made of quantities. A Change
	// is applied once by its ID, however often it is submitted.
	ID string `json:"id,omitempty"`
	// Merchant owns the levels. [Stock] sets it.
	Merchant string `json:"merchant,omitempty"`
	Kind     Kind   `json:"kind"`
	Lines    []Line `json:"lines,omitempty"`
	// Order is what was heard of an order, in place of lines: Stock merges it
	// into the order's document and finds the lines.
	Order *Order `json:"order,omitempty"`
	// Origin is the channel where the Change has happened already, so what is
	// believed of that channel moves with the stock.
	Origin string `json:"origin,omitempty"`
	// Recorded: it has happened, so it is applied even below the floor and
	// then flagged. Otherwise it is enforced: refused as a whole.
	Recorded bool `json:"recorded,omitempty"`
	// Reservation is the hold that the Change opens, extends or settles.
	Reservation string `json:"reservation,omitempty"`
	// TTL is how long a hold lasts, by the store's clock.
	TTL time.Duration `json:"ttl,omitempty"`
	// OrderName is what a hold, or a part of one, is committed to.
	OrderName string `json:"order_name,omitempty"`
	// At is when it happened; zero means that it is not stated. A Change that is
	// remembered by its ID, as all are but those of orders and whole holds, is
	// [ErrTooOld] if it happened before the IDs that the store remembers.
	At time.Time `json:"at,omitzero"`
	// Digest stands for the lines when an ID comes again: Stock sets it to what
	// the caller said before it expands kits and fills in locations, so that
	// neither makes a repeated ID a reused one. Empty means the lines as they are.
	Digest string `json:"digest,omitempty"`
	// TraceID is the correlation ID.
	TraceID string `json:"trace_id,omitempty"`

	// Guards are set by a Locker, Document by Stock. Neither travels.
	Guards   []Guard   `json:"-"`
	Document *Document `json:"-"`
}

// Guard holds only while the level has this version, and the lease in force on
// it this token. A Version of 0 beside a Fence asks for no version; one alone
// never holds.
type Guard struct {
	Key
	Version int64
	// Fence is the token of a [Lease], 0 for none.
	Fence int64
}

// Document is what is remembered of an order. The body is opaque to a [Store].
type Document struct {
	Name string
	// Version read: the write is refused with [ErrConflict] if it is another
	// one by then. 0 means that there is none yet.
	Version int64
	Body    []byte
	// Doubts list the document with [Ledger.Doubtful] until a write has none.
	Doubts []Reason
	// Compact and Base are kept beside the body, for [Ledger.ScanDocuments]: the
	// body is in its compact form; the order's first facts moved nothing.
	Compact, Base bool
	// Gone makes the write delete the document. Such a Change has no lines and
	// no reservation; a repeat of it is an [ErrConflict].
	Gone bool
}

// ReportedBy returns the Change as one that has happened at a channel: it is
// recorded, never refused for want of stock, and what is believed of that
// channel moves by what moves in available.
func (c Change) ReportedBy(channel string) Change {
	c.Origin, c.Recorded = channel, true
	c.Lines = slices.Clone(c.Lines)
	for i, l := range c.Lines {
		switch {
		case l.From == Available:
			c.Lines[i].Shown = -l.Quantity
		case l.To == Available:
			c.Lines[i].Shown = l.Quantity
		}
	}
	return c
}

// Track starts counting levels: each line puts Quantity units (0 is allowed,
// and below 0 what is oversold) into state To, by default available. It is
// the only way for a level to exist; [ErrConflict] where one does.
func Track(id string, lines ...Line) Change {
	c := Change{ID: id, Kind: KindTrack, Lines: slices.Clone(lines)}
	for i := range c.Lines {
		c.Lines[i].From = World
		if c.Lines[i].To == World {
			c.Lines[i].To = Available
		}
	}
	return c
}

// Untrack ends the counting of levels, each with a location: what they have left
// goes to the world, and their rules and what channels are believed to show go
// with them. Until another Track they are [ErrUntracked]. It is [ErrConflict]
// while something is reserved, committed or incoming, or a batch that tells a
// channel of the level is under way.
func Untrack(id string, keys ...Key) Change {
	c := Change{ID: id, Kind: KindUntrack}
	for _, k := range keys {
		c.Lines = append(c.Lines, Line{SKU: k.SKU, Location: k.Location})
	}
	return c
}

// Believe notes what a channel shows, for levels where that is unknown: each
// line's Shown is the number read there. Known levels are left as they are, and
// so is one that a batch under way tells the channel of: nobody knows whether
// the reading has that push in it, so read again when the batch is settled. To
// read known levels again, [Stock.Forget] them first. A line about a pooled
// channel may leave out the location; lines about one SKU are summed.
func Believe(id, channel string, lines ...Line) Change {
	c := moves(id, KindBelieve, World, World, lines)
	for i := range c.Lines {
		c.Lines[i].Quantity = 0
	}
	c.Origin, c.Recorded = channel, true
	return c
}

// Sell moves units from available to committed.
func Sell(id string, lines ...Line) Change {
	return moves(id, KindSell, Available, Committed, lines)
}

// Reserve holds units for ttl: from available to reserved. The ID is the
// reservation's. Its record is the memory: it answers a repeated Reserve with
// the hold's present state.
func Reserve(id string, ttl time.Duration, lines ...Line) Change {
	c := moves(id, KindReserve, Available, Reserved, lines)
	c.Reservation, c.TTL = id, ttl
	return c
}

// Extend makes a held reservation last until ttl from now, never shorter.
func Extend(reservation string, ttl time.Duration) Change {
	return Change{Kind: KindExtend, Reservation: reservation, TTL: ttl}
}

// Commit sells what a reservation holds to an order: from reserved to
// committed. After the reservation's time it takes the units again if they
// are there.
func Commit(reservation, order string) Change {
	return Change{Kind: KindCommit, Reservation: reservation, OrderName: order}
}

// Release gives back what a reservation holds.
func Release(reservation string) Change {
	return Change{Kind: KindRelease, Reservation: reservation}
}

// Expire gives back what a reservation holds if its time is over by the
// store's clock, and else does nothing.
func Expire(reservation string) Change {
	return Change{Kind: KindExpire, Reservation: reservation}
}

// Cancel takes committed units out of an order: back to Available, aside to
// Unavailable, or gone (World).
func Cancel(id string, to State, lines ...Line) Change {
	return moves(id, KindCancel, Committed, to, lines)
}

// Fulfil ships committed units.
func Fulfil(id string, lines ...Line) Change {
	return moves(id, KindFulfil, Committed, World, lines)
}

// Return takes shipped units back: to Available or Unavailable.
func Return(id string, to State, lines ...Line) Change {
	return moves(id, KindReturn, World, to, lines)
}

// Receive adds units that came in.
func Receive(id string, lines ...Line) Change {
	return moves(id, KindReceive, World, Available, lines)
}

// Move is any other movement between two states.
func Move(id string, from, to State, lines ...Line) Change {
	return moves(id, KindMove, from, to, lines)
}

// Ordered says what was heard of an order. Submit it as often and in whatever
// order it is heard: the order's document remembers.
func Ordered(o Order) Change {
	return Change{ID: o.Document(), Kind: KindOrder, Order: &o, Origin: o.Channel, Recorded: true}
}

func moves(id string, k Kind, from, to State, lines []Line) Change {
	c := Change{ID: id, Kind: k, Lines: slices.Clone(lines)}
	for i := range c.Lines {
		c.Lines[i].From, c.Lines[i].To = from, to
	}
	return c
}

// Key is what events about the same thing have in common, so that a queue can
// keep them in order: the document, the reservation, else the ID.
func (c Change) Key() string {
	switch {
	case c.Order != nil:
		return c.Order.Document()
	case c.Reservation != "":
		return c.Reservation
	}
	return c.ID
}

// Fingerprint stands for the content of the Change: kind, lines, reservation,
// order and origin, not guards, times or traces. Two Changes with one ID and
// different fingerprints are [ErrReusedID].
func (c Change) Fingerprint() uint64 {
	b := make([]byte, 0, 256)
	b = field(b, string(c.Kind), c.Reservation, c.Origin, strconv.FormatBool(c.Recorded))
	if c.Digest != "" {
		b = append(b, c.Digest...)
	} else {
		b = appendLines(b, c.Lines)
	}
	if c.OrderName != "" {
		b = field(b, c.OrderName)
	}
	if c.Document != nil {
		b = field(b, c.Document.Name)
		b = append(strconv.AppendInt(b, c.Document.Version, 10), 0)
		b = append(b, c.Document.Body...)
	}
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// field appends texts, each with an end.
func field(b []byte, texts ...string) []byte {
	for _, t := range texts {
		b = append(append(b, t...), 0)
	}
	return b
}

func byMovement(a, b Line) int {
	for _, c := range []int{a.Key().Compare(b.Key()), strings.Compare(string(a.From), string(b.From)), strings.Compare(string(a.To), string(b.To))} {
		if c != 0 {
			return c
		}
	}
	return int(a.Quantity - b.Quantity)
}

// appendLines appends what of lines counts as content, in an order of its own.
func appendLines(b []byte, lines []Line) []byte {
	if len(lines) > 1 {
		lines = slices.Clone(lines)
		slices.SortFunc(lines, byMovement)
	}
	for _, l := range lines {
		b = field(b, l.SKU, l.Location)
		b = append(strconv.AppendInt(b, l.Quantity, 10), 0)
		b = field(b, string(l.From), string(l.To))
	}
	return b
}

// digest stands for lines as their caller said them. A Change has the same
// fingerprint with it as with the lines themselves, so it does not matter for a
// repeated ID whether its lines had to be expanded or given locations.
func digest(lines []Line) string { return string(appendLines(nil, lines)) }
