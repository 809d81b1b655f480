package graphql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
)

// A Resolver knows the objects behind a schema.
type Resolver interface {
	// Resolve gives a field's value: nil, a leaf (string, bool, int, int64,
	// float64, time.Time), a []any, or an object. An *Error keeps its code.
	Resolve(obj any, f *Field) (any, error)
	// TypeOf names the concrete type of an object.
	TypeOf(obj any) string
}

// Sized is a connection that knows how many nodes it holds, for the cost.
type Sized interface{ Size() int }

// Field is one field to resolve.
type Field struct {
	Parent, Name, Key string
	Args              map[string]any // absent stays absent, null is nil

	fields []*ast.Field
	vars   map[string]any
}

// Directive gives the arguments of a directive on the field, and whether the
// field carries it.
func (f *Field) Directive(name string) (map[string]any, bool) {
	for _, a := range f.fields {
		if d := a.Directives.ForName(name); d != nil {
			return d.ArgumentMap(f.vars), true
		}
	}
	return nil, false
}

// Selects reports whether a sub-field of that name is asked for directly.
func (f *Field) Selects(name string) bool {
	for _, a := range f.fields {
		for _, s := range a.SelectionSet {
			if sub, ok := s.(*ast.Field); ok && sub.Name == name {
				return true
			}
		}
	}
	return false
}

// Result is what an operation gave.
type Result struct {
	Data   json.RawMessage
	Errors []*Error
	Cost   int // the actual query cost
}

// Execute runs the operation, fields in the order of the query.
func (o *Operation) Execute(r Resolver) Result {
	x := &execution{Operation: o, resolver: r}
	got := x.object(o.root(), nil, o.def.SelectionSet)
	if got.bubble {
		x.buf.Reset()
		x.buf.WriteString("null")
	}
	return Result{Data: x.buf.Bytes(), Errors: x.errs, Cost: got.cost}
}

type execution struct {
	*Operation
	resolver Resolver
	buf      bytes.Buffer
	errs     []*Error
	path     []any
}

// outcome says what completing a value wrote: null, nothing because a null
// must go further up, or a value of some cost and size.
type outcome struct {
	null, bubble bool
	cost, size   int
}

type group struct {
	key    string
	fields []*ast.Field
}

// collect gathers the fields that a selection set asks of a concrete type,
// equal response keys merged, in the order of their first appearance.
func (o *Operation) collect(def *ast.Definition, sets ...ast.SelectionSet) []*group {
	var out []*group
	index := map[string]*group{}
	var walk func(set ast.SelectionSet)
	walk = func(set ast.SelectionSet) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				if o.skipped(s.Directives) {
					continue
				}
				key := s.Alias
				if key == "" {
					key = s.Name
				}
				g := index[key]
				if g == nil {
					g = &group{key: key}
					index[key] = g
					out = append(out, g)
				}
				g.fields = append(g.fields, s)
			case *ast.InlineFragment:
				if !o.skipped(s.Directives) && o.applies(s.TypeCondition, def) {
					walk(s.SelectionSet)
				}
			case *ast.FragmentSpread:
				f := o.doc.Fragments.ForName(s.Name)
				if f != nil && !o.skipped(s.Directives) && o.applies(f.TypeCondition, def) {
					walk(f.SelectionSet)
				}
			}
		}
	}
	for _, set := range sets {
		walk(set)
	}
	return out
}

func (o *Operation) skipped(list ast.DirectiveList) bool {
	for _, d := range list {
		on, _ := d.ArgumentMap(o.vars)["if"].(bool)
		if d.Name == "skip" && on || d.Name == "include" && !on {
			return true
		}
	}
	return false
}

func (o *Operation) applies(condition string, def *ast.Definition) bool {
	return condition == "" || condition == def.Name || slices.Contains(def.Interfaces, condition) ||
		slices.ContainsFunc(o.schema.Types.PossibleTypes[condition], func(d *ast.Definition) bool { return d.Name == def.Name })
}

// field is what a resolver is given for a group of merged fields.
func (o *Operation) field(parent *ast.Definition, g *group) *Field {
	first := g.fields[0]
	f := &Field{Parent: parent.Name, Name: first.Name, Key: g.key, Args: map[string]any{}, fields: g.fields, vars: o.vars}
	if first.Definition == nil {
		return f
	}
	for _, a := range first.Definition.Arguments {
		given := first.Arguments.ForName(a.Name)
		if given != nil && given.Value.Kind == ast.Variable {
			if v, ok := o.vars[given.Value.Raw]; ok {
				f.Args[a.Name] = v
				continue
			}
			given = nil
		}
		switch {
		case given != nil:
			f.Args[a.Name] = o.schema.literal(given.Value, a.Type, o.vars)
		case a.DefaultValue != nil:
			f.Args[a.Name] = o.schema.literal(a.DefaultValue, a.Type, nil)
		}
	}
	return f
}

func (x *execution) object(def *ast.Definition, obj any, sets ...ast.SelectionSet) outcome {
	mark, depth := x.buf.Len(), len(x.path)
	cost := 0
	x.buf.WriteByte('{')
	for i, g := range x.collect(def, sets...) {
		if i > 0 {
			x.buf.WriteByte(',')
		}
		x.string(g.key)
		x.buf.WriteByte(':')
		x.path = append(x.path[:depth], g.key)
		got := x.resolve(def, obj, g)
		if got.bubble {
			x.buf.Truncate(mark)
			x.path = x.path[:depth]
			return outcome{bubble: true}
		}
		cost += got.cost
	}
	x.path = x.path[:depth]
	x.buf.WriteByte('}')
	return outcome{cost: cost}
}

func (x *execution) resolve(def *ast.Definition, obj any, g *group) outcome {
	first := g.fields[0]
	if first.Name == "__typename" {
		x.string(def.Name)
		return outcome{}
	}
	f := x.field(def, g)
	value, err := x.resolver.Resolve(obj, f)
	if err != nil {
		x.fail(err, first)
		value = nil
	}
	got := x.complete(first.Definition.Type, value, g, err != nil)
	leaf := x.schema.Types.Types[first.Definition.Type.Name()].IsLeafType()
	switch {
	case leaf || got.bubble:
	case !got.null:
		got.cost = fieldCost(f, first.Definition.Type, got.cost, got.size, x.weight)
	case f.Parent == "Mutation":
		got.cost = mutationCost
	default:
		got.cost = 0
	}
	return got
}

func (x *execution) complete(t *ast.Type, value any, g *group, failed bool) outcome {
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		mark, errs := x.buf.Len(), len(x.errs)
		got := x.complete(&nullable, value, g, failed)
		if !got.null {
			return got
		}
		if !failed && len(x.errs) == errs && value == nil {
			f := g.fields[0]
			x.fail(&Error{Message: fmt.Sprintf("Cannot return null for non-nullable field %s.%s", f.ObjectDefinition.Name, f.Name)}, f)
		}
		x.buf.Truncate(mark)
		return outcome{bubble: true}
	}
	if value == nil {
		return x.null()
	}
	if t.Elem != nil {
		return x.list(t, value, g)
	}
	def := x.schema.Types.Types[t.NamedType]
	if def.IsLeafType() {
		return x.leaf(def, value, g)
	}
	if def.IsAbstractType() {
		def = x.schema.Types.Types[x.resolver.TypeOf(value)]
	}
	if def == nil || def.Kind != ast.Object {
		x.fail(&Error{Message: fmt.Sprintf("no type for a %T", value)}, g.fields[0])
		return x.null()
	}
	sets := make([]ast.SelectionSet, len(g.fields))
	for i, f := range g.fields {
		sets[i] = f.SelectionSet
	}
	got := x.object(def, value, sets...)
	if got.bubble {
		return x.null()
	}
	if s, ok := value.(Sized); ok {
		got.size = s.Size()
	}
	return got
}

func (x *execution) list(t *ast.Type, value any, g *group) outcome {
	items, ok := value.([]any)
	if !ok {
		x.fail(&Error{Message: fmt.Sprintf("a %T is no list", value)}, g.fields[0])
		return x.null()
	}
	mark, depth := x.buf.Len(), len(x.path)
	most := 0
	x.buf.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			x.buf.WriteByte(',')
		}
		x.path = append(x.path[:depth], i)
		got := x.complete(t.Elem, item, g, false)
		if got.bubble {
			x.buf.Truncate(mark)
			x.path = x.path[:depth]
			return x.null()
		}
		most = max(most, got.cost)
	}
	x.path = x.path[:depth]
	x.buf.WriteByte(']')
	return outcome{cost: most, size: len(items)}
}

func (x *execution) leaf(def *ast.Definition, value any, g *group) outcome {
	if def.Kind == ast.Enum {
		name, ok := value.(string)
		if !ok || def.EnumValues.ForName(name) == nil {
			x.fail(&Error{Message: fmt.Sprintf("%v is no %s", value, def.Name)}, g.fields[0])
			return x.null()
		}
	}
	switch v := value.(type) {
	case time.Time:
		value = v.UTC().Format(time.RFC3339)
	case int64:
		if def.Name != "Int" { // 64-bit scalars travel as strings
			value = fmt.Sprint(v)
		}
	}
	raw, err := json.Marshal(value)
	if err != nil {
		x.fail(&Error{Message: err.Error()}, g.fields[0])
		return x.null()
	}
	x.buf.Write(raw)
	return outcome{}
}

func (x *execution) null() outcome {
	x.buf.WriteString("null")
	return outcome{null: true}
}

func (x *execution) string(s string) {
	raw, err := json.Marshal(s)
	if err != nil {
		raw = []byte(`""`)
	}
	x.buf.Write(raw)
}

func (x *execution) fail(err error, f *ast.Field) {
	e := &Error{Message: err.Error()}
	if own, ok := err.(*Error); ok { //nolint:errorlint // resolvers return it as it is
		*e = *own
	}
	e.Path = append([]any{}, x.path...)
	e.Locations = at(f.Position)
	x.errs = append(x.errs, e)
}
