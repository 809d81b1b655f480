package inventory

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Channel is a place that shows stock and may sell it: a Shopify shop, a
// marketplace, a till. Its rules decide the target of each level, see [Target].
type Channel struct {
	// Name is the Origin of the channel's Changes, e.g. "shopify/acme-eu".
	Name string `json:"name"`
	// Locations it may sell from; none means every location.
	Locations []string `json:"locations,omitempty"`
	// Pooled: the channel has one number per SKU, the sum over its Locations,
	// see [PooledTarget]. What it is told and believed to show has the key of
	// the SKU with an empty location. It stays what it is while the channel is
	// configured.
	Pooled bool `json:"pooled,omitempty"`
	// Buffer is withheld from the channel on each level, in units; of a pooled
	// channel once from each SKU.
	Buffer int64 `json:"buffer,omitempty"`
	// Max caps what the channel shows of one level, or of a SKU if it is pooled;
	// 0 means no cap.
	Max int64 `json:"max,omitempty"`
	// ReplayProved says that a request repeated with the same idempotency key
	// is known to take effect once on this channel. A [Pusher] refuses a
	// channel where that is not known.
	ReplayProved bool `json:"replay_proved,omitempty"`
	// Since is the load watermark: an order created before it was counted by
	// the first load, so its first document moves nothing. Zero: no watermark.
	Since time.Time `json:"since,omitzero"`
}

// Sells reports whether the channel shows levels at the location.
func (c Channel) Sells(location string) bool {
	return len(c.Locations) == 0 || slices.Contains(c.Locations, location)
}

// Place is the key of the number that the channel shows of a level: the level's
// own, or if the channel is pooled that of its SKU with an empty location.
func (c Channel) Place(k Key) Key {
	if c.Pooled {
		k.Location = ""
	}
	return k
}

// Settings of a merchant. In [Stock.Configure] they are merged: channels by
// name, levels by key; what is not named stays. [Settings.Remove] takes away.
type Settings struct {
	// Channels replace those of the same name.
	Channels []Channel `json:"channels,omitempty"`
	// Remove names channels that are no more. What was to be told to them, the
	// batches that are out, and what they were believed to show is dropped, and so
	// are the buffers of levels by that name; one that is added again knows
	// nothing. It goes in a Configure of its own, and a name that is not
	// configured is no error. Stop the channel's [Pusher] before.
	Remove []string `json:"-"`
	// Levels replace the rules of tracked levels.
	Levels map[Key]Rules `json:"-"`
	// Locations are those that have levels. Read only: Configure ignores it.
	Locations []string `json:"locations,omitempty"`
	// Version grows with every Configure. Read only.
	Version int64 `json:"version,omitempty"`
}

// Channel returns the channel of that name.
func (s Settings) Channel(name string) (Channel, bool) {
	i := slices.IndexFunc(s.Channels, func(c Channel) bool { return c.Name == name })
	if i < 0 {
		return Channel{}, false
	}
	return s.Channels[i], true
}

// Validate returns an [*InvalidError] that names the first bad field.
func (s Settings) Validate() error {
	for i, c := range s.Channels {
		field := fmt.Sprintf("Channels[%d]", i)
		switch {
		case c.Name == "" || len(c.Name) > maxName || strings.ContainsAny(c.Name, "\x00\n{}"):
			return &InvalidError{Field: field + ".Name", Problem: "must have 1 to 255 bytes, no braces, no control characters"}
		case c.Buffer < 0 || c.Buffer > MaxQuantity || c.Max < 0 || c.Max > MaxQuantity:
			return &InvalidError{Field: field, Problem: "Buffer and Max must not be negative"}
		case slices.ContainsFunc(c.Locations, func(l string) bool { return !validName(l) }):
			return &InvalidError{Field: field + ".Locations", Problem: "must have 1 to 255 bytes each, no control characters"}
		}
	}
	if len(s.Remove) > 0 && (len(s.Channels) > 0 || len(s.Levels) > 0) {
		return &InvalidError{Field: "Remove", Problem: "must go in a Configure of its own"}
	}
	for i, name := range s.Remove {
		if !validName(name) {
			return &InvalidError{Field: fmt.Sprintf("Remove[%d]", i), Problem: badName}
		}
	}
	for k, r := range s.Levels {
		if err := validKey("Levels", k); err != nil {
			return err
		}
		if r.SafetyStock < 0 || r.SafetyStock > MaxQuantity || r.BackorderLimit < 0 || r.BackorderLimit > MaxQuantity {
			return &InvalidError{Field: "Levels[" + k.String() + "]", Problem: "SafetyStock and BackorderLimit must not be negative"}
		}
		for name, n := range r.Buffers {
			if !validName(name) || n < 0 || n > MaxQuantity {
				return &InvalidError{Field: "Levels[" + k.String() + "].Buffers", Problem: "must map channel names to numbers that are not negative"}
			}
		}
	}
	return nil
}

// Merge returns s with the channels of o added, replaced or removed, sorted by
// name. A channel that is pooled stays so, and one that is not, too: an
// [*InvalidError]. It is for implementers of a [Store].
func (s Settings) Merge(o Settings) (Settings, error) {
	out := slices.DeleteFunc(slices.Clone(s.Channels), func(c Channel) bool { return slices.Contains(o.Remove, c.Name) })
	for _, c := range o.Channels {
		i := slices.IndexFunc(out, func(x Channel) bool { return x.Name == c.Name })
		switch {
		case i < 0:
			out = append(out, c)
		case out[i].Pooled != c.Pooled:
			return s, &InvalidError{Field: "Channels", Problem: fmt.Sprintf("%q can't become pooled or cease to be: what it shows is counted otherwise; remove it and add it again", c.Name)}
		default:
			out[i] = c
		}
	}
	slices.SortFunc(out, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
	s.Channels = out
	return s, nil
}
