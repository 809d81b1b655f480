package inventory_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

func TestConstructors(t *testing.T) {
	t.Parallel()
	l := inventory.Line{SKU: "sku", Location: "here", Quantity: 2}
	for _, tt := range []struct {
		c        inventory.Change
		kind     inventory.Kind
		from, to inventory.State
	}{
		{inventory.Track("id", l), inventory.KindTrack, inventory.World, inventory.Available},
		{inventory.Sell("id", l), inventory.KindSell, inventory.Available, inventory.Committed},
		{inventory.Reserve("id", time.Hour, l), inventory.KindReserve, inventory.Available, inventory.Reserved},
		{inventory.Cancel("id", inventory.World, l), inventory.KindCancel, inventory.Committed, inventory.World},
		{inventory.Fulfil("id", l), inventory.KindFulfil, inventory.Committed, inventory.World},
		{inventory.Return("id", inventory.Unavailable, l), inventory.KindReturn, inventory.World, inventory.Unavailable},
		{inventory.Receive("id", l), inventory.KindReceive, inventory.World, inventory.Available},
		{inventory.Move("id", inventory.Incoming, inventory.Available, l), inventory.KindMove, inventory.Incoming, inventory.Available},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			want := l
			want.From, want.To = tt.from, tt.to
			if tt.c.Kind != tt.kind || tt.c.ID != "id" || len(tt.c.Lines) != 1 || tt.c.Lines[0] != want {
				t.Errorf("got %+v, want %s with %+v", tt.c, tt.kind, want)
			}
			tt.c.Merchant = "acme"
			if err := tt.c.Validate(); err != nil {
				t.Errorf("what a constructor makes must be valid: %v", err)
			}
		})
	}
}

func TestConstructorsLeaveTheCallersLinesAlone(t *testing.T) {
	t.Parallel()
	lines := []inventory.Line{{SKU: "sku", Location: "here", Quantity: 2}}
	kept := lines[0]
	sell := inventory.Sell("id", lines...)
	inventory.Track("id", lines...)
	inventory.Believe("id", "shop", lines...).Lines[0].SKU = "other"
	sell.ReportedBy("shop")
	if lines[0] != kept || sell.Lines[0].Shown != 0 {
		t.Error("constructors must work on copies: lines are reused by their callers")
	}
}

func TestTrackKeepsTheStateThatIsSaid(t *testing.T) {
	t.Parallel()
	c := inventory.Track("id", inventory.Line{SKU: "sku", From: inventory.Reserved, To: inventory.Committed})
	if l := c.Lines[0]; l.From != inventory.World || l.To != inventory.Committed {
		t.Errorf("moves from %q to %q, want from the world to committed", l.From, l.To)
	}
}

func TestReportedByShowsWhatMovesInAvailable(t *testing.T) {
	t.Parallel()
	l := inventory.Line{SKU: "sku", Location: "here", Quantity: 2}
	for _, tt := range []struct {
		name string
		c    inventory.Change
		want int64
	}{
		{"sale", inventory.Sell("id", l), -2},
		{"delivery", inventory.Receive("id", l), 2},
		{"restocked cancellation", inventory.Cancel("id", inventory.Available, l), 2},
		{"cancellation without restock", inventory.Cancel("id", inventory.World, l), 0},
		{"shipment", inventory.Fulfil("id", l), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := tt.c.ReportedBy("shop")
			if c.Origin != "shop" || !c.Recorded {
				t.Errorf("origin %q, recorded %t: want what has happened at the shop", c.Origin, c.Recorded)
			}
			if got := c.Lines[0].Shown; got != tt.want {
				t.Errorf("shown %d, want %d", got, tt.want)
			}
		})
	}
}

func TestKeyIsWhatEventsHaveInCommon(t *testing.T) {
	t.Parallel()
	order := inventory.Order{Channel: "shop", ID: "17"}
	for want, changes := range map[string][]inventory.Change{
		"sale":           {inventory.Sell("sale")},
		"cart":           {inventory.Reserve("cart", time.Hour), inventory.Extend("cart", time.Hour), inventory.Commit("cart", "o"), inventory.Release("cart"), inventory.Expire("cart")},
		order.Document(): {inventory.Ordered(order)},
	} {
		for _, c := range changes {
			if got := c.Key(); got != want {
				t.Errorf("%s has key %q, want %q", c.Kind, got, want)
			}
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	of := func(change func(*inventory.Change)) uint64 {
		c := inventory.Sell("id", inventory.Line{SKU: "a", Location: "x", Quantity: 1}, inventory.Line{SKU: "b", Location: "x", Quantity: 2})
		change(&c)
		return c.Fingerprint()
	}
	base := of(func(*inventory.Change) {})
	for name, change := range map[string]func(*inventory.Change){
		"kind":        func(c *inventory.Change) { c.Kind = inventory.KindMove },
		"quantity":    func(c *inventory.Change) { c.Lines[1].Quantity = 3 },
		"sku":         func(c *inventory.Change) { c.Lines[1].SKU = "c" },
		"location":    func(c *inventory.Change) { c.Lines[1].Location = "y" },
		"from":        func(c *inventory.Change) { c.Lines[1].From = inventory.Incoming },
		"to":          func(c *inventory.Change) { c.Lines[1].To = inventory.World },
		"fewer lines": func(c *inventory.Change) { c.Lines = c.Lines[:1] },
		"origin":      func(c *inventory.Change) { c.Origin = "shop" },
		"recorded":    func(c *inventory.Change) { c.Recorded = true },
		"reservation": func(c *inventory.Change) { c.Reservation = "cart" },
		"digest":      func(c *inventory.Change) { c.Digest = "d" },
		"document":    func(c *inventory.Change) { c.Document = &inventory.Document{Name: "o/1"} },
		"names run together": func(c *inventory.Change) {
			c.Lines[0].SKU, c.Lines[0].Location = "ax", ""
		},
	} {
		if of(change) == base {
			t.Errorf("%s is content: another one under the same ID is another Change", name)
		}
	}
	for name, change := range map[string]func(*inventory.Change){
		"order of lines": func(c *inventory.Change) { c.Lines[0], c.Lines[1] = c.Lines[1], c.Lines[0] },
		"ID":             func(c *inventory.Change) { c.ID = "other" },
		"merchant":       func(c *inventory.Change) { c.Merchant = "acme" },
		"guards":         func(c *inventory.Change) { c.Guards = []inventory.Guard{{Version: 1}} },
		"time":           func(c *inventory.Change) { c.At = time.Unix(1, 0) },
		"trace":          func(c *inventory.Change) { c.TraceID = "t" },
		"TTL":            func(c *inventory.Change) { c.TTL = time.Hour },
	} {
		if of(change) != base {
			t.Errorf("%s is no content: a repeat may differ in it", name)
		}
	}
}

func TestDocumentIsContent(t *testing.T) {
	t.Parallel()
	of := func(d inventory.Document) uint64 { return inventory.Change{Document: &d}.Fingerprint() }
	base := of(inventory.Document{Name: "o/1", Version: 1, Body: []byte("body")})
	for name, d := range map[string]inventory.Document{
		"name":    {Name: "o/2", Version: 1, Body: []byte("body")},
		"version": {Name: "o/1", Version: 2, Body: []byte("body")},
		"body":    {Name: "o/1", Version: 1, Body: []byte("bodY")},
	} {
		if of(d) == base {
			t.Errorf("%s of a document is content", name)
		}
	}
}

// The JSON of a Change is its wire form: nothing may change on the way, and
// nothing that comes in may break Validate.
func FuzzChangeJSON(f *testing.F) {
	l := inventory.Line{SKU: "größe 42", Location: "here", Quantity: 1 << 40, Reason: "damaged", Shown: -3}
	full := inventory.Move("id", inventory.Available, inventory.Unavailable, l).ReportedBy("shop")
	full.Merchant, full.At, full.Digest, full.TraceID = "acme", time.Unix(1772366400, 5).UTC(), "d", "t"
	for _, c := range []inventory.Change{
		{},
		full, inventory.Track("id", l, l), inventory.Reserve("cart", time.Hour, l), inventory.Extend("cart", time.Minute),
		inventory.Commit("cart", "o"), inventory.Believe("id", "shop", l), inventory.Ordered(inventory.Order{Channel: "shop", ID: "1"}),
	} {
		b, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"kind":"sell","id":"\u0000","lines":[{"quantity":-9223372036854775808}]}`))
	f.Add([]byte(`{"kind":"order","lines":[null],"order":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var in, out inventory.Change
		if json.Unmarshal(b, &in) != nil {
			return
		}
		sent, err := json.Marshal(in)
		if err != nil {
			return // a time beyond the year 9999
		}
		if err := json.Unmarshal(sent, &out); err != nil {
			t.Fatalf("%s can't be read: %v", sent, err)
		}
		if again, _ := json.Marshal(out); string(again) != string(sent) {
			t.Errorf("sent %s\ngot  %s", sent, again)
		}
		if in.Fingerprint() != out.Fingerprint() || in.Key() != out.Key() {
			t.Errorf("%s is another Change after it has travelled", sent)
		}
		if (in.Validate() == nil) != (out.Validate() == nil) {
			t.Errorf("%s is valid on one side only", sent)
		}
	})
}

func TestGuardsAndDocumentsDoNotTravel(t *testing.T) {
	t.Parallel()
	c := inventory.Sell("id")
	c.Guards, c.Document = []inventory.Guard{{Version: 1}}, &inventory.Document{Name: "o/1"}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":"id","kind":"sell"}`; string(b) != want {
		t.Errorf("got %s, want %s", b, want)
	}
}

func TestBelieveMovesNothing(t *testing.T) {
	c := inventory.Believe("id", "shop", inventory.Line{SKU: "sku", Location: "here", Quantity: 2, From: inventory.Available, Shown: 7})
	want := inventory.Line{SKU: "sku", Location: "here", Shown: 7}
	if c.Lines[0] != want || c.Origin != "shop" || !c.Recorded {
		t.Errorf("got %+v", c)
	}
	c.Merchant, c.Lines[0].Quantity = "acme", 1
	if err := c.Validate(); !errors.Is(err, inventory.ErrInvalid) {
		t.Errorf("a Believe that moves stock: %v", err)
	}
}
