package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// builtin are the names that a parser declares by itself: declaring them
// again is an error, or worse, silently narrows them.
var (
	builtinTypes      = []string{"Boolean", "Float", "ID", "Int", "String"}
	builtinDirectives = []string{"deprecated", "include", "oneOf", "skip", "specifiedBy"}
)

// printSDL writes the schema as SDL: all of it, or what is kept. Order is
// that of names, so that two versions can be compared line by line.
func printSDL(s *introspection, keep *kept) string {
	var b strings.Builder
	fmt.Fprintf(&b, "schema {\n  query: %s\n", s.QueryType.Name)
	if s.MutationType.Name != "" && keep.hasType(s.MutationType.Name) {
		fmt.Fprintf(&b, "  mutation: %s\n", s.MutationType.Name)
	}
	b.WriteString("}\n")
	for _, d := range sorted(s.Directives, func(d directive) string { return d.Name }) {
		if slices.Contains(builtinDirectives, d.Name) || !keep.hasDirective(d.Name) {
			continue
		}
		fmt.Fprintf(&b, "\ndirective @%s%s", d.Name, arguments(d.Args, nil))
		if d.IsRepeatable {
			b.WriteString(" repeatable")
		}
		fmt.Fprintf(&b, " on %s\n", strings.Join(d.Locations, " | "))
	}
	for _, t := range sorted(s.Types, func(t typeDef) string { return t.Name }) {
		if strings.HasPrefix(t.Name, "__") || slices.Contains(builtinTypes, t.Name) || !keep.hasType(t.Name) {
			continue
		}
		printType(&b, t, keep)
	}
	return b.String()
}

func printType(b *strings.Builder, t typeDef, keep *kept) {
	b.WriteByte('\n')
	access(b, "", t.RequiredAccess)
	switch t.Kind {
	case "SCALAR":
		fmt.Fprintf(b, "scalar %s\n", t.Name)
	case "ENUM":
		fmt.Fprintf(b, "enum %s {\n", t.Name)
		for _, v := range sorted(t.EnumValues, func(v enumValue) string { return v.Name }) {
			fmt.Fprintf(b, "  %s%s\n", v.Name, v.directive())
		}
		b.WriteString("}\n")
	case "UNION":
		var members []string
		for _, m := range t.PossibleTypes {
			if keep.hasType(m.Name) {
				members = append(members, m.Name)
			}
		}
		slices.Sort(members)
		fmt.Fprintf(b, "union %s = %s\n", t.Name, strings.Join(members, " | "))
	case "INPUT_OBJECT":
		oneOf := ""
		if t.IsOneOf {
			oneOf = " @oneOf"
		}
		fmt.Fprintf(b, "input %s%s {\n", t.Name, oneOf)
		for _, v := range sorted(t.InputFields, func(v inputValue) string { return v.Name }) {
			fmt.Fprintf(b, "  %s\n", v.sdl())
		}
		b.WriteString("}\n")
	default:
		word := "type"
		if t.Kind == "INTERFACE" {
			word = "interface"
		}
		var implements []string
		for _, i := range t.Interfaces {
			if keep.hasImplements(t.Name, i.Name) {
				implements = append(implements, i.Name)
			}
		}
		slices.Sort(implements)
		list := ""
		if len(implements) > 0 {
			list = " implements " + strings.Join(implements, " & ")
		}
		fmt.Fprintf(b, "%s %s%s {\n", word, t.Name, list)
		for _, f := range sorted(t.Fields, func(f field) string { return f.Name }) {
			if !keep.hasField(t.Name, f.Name) {
				continue
			}
			if f.RequiredAccess != t.RequiredAccess {
				access(b, "  ", f.RequiredAccess)
			}
			args := arguments(f.Args, func(arg string) bool { return keep.hasArgument(t.Name, f.Name, arg) })
			fmt.Fprintf(b, "  %s%s: %s%s\n", f.Name, args, f.Type, f.directive())
		}
		b.WriteString("}\n")
	}
}

// access writes what Shopify says about scopes as a comment.
func access(b *strings.Builder, indent, text string) {
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		fmt.Fprintf(b, "%s# requires %s\n", indent, text)
	}
}

func arguments(args []inputValue, has func(string) bool) string {
	var list []string
	for _, a := range sorted(args, func(a inputValue) string { return a.Name }) {
		if has == nil || a.required() || has(a.Name) {
			list = append(list, a.sdl())
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "(" + strings.Join(list, ", ") + ")"
}

func (v inputValue) sdl() string {
	text := v.Name + ": " + v.Type.String()
	if v.DefaultValue != nil {
		text += " = " + *v.DefaultValue
	}
	return text + v.directive()
}

func (d deprecation) directive() string {
	if !d.IsDeprecated {
		return ""
	}
	if d.DeprecationReason == "" {
		return " @deprecated"
	}
	return " @deprecated(reason: " + quote(d.DeprecationReason) + ")"
}

// quote writes a GraphQL string. Its escapes are those of JSON, but not the
// escapes that encoding/json adds for HTML.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func sorted[T any](list []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return strings.Compare(name(a), name(b)) })
}
