package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/onhand-dev/onhand"
	root   = "../.."
)

// folder is one package of ours, without its tests.
type folder struct {
	path  string // below the root, "" for the root itself
	files map[string]*ast.File
	fset  *token.FileSet
}

// name as it reads in a message.
func (f folder) name() string {
	if f.path == "" {
		return "the root package"
	}
	return f.path
}

// imports lists what the files import, each once: packages of ours below the
// root as in folder.path, others as they are.
func (f folder) imports(t *testing.T) (ours, others []string) {
	t.Helper()
	for _, file := range f.files {
		for _, i := range file.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			require.NoError(t, err)
			switch below, ok := strings.CutPrefix(p, module+"/"); {
			case ok:
				ours = append(ours, below)
			case p == module:
				ours = append(ours, "")
			default:
				others = append(others, p)
			}
		}
	}
	slices.Sort(ours)
	slices.Sort(others)
	return slices.Compact(ours), slices.Compact(others)
}

// folders reads all packages of the module. The files are read here and not by
// the go command, so that go test knows when its remembered result is stale.
func folders(t *testing.T) []folder {
	t.Helper()
	byPath := map[string]folder{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		at := path.Clean(filepath.ToSlash(rel))
		if at == "." {
			at = ""
		}
		f, ok := byPath[at]
		if !ok {
			f = folder{path: at, files: map[string]*ast.File{}, fset: token.NewFileSet()}
			byPath[at] = f
		}
		file, err := parser.ParseFile(f.fset, name, nil, parser.ParseComments)
		f.files[path.Join(at, base)] = file
		return err
	})
	require.NoError(t, err)
	all := make([]folder, 0, len(byPath))
	for _, f := range byPath {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b folder) int { return strings.Compare(a.path, b.path) })
	require.NotEmpty(t, all)
	return all
}

// within says whether a package is the one named, or lies below it where the
// name ends in "/...".
func within(pkg, name string) bool {
	if above, ok := strings.CutSuffix(name, "/..."); ok {
		return pkg == above || strings.HasPrefix(pkg, above+"/")
	}
	return pkg == name
}

func withinAny(pkg string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return within(pkg, n) })
}
