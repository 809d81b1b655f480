package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/onhand-dev/onhand/inventory"
)

// crowd: what holds for one caller holds for hundreds at once.
func crowd(t *testing.T, h Harness) { each(t, h, crowdTests) }

const callers = 200

// shout runs f once per caller, all at once, and collects their errors.
func shout(n int, f func(i int) error) []error {
	errs, start := make([]error, n), make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// submit applies a Change from any goroutine.
func (f *fixture) submit(c inventory.Change) inventory.Outcome {
	c.Merchant = f.merchant
	return f.store.Apply(f.Context(), []inventory.Change{c})[0]
}

var crowdTests = []test{
	{"one level is sold out exactly", 0, func(f *fixture) {
		f.track("hot", 1000)
		var mu sync.Mutex
		applied, refused := map[string]int{}, 0
		// Every ID is submitted by two callers: 200 callers ask for 7 units
		// each, but only 100 times 7 different sales of 2 units exist.
		errs := shout(callers, func(i int) error {
			for n := range 7 {
				out := f.submit(inventory.Sell(fmt.Sprintf("order/%d/%d", i/2, n), line("hot", 2)))
				mu.Lock()
				switch {
				case out.Err == nil && !out.Duplicate:
					applied[out.ID]++
				case errors.Is(out.Err, inventory.ErrInsufficient):
					refused++
				case out.Err != nil:
					mu.Unlock()
					return out.Err
				}
				mu.Unlock()
			}
			return nil
		})
		f.noError(errors.Join(errs...))
		f.equal(500, len(applied), "1000 units are 500 sales of 2, not one more or less")
		for id, n := range applied {
			f.equal(1, n, "%s was applied more than once", id)
		}
		f.yes(refused >= 200, "those who came too late must be told")
		f.equal(stock("hot", 0, 0, 1000), f.states("hot"))
		f.equal(int64(501), f.level("hot").Version, "one version per sale")
	}},
	{"many levels, several lines, all or none", 0, func(f *fixture) {
		const n = 20
		for i := range n {
			f.track(fmt.Sprintf("sku-%d", i), 30)
		}
		errs := shout(callers, func(i int) error {
			a, b := fmt.Sprintf("sku-%d", i%n), fmt.Sprintf("sku-%d", (i/n+i+1)%n)
			sell := inventory.Sell(fmt.Sprintf("order/%d", i), line(a, 3), line(b, 2))
			out := f.submit(sell)
			if errors.Is(out.Err, inventory.ErrInsufficient) {
				return nil
			}
			return errors.Join(out.Err, f.submit(sell).Err)
		})
		f.noError(errors.Join(errs...))
		ids := make([]string, callers)
		for i := range ids {
			ids[i] = fmt.Sprintf("order/%d", i)
		}
		var want, got int64
		for _, ok := range f.applied(ids...) {
			if ok {
				want += 5
			}
		}
		for k, l := range f.all() {
			f.yes(l.Available >= 0, "%s is oversold: %d", k, l.Available)
			f.equal(int64(30), l.OnHand(), "%s: units were lost or invented", k)
			got += l.Committed
		}
		f.equal(want, got, "what is committed is what the applied sales took")
	}},
	{"carts on one level", 0, func(f *fixture) {
		f.track("hot", 100)
		errs := shout(callers, func(i int) error {
			cart := fmt.Sprintf("cart-%d", i)
			out := f.submit(inventory.Reserve(cart, hour, line("hot", 1)))
			if errors.Is(out.Err, inventory.ErrInsufficient) {
				return nil
			}
			if i%2 == 0 {
				return errors.Join(out.Err, f.submit(inventory.Commit(cart, "o"+cart)).Err, f.submit(inventory.Commit(cart, "o"+cart)).Err)
			}
			return errors.Join(out.Err, f.submit(inventory.Release(cart)).Err, f.submit(inventory.Release(cart)).Err)
		})
		f.noError(errors.Join(errs...))
		l := f.level("hot")
		f.equal(int64(100), l.OnHand())
		f.equal(int64(0), l.Reserved, "every cart was committed or released")
		f.yes(l.Available >= 0 && l.Committed <= 100, "no cart gets what another has: %+v", l)
	}},
	{"one order heard by many consumers", 0, func(f *fixture) {
		f.track("a", 1000)
		errs := shout(50, func(int) error {
			out := f.submit(document("o/1", 0, "body", line("a", 3)))
			return out.Err
		})
		f.noError(errors.Join(errs...), "the same write of one document is a duplicate, not a conflict")
		f.equal(stock("a", 997, 0, 3), f.states("a"))
	}},
	{"50 claimers tell every level once", 0, func(f *fixture) {
		var names []string
		for i := range 120 {
			names = append(names, fmt.Sprintf("sku-%d", i))
		}
		f.pending(names...)
		var mu sync.Mutex
		claimed := map[string]int{}
		errs := shout(50, func(int) error {
			for range len(names) {
				b, err := f.store.Claim(f.Context(), f.merchant, shop, 3, hour)
				if err != nil || b.ID == "" {
					return err
				}
				mu.Lock()
				for _, p := range b.Pushes {
					claimed[p.SKU]++
				}
				mu.Unlock()
				b.Request = []byte(b.ID)
				if b, err = f.store.Seal(f.Context(), b, nil); err != nil {
					return err
				}
				done := results(b, inventory.Applied)
				if err := errors.Join(f.store.Settle(f.Context(), b, done), f.store.Settle(f.Context(), b, done)); err != nil {
					return err
				}
			}
			return errors.New("there is always more to claim")
		})
		f.noError(errors.Join(errs...))
		for _, sku := range names {
			f.equal(1, claimed[sku], "%s must be told once", sku)
		}
		f.equal(0, len(f.listed(shop)))
		f.inSync(names[:3]...)
	}},
	{"claimers beside sellers", 0, func(f *fixture) {
		names := []string{"a", "b", "c"}
		f.pending(names...)
		push := func() error {
			b, err := f.store.Claim(f.Context(), f.merchant, shop, 2, hour)
			if err != nil || b.ID == "" {
				return err
			}
			b.Request = []byte(b.ID)
			if b, err = f.store.Seal(f.Context(), b, nil); err != nil {
				return err
			}
			return f.store.Settle(f.Context(), b, results(b, inventory.Applied))
		}
		errs := shout(60, func(i int) error {
			for n := range 5 {
				sku := names[(i+n)%3]
				sell := inventory.Receive(fmt.Sprintf("in/%d/%d", i, n), line(sku, 1))
				if i%3 == 0 {
					sell = inventory.Sell(fmt.Sprintf("out/%d/%d", i, n), line(sku, 1)).ReportedBy(shop)
				}
				if err := errors.Join(f.submit(sell).Err, push()); err != nil {
					return err
				}
			}
			return nil
		})
		f.noError(errors.Join(errs...))
		for range len(names) {
			f.noError(push())
		}
		f.inSync(names...)
	}},
}
