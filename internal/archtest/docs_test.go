package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// wellKnown are methods that the standard library explains.
var wellKnown = []string{
	"Error", "Unwrap", "Is", "As", "String", "ServeHTTP", "LogValue", "Len", "Less", "Swap",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText",
}

// TestEveryPackageIsExplained: packages of ours have exactly one package
// comment, internal ones too.
func TestEveryPackageIsExplained(t *testing.T) {
	t.Parallel()
	for _, f := range folders(t) {
		var explained []string
		for name, file := range f.files {
			if strings.TrimSpace(file.Doc.Text()) != "" {
				explained = append(explained, name)
			}
		}
		switch slices.Sort(explained); len(explained) {
		case 0:
			t.Errorf("%s has no package comment", f.name())
		case 1:
		default:
			t.Errorf("%s has a package comment in each of %q: go doc shows them one after the other", f.name(), explained)
		}
	}
}

// TestEveryNameIsExplained: what users can name has a comment. A comment on a
// group of constants or variables, or on fields that stand together, is one for
// each of them. Fields of a struct may rest on the struct's own comment, but not
// those of a Config, where each has a default to tell.
func TestEveryNameIsExplained(t *testing.T) {
	t.Parallel()
	names := 0
	for _, f := range folders(t) {
		if strings.Contains("/"+f.path+"/", "/internal/") || within(f.path, "examples/...") {
			continue
		}
		for _, file := range f.files {
			if ast.IsGenerated(file) {
				continue
			}
			d := explainer{T: t, fset: f.fset}
			for _, decl := range file.Decls {
				d.declaration(decl)
			}
			names += d.names
		}
	}
	assert.NotZero(t, names)
}

type explainer struct {
	*testing.T
	fset  *token.FileSet
	names int
}

// demand reports an exported name without any of the comments.
func (d *explainer) demand(at token.Pos, name string, comments ...*ast.CommentGroup) {
	d.names++
	if !slices.ContainsFunc(comments, func(c *ast.CommentGroup) bool { return strings.TrimSpace(c.Text()) != "" }) {
		d.Errorf("%s: %s has no comment", strings.TrimPrefix(d.fset.Position(at).String(), root+"/"), name)
	}
}

func (d *explainer) declaration(decl ast.Decl) {
	switch x := decl.(type) {
	case *ast.FuncDecl:
		name := x.Name.Name
		if !x.Name.IsExported() {
			return
		}
		if x.Recv != nil {
			of := receiver(x.Recv.List[0].Type)
			if !ast.IsExported(of) || slices.Contains(wellKnown, name) {
				return
			}
			name = of + "." + name
		}
		d.demand(x.Pos(), name, x.Doc)
	case *ast.GenDecl:
		for _, s := range x.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					d.typ(x, s)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						d.demand(n.Pos(), n.Name, x.Doc, s.Doc, s.Comment)
					}
				}
			}
		}
	}
}

func (d *explainer) typ(group *ast.GenDecl, s *ast.TypeSpec) {
	var own *ast.CommentGroup
	if !group.Lparen.IsValid() {
		own = group.Doc
	}
	d.demand(s.Pos(), s.Name.Name, own, s.Doc, s.Comment)
	switch x := s.Type.(type) {
	case *ast.StructType:
		if strings.HasSuffix(s.Name.Name, "Config") {
			d.fields(s.Name.Name, x.Fields.List)
		}
	case *ast.InterfaceType:
		if len(x.Methods.List) > 1 { // else the comment on the type is about it
			d.fields(s.Name.Name, x.Methods.List)
		}
	}
}

// fields of a struct, or methods of an interface. Without an empty line or a
// comment between them, they share the comment that stands above.
func (d *explainer) fields(of string, list []*ast.Field) {
	var shared *ast.CommentGroup
	last := 0
	for _, f := range list {
		first := d.fset.Position(f.Pos()).Line
		if f.Doc != nil || first > last+1 {
			shared = f.Doc
		}
		last = d.fset.Position(f.End()).Line
		for _, n := range f.Names {
			if n.IsExported() {
				d.demand(n.Pos(), of+"."+n.Name, shared, f.Comment)
			}
		}
	}
}

// receiver is the name of the type that a method belongs to.
func receiver(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		return receiver(x.X)
	case *ast.IndexListExpr:
		return receiver(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}
