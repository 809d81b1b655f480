package lock_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/memstore"
	"github.com/onhand-dev/onhand/lock"
)

// shelf returns a store with some units of SKUs in Berlin.
func shelf(n int64, skus ...string) *memstore.Store {
	s := memstore.New(nil)
	for _, sku := range skus {
		s.Apply(context.Background(), of(inventory.Track("load/"+sku, line(sku, n))))
	}
	return s
}

// A strategy for each class of SKU. Nothing changes where the shop sells.
func ExampleNewPolicy() {
	ctx := context.Background()
	store := shelf(5, "MUG", "DROP-1", "B2B-7")
	is := func(prefix string) func(string) bool {
		return func(sku string) bool { return strings.HasPrefix(sku, prefix) }
	}
	policy, err := lock.NewPolicy(lock.NewAtomic(store, nil), []lock.Class{
		{Name: "drop", Match: is("DROP-"), Locker: lock.NewPessimistic(store, nil)},
		{Name: "b2b", Match: is("B2B-"), Locker: lock.NewOptimistic(store, nil)},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	stock, err := inventory.New(store, "acme", &inventory.Config{Locker: policy})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, sku := range []string{"MUG", "DROP-1", "B2B-7", "DROP-1"} {
		if _, err := stock.Apply(ctx, inventory.Sell(fmt.Sprint("order/", i), line(sku, 3))); err != nil {
			fmt.Println(err)
		}
	}
	for _, s := range policy.Stats() {
		fmt.Printf("%s: %d applied, %d refused\n", s.Class, s.Applied, s.Refused)
	}
	// Output:
	// inventory: not enough stock: DROP-1@berlin: 3 wanted, 2 left
	// drop: 1 applied, 1 refused
	// b2b: 1 applied, 0 refused
	// fallback: 1 applied, 0 refused
}

// At most two per customer, as another system says, while nobody else decides
// on the SKU.
func ExamplePessimistic_Update() {
	ctx := context.Background()
	drops := lock.NewPessimistic(shelf(3, "DROP-1"), nil)
	asks := func(_ context.Context, customer string) (int64, error) { return 2, nil } // a call to the CRM

	allot := func(order, customer string) (sold int64, err error) {
		_, err = drops.Update(ctx, "acme", []inventory.Key{key("DROP-1")},
			func(ctx context.Context, now []inventory.Level) (inventory.Change, error) {
				n, err := asks(ctx, customer) // ctx ends when the lease is lost
				if err != nil {
					return inventory.Change{}, err
				}
				sold = min(n, now[0].Sellable())
				if sold <= 0 {
					return inventory.Change{}, inventory.ErrInsufficient
				}
				return inventory.Sell(order, line("DROP-1", sold)), nil
			})
		return sold, err
	}
	for _, customer := range []string{"ada", "ben", "cleo"} {
		n, err := allot("order/"+customer, customer)
		if errors.Is(err, inventory.ErrInsufficient) {
			fmt.Println(customer, "comes too late")
			continue
		}
		fmt.Println(customer, "gets", n)
	}
	// Output:
	// ada gets 2
	// ben gets 1
	// cleo comes too late
}

// A flash sale at noon: one SKU is sold by another strategy for an hour.
func ExampleWindow() {
	ctx := context.Background()
	store := shelf(9, "DROP-1")
	noon := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	now := noon.Add(-time.Minute)
	// So that it shows which strategy has its turn.
	say := func(name string, l lock.Locker) lock.Locker { return announced{l, name} }

	atomic := say("atomic", lock.NewAtomic(store, nil))
	policy, err := lock.NewPolicy(atomic, []lock.Class{{
		Name:   "drop",
		Match:  func(sku string) bool { return sku == "DROP-1" },
		Locker: atomic,
		Windows: []lock.Window{
			{Start: noon, End: noon.Add(time.Hour), Locker: say("pessimistic", lock.NewPessimistic(store, nil))},
		},
	}}, &lock.PolicyConfig{Now: func() time.Time { return now }})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 3 {
		fmt.Print(now.Format("15:04 "))
		policy.Apply(ctx, of(inventory.Sell(fmt.Sprint("order/", i), line("DROP-1", 1))))
		now = now.Add(31 * time.Minute)
	}
	// Output:
	// 11:59 atomic
	// 12:30 pessimistic
	// 13:01 atomic
}

type announced struct {
	lock.Locker
	name string
}

func (a announced) Apply(ctx context.Context, changes []inventory.Change) []inventory.Outcome {
	fmt.Println(a.name)
	return a.Locker.Apply(ctx, changes)
}
