package lock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/lock"
	"github.com/onhand-dev/onhand/lock/locktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func memory(*testing.T) locktest.Store { return memstore.New(nil) }

func TestAtomic(t *testing.T) {
	t.Parallel()
	locktest.Run(t, locktest.Harness{
		Store: memory, Around: synctest.Test, Hint: true,
		Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewAtomic(s, nil) },
	})
}

func TestOptimistic(t *testing.T) {
	t.Parallel()
	locktest.Run(t, locktest.Harness{
		Store: memory, Around: synctest.Test, MaxTries: 8,
		Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewOptimistic(s, nil) },
	})
}

func TestPessimistic(t *testing.T) {
	t.Parallel()
	locktest.Run(t, locktest.Harness{
		Store: memory, Around: synctest.Test, Leases: true,
		Locker: func(_ *testing.T, s locktest.Store) lock.Locker { return lock.NewPessimistic(s, nil) },
	})
}

// In real time, too: nothing hangs on a clock that stands still.
func TestPessimisticInRealTime(t *testing.T) {
	t.Parallel()
	locktest.Run(t, locktest.Harness{
		Store: memory, Leases: true,
		Locker: func(_ *testing.T, s locktest.Store) lock.Locker {
			return lock.NewPessimistic(s, &lock.PessimisticConfig{TTL: 2 * time.Second, Wait: 2 * time.Second})
		},
	})
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	locktest.Run(t, locktest.Harness{
		Store: memory, Around: synctest.Test, Hint: true, MaxTries: 1,
		Locker: func(t *testing.T, s locktest.Store) lock.Locker {
			atomic := lock.NewAtomic(s, nil)
			p, err := lock.NewPolicy(lock.NewPessimistic(s, nil), []lock.Class{
				{Name: "hot", Match: func(sku string) bool { return sku == "hot" }, Locker: lock.NewOptimistic(s, nil)},
				{Name: "a", Match: func(sku string) bool { return sku == "a" }, Locker: atomic},
			}, nil)
			if err != nil {
				t.Fatal(err)
			}
			return p
		},
	})
}
