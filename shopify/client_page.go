package shopify

import (
	"context"

	"github.com/onhand-dev/onhand/shopify/internal/admin"
)

// maxIDs is the longest list of ids that Shopify takes (shopify.dev, API limits).
const maxIDs = 250

// endless is what is wrong with pages that would be read forever.
const endless = "a page has no end, or that of the page before"

// sized makes a call that asks for up to most things, smaller if it turns out
// too costly, and remembers the size that worked.
func sized[T any](c *Client, s *size, p Priority, most int, do func(k *call, n int) (T, error)) (T, *call, int, error) {
	for {
		n := min(s.get(), most)
		k := c.call(p, n)
		got, err := do(k, n)
		if err != nil && s.shrink(n, err) {
			continue
		}
		if err == nil {
			s.learn(n, k.requested)
		}
		return got, k, n, err
	}
}

// chunked asks for things by their ids, some at a time, until all are asked
// for; each gets the ids of one answer.
func chunked[T any](c *Client, s *size, p Priority, ids []string, do func(k *call, ids []string) (T, error), each func(got T, k *call) error) error {
	for len(ids) > 0 {
		got, k, n, err := sized(c, s, p, len(ids), func(k *call, n int) (T, error) { return do(k, ids[:n]) })
		if err != nil {
			return err
		}
		if err := each(got, k); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// following reads the pages of a connection after the first.
func following(ctx context.Context, page admin.Page, next func(after *string) (admin.Page, error)) error {
	for seen := (*string)(nil); page.HasNextPage; {
		if page.EndCursor == nil || seen != nil && *seen == *page.EndCursor {
			return &APIError{Kind: ErrNoAnswer, Message: endless}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		seen = page.EndCursor
		var err error
		if page, err = next(seen); err != nil {
			return err
		}
	}
	return nil
}
