package inventory

// State is where units of a level are, in Shopify's words where they mean the
// same. What is on hand is available + reserved + committed + unavailable.
type State string

const (
	// World is outside of the stock: not received yet, shipped, lost.
	World State = ""
	// Available units may be sold. It can be negative: sold elsewhere.
	Available State = "available"
	// Reserved units are held by a [Reservation] until it expires. (Shopify
	// counts as "reserved" what its own drafts and transfers set aside.)
	Reserved State = "reserved"
	// Committed units are sold and not shipped.
	Committed State = "committed"
	// Unavailable units are set aside: damaged, in quality control. It is one
	// bucket, as in Shopify's admin; [Line.Reason] tells the kinds apart.
	Unavailable State = "unavailable"
	// Incoming units are on the way here; they are not on hand.
	Incoming State = "incoming"
)

// Valid reports whether s is one of the states above.
func (s State) Valid() bool {
	switch s {
	case World, Available, Reserved, Committed, Unavailable, Incoming:
		return true
	}
	return false
}
