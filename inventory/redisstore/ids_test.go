package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// A generation of IDs that is full is followed by a larger one; every ID stays
// known.
func TestManyIDs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant, c := context.Background(), merchantName(), srv.raw(t)
		s, other := srv.open(t, nil), srv.open(t, nil)
		must(t, s, merchant, inventory.Track("t", line("a", 10)))
		meta := "{" + merchant + "}:meta"
		var ids []string
		receive := func(s inventory.Store, id string) {
			must(t, s, merchant, inventory.Receive(id, line("a", 1)))
			ids = append(ids, id)
		}
		for g := 1; g <= 3; g++ {
			receive(s, fmt.Sprintf("r%d", g))
			receive(other, fmt.Sprintf("o%d", g))
			require.NoError(t, c.HSet(ctx, meta, "ids", 1<<40).Err())
		}
		receive(other, "last")
		gens := strings.Split(c.HGet(ctx, meta, "gens").Val(), "\n")
		require.Len(t, gens, 3, "the largest is never full")
		for i, g := range []string{"3 131072 ", "2 16384 ", "1 256 "} {
			require.True(t, strings.HasPrefix(gens[i], g), gens[i])
		}
		known, err := s.Applied(ctx, merchant, append(ids, "never"))
		require.NoError(t, err)
		for i, is := range known {
			require.Equal(t, i < len(ids), is, "ID %d", i)
		}
		for _, id := range ids {
			out := apply(t, s, merchant, inventory.Receive(id, line("a", 1)))
			require.NoError(t, out.Err)
			require.True(t, out.Duplicate, id)
		}
		require.EqualValues(t, 10+len(ids), level(t, s, merchant, "a").Available)
		for _, k := range keys(t, c, merchant) {
			if strings.HasPrefix(k, "{"+merchant+"}:id:") {
				ttl := c.TTL(ctx, k).Val()
				if ttl < 0 && strings.HasPrefix(k, "{"+merchant+"}:id:3:") {
					continue // the last ID: with so many, its hash has an end already
				}
				require.Greater(t, ttl, 29*24*time.Hour, k)
				require.Less(t, ttl, 33*24*time.Hour, k)
			}
		}
	})
}

// An ID is known for at least the horizon, whenever in a generation it came,
// and is forgotten some time.
func TestIDsAcrossGenerations(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	const horizon = 10 * time.Hour
	s := srv.open(t, &redisstore.Config{Horizon: horizon})
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	at := map[string]time.Time{}
	for i := range 60 {
		id := fmt.Sprintf("r%d", i)
		must(t, s, merchant, inventory.Receive(id, line("a", 1)))
		at[id] = now
		srv.advance(47*time.Minute, &now)
		for id, came := range at {
			known, err := s.Applied(context.Background(), merchant, []string{id})
			require.NoError(t, err)
			switch age := now.Sub(came); {
			case age <= horizon:
				require.True(t, known[0], "%s is %s old", id, age)
			case age > 3*horizon:
				require.False(t, known[0], "%s is %s old", id, age)
			}
		}
	}
	var hashes int
	for _, k := range srv.mini.Keys() {
		if strings.Contains(k, ":id:") {
			hashes++
		}
	}
	require.Less(t, hashes, 60, "Redis forgets old generations by itself")
}

func TestRepeatInALaterGeneration(t *testing.T) {
	t.Parallel()
	srv, merchant := newMini(t), merchantName()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := srv.open(t, &redisstore.Config{Horizon: 10 * time.Hour})
	must(t, s, merchant, inventory.Track("t", line("a", 10)))
	srv.advance(9*time.Hour, &now)
	sell := inventory.Sell("s", line("a", 1))
	must(t, s, merchant, sell)
	srv.advance(2*time.Hour, &now) // the generation has ended
	out := apply(t, s, merchant, sell)
	require.NoError(t, out.Err)
	require.True(t, out.Duplicate)
	out = apply(t, s, merchant, inventory.Sell("s", line("a", 2)))
	require.ErrorIs(t, out.Err, inventory.ErrReusedID)
	another := inventory.Sell("s2", line("a", 1)) // the call has written before it meets the repeat
	for i := range 2 {
		changes := []inventory.Change{inventory.Receive(fmt.Sprint("r", i), line("a", 1)), sell, another}
		for j := range changes {
			changes[j].Merchant = merchant
		}
		all := s.Apply(context.Background(), changes)
		require.NoError(t, errors.Join(all[0].Err, all[1].Err, all[2].Err))
		require.Equal(t, []bool{false, true, i > 0}, []bool{all[0].Duplicate, all[1].Duplicate, all[2].Duplicate})
	}
	require.EqualValues(t, 2, level(t, s, merchant, "a").Committed)
	srv.mini.SetTime(now.Add(-3 * time.Hour)) // a failover to a clock that is late
	require.True(t, apply(t, s, merchant, sell).Duplicate)
}
