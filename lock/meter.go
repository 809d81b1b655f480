package lock

import (
	"context"
	"sync/atomic"
	"time"
)

// meter counts what one call met. A Policy puts it into the call's context,
// where the strategies below find it; a nil one counts nothing.
type meter struct{ conflicts, wait atomic.Int64 }

type meterKey struct{}

func withMeter(ctx context.Context, m *meter) context.Context {
	return context.WithValue(ctx, meterKey{}, m)
}

func meterOf(ctx context.Context) *meter {
	m, _ := ctx.Value(meterKey{}).(*meter)
	return m
}

// conflict counts a try that somebody else was in the way of.
func (m *meter) conflict(n int64) {
	if m != nil {
		m.conflicts.Add(n)
	}
}

func (m *meter) waited(d time.Duration) {
	if m != nil {
		m.wait.Add(int64(d))
	}
}
