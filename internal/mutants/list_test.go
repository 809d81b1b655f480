package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A mutant whose text is no longer in the code proves nothing.
func TestMutantsFindWhatTheyBreak(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, m := range mutants {
		whole, err := os.ReadFile(filepath.Join("..", "..", m.file))
		require.NoError(t, err, m.name)
		assert.Equal(t, 1, bytes.Count(whole, []byte(m.from)), "%s: %q must be in %s once", m.name, m.from, m.file)
		assert.NotEqual(t, m.from, m.to, m.name)
		assert.False(t, seen[m.name], "two are called %q", m.name)
		seen[m.name] = true
		assert.DirExists(t, filepath.Join("..", "..", strings.TrimPrefix(m.pkg, "./")), m.name)
		assert.NotEmpty(t, m.tests, m.name)
	}
}
