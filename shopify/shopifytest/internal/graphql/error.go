package graphql

import (
	"errors"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Error is one entry of an answer's errors.
type Error struct {
	Message    string         `json:"message"`
	Locations  []Location     `json:"locations,omitempty"`
	Path       []any          `json:"path,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// Location is a place in the query text.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Errorf is an error with a code, for a resolver to return.
func Errorf(code, message string) *Error {
	return &Error{Message: message, Extensions: map[string]any{"code": code}}
}

func at(p *ast.Position) []Location {
	if p == nil {
		return nil
	}
	return []Location{{Line: p.Line, Column: p.Column}}
}

// codes names validation failures as graphql-ruby, which Shopify runs, does.
// Only directiveCannotBeApplied has been seen recorded; the others follow its
// convention.
func code(rule string) string {
	switch rule {
	case "FieldsOnCorrectType":
		return "undefinedField"
	case "KnownDirectives":
		return "directiveCannotBeApplied"
	case "KnownArgumentNames":
		return "argumentNotAccepted"
	case "ProvidedRequiredArguments":
		return "missingRequiredArguments"
	case "ValuesOfCorrectType":
		return "argumentLiteralsIncompatible"
	case "VariablesInAllowedPosition":
		return "variableMismatch"
	case "NoUndefinedVariables":
		return "variableNotDefined"
	case "NoUnusedVariables":
		return "variableNotUsed"
	case "ScalarLeafs":
		return "selectionMismatch"
	case "KnownTypeNames", "VariablesAreInputTypes":
		return "undefinedType"
	case "KnownFragmentNames":
		return "undefinedFragment"
	case "NoUnusedFragments":
		return "useAndDefineFragment"
	case "UniqueDirectivesPerLocation":
		return "directiveNotUniqueForLocation"
	case "OverlappingFieldsCanBeMerged":
		return "fieldConflict"
	}
	return "invalidQuery"
}

// convert turns gqlparser's errors into answers, each once: an error inside a
// fragment is reported for every spread of it.
func convert(list gqlerror.List) []*Error {
	type key struct {
		message string
		at      Location
	}
	var out []*Error
	seen := map[key]bool{}
	for _, e := range list {
		k := key{message: e.Message}
		var where []Location
		for _, l := range e.Locations {
			where = append(where, Location{Line: l.Line, Column: l.Column})
		}
		if len(where) > 0 {
			k.at = where[0]
		}
		if seen[k] {
			continue
		}
		seen[k] = true
		out = append(out, &Error{Message: e.Message, Locations: where, Extensions: map[string]any{"code": code(e.Rule)}})
	}
	return out
}

func syntax(err error) []*Error {
	var g *gqlerror.Error
	if !errors.As(err, &g) {
		return []*Error{{Message: err.Error()}}
	}
	var where []Location
	for _, l := range g.Locations {
		where = append(where, Location{Line: l.Line, Column: l.Column})
	}
	return []*Error{{Message: g.Message, Locations: where}}
}
