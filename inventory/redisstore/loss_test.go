package redisstore_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/redisstore"
)

// everything calls each method and returns what went wrong, by name.
func everything(s interface {
	inventory.Store
	inventory.Bookmarker
	inventory.Leaser
}, merchant string,
) map[string]error {
	ctx := context.Background()
	out := map[string]error{}
	c := inventory.Sell("everything", line("a", 1))
	c.Merchant = merchant
	out["Apply"] = s.Apply(ctx, []inventory.Change{c})[0].Err
	_, out["Applied"] = s.Applied(ctx, merchant, []string{"x"})
	_, out["Levels"] = s.Levels(ctx, merchant, []inventory.Key{at("a")})
	out["AllLevels"] = nil
	for _, err := range s.AllLevels(ctx, merchant) {
		out["AllLevels"] = err
	}
	_, out["Reservations"] = s.Reservations(ctx, merchant, []string{"x"})
	_, out["Documents"] = s.Documents(ctx, merchant, []string{"x"})
	_, out["Doubtful"] = s.Doubtful(ctx, merchant, true, 9)
	_, out["Settings"] = s.Settings(ctx, merchant)
	out["Configure"] = s.Configure(ctx, merchant, inventory.Settings{})
	_, out["Claim"] = s.Claim(ctx, merchant, "shop", 9, time.Minute)
	b := inventory.Batch{ID: "1", Merchant: merchant, Channel: "shop"}
	_, out["Seal"] = s.Seal(ctx, b, nil)
	out["Settle"] = s.Settle(ctx, b, nil)
	out["Unpark"] = s.Unpark(ctx, merchant, "shop", []inventory.Key{at("a")})
	out["Forget"] = s.Forget(ctx, merchant, "shop", []inventory.Key{at("a")})
	out["Postpone"] = s.Postpone(ctx, b, time.Minute)
	for _, err := range s.Beliefs(ctx, merchant, "shop", []inventory.Key{at("a")}) {
		out["Beliefs"] = err
	}
	_, out["Tidy"] = s.Tidy(ctx, merchant, 9)
	_, out["Bookmark"] = s.Bookmark(ctx, merchant, "x")
	out["SetBookmark"] = s.SetBookmark(ctx, merchant, "x", "y")
	l, err := s.Lease(ctx, merchant, []inventory.Key{at("a")}, time.Minute)
	out["Lease"] = err
	l.Merchant, l.Keys = merchant, []inventory.Key{at("a")}
	c = inventory.Sell("leased", line("a", 1))
	c.Merchant, c.Guards = merchant, []inventory.Guard{{Key: at("a"), Fence: l.Fence}}
	out["Apply with a lease"] = s.Apply(ctx, []inventory.Change{c})[0].Err
	_, out["Renew"] = s.Renew(ctx, l, time.Minute)
	out["Unlease"] = s.Unlease(ctx, l)
	return out
}

var shopOnly = inventory.Settings{Channels: []inventory.Channel{{Name: "shop"}}}

func TestDataThatGoBackAreRefused(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, goBack := range map[string]func(t *testing.T, srv *server, merchant string, older func()){
		"older": func(_ *testing.T, _ *server, _ string, older func()) { older() },
		"emptied": func(t *testing.T, srv *server, merchant string, _ func()) {
			c := srv.raw(t)
			require.NoError(t, c.Del(ctx, keys(t, c, merchant)...).Err())
		},
		"made anew": func(t *testing.T, srv *server, merchant string, _ func()) {
			c := srv.raw(t)
			require.NoError(t, c.Del(ctx, keys(t, c, merchant)...).Err())
			other := srv.open(t, nil)
			for i := range 9 {
				must(t, other, merchant, inventory.Track("t"+strconv.Itoa(i), line("a"+strconv.Itoa(i), 5)))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, srv *server) {
				s, merchant := srv.open(t, nil), merchantName()
				must(t, s, merchant, inventory.Track("t", line("a", 10)))
				require.NoError(t, s.Configure(ctx, merchant, shopOnly))
				older := snapshot(t, srv.raw(t), merchant)
				must(t, s, merchant, inventory.Sell("s", line("a", 9)))
				require.EqualValues(t, 1, level(t, s, merchant, "a").Available)

				goBack(t, srv, merchant, older)
				for range 2 {
					for method, err := range everything(s, merchant) {
						require.ErrorIs(t, err, inventory.ErrDataLoss, method)
					}
				}
				other := merchantName()
				must(t, s, other, inventory.Track("t", line("a", 10)))
				require.EqualValues(t, 10, level(t, s, other, "a").Available, "another merchant is not concerned")
			})
		})
	}
}

// A write on data that went back must not even be made.
func TestNothingIsWrittenToLostData(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant, c := srv.open(t, nil), merchantName(), srv.raw(t)
		must(t, s, merchant, inventory.Track("t", line("a", 10)))
		require.NoError(t, c.Del(context.Background(), keys(t, c, merchant)...).Err())
		require.ErrorIs(t, apply(t, s, merchant, inventory.Track("t2", line("b", 1))).Err, inventory.ErrDataLoss)
		require.Empty(t, keys(t, c, merchant))
	})
}

// A process that knows nothing yet must not take what is left, when meta alone
// is lost, for a new merchant.
func TestNothingIsWrittenBesideLostMeta(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	onEach(t, func(t *testing.T, srv *server) {
		c := srv.raw(t)
		for name, before := range map[string]func(s *redisstore.Store, merchant string){
			"levels": func(s *redisstore.Store, merchant string) { must(t, s, merchant, inventory.Track("t", line("a", 10))) },
			"bookmarks": func(s *redisstore.Store, merchant string) {
				require.NoError(t, s.SetBookmark(ctx, merchant, "b", "1"))
			},
			"journal": func(s *redisstore.Store, merchant string) {
				must(t, s, merchant, inventory.Track("t", line("a", 10)))
				require.NoError(t, c.Del(ctx, "{"+merchant+"}:lv:"+strconv.Itoa(bucketOf(t, c, merchant))).Err())
			},
		} {
			s, merchant := srv.open(t, nil), merchantName()
			before(s, merchant)
			require.NoError(t, c.Del(ctx, "{"+merchant+"}:meta").Err())
			left := keys(t, c, merchant)
			require.NotEmpty(t, left)
			errs := map[string]error{"SetBookmark": srv.open(t, nil).SetBookmark(ctx, merchant, "b", "2")}
			if name != "bookmarks" { // at which nobody else looks
				errs["Apply"] = apply(t, srv.open(t, nil), merchant, inventory.Track("t2", line("b", 1))).Err
				errs["Configure"] = srv.open(t, nil).Configure(ctx, merchant, shopOnly)
			}
			for method, err := range errs {
				var corrupt *redisstore.CorruptError
				require.ErrorAs(t, err, &corrupt, "%s beside %s", method, name)
				require.Contains(t, corrupt.Record, "meta is gone")
			}
			require.ElementsMatch(t, left, keys(t, c, merchant), "nothing is written beside %s", name)
		}
	})
}

// bucketOf is the bucket that has the merchant's only level.
func bucketOf(t *testing.T, c *redis.Client, merchant string) int {
	t.Helper()
	for b := range 16 {
		if c.Exists(context.Background(), "{"+merchant+"}:lv:"+strconv.Itoa(b)).Val() == 1 {
			return b
		}
	}
	t.Fatal("the merchant has no level")
	return 0
}

func TestAMerchantWithoutDataHasNoLevels(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		s, merchant := srv.open(t, nil), merchantName()
		require.ErrorIs(t, apply(t, s, merchant, inventory.Sell("s", line("a", 1))).Err, inventory.ErrUntracked)
		_, err := s.Levels(context.Background(), merchant, []inventory.Key{at("a"), {SKU: "b"}})
		require.ErrorIs(t, err, inventory.ErrUntracked)
		require.Empty(t, keys(t, srv.raw(t), merchant), "a refused Change and a read leave nothing behind")
		must(t, s, merchant, inventory.Track("t", line("a", 10)))
		require.EqualValues(t, 10, level(t, s, merchant, "a").Available)
	})
}

// Two processes see each other's writes, settings and locations at once.
func TestTwoStoresShareTheTruth(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, merchant := context.Background(), merchantName()
		a, b := srv.open(t, nil), srv.open(t, nil)
		must(t, a, merchant, inventory.Track("t1", line("a", 10)))
		require.EqualValues(t, 10, level(t, b, merchant, "a").Available)
		l := line("a", 5)
		l.Location = "lyon"
		must(t, a, merchant, inventory.Track("t2", l))
		levels, err := b.Levels(ctx, merchant, []inventory.Key{{SKU: "a"}})
		require.NoError(t, err)
		require.Len(t, levels, 2, "a location that another process started")

		require.NoError(t, a.Configure(ctx, merchant, shopOnly))
		shown := line("a", 1)
		shown.Quantity, shown.Shown = 0, 3
		must(t, b, merchant, inventory.Believe("b1", "shop", shown))
		batch, err := a.Claim(ctx, merchant, "shop", 9, time.Minute)
		require.NoError(t, err)
		require.Len(t, batch.Pushes, 1, "a write by a process that had not read the settings must mark the level")
		require.EqualValues(t, 7, batch.Pushes[0].Delta)
	})
}

// Whoever starts anew on data that went back knows of no loss, but a cursor does.
func TestACursorAheadOfTheJournal(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, srv *server) {
		ctx, s, merchant := context.Background(), srv.open(t, nil), merchantName()
		must(t, s, merchant, inventory.Track("t", line("a", 9)))
		restore := snapshot(t, srv.raw(t), merchant)
		must(t, s, merchant, inventory.Sell("s1", line("a", 1)))
		p, err := s.Journal(ctx, merchant, inventory.JournalEnd, 9)
		require.NoError(t, err)
		restore()
		anew := srv.open(t, nil)
		_, err = anew.Journal(ctx, merchant, p.Cursor, 9)
		require.ErrorIs(t, err, inventory.ErrGap)
		must(t, anew, merchant, inventory.Sell("s2", line("a", 1)))
		must(t, anew, merchant, inventory.Sell("s3", line("a", 1)))
		_, err = anew.Journal(ctx, merchant, p.Cursor, 9)
		require.ErrorIs(t, err, inventory.ErrGap, "another entry is in its place")
	})
}
