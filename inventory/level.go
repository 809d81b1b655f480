package inventory

import (
	"fmt"
	"strings"
)

// Key names a level: one SKU at one location, both the merchant's own strings.
// In a read an empty Location means every location of the SKU.
type Key struct {
	SKU      string `json:"sku"`
	Location string `json:"location"`
}

// String is "SKU@Location", for messages.
func (k Key) String() string { return k.SKU + "@" + k.Location }

// Compare orders keys by SKU, then location.
func (k Key) Compare(o Key) int {
	if c := strings.Compare(k.SKU, o.SKU); c != 0 {
		return c
	}
	return strings.Compare(k.Location, o.Location)
}

// Level is the stock of one SKU at one location, in whole units, as of one
// moment.
type Level struct {
	Key
	// Available units may be sold; negative after sales elsewhere that were
	// recorded though nothing was left.
	Available   int64 `json:"available"`
	Reserved    int64 `json:"reserved"`
	Committed   int64 `json:"committed"`
	Unavailable int64 `json:"unavailable"`
	Incoming    int64 `json:"incoming"`
	// Version grows with every write to the level; it starts at 1.
	Version int64 `json:"version"`
	Rules   Rules `json:"rules,omitzero"`
	// Kit: the level is what a kit can show (see [Stock.ShowKits]). Available is
	// worked out from the components; nothing can be sold from it.
	Kit bool `json:"kit,omitempty"`
}

// String has every quantity, for messages.
func (l Level) String() string {
	return fmt.Sprintf("%s: %d available, %d reserved, %d committed, %d unavailable, %d incoming (version %d)",
		l.Key, l.Available, l.Reserved, l.Committed, l.Unavailable, l.Incoming, l.Version)
}

// OnHand is what is physically there: every state but incoming.
func (l Level) OnHand() int64 { return l.Available + l.Reserved + l.Committed + l.Unavailable }

// Floor is how low Available may go by an enforced [Change]: the safety stock
// less the backorder limit.
func (l Level) Floor() int64 { return l.Rules.SafetyStock - l.Rules.BackorderLimit }

// Sellable is how many units an enforced [Change] can still take. Below zero
// the level is oversold.
func (l Level) Sellable() int64 { return l.Available - l.Floor() }

// Quantity is the number of units in state s; zero for [World].
func (l Level) Quantity(s State) int64 {
	if p := l.at(s); p != nil {
		return *p
	}
	return 0
}

// Add moves n units into state s, or out of it if n is negative. It is for
// implementers of a [Store]; World takes any number.
func (l *Level) Add(s State, n int64) {
	if p := l.at(s); p != nil {
		*p += n
	}
}

func (l *Level) at(s State) *int64 {
	switch s {
	case Available:
		return &l.Available
	case Reserved:
		return &l.Reserved
	case Committed:
		return &l.Committed
	case Unavailable:
		return &l.Unavailable
	case Incoming:
		return &l.Incoming
	}
	return nil
}

// Rules belong to a level, so they hold for every caller. All are in units and
// at least 0.
type Rules struct {
	// SafetyStock is never sold by an enforced [Change]. (Shopify has a state
	// of that name; here it is a rule.)
	SafetyStock int64 `json:"safety_stock,omitempty"`
	// BackorderLimit is how far below zero an enforced Change may go.
	BackorderLimit int64 `json:"backorder_limit,omitempty"`
	// Buffers withhold units of this level from a channel, by its name, in
	// place of the channel's own [Channel.Buffer].
	Buffers map[string]int64 `json:"buffers,omitempty"`
}
