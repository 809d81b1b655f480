package shopifytest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

// reasons are those that Shopify accepts.
var reasons = []string{
	"correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received",
	"movement_updated", "other", "promotion", "quality_control", "received", "reservation_created", "reservation_deleted",
	"reservation_updated", "restock", "safety_stock", "shrinkage",
}

// maxQuantity is the most that a quantity may be, and the least with a minus.
const maxQuantity = 1_000_000_000

// userError is one entry of userErrors.
type userError struct {
	field         []any
	message, code string
}

// adjustment is an InventoryAdjustmentGroup: one write that changed something.
type adjustment struct {
	id        int64
	reason    string
	reference any
	changes   []change
}

type change struct {
	level  *level
	name   string
	delta  int64
	ledger any
}

// write is a mutation of quantities, checked and ready to be applied.
type write struct {
	errors  []userError
	changes []change
	fresh   []*level // to be stocked where they never were
}

func (w *write) refuse(code, message string, field ...any) {
	w.errors = append(w.errors, userError{append([]any{"input"}, field...), message, code})
}

// mutate runs one mutation of quantities: the key, the checks of the whole
// input, and only then the changes, all or none.
func (r *resolver) mutate(f *graphql.Field, listName string, plan func(*resolver, map[string]any) *write) (any, error) {
	input, _ := f.Args["input"].(map[string]any)
	entries, _ := input[listName].([]any)
	if err := missingGuard(f.Name, entries); err != nil {
		return nil, err
	}
	key, ok := keyOf(f)
	if !ok {
		return nil, graphql.Errorf("BAD_REQUEST", "The @idempotent directive is required for this mutation but was not provided.")
	}
	mark := fingerprint(f)
	if known := r.recall(key); known != nil {
		switch {
		case known.fingerprint != mark:
			return r.payload(f, nil, userError{nil, "The idempotency key was used with other parameters.", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"}), nil
		case known.failed && r.cfg.FailedKeys:
			return r.payload(f, nil, userError{nil, "A previous attempt with this key failed.", "IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"}), nil
		case !known.failed:
			r.counters.Replays++
			return r.payload(f, known.group), nil
		}
	}
	w := plan(r, input)
	if len(w.errors) > 0 {
		r.counters.Refusals++
		r.remember(key, &remembered{fingerprint: mark, failed: true})
		return r.payload(f, nil, w.errors...), nil
	}
	group := r.apply(w, input)
	r.counters.Writes++
	r.remember(key, &remembered{fingerprint: mark, group: group})
	return r.payload(f, group), nil
}

// missingGuard demands that changeFromQuantity is there in every entry, be it
// null.
func missingGuard(field string, entries []any) error {
	name := map[string]string{"inventoryAdjustQuantities": "InventoryChangeInput", "inventorySetQuantities": "InventoryQuantityInput"}[field]
	for _, e := range entries {
		if m, ok := e.(map[string]any); ok {
			if _, there := m["changeFromQuantity"]; !there {
				return graphql.Errorf("INVALID_FIELD_ARGUMENTS", name+" must include the following argument: changeFromQuantity.")
			}
		}
	}
	return nil
}

func (r *resolver) payload(f *graphql.Field, group *adjustment, errs ...userError) *record {
	kind := strings.ToUpper(f.Name[:1]) + f.Name[1:]
	list := make([]any, len(errs))
	for i, e := range errs {
		var field any
		if e.field != nil {
			field = e.field
		}
		list[i] = &record{kind + "UserError", fields{"field": field, "message": e.message, "code": e.code}}
	}
	out := fields{"userErrors": list, "inventoryAdjustmentGroup": nil}
	if group != nil {
		out["inventoryAdjustmentGroup"] = group
	}
	return &record{kind + "Payload", out}
}

// apply moves the stock and notes a group, unless nothing changed.
func (r *resolver) apply(w *write, input map[string]any) *adjustment {
	var rows []change
	for _, l := range w.fresh {
		r.attach(l)
	}
	for _, c := range w.changes {
		if c.delta == 0 {
			continue
		}
		rows = append(rows, c)
		r.move(c.level, c.name, c.delta)
		if c.name != incoming { // on_hand is a sum: it moved as well
			rows = append(rows, change{level: c.level, name: onHand, delta: c.delta})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	reason, _ := input["reason"].(string)
	r.publishLevels(r.newEvent())
	return &adjustment{id: r.nextID(), reason: reason, reference: input["referenceDocumentUri"], changes: rows}
}

// checkInput checks what belongs to the write as a whole.
func (w *write) checkInput(input map[string]any, names []string, nameCode string) string {
	name, _ := input["name"].(string)
	if !slices.Contains(names, name) {
		w.refuse(nameCode, "The quantity name is invalid. Valid names are: "+strings.Join(names, ", ")+".", "name")
	}
	if reason, _ := input["reason"].(string); !slices.Contains(reasons, reason) {
		w.refuse("INVALID_REASON", "The reason is invalid.", "reason")
	}
	if uri, ok := input["referenceDocumentUri"].(string); ok && !documentURI(uri) {
		w.refuse("INVALID_REFERENCE_DOCUMENT", "The reference document URI is invalid.", "referenceDocumentUri")
	}
	return name
}

// documentURI accepts a scheme with something behind it; a gid needs all of its
// parts.
func documentURI(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Opaque == "" && u.Host == "" && u.Path == "" {
		return false
	}
	if u.Scheme != "gid" {
		return true
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	return u.Host != "" && len(parts) == 2 && parts[0] != "" && parts[1] != ""
}

// levelOf resolves an entry's item and location. A write to a place where the
// item has never been stocked stocks it there; before 2026-10 it is refused.
func (r *resolver) levelOf(w *write, list string, i int, e map[string]any) *level {
	at := strconv.Itoa(i) // Shopify writes the index in decimal
	id, _ := e["inventoryItemId"].(string)
	n, _ := number("InventoryItem", id)
	it := r.items[n]
	if it == nil {
		w.refuse("INVALID_INVENTORY_ITEM", "The specified inventory item could not be found.", list, at, "inventoryItemId")
	}
	id, _ = e["locationId"].(string)
	n, _ = number("Location", id)
	loc := r.locations[n]
	if loc == nil {
		w.refuse("INVALID_LOCATION", "The specified location could not be found.", list, at, "locationId")
	}
	if it == nil || loc == nil {
		return nil
	}
	if l := findLevel(it, loc); l != nil {
		return l
	}
	for _, l := range w.fresh {
		if l.item == it && l.location == loc {
			return l
		}
	}
	if r.version < "2026-10" {
		w.refuse("ITEM_NOT_STOCKED_AT_LOCATION", "The specified inventory item is not stocked at the location.", list, at, "locationId")
		return nil
	}
	l := r.newLevel(it, loc)
	w.fresh = append(w.fresh, l)
	return l
}

// guard compares changeFromQuantity, unless it is null.
func (w *write) guard(list string, i int, e map[string]any, now int64) {
	if want, ok := e["changeFromQuantity"].(int64); ok && want != now {
		w.refuse("CHANGE_FROM_QUANTITY_STALE", "The changeFromQuantity argument no longer matches the persisted quantity.",
			list, strconv.Itoa(i), "changeFromQuantity")
	}
}

// bounds checks what a quantity is to become.
func (w *write) bounds(n int64, field ...any) {
	switch {
	case n > maxQuantity:
		w.refuse("INVALID_QUANTITY_TOO_HIGH", "The quantity can't be higher than 1,000,000,000.", field...)
	case n < -maxQuantity:
		w.refuse("INVALID_QUANTITY_TOO_LOW", "The quantity can't be lower than -1,000,000,000.", field...)
	}
}

// adjustNames are the quantities that may be adjusted.
var adjustNames = []string{available, damaged, incoming, qualityControl, reserved, safetyStock}

// planAdjust checks inventoryAdjustQuantities.
func planAdjust(r *resolver, input map[string]any) *write {
	w := &write{}
	name := w.checkInput(input, adjustNames, "INVALID_QUANTITY_NAME")
	entries, _ := input["changes"].([]any)
	ledgers := map[string]bool{}
	sums := map[*level]int64{}
	for i, e := range entries {
		e, _ := e.(map[string]any)
		w.ledger(name, i, e, ledgers)
		l := r.levelOf(w, "changes", i, e)
		if l == nil {
			continue
		}
		before := l.quantity(name) + sums[l]
		delta, _ := e["delta"].(int64)
		w.guard("changes", i, e, before)
		w.bounds(before+delta, "changes", strconv.Itoa(i), "delta")
		sums[l] += delta
		w.changes = append(w.changes, change{l, name, delta, e["ledgerDocumentUri"]})
	}
	if len(ledgers) > 1 {
		w.refuse("MAX_ONE_LEDGER_DOCUMENT", "All changes must have the same ledger document URI or, in the case of adjusting available, no ledger document URI.", "changes")
	}
	return w
}

// ledger checks an entry's ledger document: forbidden for available, needed for
// every other name.
func (w *write) ledger(name string, i int, e map[string]any, seen map[string]bool) {
	uri, given := e["ledgerDocumentUri"].(string)
	at := []any{"changes", strconv.Itoa(i), "ledgerDocumentUri"}
	switch {
	case name == available && given:
		w.refuse("INVALID_AVAILABLE_DOCUMENT", "A ledger document URI is not allowed when adjusting available.", at...)
	case name == available:
	case !given:
		w.refuse("INVALID_QUANTITY_DOCUMENT", "A ledger document URI is required except when adjusting available.", at...)
	case strings.HasPrefix(uri, "gid://shopify/"):
		w.refuse("INTERNAL_LEDGER_DOCUMENT", "The ledger document URI can't be an internal resource.", at...)
	case !documentURI(uri):
		w.refuse("INVALID_LEDGER_DOCUMENT", "The ledger document URI is invalid.", at...)
	default:
		seen[uri] = true
	}
}

// planSet checks inventorySetQuantities.
func planSet(r *resolver, input map[string]any) *write {
	w := &write{}
	name := w.checkInput(input, []string{available, onHand}, "INVALID_NAME")
	entries, _ := input["quantities"].([]any)
	seen := map[*level]bool{}
	for i, e := range entries {
		e, _ := e.(map[string]any)
		l := r.levelOf(w, "quantities", i, e)
		if l == nil {
			continue
		}
		at := strconv.Itoa(i)
		if seen[l] {
			w.refuse("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR",
				"The combination of inventoryItemId and locationId must be unique.", "quantities", at, "locationId")
			continue
		}
		seen[l] = true
		want, _ := e["quantity"].(int64)
		if name == onHand && want < 0 {
			w.refuse("INVALID_QUANTITY_NEGATIVE", "The quantity can't be negative.", "quantities", at, "quantity")
			continue
		}
		w.guard("quantities", i, e, l.quantity(name))
		w.bounds(want, "quantities", at, "quantity")
		// What is on hand changes by what is available of it.
		w.changes = append(w.changes, change{level: l, name: available, delta: want - l.quantity(name)})
	}
	return w
}

func (a *adjustment) resolve(f *graphql.Field) (any, error) {
	switch f.Name {
	case "id":
		return gid("InventoryAdjustmentGroup", a.id), nil
	case "reason":
		return a.reason, nil
	case "referenceDocumentUri":
		return a.reference, nil
	case "changes":
		out := make([]any, len(a.changes))
		for i := range a.changes {
			out[i] = &a.changes[i]
		}
		return out, nil
	}
	return nil, unresolved(f)
}

func (c *change) resolve(f *graphql.Field) (any, error) {
	switch f.Name {
	case "name":
		return c.name, nil
	case "delta":
		return c.delta, nil
	case "item":
		return c.level.item, nil
	case "location":
		return c.level.location, nil
	case "ledgerDocumentUri":
		return c.ledger, nil
	case "quantityAfterChange": // null in every recording
		return nil, nil
	}
	return nil, unresolved(f)
}

func unresolved(f *graphql.Field) error {
	return fmt.Errorf("shopifytest does not play %s.%s", f.Parent, f.Name)
}
