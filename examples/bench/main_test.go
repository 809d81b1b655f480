package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// The command starts itself as its own worker, which here is the test.
	if len(os.Args) > 1 && os.Args[1] == workerCommand {
		if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// output runs a command for a moment, on what is embedded.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, run(t.Context(), append(args, "-time", "20ms", "-rounds", "1"), nil, &out))
	return out.String()
}

type answer struct {
	Machine []string
	Rows    []struct {
		Name    string
		OpsPerS float64 `json:"ops_per_s"`
		P50     float64 `json:"p50_us"`
		P99     float64 `json:"p99_us"`
		Ratio   float64
		Against string
		Skipped string
		Peer    map[string]float64
	}
}

func read(t *testing.T, text string) answer {
	t.Helper()
	var a answer
	require.NoError(t, json.Unmarshal([]byte(text), &a))
	require.NotEmpty(t, a.Machine)
	for _, r := range a.Rows {
		if r.OpsPerS == 0 {
			continue // a busy machine got nothing done in such a moment
		}
		require.Positive(t, r.P50, r.Name)
		require.GreaterOrEqual(t, r.P99, r.P50, r.Name)
		if r.Ratio > 0 {
			require.InEpsilon(t, r.OpsPerS/r.Peer["ops_per_s"], r.Ratio, 1e-9, r.Name)
		}
	}
	return a
}

func (a answer) names() []string {
	var all []string
	for _, r := range a.Rows {
		all = append(all, r.Name)
	}
	return all
}

func TestStore(t *testing.T) {
	t.Parallel()
	svg := filepath.Join(t.TempDir(), "ratio.svg")
	a := read(t, output(t, "store", "-redis", "embedded", "-json", "-svg", svg, "-only", "^(nothing|.*-64|one|postgres-.*|redsync-.*|watch-.*)$"))
	require.Subset(t, a.names(), []string{"nothing", "hot-64", "zipf-64", "uniform-64", "one", "postgres-hot", "postgres-uniform", "redsync-hot", "watch-uniform"})
	require.NotContains(t, a.names(), "hot-1000")
	skipped := map[string]string{}
	for _, r := range a.Rows {
		skipped[r.Name] = r.Skipped
	}
	require.NotEmpty(t, skipped["postgres-hot"], "the embedded server has no PostgreSQL beside it")
	require.Empty(t, skipped["watch-uniform"])
	drawn, err := os.ReadFile(svg)
	require.NoError(t, err)
	require.Contains(t, string(drawn), "</svg>")
}

func TestStoreOfAThousandCallers(t *testing.T) {
	t.Parallel()
	text := output(t, "store", "-redis", "embedded", "-only", "^(mixed|zipf)-1000$")
	require.Contains(t, text, "\n| mixed-1000 | ")
	require.Contains(t, text, "\n| zipf-1000 | ")
	require.Equal(t, 2, strings.Count(text, "-1000 |"))
}

func TestGrowth(t *testing.T) {
	t.Parallel()
	a := read(t, output(t, "store", "-growth", "-redis", "embedded", "-json", "-only", "^(lines-(1|10)|levels-1000|merchants-10|processes-(1|2))$"))
	require.Equal(t, []string{"lines-1", "lines-10", "levels-1000", "merchants-10", "processes-1", "processes-2"}, a.names())
	require.Equal(t, "lines-1", a.Rows[slices.Index(a.names(), "lines-10")].Against)
}

func TestIngest(t *testing.T) {
	t.Parallel()
	a := read(t, output(t, "ingest", "-json"))
	require.Equal(t, []string{"receiver-64", "receiver-whole-64", "consumer", "consumer-whole", "struct"}, a.names())
	require.InDelta(t, 6500, len(order(1)), 100)
}

func TestTablesGoIntoADocument(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "doc.md")
	before := "words\n<!-- begin: go run ./examples/bench ingest -->\nold\n<!-- end -->\nmore words\n"
	require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
	printed := output(t, "ingest", "-only", "^struct$", "-into", path)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, strings.Replace(before, "old", "\n"+strings.TrimSpace(printed)+"\n", 1), string(after))

	require.NoError(t, os.WriteFile(path, []byte("words\n"), 0o600))
	err = run(t.Context(), []string{"ingest", "-only", "^struct$", "-into", path, "-time", "10ms"}, nil, new(strings.Builder))
	require.ErrorContains(t, err, "no place for the tables")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"store or ingest":  nil,
		"above zero":       {"store", "-time", "0"},
		"1 or more":        {"ingest", "-rounds", "0"},
		"starts itself":    {"store", "-loss", "-redis", "embedded"},
		"error parsing":    {"store", "-only", "("},
		"invalid URL":      {"store", "-redis", "http://127.0.0.1"},
		"not what it says": {"nothing"},
	} {
		err := run(t.Context(), args, nil, new(strings.Builder))
		require.Error(t, err, args)
		if want != "not what it says" && want != "invalid URL" {
			require.ErrorContains(t, err, want)
		}
	}
}
