package inventory_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/onhand-dev/onhand/inventory"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		available         int64
		buffer, max, want int64
		own               map[string]int64
	}{
		{name: "all that is available", available: 10, want: 10},
		{name: "buffer", available: 10, buffer: 3, want: 7},
		{name: "buffer of the level", available: 10, buffer: 3, own: map[string]int64{"shop": 5}, want: 5},
		{name: "no buffer on this level", available: 10, buffer: 3, own: map[string]int64{"shop": 0}, want: 10},
		{name: "buffer of another channel", available: 10, buffer: 3, own: map[string]int64{"till": 5}, want: 7},
		{name: "a buffer never goes below zero", available: 2, buffer: 3, want: 0},
		{name: "nothing", available: 0, buffer: 3, want: 0},
		{name: "max", available: 10, max: 4, want: 4},
		{name: "below max", available: 3, max: 4, want: 3},
		{name: "buffer, then max", available: 6, buffer: 4, max: 4, want: 2},
		{name: "oversold", available: -2, want: -2},
		{name: "oversold, buffer and max", available: -2, buffer: 3, max: 4, want: -2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := inventory.Level{Available: tt.available, Committed: 99, Rules: inventory.Rules{SafetyStock: 1, BackorderLimit: 5, Buffers: tt.own}}
			c := inventory.Channel{Name: "shop", Buffer: tt.buffer, Max: tt.max}
			if got := inventory.Target(l, c); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestTargetNeverPromisesMoreThanThereIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := inventory.Level{Available: rapid.Int64Range(-20, 20).Draw(t, "available")}
		c := inventory.Channel{Name: "shop", Buffer: rapid.Int64Range(0, 10).Draw(t, "buffer"), Max: rapid.Int64Range(0, 10).Draw(t, "max")}
		got := inventory.Target(l, c)
		switch {
		case got > l.Available:
			t.Fatalf("shows %d of %d", got, l.Available)
		case c.Max > 0 && got > c.Max:
			t.Fatalf("shows %d, at most %d", got, c.Max)
		case l.Available < 0 && got != l.Available:
			t.Fatalf("shows %d, owes %d", got, l.Available)
		case l.Available >= 0 && got < 0:
			t.Fatalf("shows %d of %d", got, l.Available)
		}
		l.Available++
		if next := inventory.Target(l, c); next < got || next > got+1 {
			t.Fatalf("one unit more moves the target from %d to %d", got, next)
		}
	})
}

func TestPooledTarget(t *testing.T) {
	t.Parallel()
	at := func(location string, available int64, own ...int64) inventory.Level {
		l := inventory.Level{Key: inventory.Key{SKU: "a", Location: location}, Available: available}
		if own != nil {
			l.Rules.Buffers = map[string]int64{"bazaar": own[0]}
		}
		return l
	}
	for _, tt := range []struct {
		name   string
		c      inventory.Channel
		levels []inventory.Level
		want   int64
	}{
		{name: "nothing is tracked"},
		{name: "the sum", levels: []inventory.Level{at("x", 3), at("y", 4)}, want: 7},
		{name: "the buffer once", c: inventory.Channel{Buffer: 2}, levels: []inventory.Level{at("x", 3), at("y", 4)}, want: 5},
		{name: "own buffers each, and the channel's", c: inventory.Channel{Buffer: 2}, levels: []inventory.Level{at("x", 3, 9), at("y", 4, 1)}, want: 1},
		{name: "never below zero", c: inventory.Channel{Buffer: 9}, levels: []inventory.Level{at("x", 3), at("y", 4)}, want: 0},
		{name: "at most Max", c: inventory.Channel{Buffer: 1, Max: 5}, levels: []inventory.Level{at("x", 3), at("y", 4)}, want: 5},
		{name: "owed elsewhere", c: inventory.Channel{Buffer: 1}, levels: []inventory.Level{at("x", 3), at("y", -1)}, want: 1},
		{name: "oversold", c: inventory.Channel{Buffer: 1, Max: 5}, levels: []inventory.Level{at("x", 3), at("y", -4)}, want: -1},
		{name: "its locations", c: inventory.Channel{Locations: []string{"y"}}, levels: []inventory.Level{at("x", 3), at("y", 4)}, want: 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.c.Name, tt.c.Pooled = "bazaar", true
			if got := inventory.PooledTarget(tt.levels, tt.c); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// A cap never is the cause of a rising push: with it, less is owed or the same.
func TestACapNeverRaises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.Int64Range(-20, 20), rapid.Int64Range(-1<<53, 1<<53))
		l := inventory.Level{Available: n.Draw(t, "available")}
		c := inventory.Channel{Name: "shop", Buffer: rapid.Int64Range(0, 10).Draw(t, "buffer"), Max: rapid.Int64Range(1, 10).Draw(t, "max")}
		believed := n.Draw(t, "believed")
		with := inventory.Owed(inventory.Target(l, c), believed)
		c.Max = 0
		target := inventory.Target(l, c)
		without := inventory.Owed(target, believed)
		switch {
		case with > without:
			t.Fatalf("with the cap %d is owed, without it %d", with, without)
		case (without > 0) != (target > believed) || (without < 0) != (target < believed):
			t.Fatalf("%d is owed from %d to %d", without, believed, target)
		case without > inventory.MaxQuantity || without < -inventory.MaxQuantity:
			t.Fatalf("%d at once is more than a channel takes", without)
		}
	})
}
