package graphql

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	mutationCost   = 10
	connectionCost = 2
)

// Cost is the requested query cost: what the operation may cost at most.
//
// Shopify documents the tally (scalars and enums 0, an object 1, an interface
// or union the most of its selections, a connection by first or last, a
// mutation 10) and says that connections grow with the logarithm of their
// size. The rest is recorded: an adjustment that returns its changes costs 13
// whatever its length, so a plain list counts once and not by itself; a page of
// 250 variants with their items costs 25 with the product around it. What a list
// of ids costs is not recorded: it is taken to grow as a connection does.
func (o *Operation) Cost() int {
	return o.selection(o.root(), o.def.SelectionSet)
}

func (o *Operation) selection(def *ast.Definition, sets ...ast.SelectionSet) int {
	if def.IsAbstractType() {
		most := 0
		for _, d := range o.schema.Types.PossibleTypes[def.Name] {
			if d.Kind == ast.Object {
				most = max(most, o.selection(d, sets...))
			}
		}
		return most
	}
	sum := 0
	for _, g := range o.collect(def, sets...) {
		first := g.fields[0]
		if first.Definition == nil || first.Name == "__typename" {
			continue
		}
		sub := o.schema.Types.Types[first.Definition.Type.Name()]
		if sub == nil || sub.IsLeafType() {
			continue
		}
		f := o.field(def, g)
		below := make([]ast.SelectionSet, len(g.fields))
		for i, a := range g.fields {
			below[i] = a.SelectionSet
		}
		sum += fieldCost(f, first.Definition.Type, o.selection(sub, below...), asked(f), o.weight)
	}
	return sum
}

// asked is how many nodes a field may return.
func asked(f *Field) int {
	for _, name := range []string{"first", "last"} {
		if n, ok := f.Args[name].(int64); ok {
			return int(n)
		}
	}
	if ids, ok := f.Args["ids"].([]any); ok {
		return len(ids)
	}
	return 1
}

// fieldCost is the cost of a field with its children. The size is what is
// asked for before execution, and what was found after it.
func fieldCost(f *Field, t *ast.Type, children, size int, weight func(int) int) int {
	name := t.Name()
	switch {
	case f.Parent == "Mutation":
		return mutationCost + children
	case strings.HasSuffix(name, "Connection"):
		if size == 0 {
			return connectionCost
		}
		return connectionCost + weight(size)*children
	case name == "PageInfo" || strings.HasSuffix(name, "Edge"):
		return children
	case t.Elem != nil && strings.HasSuffix(f.Parent, "Connection"): // nodes
		return 1 + children
	case t.Elem != nil && f.Name == "nodes": // by id
		return weight(size) * (1 + children)
	case t.Elem != nil:
		return children
	}
	return 1 + children
}

// steps is how many nodes a page of that size counts for. The thresholds are
// what others observed of the real API.
func steps(size int) int {
	n := 1
	for _, from := range []int{3, 5, 8, 13, 21, 40, 60, 80, 100, 150} {
		if size >= from {
			n++
		}
	}
	return n
}

func (o *Operation) weight(size int) int {
	if o.Linear {
		return size
	}
	return steps(size)
}
