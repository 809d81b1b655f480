package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory/redisstore"
)

func TestDemoEndsEqual(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	cfg, err := configFromEnv(func(string) string { return "" })
	require.NoError(t, err)
	var out bytes.Buffer
	err = demo{cfg: cfg, length: 3 * time.Second, seed: 1, rate: 30, skus: 20}.run(t.Context(), &out)
	require.NoError(t, err, out.String())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	last := lines[len(lines)-1]
	for _, want := range []string{"oversold=0", "mismatched=0", "orders_missing=0", "dead_letters=0", "levels=60"} {
		require.Contains(t, strings.Fields(last), want)
	}
	require.NotContains(t, strings.Fields(last), "orders=0")
}

func TestConfigSaysWhatIsMissing(t *testing.T) {
	env := map[string]string{"ONHAND_LOCATIONS": "berlin=1, lyon=gid://shopify/Location/2", "ONHAND_PROVE_LEVEL": "A@B@berlin", "ONHAND_REDIS_ALLOW": "no-aof"}
	cfg, err := configFromEnv(func(k string) string { return env[k] })
	require.NoError(t, err)
	require.Equal(t, map[string]string{"berlin": "gid://shopify/Location/1", "lyon": "gid://shopify/Location/2"}, cfg.locations)
	require.Equal(t, "A@B", cfg.proveSKU)
	require.Equal(t, []redisstore.Unsafe{redisstore.NoAOF}, cfg.redisAllow)
	for _, name := range []string{"ONHAND_SHOP_DOMAIN", "ONHAND_SHOP_TOKEN", "ONHAND_WEBHOOK_SECRETS"} {
		require.ErrorContains(t, cfg.validate(), name)
	}
	for _, bad := range []map[string]string{{"ONHAND_LOCATIONS": "berlin"}, {"ONHAND_PROVE_LEVEL": "A"}} {
		_, err := configFromEnv(func(k string) string { return bad[k] })
		require.Error(t, err)
	}
}
