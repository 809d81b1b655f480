package storetest

import (
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// bookmarks: for stores that keep cursors.
func bookmarks(t *testing.T, h Harness) {
	f := h.open(t)
	b, ok := f.store.(inventory.Bookmarker)
	if !ok {
		t.Skip("the store is no Bookmarker")
	}
	read := func(merchant, name string) string {
		t.Helper()
		v, err := b.Bookmark(f.Context(), merchant, name)
		f.noError(err)
		return v
	}
	f.equal("", read(f.merchant, "orders"), "an unknown bookmark is empty")
	f.noError(b.SetBookmark(f.Context(), f.merchant, "orders", "page\x00 2"))
	f.noError(b.SetBookmark(f.Context(), f.merchant, "levels", "1"))
	f.equal("page\x00 2", read(f.merchant, "orders"))
	f.noError(b.SetBookmark(f.Context(), f.merchant, "orders", ""))
	f.equal("", read(f.merchant, "orders"))
	f.equal("1", read(f.merchant, "levels"))
	f.equal("", read(f.merchant+"-2", "levels"), "bookmarks of merchants do not meet")
}
