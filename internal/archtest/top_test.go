package archtest

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// top is everything that may lie at the top, beside what begins with a dot.
var top = []string{
	"inventory", "queue", "shopify", "wms", "lock", "examples", "internal", "docs",
	"go.mod", "go.sum", "doc.go", "LICENSE", "README.md", "CHANGELOG.md",
}

func TestTopLevel(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	for _, e := range entries {
		name := e.Name()
		ignored := strings.HasSuffix(name, ".test") || strings.HasSuffix(name, ".out") || strings.HasPrefix(name, "coverage") // as in .gitignore
		assert.True(t, strings.HasPrefix(name, ".") || ignored || slices.Contains(top, name), "%s does not belong at the top", name)
	}
	for _, name := range []string{"go.mod", "doc.go", "LICENSE", "README.md", "CHANGELOG.md"} {
		assert.FileExists(t, root+"/"+name)
	}
}
