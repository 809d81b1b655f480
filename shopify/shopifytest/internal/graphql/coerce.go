package graphql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Problem says what is wrong at one place of a variable.
type Problem struct {
	Path        []any  `json:"path"`
	Explanation string `json:"explanation"`
}

// variables coerces the given variables to their types. A variable that was
// not given and has no default stays absent, which is not the same as null.
func (s *Schema) variables(def *ast.OperationDefinition, given map[string]json.RawMessage) (map[string]any, []*Error) {
	vars := map[string]any{}
	var errs []*Error
	for _, v := range def.VariableDefinitions {
		raw, ok := given[v.Variable]
		if !ok && v.DefaultValue != nil {
			vars[v.Variable] = s.literal(v.DefaultValue, v.Type, nil)
			continue
		}
		if !ok && !v.Type.NonNull {
			continue
		}
		var value any
		if ok {
			dec := json.NewDecoder(bytes.NewReader(raw))
			dec.UseNumber()
			if err := dec.Decode(&value); err != nil {
				return nil, []*Error{{Message: "Invalid variables: " + err.Error()}}
			}
		}
		c := coercion{schema: s}
		coerced := c.value(v.Type, value, []any{})
		if len(c.problems) > 0 {
			errs = append(errs, invalid(v, value, c.problems))
			continue
		}
		vars[v.Variable] = coerced
	}
	return vars, errs
}

func invalid(v *ast.VariableDefinition, value any, problems []Problem) *Error {
	message := fmt.Sprintf("Variable $%s of type %s was provided invalid value", v.Variable, v.Type)
	for i, p := range problems {
		if len(p.Path) == 0 {
			continue
		}
		sep := ", "
		if i == 0 {
			sep = " for "
		}
		var at []string
		for _, e := range p.Path {
			at = append(at, fmt.Sprint(e))
		}
		message += sep + strings.Join(at, ".") + " (" + p.Explanation + ")"
	}
	return &Error{
		Message: message, Locations: at(v.Position),
		Extensions: map[string]any{"code": "INVALID_VARIABLE", "value": value, "problems": problems},
	}
}

type coercion struct {
	schema   *Schema
	problems []Problem
}

func (c *coercion) fail(path []any, explanation string) any {
	c.problems = append(c.problems, Problem{Path: append([]any{}, path...), Explanation: explanation})
	return nil
}

func (c *coercion) value(t *ast.Type, v any, path []any) any {
	if v == nil {
		if t.NonNull {
			return c.fail(path, "Expected value to not be null")
		}
		return nil
	}
	if t.Elem != nil {
		list, ok := v.([]any)
		if !ok {
			return []any{c.value(t.Elem, v, path)} // a single value stands for a list of one
		}
		out := make([]any, len(list))
		for i, e := range list {
			out[i] = c.value(t.Elem, e, append(path, i))
		}
		return out
	}
	def := c.schema.Types.Types[t.NamedType]
	switch {
	case def == nil:
		return c.fail(path, "No type named "+t.NamedType)
	case def.Kind == ast.InputObject:
		return c.object(def, v, path)
	case def.Kind == ast.Enum:
		name, ok := v.(string)
		if !ok || def.EnumValues.ForName(name) == nil {
			var names []string
			for _, e := range def.EnumValues {
				names = append(names, e.Name)
			}
			return c.fail(path, fmt.Sprintf("Expected %q to be one of: %s", fmt.Sprint(v), strings.Join(names, ", ")))
		}
		return name
	}
	out, ok := scalar(def.Name, v)
	if !ok {
		shown, err := json.Marshal(v)
		if err != nil {
			shown = []byte("value")
		}
		return c.fail(path, fmt.Sprintf("Could not coerce value %s to %s", shown, def.Name))
	}
	return out
}

func (c *coercion) object(def *ast.Definition, v any, path []any) any {
	given, ok := v.(map[string]any)
	if !ok {
		return c.fail(path, "Expected value to be an input object")
	}
	out := make(map[string]any, len(given))
	for _, f := range def.Fields {
		value, ok := given[f.Name]
		switch {
		case ok:
			out[f.Name] = c.value(f.Type, value, append(path, f.Name))
		case f.DefaultValue != nil:
			out[f.Name] = c.schema.literal(f.DefaultValue, f.Type, nil)
		case f.Type.NonNull:
			c.fail(append(path, f.Name), "Expected value to not be null")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if def.Fields.ForName(name) == nil {
			c.fail(append(path, name), "Field is not defined on "+def.Name)
		}
	}
	return out
}

// scalar coerces a JSON value to a leaf type. Types that are not GraphQL's own
// travel as strings, numbers or booleans and pass as they are.
func scalar(name string, v any) (any, bool) {
	n, isNumber := v.(json.Number)
	switch name {
	case "Int":
		if !isNumber {
			return nil, false
		}
		i, err := strconv.ParseInt(n.String(), 10, 64)
		return i, err == nil && i >= math.MinInt32 && i <= math.MaxInt32
	case "Float":
		if !isNumber {
			return nil, false
		}
		f, err := n.Float64()
		return f, err == nil
	case "String":
		s, ok := v.(string)
		return s, ok
	case "Boolean":
		b, ok := v.(bool)
		return b, ok
	case "ID":
		if isNumber {
			_, err := strconv.ParseInt(n.String(), 10, 64)
			return n.String(), err == nil
		}
		s, ok := v.(string)
		return s, ok
	}
	if isNumber {
		return n.String(), true
	}
	return v, true
}

// literal is the Go value of a literal in the query, which validation has
// found to fit its type. Variables inside it that are absent leave their input
// field absent.
func (s *Schema) literal(v *ast.Value, t *ast.Type, vars map[string]any) any {
	if v == nil || v.Kind == ast.NullValue {
		return nil
	}
	if v.Kind == ast.Variable {
		return vars[v.Raw]
	}
	if t.Elem != nil {
		if v.Kind != ast.ListValue {
			return []any{s.literal(v, t.Elem, vars)}
		}
		out := make([]any, len(v.Children))
		for i, e := range v.Children {
			out[i] = s.literal(e.Value, t.Elem, vars)
		}
		return out
	}
	if v.Kind == ast.ObjectValue {
		def := s.Types.Types[t.NamedType]
		out := map[string]any{}
		if def == nil {
			return out
		}
		for _, f := range def.Fields {
			given := v.Children.ForName(f.Name)
			if given != nil && given.Kind == ast.Variable {
				if value, ok := vars[given.Raw]; ok {
					out[f.Name] = value
					continue
				}
				given = nil
			}
			switch {
			case given != nil:
				out[f.Name] = s.literal(given, f.Type, vars)
			case f.DefaultValue != nil:
				out[f.Name] = s.literal(f.DefaultValue, f.Type, nil)
			}
		}
		return out
	}
	switch {
	case v.Kind == ast.BooleanValue:
		return v.Raw == "true"
	case t.NamedType == "Int":
		n, err := strconv.ParseInt(v.Raw, 10, 64)
		if err != nil {
			return nil
		}
		return n
	case t.NamedType == "Float":
		f, err := strconv.ParseFloat(v.Raw, 64)
		if err != nil {
			return nil
		}
		return f
	}
	return v.Raw
}
