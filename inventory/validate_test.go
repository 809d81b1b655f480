package inventory_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	l := inventory.Line{SKU: "sku", Location: "here", Quantity: 1}
	with := func(c inventory.Change, change func(*inventory.Change)) inventory.Change {
		c.Merchant, c.Lines = "acme", slices.Clone(c.Lines)
		if change != nil {
			change(&c)
		}
		return c
	}
	sell, track, believe := inventory.Sell("id", l, l), inventory.Track("id", l), inventory.Believe("id", "shop", l)
	reserve, order := inventory.Reserve("cart", time.Hour, l), inventory.Change{ID: "o/1", Kind: inventory.KindOrder, Document: &inventory.Document{Name: "o/1"}}
	long := strings.Repeat("x", 256)
	quantity := func(n int64) func(*inventory.Change) { return func(c *inventory.Change) { c.Lines[0].Quantity = n } }
	for _, tt := range []struct {
		name, field string // no field: valid
		c           inventory.Change
	}{
		{"sell", "", with(sell, nil)},
		{"no merchant", "Merchant", with(sell, func(c *inventory.Change) { c.Merchant = "" })},
		{"merchant with braces", "Merchant", with(sell, func(c *inventory.Change) { c.Merchant = "a{b}" })},
		{"no kind", "Kind", with(inventory.Change{ID: "id", Lines: sell.Lines}, nil)},
		{"unknown kind", "Kind", with(sell, func(c *inventory.Change) { c.Kind = "steal" })},
		{"no ID", "ID", with(sell, func(c *inventory.Change) { c.ID = "" })},
		{"long ID", "ID", with(sell, func(c *inventory.Change) { c.ID = long })},
		{"longest ID", "", with(sell, func(c *inventory.Change) { c.ID = long[1:] })},
		{"ID with control character", "ID", with(sell, func(c *inventory.Change) { c.ID = "a\x7fb" })},
		{"origin with control character", "Origin", with(sell, func(c *inventory.Change) { c.Origin = "a\tb" })},
		{"no lines", "Lines", with(inventory.Sell("id"), nil)},
		{"most lines", "", with(inventory.Sell("id", repeated(l, inventory.MaxLines)...), nil)},
		{"too many lines", "Lines", with(inventory.Sell("id", repeated(l, inventory.MaxLines+1)...), nil)},
		{"no SKU", "Lines[0].SKU", with(inventory.Sell("id", inventory.Line{Location: "here", Quantity: 1}), nil)},
		{"no location", "Lines[0].Location", with(inventory.Sell("id", inventory.Line{SKU: "sku", Quantity: 1}), nil)},
		{"second line", "Lines[1].Quantity", with(inventory.Sell("id", l, inventory.Line{SKU: "sku", Location: "here"}), nil)},
		{"quantity 0", "Lines[0].Quantity", with(inventory.Sell("id", l), quantity(0))},
		{"quantity below 0", "Lines[0].Quantity", with(inventory.Sell("id", l), quantity(-1))},
		{"most units", "", with(inventory.Sell("id", l), quantity(inventory.MaxQuantity))},
		{"too many units", "Lines[0].Quantity", with(inventory.Sell("id", l), quantity(inventory.MaxQuantity+1))},
		{"shown too large", "Lines[0].Shown", with(inventory.Sell("id", l), func(c *inventory.Change) { c.Lines[0].Shown = -inventory.MaxQuantity - 1 })},
		{"unknown state", "Lines[0]", with(inventory.Move("id", "lost", inventory.Available, l), nil)},
		{"to itself", "Lines[0]", with(inventory.Move("id", inventory.Available, inventory.Available, l), nil)},
		{"track 0", "", with(track, func(c *inventory.Change) { c.Lines[0].Quantity = 0 })},
		{"track what is oversold", "", with(track, func(c *inventory.Change) { c.Lines[0].Quantity = -5 })},
		{"track too far below 0", "Lines[0].Quantity", with(track, func(c *inventory.Change) { c.Lines[0].Quantity = -inventory.MaxQuantity - 1 })},
		{"edit", "", with(inventory.Edited("id", "shop", inventory.Line{SKU: "sku", Location: "here", Quantity: -1}), nil)},
		{"edit of nothing", "Lines[0].Quantity", with(inventory.Edited("id", "shop", inventory.Line{SKU: "sku", Location: "here"}), nil)},
		{"edit of nobody", "Origin", with(inventory.Edited("id", "", l), nil)},
		{"untrack", "", with(inventory.Untrack("id", l.Key()), nil)},
		{"untrack that moves", "Lines[0]", with(inventory.Untrack("id", l.Key()), func(c *inventory.Change) { c.Lines[0].To = inventory.Available })},
		{"believe", "", with(believe, nil)},
		{"believe of nobody", "Origin", with(believe, func(c *inventory.Change) { c.Origin = "" })},
		{"reserve", "", with(reserve, nil)},
		{"reserve under another ID", "Reservation", with(reserve, func(c *inventory.Change) { c.Reservation = "other" })},
		{"reserve without time", "TTL", with(reserve, func(c *inventory.Change) { c.TTL = 0 })},
		{"reserve for ever", "TTL", with(reserve, func(c *inventory.Change) { c.TTL = 367 * 24 * time.Hour })},
		{"part", "", with(inventory.CommitPart("id", "cart", "o/1", l), nil)},
		{"part without order", "OrderName", with(inventory.CommitPart("id", "cart", "", l), nil)},
		{"resize", "", with(inventory.Resize("id", "cart", l), nil)},
		{"resize of nothing", "Reservation", with(inventory.Resize("id", "", l), nil)},
		{"part of nothing", "Reservation", with(inventory.ReleasePart("id", "", l), nil)},
		{"part without lines", "Lines", with(inventory.ReleasePart("id", "cart"), nil)},
		{"part that goes elsewhere", "Lines[0]", with(inventory.ReleasePart("id", "cart", l), func(c *inventory.Change) { c.Lines[0].To = inventory.World })},
		{"extend", "", with(inventory.Extend("cart", time.Hour), nil)},
		{"extend without time", "TTL", with(inventory.Extend("cart", time.Microsecond), nil)},
		{"commit", "", with(inventory.Commit("cart", "o"), nil)},
		{"commit to no order", "OrderName", with(inventory.Commit("cart", ""), nil)},
		{"commit with lines", "Lines", with(inventory.Commit("cart", "o"), func(c *inventory.Change) { c.Lines = []inventory.Line{l} })},
		{"release", "", with(inventory.Release("cart"), nil)},
		{"release of nothing", "Reservation", with(inventory.Release(""), nil)},
		{"expire", "", with(inventory.Expire("cart"), nil)},
		{"order", "", with(order, nil)},
		{"order without document", "Document", with(inventory.Ordered(inventory.Order{Channel: "shop", ID: "1"}), nil)},
		{"order without name", "Document.Name", with(order, func(c *inventory.Change) { c.Document = &inventory.Document{} })},
		{"largest body", "", with(order, func(c *inventory.Change) {
			c.Document = &inventory.Document{Name: "o", Body: make([]byte, inventory.MaxDocument)}
		})},
		{"body too large", "Document.Body", with(order, func(c *inventory.Change) {
			c.Document = &inventory.Document{Name: "o", Body: make([]byte, inventory.MaxDocument+1)}
		})},
		{"order with bad reservation", "Reservation", with(order, func(c *inventory.Change) { c.Reservation = long })},
		{"order with bad line", "Lines[0].Quantity", with(order, func(c *inventory.Change) { c.Lines = []inventory.Line{{SKU: "sku", Location: "here"}} })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			names(t, tt.c.Validate(), tt.field)
		})
	}
}

// names checks that err is about the field, or nil if there is none.
func names(t *testing.T, err error, field string) {
	t.Helper()
	if field == "" {
		if err != nil {
			t.Errorf("must be valid: %v", err)
		}
		return
	}
	var e *inventory.InvalidError
	if !errors.As(err, &e) || !errors.Is(err, inventory.ErrInvalid) {
		t.Fatalf("want an InvalidError, got %v", err)
	}
	if e.Field != field || !strings.Contains(err.Error(), field) {
		t.Errorf("%v: want the field %s", err, field)
	}
	if !e.Permanent() {
		t.Error("trying again does not help")
	}
}

func repeated(l inventory.Line, n int) []inventory.Line {
	lines := make([]inventory.Line, n)
	for i := range lines {
		lines[i] = l
	}
	return lines
}

func TestValidateSettings(t *testing.T) {
	t.Parallel()
	k := inventory.Key{SKU: "sku", Location: "here"}
	channel := func(c inventory.Channel) inventory.Settings {
		return inventory.Settings{Channels: []inventory.Channel{{Name: "good"}, c}}
	}
	rules := func(k inventory.Key, r inventory.Rules) inventory.Settings {
		return inventory.Settings{Levels: map[inventory.Key]inventory.Rules{k: r}}
	}
	for _, tt := range []struct {
		name, field string
		set         inventory.Settings
	}{
		{"nothing", "", inventory.Settings{}},
		{"channel", "", channel(inventory.Channel{Name: "shopify/acme-eu", Locations: []string{"here"}, Buffer: 2, Max: 9})},
		{"no name", "Channels[1].Name", channel(inventory.Channel{})},
		{"name with braces", "Channels[1].Name", channel(inventory.Channel{Name: "{a}"})},
		{"negative buffer", "Channels[1]", channel(inventory.Channel{Name: "a", Buffer: -1})},
		{"negative max", "Channels[1]", channel(inventory.Channel{Name: "a", Max: -1})},
		{"empty location", "Channels[1].Locations", channel(inventory.Channel{Name: "a", Locations: []string{"here", ""}})},
		{"rules", "", rules(k, inventory.Rules{SafetyStock: 1, BackorderLimit: 2, Buffers: map[string]int64{"a": 0}})},
		{"rules of no SKU", "Levels.SKU", rules(inventory.Key{Location: "here"}, inventory.Rules{})},
		{"rules of no location", "Levels.Location", rules(inventory.Key{SKU: "sku"}, inventory.Rules{})},
		{"negative safety stock", "Levels[sku@here]", rules(k, inventory.Rules{SafetyStock: -1})},
		{"negative backorder limit", "Levels[sku@here]", rules(k, inventory.Rules{BackorderLimit: -1})},
		{"negative buffer of a level", "Levels[sku@here].Buffers", rules(k, inventory.Rules{Buffers: map[string]int64{"a": -1}})},
		{"buffer of no channel", "Levels[sku@here].Buffers", rules(k, inventory.Rules{Buffers: map[string]int64{"": 1}})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			names(t, tt.set.Validate(), tt.field)
		})
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	k := inventory.Key{SKU: "sku", Location: "here"}
	for want, err := range map[string]error{
		"inventory: not enough stock: sku@here: 3 wanted, 1 left; sku@here: 2 wanted, 0 left committed": &inventory.InsufficientError{Short: []inventory.Shortage{
			{Key: k, State: inventory.Available, Wanted: 3, Left: 1},
			{Key: k, State: inventory.Committed, Wanted: 2},
		}},
		"inventory: level is not tracked: sku@here; start it with Track or load it from a channel": &inventory.UntrackedError{Keys: []inventory.Key{k}},
		"inventory: Lines must not be empty": &inventory.InvalidError{Field: "Lines", Problem: "must not be empty"},
	} {
		if err.Error() != want {
			t.Errorf("got  %s\nwant %s", err, want)
		}
	}
}
