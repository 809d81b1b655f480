package shopify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// write is one call that changes stock: a list of deltas, or of values.
type write struct {
	Key       string // the idempotency key: the same for the same bytes, never for others
	Name      string // of the quantity: "available", or for a set also "on_hand"
	Reason    string // one of Shopify's reasons, such as "correction"
	Reference string // a URI for the merchant's history, may be empty
	Entries   []writeEntry
}

// writeEntry is one level of a write.
type writeEntry struct {
	Item, Location string // gids
	Quantity       int64  // the delta, or the value
	From           *int64 // refuse unless the quantity is this; nil: whatever it is
}

// writeResult is the answer to a write. If Refused is not empty, nothing of the
// write was carried out (so the evidence says; Shopify does not document it).
// If there are neither reasons nor changes, nothing had to change: success.
type writeResult struct {
	Group   string // id of Shopify's record, empty if nothing changed
	Changes []writeChange
	Refused []UserError
	At      time.Time // when Shopify answered
}

// writeChange is one quantity that changed. A change of available comes with
// one of on_hand, and entries without effect with none.
type writeChange struct {
	Name, Item, Location string
	Delta                int64
}

// quantityBound is the largest amount that Shopify stores or moves.
const quantityBound = 1_000_000_000

// adjustBody renders the request of an adjustment by deltas: the bytes to store
// before they are sent. The same write always gives the same bytes.
func adjustBody(w write) ([]byte, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	in := admin.InventoryAdjustQuantitiesInput{
		Name: w.Name, Reason: w.Reason, ReferenceDocumentUri: w.reference(),
		Changes: make([]admin.InventoryChangeInput, len(w.Entries)),
	}
	for i, e := range w.Entries {
		in.Changes[i] = admin.InventoryChangeInput{
			InventoryItemId: e.Item, LocationId: e.Location, Delta: e.Quantity, ChangeFromQuantity: e.From,
		}
	}
	var r renderer
	_, err := admin.AdjustQuantities(context.Background(), &r, in, w.Key)
	return r.body, err
}

// setBody renders the request of a write of values. See adjustBody.
func setBody(w write) ([]byte, error) {
	if err := w.check(); err != nil {
		return nil, err
	}
	in := admin.InventorySetQuantitiesInput{
		Name: w.Name, Reason: w.Reason, ReferenceDocumentUri: w.reference(),
		Quantities: make([]admin.InventoryQuantityInput, len(w.Entries)),
	}
	for i, e := range w.Entries {
		in.Quantities[i] = admin.InventoryQuantityInput{
			InventoryItemId: e.Item, LocationId: e.Location, Quantity: e.Quantity, ChangeFromQuantity: e.From,
		}
	}
	var r renderer
	_, err := admin.SetQuantities(context.Background(), &r, in, w.Key)
	return r.body, err
}

// renderer is a graphql.Client that sends nothing and keeps the body.
type renderer struct{ body []byte }

func (r *renderer) MakeRequest(_ context.Context, req *graphql.Request, _ *graphql.Response) (err error) {
	r.body, err = json.Marshal(req)
	return err
}

func (w write) reference() *string {
	if w.Reference == "" {
		return nil
	}
	return &w.Reference
}

// check finds what Shopify would refuse as a whole.
func (w write) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrInvalidRequest}, args...)...)
	}
	switch {
	case strings.TrimSpace(w.Key) == "":
		return bad("no idempotency key")
	case w.Name == "" || w.Reason == "":
		return bad("no name of the quantity, or no reason")
	case len(w.Entries) == 0:
		return bad("no entries")
	case len(w.Entries) > maxIDs:
		return fmt.Errorf("%w: %d entries, at most %d", ErrTooLarge, len(w.Entries), maxIDs)
	}
	for i, e := range w.Entries {
		switch {
		case !isGID(e.Item, "InventoryItem"):
			return bad("entry %d: %q is no inventory item's id", i, e.Item)
		case !isGID(e.Location, "Location"):
			return bad("entry %d: %q is no location's id", i, e.Location)
		case e.Quantity > quantityBound || e.Quantity < -quantityBound:
			return bad("entry %d: %d is beyond one billion", i, e.Quantity)
		}
	}
	return nil
}

// adjust renders and sends in one step, for writes that need not survive a
// crash between the two.
func (c *Client) adjust(ctx context.Context, w write) (writeResult, error) {
	body, err := adjustBody(w)
	if err != nil {
		return writeResult{}, err
	}
	return c.sendWrite(ctx, body)
}

// sendWrite posts the bytes of adjustBody or setBody and reads the answer.
// After an error that matches ErrNoAnswer the outcome is unknown: the same bytes
// go again. Any other error says that this sending carried nothing out; what an
// earlier one without an answer did stays unknown.
func (c *Client) sendWrite(ctx context.Context, body []byte) (writeResult, error) {
	a, err := c.send(ctx, body)
	if err != nil {
		return writeResult{}, err
	}
	return c.readWrite(a)
}

// readWrite reads the answer to either mutation. Both have the same shape.
func (c *Client) readWrite(a *answer) (writeResult, error) {
	unknown := func(operation, code, message string, cause error) *APIError {
		return &APIError{Kind: ErrNoAnswer, Shop: c.domain, Operation: operation, Status: 200, Code: code, Message: message, cause: cause}
	}
	var data map[string]*struct {
		Group *admin.AdjustmentGroup `json:"inventoryAdjustmentGroup"`
		Users []struct {
			Field   []string `json:"field"`
			Message string   `json:"message"`
			Code    *string  `json:"code"`
		} `json:"userErrors"`
	}
	if err := json.Unmarshal(a.data, &data); err != nil {
		return writeResult{}, unknown("", "", "the data does not decode", err)
	}
	for name, payload := range data {
		if payload == nil || len(data) != 1 {
			break
		}
		r := writeResult{At: a.at}
		for _, u := range payload.Users {
			code := ""
			if u.Code != nil {
				code = *u.Code
			}
			switch code {
			case "IDEMPOTENCY_CONCURRENT_REQUEST", "SERVICE_UNAVAILABLE":
				// Neither done nor refused: the same key again, a little later.
				err := unknown(name, code, shorten(u.Message), nil)
				err.Wait = time.Second
				return writeResult{}, err
			}
			r.Refused = append(r.Refused, UserError{Code: code, Message: shorten(u.Message), Field: u.Field})
		}
		if g := payload.Group; g != nil {
			r.Group = g.Id
			for _, ch := range g.Changes {
				w := writeChange{Name: ch.Name, Delta: ch.Delta}
				if ch.Item != nil {
					w.Item = ch.Item.Id
				}
				if ch.Location != nil {
					w.Location = ch.Location.Id
				}
				r.Changes = append(r.Changes, w)
			}
		}
		return r, nil
	}
	return writeResult{}, unknown("", "", "no payload", errors.New("data without exactly one mutation"))
}

// isGID says whether id is Shopify's global id of such a thing.
func isGID(id, kind string) bool {
	rest, ok := strings.CutPrefix(id, "gid://shopify/"+kind+"/")
	return ok && rest != ""
}
