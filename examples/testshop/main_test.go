package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/shopify/shopifytest"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var hooks atomic.Int64
	first := make(chan struct{}, 1)
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		hooks.Add(1)
		select {
		case first <- struct{}{}:
		default:
		}
	}))
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-webhooks", web.URL, "-shopper", "200", "-token", "t"}, in) }()
	url, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSpace(url)+"/admin/api/2026-10/graphql.json",
		strings.NewReader(`{"query":"{ locations(first: 5) { nodes { name } } }"}`))
	require.NoError(t, err)
	req.Header.Set("X-Shopify-Access-Token", "t")
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Contains(t, string(body), `{"name":"Berlin"},{"name":"Lyon"}`)
	<-first
	cancel()
	require.NoError(t, <-done)
	require.NotZero(t, hooks.Load())
}

func TestWorldFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "world.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"locations":[{"id":"gid://shopify/Location/1","name":"Rome","active":true}],"items":[]}`), 0o600))
	shop, err := open(&shopifytest.Config{}, file)
	require.NoError(t, err)
	require.Empty(t, shop.Levels())
	shop.Stock("MUG", "gid://shopify/Location/1", 1)
	require.Equal(t, "Rome", shop.Levels()[0].LocationName)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, run(ctx, []string{"-world", "none.json"}, io.Discard))
	require.Error(t, run(ctx, []string{"-nonsense"}, io.Discard))
	require.Error(t, run(ctx, []string{"-listen", "nowhere:99999"}, io.Discard))
}
