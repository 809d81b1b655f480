package rabbitqueue

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/queue"
)

// TestPasswordIsNotRepeated looks for it in every error and in every way to
// print.
func TestPasswordIsNotRepeated(t *testing.T) {
	for _, url := range []string{
		"amqp://u:s3cret@h:port/", "amqp://u:s3cret%zz@h/", "http://u:s3cret@h/", "amqp://u:s3cret@h:99999999/", "amqp://u:s3cret@h\x7f/",
		"amqp://u:s3cret@ h/", "amqp://u:s3cret@127.0.0.1:1/", "amqps://u:s3cret@127.0.0.1:1/shop",
	} {
		_, err := New(t.Context(), url, nil)
		require.Error(t, err, url)
		require.NotContains(t, err.Error(), "s3cret")
	}
	at, err := parse("amqps://u:s3cret@h/shop")
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("at", "broker", at)
	for _, text := range []string{fmt.Sprint(at), fmt.Sprintf("%+v", at), fmt.Sprintf("%#v", at), log.String()} {
		require.NotContains(t, text, "s3cret")
		require.Contains(t, text, "amqps://h:5671/shop")
	}
}

// TestTLSIsTheCallers has a server that sees which name the client asks for.
func TestTLSIsTheCallers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	asked := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = tls.Server(conn, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(h *tls.ClientHelloInfo) (*tls.Config, error) {
			asked <- h.ServerName
			return nil, fmt.Errorf("seen")
		}}).HandshakeContext(t.Context())
	}()
	_, err = New(t.Context(), "amqps://"+l.Addr().String()+"/", &Config{TLS: &tls.Config{ServerName: "rabbit.example.com", MinVersion: tls.VersionTLS12}})
	require.Error(t, err)
	require.Equal(t, "rabbit.example.com", <-asked)
}

func TestNamesDoNotMeet(t *testing.T) {
	n := names{"onhand."}
	seen := map[string]string{}
	for _, name := range [][2]string{
		{"a", ""},
		{"a", "b"},
		{"a:b", ""},
		{"a:b", "c"},
		{"a", "b:c"},
		{"a%3Ab", ""},
		{"a.dead.b", ""},
		{":kept", ""},
		{"a", "lock"},
		{"a", "lock:"},
		{"kept", ""},
		{"", "kept"},
	} {
		got := n.topic(name[0])
		if name[1] != "" {
			got = n.group(name[0], name[1])
		}
		require.NotContains(t, seen, got, "%q", name)
		if name[0] != "" {
			require.NotEqual(t, n.kept(), got)
		}
		require.NotEqual(t, n.lock("a"), got)
		seen[got] = name[0]
	}
	require.ErrorIs(t, n.check(strings.Repeat("x", 250)), queue.ErrNoTopic)
	require.ErrorIs(t, n.check("a", strings.Repeat("x", 250)), queue.ErrNoTopic)
	require.NoError(t, n.check("orders/create", "stock"))
}
