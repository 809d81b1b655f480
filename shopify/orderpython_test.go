package shopify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

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

// pythonImplied reads cases, one a line, and answers what the model implies.
const pythonImplied = `
import json, sys
from functools import reduce
sys.path.insert(0, sys.argv[1])
import order_model as model
for text in sys.stdin:
    case = json.loads(text)
    document = reduce(lambda d, m: model.join(d, model.facts(*m)), case['messages'], None)
    book, why = model.implied(document, case['locs'])
    print(json.dumps(dict(book=sorted([*k, n] for k, n in book.items()), why=sorted(why))))
`

type pythonCase struct {
	Locs     []string `json:"locs"`
	Messages [][2]any `json:"messages"`
	want     pythonAnswer
}

type pythonAnswer struct {
	Book [][4]any `json:"book"`
	Why  []string `json:"why"`
}

func caseOf(locs []string, msgs []message) pythonCase {
	c := pythonCase{Locs: locs, want: pythonAnswer{Book: [][4]any{}, Why: []string{}}}
	var v variant
	var d document
	for _, m := range msgs {
		c.Messages = append(c.Messages, [2]any{m.kind, m.python()})
		d = v.merge(d, v.read(m))
	}
	b, why := v.says(d, inventory.Places{Locations: locs})
	for k, n := range b {
		c.want.Book = append(c.want.Book, [4]any{k.item, k.place, k.state, float64(n)})
	}
	slices.SortFunc(c.want.Book, func(a, b [4]any) int { return strings.Compare(fmt.Sprint(a[:3]), fmt.Sprint(b[:3])) })
	for _, r := range why {
		c.want.Why = append(c.want.Why, string(r))
	}
	slices.Sort(c.want.Why)
	return c
}

// tied reports whether two readings of the places bear the same stamps: then
// content decides, by another order in either language.
func tied(msgs []message) bool {
	seen := map[[2]int64]int{}
	for _, m := range msgs {
		if len(m.body.Places) == 0 {
			continue
		}
		stamp := [2]int64{m.body.Updated, m.body.Read}
		if k, known := seen[stamp]; known && k != m.step {
			return true
		}
		seen[stamp] = m.step
	}
	return false
}

// nonsense are bodies that no shop would send: whatever they say, both must
// make the same of it. Quantities are large for a model that counts on fingers.
func nonsense(r *rand.Rand) ([]string, []message) {
	locs := []string{"A", "B", "C", "D"}[:1+r.IntN(4)]
	place := func() *int64 { return numberOf(pick(r, locs)) }
	line := func() int64 { return 1 + r.Int64N(3) }
	var refunds []stateRefund
	var sent []stateFulfillment
	for i := range int64(r.IntN(4)) {
		x := stateRefund{ID: 10 + i, OrderID: modelID}
		for range 1 + r.IntN(3) {
			l := stateRefundLine{ID: r.Int64(), Line: line(), Quantity: 1 + r.Int64N(9), Kind: "no_restock"}
			if r.IntN(3) > 0 {
				l.Kind, l.Location = pick(r, []string{"cancel", "return", "legacy_restock"}), place()
			}
			x.Lines = append(x.Lines, l)
		}
		refunds = append(refunds, x)
	}
	for i := range int64(r.IntN(4)) {
		x := stateFulfillment{ID: 20 + i, OrderID: modelID, Location: place()}
		for id := range int64(3) {
			if r.IntN(2) == 0 {
				x.Lines = append(x.Lines, stateUnits{1 + id, 1 + r.Int64N(12)})
			}
		}
		if x.Lines == nil {
			x.Lines = []stateUnits{}
		}
		sent = append(sent, x)
	}
	var msgs []message
	s := &modelOrder{r: r}
	for k := range 1 + r.IntN(4) {
		st := modelState{ID: modelID, at: 1000 + r.Int64N(3), App: 1, Refunds: []stateRefund{}, Fulfillments: []stateFulfillment{}}
		st.Updated = stamp(st.at)
		if r.IntN(4) == 0 {
			st.Location = place()
		}
		if r.IntN(5) == 0 {
			st.Cancelled = &st.Updated
		}
		for id := range int64(3) {
			q, managed := 1+r.Int64N(30), "shopify"
			st.Lines = append(st.Lines, stateLine{
				ID: 1 + id, Variant: numberOf(pick(r, modelItems)), Management: &managed, Quantity: q, Current: r.Int64N(q + 1), Fulfillable: r.Int64N(4),
			})
		}
		for _, x := range refunds {
			if r.IntN(2) == 0 {
				st.Refunds = append(st.Refunds, x)
			}
		}
		for _, x := range sent {
			if r.IntN(2) == 0 {
				x.Status = pick(r, []string{"pending", "open", "success", "success", "success", "cancelled", "error"})
				st.Fulfillments = append(st.Fulfillments, x)
			}
		}
		for range r.IntN(5) {
			f := modelPlace{status: pick(r, []string{"OPEN", "ON_HOLD", "CLOSED"}), loc: pick(r, locs)}
			for id := range int64(3) {
				if r.IntN(3) > 0 {
					f.lines = append(f.lines, modelUnits{line: 1 + id, remaining: r.Int64N(12)})
				}
			}
			st.places = append(st.places, f)
		}
		s.states, s.times = append(s.states, st), append(s.times, float64(st.at))
		m := s.fetch(k, pick(r, []float64{0, 2, 3}), 0)
		msgs = append(msgs, m)
	}
	return locs, msgs
}

// TestModelInPythonAgrees compares with the model that the rules come from,
// where that is at hand.
func TestModelInPythonAgrees(t *testing.T) {
	t.Parallel()
	const dir = "../../shared/model"
	if _, err := os.Stat(dir + "/order_model.py"); err != nil {
		t.Skip("the model is not here")
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	var cases []pythonCase
	for seed := range uint64(600) {
		s := newModelOrder(seed, seed%3 > 0)
		msgs := s.hooks()
		for k := range s.hist {
			msgs = append(msgs, s.fetch(k, pick(s.r, []float64{0, 1, 2}), 0))
		}
		for range 4 {
			s.r.Shuffle(len(msgs), func(i, j int) { msgs[i], msgs[j] = msgs[j], msgs[i] })
			if some := msgs[:1+s.r.IntN(len(msgs))]; !tied(some) {
				cases = append(cases, caseOf(s.locs, some))
			}
		}
		if locs, some := nonsense(s.r); !tied(some) {
			cases = append(cases, caseOf(locs, some))
		}
	}
	var in bytes.Buffer
	for _, c := range cases {
		require.NoError(t, json.NewEncoder(&in).Encode(c))
	}
	cmd := exec.CommandContext(t.Context(), python, "-B", "-c", pythonImplied, dir)
	cmd.Stdin = &in
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.Output()
	require.NoError(t, err, failure.String())
	dec := json.NewDecoder(bytes.NewReader(out))
	for i, c := range cases {
		var got pythonAnswer
		require.NoError(t, dec.Decode(&got))
		text, _ := json.MarshalIndent(c, "", " ")
		require.Equal(t, got, c.want, "case %d\n%s", i, text)
	}
	t.Logf("%d documents", len(cases))
}
