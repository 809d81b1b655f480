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
