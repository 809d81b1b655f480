package inventory

import (
	"fmt"
	"strings"
	"time"
)

const maxTTL = 366 * 24 * time.Hour

// Validate checks what every [Store] may rely on, and returns an
// [*InvalidError] that names the first bad field.
func (c Change) Validate() error {
	if err := ValidMerchant(c.Merchant); err != nil {
		return err
	}
	if c.Origin != "" && !validName(c.Origin) {
		return &InvalidError{Field: "Origin", Problem: badName}
	}
	switch c.Kind {
	case KindExtend, KindCommit, KindRelease, KindExpire:
		return c.validHold()
	case KindOrder:
		return c.validOrder()
	case KindReserve:
		if c.Reservation != c.ID {
			return &InvalidError{Field: "Reservation", Problem: "must be the ID of the Reserve that opens it"}
		}
		if c.TTL < time.Millisecond || c.TTL > maxTTL {
			return &InvalidError{Field: "TTL", Problem: "must be from 1 ms to 366 days"}
		}
	case KindCommitPart, KindReleasePart, KindResize:
		if err := c.validPart(); err != nil {
			return err
		}
	case KindTrack, KindSell, KindCancel, KindFulfil, KindReturn, KindReceive, KindMove, KindUntrack, KindShip, KindArrive, KindLose:
	case KindEdit:
		if c.Origin == "" {
			return &InvalidError{Field: "Origin", Problem: "must name the channel that was edited"}
		}
	case KindBelieve:
		if c.Origin == "" {
			return &InvalidError{Field: "Origin", Problem: "must name the channel that was read"}
		}
	default:
		return &InvalidError{Field: "Kind", Problem: fmt.Sprintf("%q is unknown", c.Kind)}
	}
	if !validName(c.ID) {
		return &InvalidError{Field: "ID", Problem: badName}
	}
	if len(c.Lines) == 0 {
		return &InvalidError{Field: "Lines", Problem: "must not be empty"}
	}
	return c.validLines()
}

func (c Change) validHold() error {
	switch {
	case !validName(c.Reservation):
		return &InvalidError{Field: "Reservation", Problem: badName}
	case len(c.Lines) > 0:
		return &InvalidError{Field: "Lines", Problem: "must be empty: the reservation knows its lines"}
	case c.Kind == KindExtend && (c.TTL < time.Millisecond || c.TTL > maxTTL):
		return &InvalidError{Field: "TTL", Problem: "must be from 1 ms to 366 days"}
	case c.Kind == KindCommit && !validName(c.OrderName):
		return &InvalidError{Field: "OrderName", Problem: badName}
	}
	return nil
}

func (c Change) validOrder() error {
	switch {
	case c.Document == nil:
		return &InvalidError{Field: "Document", Problem: "is missing: an order is applied by Stock, not by a Store"}
	case !validName(c.Document.Name):
		return &InvalidError{Field: "Document.Name", Problem: badName}
	case len(c.Document.Body) > MaxDocument:
		return &InvalidError{Field: "Document.Body", Problem: fmt.Sprintf("has more than %d bytes", MaxDocument)}
	case c.Reservation != "" && !validName(c.Reservation):
		return &InvalidError{Field: "Reservation", Problem: badName}
	case c.Document.Gone && (len(c.Lines) > 0 || c.Reservation != ""):
		return &InvalidError{Field: "Document.Gone", Problem: "deletes the document, so the Change must not move anything"}
	}
	return c.validLines()
}

func (c Change) validLines() error {
	if len(c.Lines) > MaxLines {
		return &InvalidError{Field: "Lines", Problem: fmt.Sprintf("has more than %d entries", MaxLines)}
	}
	for i, l := range c.Lines {
		if c.validLine("", l) != nil { // its name is made only if it is needed
			return c.validLine(lineField(i), l)
		}
	}
	return nil
}

func (c Change) validLine(field string, l Line) error {
	k := l.Key()
	if c.Kind == KindBelieve && k.Location == "" {
		k.Location = "any" // of a pooled channel
	}
	if err := validKey(field, k); err != nil {
		return err
	}
	least, moves := int64(1), c.Kind != KindBelieve && c.Kind != KindUntrack
	switch c.Kind {
	case KindTrack:
		least = -MaxQuantity
	case KindBelieve, KindUntrack:
		least = 0
	}
	if l.ShownOnly() && moves && c.showsKits() {
		least, moves = 0, false
	}
	switch {
	case l.Quantity < least || l.Quantity > MaxQuantity:
		return &InvalidError{Field: field + ".Quantity", Problem: fmt.Sprintf("is %d, must be %d to %d", l.Quantity, least, MaxQuantity)}
	case l.Shown < -MaxQuantity || l.Shown > MaxQuantity:
		return &InvalidError{Field: field + ".Shown", Problem: "is too large"}
	case !l.From.Valid() || !l.To.Valid():
		return &InvalidError{Field: field, Problem: fmt.Sprintf("moves from %q to %q, which are not both states", l.From, l.To)}
	case !moves && (l.Quantity != 0 || l.From != World || l.To != World):
		return &InvalidError{Field: field, Problem: "moves stock, but a Believe or an Untrack only names levels"}
	case moves && l.From == l.To:
		return &InvalidError{Field: field, Problem: "moves from a state to itself"}
	}
	return nil
}

// showsKits reports whether the Change may have lines that are [Line.ShownOnly].
func (c Change) showsKits() bool {
	switch c.Kind {
	case KindTrack, KindCommitPart, KindReleasePart, KindResize:
		return false
	}
	return c.Recorded
}

func lineField(i int) string { return fmt.Sprintf("Lines[%d]", i) }

const badName = "must have 1 to 255 bytes and no control characters"

func validName(s string) bool {
	return s != "" && len(s) <= maxName && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

func validKey(field string, k Key) error {
	if !validName(k.SKU) {
		return &InvalidError{Field: field + ".SKU", Problem: badName}
	}
	if !validName(k.Location) {
		return &InvalidError{Field: field + ".Location", Problem: badName + "; name one or configure a Sourcer"}
	}
	return nil
}

// ValidMerchant checks a merchant's name: 1 to 255 bytes, no control
// characters and no braces, which would break the Redis hash tag.
func ValidMerchant(name string) error {
	if !validName(name) || strings.ContainsAny(name, "{}") {
		return &InvalidError{Field: "Merchant", Problem: badName + " or braces"}
	}
	return nil
}
