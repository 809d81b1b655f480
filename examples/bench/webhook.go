package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/memqueue"
	"github.com/onhand-dev/onhand/shopify"
)

const (
	secret = "secret"
	domain = "acme.myshopify.com"
)

func sign(body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// request is a webhook as bytes of HTTP, so that sending it costs next to nothing.
func request(n int) []byte {
	body := order(n)
	return fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: %s\r\nX-Shopify-Webhook-Id: hook-%d\r\nX-Shopify-Event-Id: event-%d\r\n"+
		"X-Shopify-Triggered-At: 2026-11-12T07:42:47Z\r\nX-Shopify-Hmac-SHA256: %s\r\n\r\n%s", len(body), domain, n, n, sign(body), body)
}

// onlyHMAC is the least that a receiver does: it reads the body and checks who
// signed it.
func onlyHMAC(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !hmac.Equal([]byte(sign(body)), []byte(r.Header.Get("X-Shopify-Hmac-SHA256"))) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// receiver returns the library's, whose queue is emptied by somebody.
func receiver(ctx context.Context, cfg *shopify.ReceiverConfig) (http.Handler, func() error, error) {
	q := memqueue.New(nil)
	r, err := shopify.NewReceiver(q, []string{secret}, cfg)
	if err != nil {
		return nil, nil, err
	}
	sub, err := q.Subscribe(ctx, "shopify.webhooks", "bench")
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- drain(ctx, sub) }()
	return r, func() error {
		cancel()
		return errors.Join(<-done, sub.Close(context.WithoutCancel(ctx)), q.Close(context.WithoutCancel(ctx)))
	}, nil
}

// drain takes everything and does nothing with it.
func drain(ctx context.Context, sub queue.Subscription) error {
	for {
		got, err := sub.Receive(ctx, 256)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for _, d := range got {
			if err := d.Ack(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// web serves a handler at a port of its own.
func web(ctx context.Context, h http.Handler) (addr string, end func() error, _ error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	return l.Addr().String(), func() error {
		err := s.Close()
		if served := <-done; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// post returns callers that send webhooks on a connection each, and read answers
// no further than they have to.
func post(addr string, opened *[]net.Conn) func(context.Context, int) (sale, error) {
	return func(ctx context.Context, caller int) (sale, error) {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err != nil {
			return nil, err
		}
		*opened = append(*opened, c)
		text, answers := request(caller), bufio.NewReader(c)
		return func(context.Context) error {
			if _, err := c.Write(text); err != nil {
				return err
			}
			return readAnswer(answers)
		}, nil
	}
}

func readAnswer(r *bufio.Reader) error {
	status, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 200") {
		return fmt.Errorf("answer %q", strings.TrimSpace(status))
	}
	length := 0
	for {
		l, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		l = strings.TrimSpace(l)
		if l == "" {
			_, err := r.Discard(length)
			return err
		}
		if v, ok := strings.CutPrefix(l, "Content-Length: "); ok {
			if length, err = strconv.Atoi(v); err != nil {
				return err
			}
		}
	}
}
