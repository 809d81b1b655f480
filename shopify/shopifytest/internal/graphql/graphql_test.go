package graphql_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest/internal/graphql"
)

const sdl = `
schema { query: QueryRoot mutation: Mutation }
directive @idempotent(key: String!) on FIELD
scalar Big
interface Node { id: ID! }
enum Color { RED GREEN }
input Inner { a: Int b: Int = 7 list: [Int!] id: ID color: Color }
type Thing implements Node { id: ID! name: String! maybe: String! child: Thing sure: Thing! things: [Thing!]! big: Big color: Color }
type Other implements Node { id: ID! other: Int }
type ThingEdge { node: Thing! cursor: String! }
type ThingConnection { nodes: [Thing!]! edges: [ThingEdge!]! }
type QueryRoot { echo(in: Inner, n: Int = 3, flag: Boolean): String thing: Thing node(id: ID!): Node nodes(ids: [ID!]!): [Node]! page(first: Int): ThingConnection! }
type Mutation { set(n: Int!): Thing }
`

type object map[string]any

type resolver struct{ idempotent []string }

func (*resolver) TypeOf(obj any) string {
	o, _ := obj.(object)
	kind, _ := o["__typename"].(string)
	return kind
}

func (r *resolver) Resolve(obj any, f *graphql.Field) (any, error) {
	thing := func() object {
		return object{"__typename": "Thing", "id": "t1", "name": "one", "big": int64(1) << 60, "color": "RED"}
	}
	if o, ok := obj.(object); ok {
		if err, ok := o[f.Name].(error); ok {
			return nil, err
		}
		if f.Name == "things" || f.Name == "nodes" {
			return []any{thing(), object{"id": nil}}, nil
		}
		return o[f.Name], nil
	}
	switch f.Name {
	case "echo":
		raw, err := json.Marshal(f.Args)
		return string(raw), err
	case "thing":
		x := thing()
		x["child"] = object{"id": "t2", "name": errors.New("broken")}
		x["maybe"] = graphql.Errorf("OOPS", "no")
		return x, nil
	case "node":
		return object{"__typename": f.Args["id"], "id": "n", "other": 1}, nil
	case "nodes":
		return []any{thing(), nil, object{"__typename": "Other", "id": "o", "other": 2}}, nil
	case "page":
		return object{}, nil
	case "set":
		if args, ok := f.Directive("idempotent"); ok {
			r.idempotent = append(r.idempotent, args["key"].(string))
		}
		return thing(), nil
	}
	return nil, nil
}

func run(t *testing.T, query, vars string) (graphql.Result, []*graphql.Error, *resolver) {
	t.Helper()
	s, err := graphql.Load(sdl)
	require.NoError(t, err)
	var v map[string]json.RawMessage
	if vars != "" {
		require.NoError(t, json.Unmarshal([]byte(vars), &v))
	}
	op, errs := s.Prepare(query, "", v)
	if errs != nil {
		return graphql.Result{}, errs, nil
	}
	r := &resolver{}
	return op.Execute(r), nil, r
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ query, vars, want string }{
		{`{ echo }`, ``, `{"n":3}`},
		{`{ echo(n: null) }`, ``, `{"n":null}`},
		{`{ echo(in: {a: null}) }`, ``, `{"in":{"a":null,"b":7},"n":3}`},
		{`{ echo(in: {list: 4, id: 5, color: GREEN}) }`, ``, `{"in":{"b":7,"color":"GREEN","id":"5","list":[4]},"n":3}`},
		{`query($a: Int) { echo(in: {a: $a}) }`, `{}`, `{"in":{"b":7},"n":3}`},
		{`query($a: Int) { echo(in: {a: $a}) }`, `{"a":null}`, `{"in":{"a":null,"b":7},"n":3}`},
		{`query($in: Inner) { echo(in: $in) }`, `{"in":{"b":null,"id":9007199254740993,"list":[1,2]}}`, `{"in":{"b":null,"id":"9007199254740993","list":[1,2]},"n":3}`},
		{`query($n: Int = 5, $flag: Boolean) { echo(n: $n, flag: $flag) }`, `{}`, `{"n":5}`},
	} {
		got, errs, _ := run(t, c.query, c.vars)
		require.Empty(t, errs, c.query)
		var d struct{ Echo string }
		require.NoError(t, json.Unmarshal(got.Data, &d))
		require.JSONEq(t, c.want, d.Echo, c.query)
	}
}

func TestInvalidVariables(t *testing.T) {
	t.Parallel()
	_, errs, _ := run(t, `query($in: Inner!, $n: Int!) { echo(in: $in, n: $n) }`,
		`{"in":{"a":"1","list":[1,null,5000000000],"color":"BLUE","x":1}}`)
	require.Len(t, errs, 2)
	require.Equal(t, []graphql.Problem{
		{Path: []any{"a"}, Explanation: `Could not coerce value "1" to Int`},
		{Path: []any{"list", 1}, Explanation: "Expected value to not be null"},
		{Path: []any{"list", 2}, Explanation: "Could not coerce value 5000000000 to Int"},
		{Path: []any{"color"}, Explanation: `Expected "BLUE" to be one of: RED, GREEN`},
		{Path: []any{"x"}, Explanation: "Field is not defined on Inner"},
	}, errs[0].Extensions["problems"])
	require.Contains(t, errs[0].Message, `Variable $in of type Inner! was provided invalid value for a (Could not coerce value "1" to Int), list.1 (`)
	require.Equal(t, "Variable $n of type Int! was provided invalid value", errs[1].Message)
	for _, vars := range []string{`{"in":3,"n":1}`, `{"in":[],"n":1}`, `{"in":{},"n":1.5}`, `{"in":null,"n":1}`} {
		_, errs, _ = run(t, `query($in: Inner!, $n: Int!) { echo(in: $in, n: $n) }`, vars)
		require.Len(t, errs, 1, vars)
	}
}

func TestNullsBubble(t *testing.T) {
	t.Parallel()
	got, _, _ := run(t, `{ a: thing { id child { id name } } b: thing { maybe } c: thing { things { id } } d: thing { big color } }`, "")
	require.Equal(t, `{"a":{"id":"t1","child":null},"b":null,"c":null,"d":{"big":"1152921504606846976","color":"RED"}}`, string(got.Data))
	require.Len(t, got.Errors, 3)
	require.Equal(t, []any{"a", "child", "name"}, got.Errors[0].Path)
	require.Equal(t, "OOPS", got.Errors[1].Extensions["code"])
	require.Equal(t, []any{"c", "things", 1, "id"}, got.Errors[2].Path)
	require.Equal(t, "Cannot return null for non-nullable field Thing.id", got.Errors[2].Message)
	got, _, _ = run(t, `{ page(first: 1) { nodes { sure { id } } } }`, "")
	require.Equal(t, "null", string(got.Data), "up to the root")
}

func TestFragments(t *testing.T) {
	t.Parallel()
	got, _, _ := run(t, `{
		nodes(ids: ["a", "b"]) { __typename ... on Thing { x: id ...F } ... on Other { other } ... on Node { id } ... { z: id } ...F }
		node(id: "Nothing") { id }
	}
	fragment F on Thing { name x: id }`, "")
	require.Equal(t, `{"nodes":[{"__typename":"Thing","x":"t1","name":"one","id":"t1","z":"t1"},null,`+
		`{"__typename":"Other","other":2,"id":"o","z":"o"}],"node":null}`, string(got.Data))
	require.Len(t, got.Errors, 1, "an object of a type that there is not")
}

func TestDirectives(t *testing.T) {
	t.Parallel()
	got, _, r := run(t, `mutation($k: String!, $no: Boolean!) { a: set(n: 1) @idempotent(key: $k) { id } b: set(n: 2) @idempotent(key: "l") { id @skip(if: true) name @include(if: $no) big } c: set(n: 3) @include(if: $no) { id } }`,
		`{"k":"k","no":false}`)
	require.Equal(t, `{"a":{"id":"t1"},"b":{"big":"1152921504606846976"}}`, string(got.Data))
	require.Equal(t, []string{"k", "l"}, r.idempotent)
	require.Equal(t, 20, got.Cost)
	for query, want := range map[string]string{
		`mutation @idempotent(key: "k") { set(n: 1) { id } }`: "directiveCannotBeApplied",
		`{ thing { id @defer } }`:                             "directiveCannotBeApplied",
		`{ thing { nothing } }`:                               "undefinedField",
		`{ echo(x: 1) }`:                                      "argumentNotAccepted",
		`mutation { set { id } }`:                             "missingRequiredArguments",
		`{ echo(n: "1") }`:                                    "argumentLiteralsIncompatible",
		`query($k: String) { node(id: $k) { id } }`:           "variableMismatch",
		`{ thing }`:                                           "selectionMismatch",
	} {
		_, errs, _ := run(t, query, "")
		require.NotEmpty(t, errs, query)
		require.Equal(t, want, errs[0].Extensions["code"], query)
	}
	_, errs, _ := run(t, `{ a: thing { ...F } b: thing { ...F } } fragment F on Thing { nothing }`, "")
	require.Len(t, errs, 1, "an error in a fragment is told once")
	_, errs, _ = run(t, `query A { thing { id } } query B { thing { id } }`, "")
	require.Len(t, errs, 1)
	_, errs, _ = run(t, `{ thing {`, "")
	require.Len(t, errs, 1)
	require.NotEmpty(t, errs[0].Locations)
}

func TestCost(t *testing.T) {
	t.Parallel()
	s, err := graphql.Load(sdl)
	require.NoError(t, err)
	for query, want := range map[string]int{
		`{ echo }`:         0,
		`{ thing { id } }`: 1,
		`{ thing { child { id } things { child { id } } } }`:              3,
		`{ page(first: 2) { nodes { id } } }`:                             3,
		`{ page(first: 250) { nodes { child { id } } } }`:                 24,
		`{ page(first: 250) { edges { cursor node { child { id } } } } }`: 24,
		`{ node(id: 1) { ... on Thing { child { id } } } }`:               2,
		`{ nodes(ids: [1, 2, 3]) { ... on Thing { child { id } } } }`:     4,
		`mutation { set(n: 1) { child { id } } }`:                         11,
	} {
		op, errs := s.Prepare(query, "", nil)
		require.Empty(t, errs, query)
		require.Equal(t, want, op.Cost(), query)
	}
}
