package storetest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table of reservations in the documentation is the one that stores are
// held to.
func TestTableOfReservations(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../doc.go")
	require.NoError(t, err)
	var doc strings.Builder
	for line := range strings.Lines(string(source)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			doc.WriteString(text)
		}
	}
	require.Contains(t, doc.String(), table(), "inventory/doc.go has to say:\n%s", table())
}
