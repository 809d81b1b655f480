package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// once: a Change takes effect once by its ID, whatever happens to replies.
func once(t *testing.T, h Harness) {
	t.Run("id", func(t *testing.T) { each(t, h, idTests) })
	t.Run("lost reply", func(t *testing.T) { each(t, h, lostReplyTests()) })
	t.Run("horizon", func(t *testing.T) { each(t, h, horizonTests) })
	t.Run("too old", func(t *testing.T) { each(t, h, tooOldTests) })
}

var idTests = []test{
	{"a repeat is a duplicate with the levels as of now", 0, func(f *fixture) {
		f.track("a", 9)
		sell := inventory.Sell("s", line("a", 2))
		f.must(sell)
		f.must(inventory.Sell("other", line("a", 3)))
		out := f.repeat(sell)
		f.equal(stock("a", 4, 0, 5), f.states("a"))
		f.equal(int64(3), f.level("a").Version, "a duplicate does not bump the version")
		f.equal([]inventory.Level{f.level("a")}, out.Levels, "levels as of now, not as of then")
	}},
	{"every kind with an ID applies once", 0, func(f *fixture) {
		f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
		shown := line("a", 0)
		shown.Shown = 5
		for _, c := range []inventory.Change{
			inventory.Track("track", line("a", 9)),
			inventory.Believe("believe", shop, shown),
			inventory.Sell("sell", line("a", 4)),
			inventory.Cancel("cancel", inventory.Available, line("a", 1)),
			inventory.Fulfil("fulfil", line("a", 1)),
			inventory.Return("return", inventory.Available, line("a", 1)),
			inventory.Receive("receive", line("a", 1)),
			inventory.Move("move", inventory.Available, inventory.Unavailable, line("a", 1)),
			inventory.Reserve("reserve", hour, line("a", 1)),
			document("o/1", 0, "body", line("a", 1)),
		} {
			f.must(c)
			before := f.all()
			f.repeat(c)
			f.equal(before, f.all(), "%s again must move nothing", c.Kind)
		}
	}},
	{"twice in one call", 0, func(f *fixture) {
		f.track("a", 9)
		sell := inventory.Sell("s", line("a", 2))
		outs := f.applyAll(sell, sell)
		f.noError(errors.Join(outs[0].Err, outs[1].Err))
		f.equal([]bool{false, true}, []bool{outs[0].Duplicate, outs[1].Duplicate})
		f.equal(stock("a", 7, 0, 2), f.states("a"))
	}},
	{"the ID is looked at before guards and floors", 0, func(f *fixture) {
		f.track("a", 5)
		sell := inventory.Sell("s", line("a", 5))
		sell.Guards = []inventory.Guard{{Key: key("a"), Version: 1}}
		f.must(sell)
		f.repeat(sell)
	}},
	{"other content under a used ID is refused", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		f.must(inventory.Sell("s", line("a", 2)))
		f.refuse(inventory.Sell("s", line("a", 3)), inventory.ErrReusedID)
		f.refuse(inventory.Sell("s", line("b", 2)), inventory.ErrReusedID)
		f.refuse(inventory.Receive("s", line("a", 2)), inventory.ErrReusedID)
		f.refuse(inventory.Sell("s", line("a", 99)), inventory.ErrReusedID)
		f.refuse(inventory.Sell("s", line("unknown", 2)), inventory.ErrReusedID)
		f.refuse(inventory.Sell("s", line("a", 2)).ReportedBy(shop), inventory.ErrReusedID)
		f.refuse(inventory.Track("s", line("new", 2)), inventory.ErrReusedID)
	}},
	{"the order of lines, time and trace are no content", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		f.must(inventory.Sell("s", line("a", 2), line("b", 1)))
		again := inventory.Sell("s", line("b", 1), line("a", 2))
		again.At, again.TraceID = time.Unix(1, 0), "trace"
		f.repeat(again)
	}},
	{"a digest stands for the lines", 0, func(f *fixture) {
		f.track("a", 9)
		f.track("b", 9)
		sell := inventory.Sell("s", line("a", 2))
		sell.Digest = "two of something"
		f.must(sell)
		elsewhere := inventory.Sell("s", line("b", 2))
		elsewhere.Digest = sell.Digest
		f.repeat(elsewhere)
		elsewhere.Digest = "three of something"
		f.refuse(elsewhere, inventory.ErrReusedID)
	}},
	{"a refusal is not remembered", 0, func(f *fixture) {
		f.track("a", 1)
		f.refuse(inventory.Sell("s", line("a", 2)), inventory.ErrInsufficient)
		f.refuse(inventory.Sell("s", line("b", 2)), inventory.ErrUntracked)
		guarded := inventory.Sell("s", line("a", 1))
		guarded.Guards = []inventory.Guard{{Key: key("a"), Version: 7}}
		f.refuse(guarded, inventory.ErrConflict)
		f.refuse(inventory.Reserve("h", hour, line("a", 2)), inventory.ErrInsufficient)
		f.equal([]bool{false, false}, f.applied("s", "h"))
		f.must(inventory.Receive("r", line("a", 5)))
		f.must(inventory.Sell("s", line("a", 2)))
		f.must(inventory.Reserve("h", hour, line("a", 2)))
		f.equal(stock("a", 2, 2, 2), f.states("a"))
	}},
	{"Applied tells which IDs are remembered", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Sell("s", line("a", 1)))
		f.must(inventory.Reserve("h", hour, line("a", 1)))
		f.equal([]bool{false, true, true, true, false}, f.applied("x", "s", "h", "track-a", "S"))
		f.equal(0, len(f.applied()))
	}},
	{"other content of a reservation is refused", 0, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Reserve("h", hour, line("a", 2)))
		f.refuse(inventory.Reserve("h", hour, line("a", 3)), inventory.ErrReusedID)
		f.repeat(inventory.Reserve("h", 2*hour, line("a", 2)))
		f.equal(stock("a", 7, 2, 0), f.states("a"))
	}},
}

// lost is a write whose reply is lost, after some preparation.
type lost struct {
	name    string
	prepare func(f *fixture)
	c       inventory.Change
	want    inventory.Level
}

func lostReplyTests() []test {
	reserved := func(f *fixture) { f.must(inventory.Reserve("h", hour, line("a", 3))) }
	nothing := func(*fixture) {}
	tests := slices.Clone(lostOutboxTests)
	for _, l := range []lost{
		{"track", nothing, inventory.Track("t", line("b", 4)), stock("a", 10, 0, 0)},
		{"sell", nothing, inventory.Sell("s", line("a", 3)), stock("a", 7, 0, 3)},
		{"receive", nothing, inventory.Receive("r", line("a", 3)), stock("a", 13, 0, 0)},
		{"reported sale", nothing, inventory.Sell("s", line("a", 3)).ReportedBy(shop), stock("a", 7, 0, 3)},
		{"reserve", nothing, inventory.Reserve("h", hour, line("a", 3)), stock("a", 7, 3, 0)},
		{"extend", reserved, inventory.Extend("h", 2*hour), stock("a", 7, 3, 0)},
		{"commit", reserved, inventory.Commit("h", "o1"), stock("a", 7, 0, 3)},
		{"release", reserved, inventory.Release("h"), stock("a", 10, 0, 0)},
		{"order document", reserved, settling(document("o/1", 0, "body", line("a", 3))), stock("a", 7, 0, 3)},
		{"guarded sell", nothing, guarded(inventory.Sell("s", line("a", 3)), 1), stock("a", 7, 0, 3)},
		{"the last units", nothing, inventory.Sell("s", line("a", 10)), stock("a", 0, 0, 10)},
	} {
		tests = append(tests, test{l.name, loseReply, func(f *fixture) {
			f.configure(inventory.Settings{Channels: []inventory.Channel{{Name: shop}}})
			f.must(trackShown("a", 10, 10))
			l.prepare(f)
			believed := 10 + shownBy(l.c)
			f.h.LoseReply(f.t, f.store)
			out := f.apply(l.c)
			if out.Err != nil {
				f.errorIs(out.Err, inventory.ErrUnknown, "a lost reply is no refusal")
			}
			f.noError(f.apply(l.c).Err, "the same again")
			f.equal(l.want, f.states("a"), "a %s whose reply was lost must take effect once", l.name)
			f.equal(believed, f.belief(shop, "a").Believed, "and move what is believed once")
		}})
	}
	return tests
}

var lostOutboxTests = []test{
	{"claim", loseReply | advance, func(f *fixture) {
		f.pending("a", "b", "c")
		f.h.LoseReply(f.t, f.store)
		_, err := f.store.Claim(f.Context(), f.merchant, shop, 2, minute)
		if err != nil {
			f.errorIs(err, inventory.ErrUnknown)
		}
		told := map[string]string{}
		for range 10 {
			f.advance(2 * minute)
			b, err := f.store.Claim(f.Context(), f.merchant, shop, 2, minute)
			f.noError(err)
			if b.ID == "" {
				break
			}
			for _, p := range b.Pushes {
				f.yes(told[p.SKU] == "", "%s is in batches %s and %s", p.SKU, told[p.SKU], b.ID)
				told[p.SKU] = b.ID
			}
			f.finish(f.seal(b))
		}
		f.equal(3, len(told), "every level is told")
		f.inSync("a", "b", "c")
	}},
	{"seal", loseReply, func(f *fixture) {
		f.pending("a", "b")
		b := f.claim(9)
		b.Request = []byte("bytes")
		refused := []inventory.Result{{Status: inventory.Refused, Err: errRefused}, {}}
		f.h.LoseReply(f.t, f.store)
		if _, err := f.store.Seal(f.Context(), b, refused); err != nil {
			f.errorIs(err, inventory.ErrUnknown)
		}
		sealed, err := f.store.Seal(f.Context(), b, refused)
		f.noError(err, "the same bytes may be sealed again")
		f.equal("bytes", string(sealed.Request))
		f.equal([]string{"b"}, skus(sealed))
		f.yes(f.belief(shop, "a").Parked != "", "the refused level is parked")
	}},
	{"settle", loseReply, func(f *fixture) {
		f.pending("a")
		b := f.seal(f.claim(9))
		f.h.LoseReply(f.t, f.store)
		if err := f.store.Settle(f.Context(), b, results(b, inventory.Applied)); err != nil {
			f.errorIs(err, inventory.ErrUnknown)
		}
		f.noError(f.store.Settle(f.Context(), b, results(b, inventory.Applied)))
		f.inSync("a")
	}},
	{"configure", loseReply, func(f *fixture) {
		f.pending("a")
		set := inventory.Settings{Channels: []inventory.Channel{{Name: shop, Buffer: 4}}}
		f.h.LoseReply(f.t, f.store)
		if err := f.store.Configure(f.Context(), f.merchant, set); err != nil {
			f.errorIs(err, inventory.ErrUnknown)
		}
		f.configure(set)
		f.equal(f.level("a").Available-4, f.belief(shop, "a").Target)
	}},
}

var horizonTests = []test{
	{"an ID is remembered until the horizon", advance, func(f *fixture) {
		f.track("a", 9)
		sell := inventory.Sell("s", line("a", 2))
		f.must(sell)
		f.must(inventory.Reserve("h", hour, line("a", 2)))
		f.must(inventory.Release("h"))
		f.advance(f.h.Horizon - minute)
		f.tidy()
		f.repeat(sell)
		f.equal(inventory.ReleasedHold, f.repeat(inventory.Reserve("h", hour, line("a", 2))).Reservation.Status)
		f.equal(stock("a", 7, 0, 2), f.states("a"))
	}},
	{"a repeat does not forget, nor does an open hold end", advance, func(f *fixture) {
		f.track("a", 9)
		f.must(inventory.Reserve("h", 4*f.h.Horizon, line("a", 2)))
		f.advance(3 * f.h.Horizon)
		f.tidy()
		f.equal(inventory.Held, f.hold("h").Status)
		f.must(inventory.Commit("h", "o1"))
	}},
	{"memory is bounded", advance, func(f *fixture) {
		f.track("a", 99)
		var ids []string
		for i := range 20 {
			ids = append(ids, fmt.Sprintf("s%d", i), fmt.Sprintf("h%d", i))
			f.must(inventory.Sell(ids[2*i], line("a", 1)))
			f.must(inventory.Reserve(ids[2*i+1], hour, line("a", 1)))
		}
		for i := range 3 {
			f.advance(f.h.Horizon + hour)
			f.must(inventory.Receive(fmt.Sprintf("r%d", i), line("a", 1)))
			f.tidy()
		}
		f.equal(make([]bool, len(ids)), f.applied(ids...), "IDs and ended reservations must be forgotten some time, or memory is full one day")
		holds, err := f.store.Reservations(f.Context(), f.merchant, ids)
		f.noError(err)
		f.equal(0, len(holds), "ended reservations must be forgotten some time")
		f.equal(stock("a", 82, 0, 20), f.states("a"))
	}},
}
