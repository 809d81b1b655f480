package graphql

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// cached is how many documents a Schema keeps parsed. Clients send few.
const cached = 512

// Schema is a loaded schema. It is safe for concurrent use.
type Schema struct {
	Types *ast.Schema

	rules *rules.Rules
	mu    sync.Mutex
	docs  map[string]*ast.QueryDocument
}

// Load reads a schema definition.
func Load(sdl string) (*Schema, error) {
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		return nil, fmt.Errorf("graphql: load schema: %w", err)
	}
	delete(s.Directives, "defer") // gqlparser's prelude has it, Shopify has not
	return &Schema{Types: s, rules: rules.NewDefaultRules(), docs: map[string]*ast.QueryDocument{}}, nil
}

func (s *Schema) parse(query string) (*ast.QueryDocument, []*Error) {
	s.mu.Lock()
	doc := s.docs[query]
	s.mu.Unlock()
	if doc != nil {
		return doc, nil
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return nil, syntax(err)
	}
	if list := validator.ValidateWithRules(s.Types, doc, s.rules); len(list) > 0 {
		return nil, convert(list)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.docs) >= cached {
		clear(s.docs)
	}
	s.docs[query] = doc
	return doc, nil
}

// Operation is one operation with its variables, ready to run.
type Operation struct {
	Linear bool // cost every node of a page in full, without the logarithm

	schema *Schema
	doc    *ast.QueryDocument
	def    *ast.OperationDefinition
	vars   map[string]any
}

// Prepare parses and validates query, picks the operation name (which may be
// empty if there is one only) and coerces its variables.
func (s *Schema) Prepare(query, name string, variables map[string]json.RawMessage) (*Operation, []*Error) {
	doc, errs := s.parse(query)
	if errs != nil {
		return nil, errs
	}
	if name == "" && len(doc.Operations) != 1 {
		return nil, []*Error{{Message: "An operation name is required"}}
	}
	def := doc.Operations.ForName(name)
	if def == nil {
		return nil, []*Error{{Message: fmt.Sprintf("No operation named %q", name)}}
	}
	vars, errs := s.variables(def, variables)
	if errs != nil {
		return nil, errs
	}
	return &Operation{schema: s, doc: doc, def: def, vars: vars}, nil
}

// Root returns the fields at the top of the operation, in order.
func (o *Operation) Root() []*Field {
	root := o.root()
	var out []*Field
	for _, g := range o.collect(root, o.def.SelectionSet) {
		out = append(out, o.field(root, g))
	}
	return out
}

// Mutation reports whether the operation may change something.
func (o *Operation) Mutation() bool { return o.def.Operation == ast.Mutation }

func (o *Operation) root() *ast.Definition {
	if o.Mutation() {
		return o.schema.Types.Mutation
	}
	return o.schema.Types.Query
}
