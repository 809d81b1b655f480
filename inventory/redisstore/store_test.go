package redisstore_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

func TestNewRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	srv := newMini(t)
	ctx := context.Background()
	_, err := redisstore.New(ctx, nil, nil)
	require.ErrorIs(t, err, inventory.ErrInvalid)
	for field, cfg := range map[string]redisstore.Config{
		"Config.Buckets": {Buckets: -1}, "Config.Horizon": {Horizon: -1}, "Config.JournalLength": {JournalLength: -1},
	} {
		_, err := redisstore.New(ctx, srv.client(t, nil), &cfg)
		var invalid *inventory.InvalidError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, field, invalid.Field)
	}
	srv.mini.Close()
	_, err = redisstore.New(ctx, srv.client(t, nil), nil)
	require.ErrorContains(t, err, "ping")
}

func TestMerchantNamesThatBreakTheHashTag(t *testing.T) {
	t.Parallel()
	s := newMini(t).open(t, nil)
	for _, name := range []string{"", "a{b}", "a\x00"} {
		for method, err := range everything(s, name) {
			require.ErrorIs(t, err, inventory.ErrInvalid, "%s of %q", method, name)
		}
	}
}

// Every key that a script touches is declared: on a Cluster whose slot is
// migrating, an undeclared one would leave half a Change behind. The monitor
// of a real server lists what scripts call.
func TestEveryKeyIsDeclared(t *testing.T) {
	t.Parallel()
	srv := newReal(t)
	merchant := merchantName()
	declared := &declaredHook{keys: map[string]bool{}}
	c := srv.client(t, nil)
	c.AddHook(declared)
	s := openStore(t, c, nil)

	ctx := context.Background()
	watch, err := net.Dial("tcp", srv.opt.Addr)
	require.NoError(t, err)
	defer watch.Close()
	if srv.opt.Password != "" {
		_, err = fmt.Fprintf(watch, "AUTH %s\r\n", srv.opt.Password)
		require.NoError(t, err)
	}
	_, err = fmt.Fprint(watch, "MONITOR\r\n")
	require.NoError(t, err)
	seen := bufio.NewScanner(watch)
	seen.Buffer(nil, 1<<22)
	require.True(t, seen.Scan())
	require.NoError(t, watch.SetReadDeadline(time.Now().Add(20*time.Second)))

	pending(t, s, merchant, "a", "b")
	b, err := s.Claim(ctx, merchant, "shop", 9, 0)
	require.NoError(t, err)
	require.NoError(t, s.Settle(ctx, b, []inventory.Result{{Status: inventory.Refused}, {Status: inventory.Applied}}))
	must(t, s, merchant, inventory.Reserve("h", 1e6, line("a", 1)), inventory.Reserve("h2", 1e12, line("b", 1)), inventory.Release("h2"))
	order := inventory.Sell("o", line("a", 1))
	order.Kind, order.Recorded, order.Reservation = inventory.KindOrder, true, "h"
	order.Document = &inventory.Document{Name: "o", Doubts: []inventory.Reason{inventory.UnsureOrder}}
	must(t, s, merchant, order)
	everything(s, merchant)
	require.NoError(t, s.SetBookmark(ctx, merchant, "last", "one"))

	inScript := regexp.MustCompile(`lua\] "([A-Za-z]+)" "(\{` + merchant + `\}[^"]*)"`)
	touched := 0
	for !strings.Contains(seen.Text(), "lua]") || !strings.Contains(seen.Text(), `"last" "one"`) {
		require.True(t, seen.Scan(), "the monitor stopped after %d calls: %v", touched, seen.Err())
		if f := inScript.FindStringSubmatch(seen.Text()); f != nil {
			touched++
			require.True(t, declared.has(f[2]), "%s of undeclared %s", f[1], f[2])
		}
	}
	require.Greater(t, touched, 100)
}

// declaredHook collects the KEYS of all scripts.
type declaredHook struct {
	told
	keys map[string]bool
}

func (h *declaredHook) has(key string) bool { return h.keys[key] }

func (h *declaredHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		args := cmd.Args()
		if strings.HasPrefix(cmd.Name(), "eval") {
			n, _ := args[2].(int)
			for _, k := range args[3 : 3+n] {
				h.keys[k.(string)] = true
			}
		}
		return next(ctx, cmd)
	}
}
