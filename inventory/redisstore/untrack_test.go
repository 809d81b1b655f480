package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
)

// Nothing is kept of a level that is not counted any more.
func TestUntrackLeavesNoTrace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant, c, s := context.Background(), merchantName(), srv.raw(t), srv.open(t, nil)
		require.NoError(t, s.Configure(ctx, merchant, inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}}))
		track := inventory.Track("t", line("parked", 5), line("pending", 5))
		track.Origin = "shop"
		must(t, s, merchant, track, inventory.Receive("r1", line("parked", 1)))
		b, err := s.Claim(ctx, merchant, "shop", 9, time.Minute)
		require.NoError(t, err)
		b.Request = []byte("request")
		b, err = s.Seal(ctx, b, nil)
		require.NoError(t, err)
		results := make([]inventory.Result, len(b.Pushes))
		for i := range results {
			results[i].Status = inventory.Refused
		}
		require.NoError(t, s.Settle(ctx, b, results))
		must(t, s, merchant, inventory.Believe("b", "shop", line("pending", 0)), inventory.Receive("r2", line("pending", 1)))
		require.NotEmpty(t, c.HKeys(ctx, "{"+merchant+"}:pk:shop").Val())
		must(t, s, merchant, inventory.Untrack("u", at("parked"), at("pending")))
		for _, k := range keys(t, c, merchant) {
			for _, kind := range []string{"lv:", "p:", "pk:", "pr:"} {
				require.NotContains(t, k, "}:"+kind, "an empty key is gone")
			}
		}
	})
}
