package inventory

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// look is how far a look through all documents has come: the cursor to go on
// from, "" if it is at its end, and when it began.
type look struct {
	cursor string
	began  time.Time
}

// looksBookmark is where Janitors keep how far they have come together.
const looksBookmark = "janitor/orders"

// glance is how often a Janitor sees at least whether a look is due.
const glance = time.Minute

// lookAtOrders does a step of a look through all documents, if one is due. Two
// Janitors that do the same step at once do no harm.
func (j *Janitor) lookAtOrders(ctx context.Context, done *Tidied) error {
	j.mu.Lock()
	l, next := j.look, j.next
	j.mu.Unlock()
	now := time.Now()
	if now.Before(next) {
		return nil
	}
	marks, shared := j.stock.store.(Bookmarker)
	if shared {
		value, err := marks.Bookmark(ctx, j.stock.merchant, looksBookmark)
		if err != nil {
			return err
		}
		l = decodeLook(value)
	}
	if l.cursor == "" {
		rest := j.cfg.OrdersEvery - now.Sub(l.began)
		if !l.began.After(now) && rest > 0 {
			j.keep(l, now.Add(min(rest, glance)))
			return nil
		}
		l.began = now
	}
	var err error
	if l.cursor, err = j.stock.tidyOrders(ctx, l.cursor, j.cfg.Steps, done); err != nil {
		return err
	}
	if shared {
		err = marks.SetBookmark(ctx, j.stock.merchant, looksBookmark, l.encode())
	}
	j.keep(l, time.Time{})
	done.More = done.More || l.cursor != ""
	return err
}

func (j *Janitor) keep(l look, next time.Time) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.look, j.next = l, next
}

func (l look) encode() string { return strconv.FormatInt(l.began.Unix(), 10) + " " + l.cursor }

// decodeLook reads a bookmark; one that can't be read is none.
func decodeLook(value string) look {
	began, cursor, _ := strings.Cut(value, " ")
	at, err := strconv.ParseInt(began, 10, 64)
	if err != nil {
		return look{}
	}
	return look{cursor: cursor, began: time.Unix(at, 0)}
}
