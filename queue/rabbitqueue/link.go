package rabbitqueue

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// A link keeps one connection to the broker: when it is lost, it makes another,
// for as long as it takes. Its goroutine ends with close.
type link struct {
	dial func(ctx context.Context) (*amqp.Connection, error)
	log  *slog.Logger
	stop context.CancelFunc
	done chan struct{} // closed when run has returned

	mu   sync.Mutex
	conn *amqp.Connection // nil while there is none
	err  error            // of the last attempt
	up   chan struct{}    // closed while there is a connection
}

// The waits between attempts to connect: they double, and vary by a half.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// newLink connects. An error is the broker's answer to the first attempt.
func newLink(ctx context.Context, a address, purpose string, cfg *Config) (*link, error) {
	l := &link{log: cfg.Logger, done: make(chan struct{}), up: make(chan struct{})}
	l.dial = func(ctx context.Context) (*amqp.Connection, error) { return dial(ctx, a, purpose, cfg) }
	conn, err := l.dial(ctx)
	if err != nil {
		return nil, err
	}
	l.connected(conn)
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.run(ctx, conn)
	return l, nil
}

func dial(ctx context.Context, a address, purpose string, cfg *Config) (*amqp.Connection, error) {
	props := amqp.NewConnectionProperties()
	props.SetClientConnectionName(cfg.Name + " " + purpose)
	c := amqp.Config{
		Heartbeat: 10 * time.Second, Properties: props, TLSClientConfig: cfg.TLS,
		Dial: func(network, addr string) (net.Conn, error) {
			d := net.Dialer{Timeout: cfg.Timeout}
			conn, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			// Until the connection is open; the client clears it then.
			return conn, conn.SetDeadline(time.Now().Add(cfg.Timeout))
		},
	}
	conn, err := amqp.DialConfig(a.raw, c)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, explain(err, fmt.Sprintf("connect to %s as %q", a, a.uri.Username))
	}
	return conn, nil
}

func (l *link) connected(conn *amqp.Connection) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = conn, nil
	close(l.up)
}

func (l *link) lost(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn, l.err = nil, err
	l.up = make(chan struct{})
}

// run replaces the connection whenever it ends.
func (l *link) run(ctx context.Context, conn *amqp.Connection) {
	defer close(l.done)
	for {
		select {
		case <-ctx.Done():
			_ = conn.CloseDeadline(time.Now().Add(2 * time.Second))
			return
		case answer := <-conn.NotifyClose(make(chan *amqp.Error, 1)):
			var err error
			if answer != nil {
				err = answer
			}
			l.lost(err)
			l.log.Warn("connection to RabbitMQ lost", "error", err)
		}
		if conn = l.again(ctx); conn == nil {
			return
		}
		l.connected(conn)
		l.log.Info("connection to RabbitMQ restored")
	}
}

// again connects, sooner or later; nil when ctx ends before.
func (l *link) again(ctx context.Context) *amqp.Connection {
	for pause := firstPause; ; pause = min(pause*2, lastPause) {
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		conn, err := l.dial(ctx)
		if err == nil {
			return conn
		}
		l.mu.Lock()
		l.err = err
		l.mu.Unlock()
		if pause == lastPause {
			l.log.Error("RabbitMQ cannot be reached", "error", err)
		}
	}
}

// wait returns the connection once there is one.
func (l *link) wait(ctx context.Context) (*amqp.Connection, error) {
	for {
		l.mu.Lock()
		conn, up, err := l.conn, l.up, l.err
		l.mu.Unlock()
		if conn != nil && !conn.IsClosed() {
			return conn, nil
		}
		if conn != nil { // run has not noticed yet
			up = nil
		}
		t := time.NewTimer(firstPause)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, disconnected(ctx.Err(), err)
		case <-l.done:
			t.Stop()
			return nil, disconnected(nil, err)
		case <-up:
		case <-t.C:
		}
		t.Stop()
	}
}

// disconnected says that there is no connection, and why if that is known.
func disconnected(errs ...error) error {
	out := ErrDisconnected
	for _, err := range errs {
		if err != nil {
			out = fmt.Errorf("%w: %w", out, err)
		}
	}
	return out
}

func (l *link) close() {
	l.stop()
	<-l.done
}
