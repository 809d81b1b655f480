package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), 300*time.Millisecond, &out))
	require.Equal(t, 12, strings.Count(out.String(), "\n| "), "a row per round")
	require.Contains(t, out.String(), "window open")
	require.Contains(t, out.String(), "15 SKUs add up")
}

func TestAStockThatDoesNotAddUpIsAFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, run(ctx, time.Millisecond, new(strings.Builder)))
}
