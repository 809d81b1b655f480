package shopifytest

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

const (
	// transit is how long a webhook takes when nothing delays it.
	transit = 200 * time.Millisecond
	// attempts is how often a delivery is tried: once, and eight times more in
	// four hours, each pause twice the last.
	attempts   = 9
	firstRetry = 56 * time.Second
	// patience is how long a webhook's receiver may take to answer.
	patience = 5 * time.Second
)

// delivery is one webhook on its way.
type delivery struct {
	topic   string
	id      string
	event   event
	due     time.Time
	order   int // of equal due times
	body    []byte
	build   func() fields // if the body is assembled when sent
	attempt int
}

// again is the same webhook later.
func (d *delivery) again(after time.Duration) *delivery {
	x := *d
	x.due = d.due.Add(after)
	return &x
}

type schedule []*delivery

func (q schedule) Len() int { return len(q) }
func (q schedule) Less(i, j int) bool {
	if !q[i].due.Equal(q[j].due) {
		return q[i].due.Before(q[j].due)
	}
	return q[i].order < q[j].order
}
func (q schedule) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *schedule) Push(x any)   { *q = append(*q, x.(*delivery)) }
func (q *schedule) Pop() any {
	old := *q
	d := old[len(old)-1]
	*q = old[:len(old)-1]
	return d
}

func (s *Server) enqueue(d *delivery) {
	s.sequence++
	d.order = s.sequence
	heap.Push(&s.underway, d)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// target takes a webhook and reports whether it was accepted.
type target func(ctx context.Context, header http.Header, body []byte) bool

// DeliverTo sends the webhooks of what happens from now on to a handler, in the
// goroutine that calls Deliver, Flush, Advance or Run. With nil there is no
// subscription any more.
func (s *Server) DeliverTo(h http.Handler) {
	if h == nil {
		s.setTarget(nil)
		return
	}
	s.setTarget(func(ctx context.Context, header http.Header, body []byte) bool {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/webhooks/shopify", bytes.NewReader(body))
		r.Header = header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code/100 == 2
	})
}

// DeliverToURL sends the webhooks of what happens from now on to a URL. A
// receiver that takes longer than five seconds has not answered.
func (s *Server) DeliverToURL(url string) {
	client := &http.Client{Timeout: patience}
	s.setTarget(func(ctx context.Context, header http.Header, body []byte) bool {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return false
		}
		r.Header = header
		resp, err := client.Do(r)
		if err != nil {
			return false
		}
		defer resp.Body.Close() //nolint:errcheck // nothing to lose
		_, err = io.Copy(io.Discard, resp.Body)
		return err == nil && resp.StatusCode/100 == 2
	})
}

func (s *Server) setTarget(t target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = t
}

// Pending counts the webhooks under way, retries included.
func (s *Server) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.underway)
}

// Deliver sends what is due and returns how many webhooks were sent.
func (s *Server) Deliver(ctx context.Context) int { return s.deliver(ctx, false) }

// Flush sends everything under way at once, in the order in which it is due,
// retries and all, without moving the clock, until there is nothing more or ctx
// ends. It returns how many were sent.
func (s *Server) Flush(ctx context.Context) int { return s.deliver(ctx, true) }

// Advance moves the server's clock ahead and sends what falls due on the way,
// each webhook at its own time. It returns how many were sent.
func (s *Server) Advance(ctx context.Context, d time.Duration) int {
	s.mu.Lock()
	end := s.now().Add(d)
	s.mu.Unlock()
	n := 0
	for {
		s.mu.Lock()
		to := end
		if len(s.underway) > 0 && s.underway[0].due.Before(end) {
			to = s.underway[0].due
		}
		if late := to.Sub(s.now()); late > 0 {
			s.ahead += late
		}
		s.mu.Unlock()
		n += s.deliver(ctx, false)
		if !to.Before(end) || ctx.Err() != nil {
			return n
		}
	}
}

// Run sends webhooks as they fall due until ctx ends. It returns nil then.
func (s *Server) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		s.deliver(ctx, false)
		wait := time.Minute
		s.mu.Lock()
		if len(s.underway) > 0 {
			wait = min(wait, s.underway[0].due.Sub(s.now()))
		}
		s.mu.Unlock()
		timer := time.NewTimer(max(wait, time.Millisecond))
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-s.wake:
		}
		timer.Stop()
	}
	return nil
}

func (s *Server) deliver(ctx context.Context, all bool) int {
	n := 0
	for ctx.Err() == nil {
		s.mu.Lock()
		if len(s.underway) == 0 || !all && s.underway[0].due.After(s.now()) {
			s.mu.Unlock()
			return n
		}
		d := heap.Pop(&s.underway).(*delivery)
		if d.body == nil {
			d.body = render(d.build())
		}
		to, header := s.target, s.headers(d)
		s.mu.Unlock()
		if to == nil {
			continue
		}
		ok := to(ctx, header, d.body)
		n++
		s.mu.Lock()
		s.settle(d, ok)
		s.mu.Unlock()
	}
	return n
}

// settle counts a delivery, and plans the next try of one that was refused.
func (s *Server) settle(d *delivery, ok bool) {
	d.attempt++
	switch {
	case ok:
		s.counters.Delivered++
	case d.attempt < attempts:
		s.counters.Refused++
		retry := d.again(0)
		retry.due = s.now().Add(firstRetry << (d.attempt - 1))
		s.enqueue(retry)
	default:
		s.counters.Refused++
		s.counters.GivenUp++
	}
}

func (s *Server) headers(d *delivery) http.Header {
	mac := hmac.New(sha256.New, []byte(s.cfg.Secret))
	mac.Write(d.body)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "Shopify-Captain-Hook")
	h.Set("X-Shopify-Topic", d.topic)
	h.Set("X-Shopify-Hmac-SHA256", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	h.Set("X-Shopify-Shop-Domain", s.cfg.Domain)
	h.Set("X-Shopify-API-Version", s.newest)
	h.Set("X-Shopify-Webhook-Id", d.id)
	h.Set("X-Shopify-Event-Id", d.event.id)
	h.Set("X-Shopify-Triggered-At", d.event.at.UTC().Format(time.RFC3339Nano))
	return h
}
