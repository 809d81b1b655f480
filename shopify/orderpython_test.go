package shopify

// The bodies in the form of the model in Python: names for numbers, seconds for
// times.

func pythonPlace(n *int64) any {
	if n == nil {
		return nil
	}
	return string(rune(*n - modelID))
}

func (r stateRefund) python() map[string]any {
	lines := []map[string]any{}
	for _, l := range r.Lines {
		lines = append(lines, map[string]any{
			"id": l.ID, "line_item_id": l.Line, "quantity": l.Quantity, "restock_type": l.Kind, "location_id": pythonPlace(l.Location),
		})
	}
	return map[string]any{"id": r.ID, "refund_line_items": lines}
}

func (f stateFulfillment) python() map[string]any {
	lines := []map[string]any{}
	for _, u := range f.Lines {
		lines = append(lines, map[string]any{"id": u.ID, "quantity": u.Quantity})
	}
	return map[string]any{"id": f.ID, "status": f.Status, "location_id": pythonPlace(f.Location), "line_items": lines}
}

func (st modelState) python() map[string]any {
	lines, refunds, sent := []map[string]any{}, []map[string]any{}, []map[string]any{}
	for _, l := range st.Lines {
		lines = append(lines, map[string]any{
			"id": l.ID, "variant_id": pythonPlace(l.Variant), "quantity": l.Quantity,
			"current_quantity": l.Current, "fulfillable_quantity": l.Fulfillable,
		})
	}
	for _, r := range st.Refunds {
		refunds = append(refunds, r.python())
	}
	for _, f := range st.Fulfillments {
		sent = append(sent, f.python())
	}
	var cancelled any
	if st.Cancelled != nil {
		cancelled = st.at
	}
	return map[string]any{
		"id": 1, "updated_at": st.at, "cancelled_at": cancelled, "app_id": st.App, "location_id": pythonPlace(st.Location),
		"line_items": lines, "refunds": refunds, "fulfillments": sent,
	}
}

func (st modelState) pythonPlaces() []map[string]any {
	out := []map[string]any{}
	for _, p := range st.places {
		lines := []map[string]any{}
		for _, u := range p.lines {
			lines = append(lines, map[string]any{"line_item_id": u.line, "remaining_quantity": u.remaining})
		}
		out = append(out, map[string]any{"status": p.status, "assigned_location_id": p.loc, "line_items": lines})
	}
	return out
}
