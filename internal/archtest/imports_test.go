package archtest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// layers says which packages of ours each package may import beside those that
// lie in itself. The first line that a package is within counts, so what stands
// apart from its surroundings stands before them. Tests may import anything.
var layers = []struct {
	pkg string
	may []string
}{
	{"", nil},

	{"inventory", nil},
	{"inventory/adjuster", []string{"inventory", "queue"}},
	{"inventory/notifier", []string{"inventory", "queue"}},
	{"inventory/...", []string{"inventory"}}, // the stores, and their suite

	{"lock", []string{"inventory"}},
	{"lock/...", []string{"inventory", "lock"}},

	{"queue", nil},
	{"queue/anyqueue", []string{"queue/..."}},
	{"queue/...", []string{"queue"}}, // the backends, and their suite

	{"shopify", []string{"inventory", "queue", "shopify/internal/..."}},
	// The test shop does not know the client, or one could hide the other's mistakes.
	{"shopify/shopifytest/...", []string{"shopify/internal/..."}},
	{"shopify/internal/...", nil},
	{"shopify/...", []string{"inventory", "queue", "shopify"}},

	{"wms", []string{"inventory", "queue"}},
	{"wms/...", []string{"inventory", "queue", "wms"}},

	// Examples show what users can do, so they have only what users have.
	{"examples/...", []string{"inventory/...", "lock/...", "queue/...", "shopify", "shopify/shopifytest", "wms/..."}},
	{"internal/...", []string{"inventory/...", "lock/...", "queue/...", "shopify/...", "wms/...", "internal/..."}},
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, f := range folders(t) {
		known := false
		for _, l := range layers {
			if !within(f.path, l.pkg) {
				continue
			}
			known = true
			ours, _ := f.imports(t)
			for _, i := range ours {
				own := within(i, f.path+"/internal/...") // and nothing deeper of its own
				if !own && !withinAny(i, l.may) {
					t.Errorf("%s imports %s, and may import of ours only %q", f.name(), i, l.may)
				}
			}
			break
		}
		assert.True(t, known, "%s is in no layer: say in the table what it may import", f.name())
	}
}
