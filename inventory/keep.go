package inventory

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Defaults of [Config], and the part of ForgetOrders that facts may be late.
const (
	defaultCompactOrders = 60 * 24 * time.Hour
	defaultForgetOrders  = 400 * 24 * time.Hour
	lateFacts            = 30 * 24 * time.Hour
)

// old reports whether an order that is not known was counted long ago: it was
// placed before the channel was loaded, or so long before its own newest stamp
// that its document may have been forgotten. Both times are the channel's. A
// message can be under way for a while, so the second is said a month early.
func (s *Stock) old(o Order, c Channel) bool {
	if o.Created <= 0 {
		return false
	}
	age := time.Duration(max(o.Updated, o.Read, o.Edited)-o.Created) * time.Second
	return o.Created < c.Since.Unix() || age >= s.forgetOrders-lateFacts
}

// BaseOrders lists the orders that were recorded without movement when they
// were first heard of, in no order: those placed before their channel's load
// watermark, and those older than [Config.ForgetOrders]. What they said first
// is taken to be in the levels already; where that may be wrong, look at the
// level.
func (s *Stock) BaseOrders(ctx context.Context) iter.Seq2[OrderRecord, error] {
	return func(yield func(OrderRecord, error) bool) {
		for cursor := ""; ; {
			docs, next, err := s.store.ScanDocuments(ctx, s.merchant, DocumentQuery{Bases: true}, cursor, 1000)
			if err != nil {
				yield(OrderRecord{}, err)
				return
			}
			for _, d := range docs {
				if !yield(recordOf(d)) {
					return
				}
			}
			if next == "" {
				return
			}
			cursor = next
		}
	}
}

// tidyOrders looks at about so many documents from a cursor on: it compacts
// those that have not changed for CompactOrders, and forgets those that have
// not for ForgetOrders in all. A document that is written meanwhile is left
// alone, so it does not matter how many do it at once.
func (s *Stock) tidyOrders(ctx context.Context, cursor string, most int, done *Tidied) (next string, err error) {
	q := DocumentQuery{Whole: s.compactOrders, Compact: s.forgetOrders - s.compactOrders}
	docs, next, err := s.store.ScanDocuments(ctx, s.merchant, q, cursor, most)
	if err != nil {
		return cursor, err
	}
	changes := make([]Change, len(docs))
	for i, d := range docs {
		if d.Compact {
			d.Body, d.Doubts, d.Gone = nil, nil, true
		} else {
			d.Body, d.Compact = packed(d.Body), true
		}
		changes[i] = Change{ID: d.Name, Merchant: s.merchant, Kind: KindOrder, Recorded: true, Document: &d}
	}
	for i, o := range s.store.Apply(ctx, changes) {
		switch {
		case o.Err == nil && changes[i].Document.Gone:
			done.ForgottenOrders++
		case o.Err == nil:
			done.CompactedOrders++
		case !Answered(o.Err):
			return cursor, o.Err
		}
	}
	return next, nil
}

// The compact form is the same record, deflated: nothing is lost, so whatever is
// heard of the order later moves exactly the difference. Most of a record is the
// names of its fields, so the dictionary is what makes it small: a quarter. The
// first byte tells the forms apart, as a record begins with a brace.
const compactForm = 1

// dictionary must never change: records were written with it. Another one needs
// another first byte. What is most frequent comes last.
const dictionary = `"unclaimed":true"cancelled":true"edited":1"base":true,"kits":{"booked_kits":[{"settles":"sku":"units":` +
	`"removed":1,"dropped":1,"judged":1,"gone":1,"open":1,"shipped":1,"sure":true,"at":[{"location":"` +
	`"homes":{"read":17"places":{"updated":17,"read":17"lines":[{"line":"` +
	`"refunds":[{"id":"","confirmed":true,"lines":[{"line":"","restock":"return","restock":"none","restock":"cancel","location":"","quantity":1}]}],` +
	`"status":"dead","status":"pending","settled":true,` +
	`{"order":{"channel":"shopify/","id":"","created":17,"updated":17,"full":true,"lines":[{"id":"","sku":"","ordered":1},{"id":"","sku":"","ordered":1}],` +
	`"fulfillments":[{"id":"","status":"shipped","confirmed":"shipped","location":"","lines":[{"line":"","quantity":1},{"line":"","quantity":1}]}],` +
	`"places":{}},"booked":[{"sku":"","location":"","available":-1},{"sku":"","location":"","available":-1,"committed":1}]}`

// packed returns a record in its compact form.
func packed(body []byte) []byte {
	var b bytes.Buffer
	b.WriteByte(compactForm)
	w, err := flate.NewWriterDict(&b, flate.BestCompression, []byte(dictionary))
	if err != nil {
		return body // the level is a valid one
	}
	w.Write(body) //nolint:errcheck // a bytes.Buffer takes everything
	w.Close()     //nolint:errcheck // as above
	return b.Bytes()
}

var errTooLong = errors.New("is longer than a document may be")

// unpacked returns a record as it was before packed.
func unpacked(body []byte) ([]byte, error) {
	if len(body) == 0 || body[0] != compactForm {
		return body, nil
	}
	r := flate.NewReaderDict(bytes.NewReader(body[1:]), []byte(dictionary))
	out, err := io.ReadAll(io.LimitReader(r, MaxDocument+1))
	if err == nil && len(out) > MaxDocument {
		err = errTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("compact form: %w", err)
	}
	return out, nil
}
