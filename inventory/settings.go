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
	// Buffer is withheld from the channel on each level, in units.
	Buffer int64 `json:"buffer,omitempty"`
	// Max caps what the channel shows of one level; 0 means no cap.
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

// Settings of a merchant. In [Stock.Configure] they are merged: channels by
// name, levels by key; what is not named stays.
type Settings struct {
	// Channels replace those of the same name.
	Channels []Channel `json:"channels,omitempty"`
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

// Merge returns s with the channels of o added or replaced, sorted by name. It
// is for implementers of a [Store].
func (s Settings) Merge(o Settings) Settings {
	out := slices.Clone(s.Channels)
	for _, c := range o.Channels {
		i := slices.IndexFunc(out, func(x Channel) bool { return x.Name == c.Name })
		if i < 0 {
			out = append(out, c)
		} else {
			out[i] = c
		}
	}
	slices.SortFunc(out, func(a, b Channel) int { return strings.Compare(a.Name, b.Name) })
	s.Channels = out
	return s
}
