package archtest

import (
	"go/ast"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryErrorIsInTheDocs: docs/errors.md says of each error what to do.
func TestEveryErrorIsInTheDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/errors.md"))
	require.NoError(t, err)
	sections := map[string]string{}
	for _, s := range strings.Split(string(text), "\n## ")[1:] {
		name, body, _ := strings.Cut(s, "\n")
		sections[name] = body
	}
	isError := regexp.MustCompile(`^(Err[A-Z]\w*|[A-Z]\w*Error)$`)
	found := 0
	for _, f := range folders(t) {
		if !withinAny(f.path, []string{"inventory", "lock", "inventory/redisstore", "queue", "shopify"}) {
			continue
		}
		for _, file := range f.files {
			for _, decl := range file.Decls {
				d, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, s := range d.Specs {
					var names []*ast.Ident
					switch s := s.(type) {
					case *ast.TypeSpec:
						names = append(names, s.Name)
					case *ast.ValueSpec:
						names = s.Names
					}
					for _, n := range names {
						if isError.MatchString(n.Name) {
							found++
							assert.Contains(t, sections[f.path], "`"+n.Name+"`", "docs/errors.md lacks %s of %s", n.Name, f.path)
						}
					}
				}
			}
		}
	}
	assert.Greater(t, found, 30)
}

// TestProgramsInTheDocsCompile: what README and docs show as a Go program is
// one.
func TestProgramsInTheDocsCompile(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)\n```go\n(package main\n.*?)\n```")
	found := 0
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			found++
			file := filepath.Join(t.TempDir(), "main.go")
			require.NoError(t, os.WriteFile(file, []byte(m[1]+"\n"), 0o600))
			cmd := exec.CommandContext(t.Context(), "go", "vet", file)
			cmd.Dir = root
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s: %s", path, out)
		}
	}
	assert.NotZero(t, found)
}
