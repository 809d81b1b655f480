package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Follower reads a stock's journal on behalf of something that has to keep up:
// a cache of product pages, a search index, a file. The store remembers how far
// it is, by its name, and trims nothing by age that it has still to read.
type Follower struct {
	stock *Stock
	mark  string
	marks Bookmarker
	cfg   FollowerConfig
}

// FollowerConfig of a Follower. Nil and zero values mean defaults.
type FollowerConfig struct {
	// Load reads everything, in place of what the journal does not have any
	// more: before the first entry, and again when the follower was left behind
	// ([ErrGap]). What is written meanwhile comes as entries after it, some of
	// which Load may have seen; [Level.Version] tells. Default: none. Then Run
	// starts with what is kept, and returns the ErrGap.
	Load func(ctx context.Context) error
	// Bookmarks keep the cursor, e.g. beside the data that are kept up to date.
	// Default: the store. Of others the store knows nothing, so it may trim what
	// is still to be read.
	Bookmarks Bookmarker
	// Max is how many entries a page has. Default: 100.
	Max int
	// Poll is the pause when there is nothing new. Default: 1 s.
	Poll time.Duration
	// After is the clock of the pauses. Default: time.After.
	After func(d time.Duration) <-chan time.Time
}

// NewFollower returns the follower of that name. One name is for one process at
// a time: two of them would both get every entry. The error is an
// [*InvalidError].
func NewFollower(s *Stock, name string, cfg *FollowerConfig) (*Follower, error) {
	var c FollowerConfig
	if cfg != nil {
		c = *cfg
	}
	c.Max = cmp.Or(max(c.Max, 0), 100)
	c.Poll = cmp.Or(max(c.Poll, 0), time.Second)
	if c.After == nil {
		c.After = time.After
	}
	if c.Bookmarks == nil {
		b, ok := s.store.(Bookmarker)
		if !ok {
			return nil, &InvalidError{Field: "Bookmarks", Problem: fmt.Sprintf("are missing: the store %T keeps none", s.store)}
		}
		c.Bookmarks = b
	}
	if _, ok := s.store.(Journaler); !ok {
		return nil, &InvalidError{Field: "Store", Problem: fmt.Sprintf("keeps no journal: %T is no Journaler", s.store)}
	}
	if !validName(name) {
		return nil, &InvalidError{Field: "name", Problem: badName}
	}
	return &Follower{stock: s, mark: FollowerMark + name, marks: c.Bookmarks, cfg: c}, nil
}

// Run hands pages with entries to handle, oldest first, and remembers after
// each that it is done, until ctx ends; then it returns nil. It goes on where
// the last Run ended, in whatever process. A page whose handling was cut off
// comes again, so handle has to bear repeats; [Page.Cursor] can be stored with
// what it does. Other errors are those of handle, of Load and of the store: call
// Run again. It leaves no goroutine.
func (f *Follower) Run(ctx context.Context, handle func(ctx context.Context, p Page) error) error {
	err := f.run(ctx, handle)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (f *Follower) run(ctx context.Context, handle func(context.Context, Page) error) error {
	cursor, err := f.marks.Bookmark(ctx, f.stock.merchant, f.mark)
	if err == nil && cursor == "" && f.cfg.Load != nil {
		cursor, err = f.load(ctx)
	}
	for err == nil && ctx.Err() == nil {
		var p Page
		p, err = f.stock.Journal(ctx, cursor, f.cfg.Max)
		if errors.Is(err, ErrGap) && f.cfg.Load != nil {
			cursor, err = f.load(ctx)
			continue
		}
		if err == nil && len(p.Entries) > 0 {
			err = handle(ctx, p)
		}
		if err == nil && p.Cursor != cursor {
			cursor, err = p.Cursor, f.keep(ctx, p.Cursor)
		}
		if err == nil && !p.More {
			select {
			case <-ctx.Done():
			case <-f.cfg.After(f.cfg.Poll):
			}
		}
	}
	return err
}

// load reads everything, from after the entries that it will see.
func (f *Follower) load(ctx context.Context) (cursor string, err error) {
	p, err := f.stock.Journal(ctx, JournalEnd, 1)
	if err == nil {
		err = f.cfg.Load(ctx)
	}
	if err == nil {
		err = f.keep(ctx, p.Cursor)
	}
	return p.Cursor, err
}

func (f *Follower) keep(ctx context.Context, cursor string) error {
	return f.marks.SetBookmark(ctx, f.stock.merchant, f.mark, cursor)
}

// Forget takes the name from the store, for a follower that will not come back:
// until then the journal is kept for it as long as its length allows.
func (f *Follower) Forget(ctx context.Context) error { return f.keep(ctx, "") }
