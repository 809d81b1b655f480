package main

import (
	"context"
	"fmt"
	"strconv"
)

// growth measures how cost grows with one thing at a time; each is compared with
// the smallest of its kind.
func (b *bench) growth(ctx context.Context, full bool) ([]row, error) {
	s, err := b.server(ctx, fsyncEverysec)
	if err != nil {
		return nil, err
	}
	levels, merchants := []int{1000, 10_000, 100_000}, []int{1, 10, 100, 1000}
	if full {
		levels, merchants = append(levels, 1_000_000), append(merchants, 10_000)
	}
	var rows []row
	for _, kind := range []struct {
		name  string
		sizes []int
		of    func(context.Context, *server, int) (subject, error)
	}{
		{"lines", []int{1, 2, 5, 10}, b.byLines},
		{"levels", levels, b.byLevels},
		{"merchants", merchants, b.byMerchants},
		{"processes", []int{1, 2, 4, 8}, b.byProcesses},
	} {
		var least *entry
		for _, n := range kind.sizes {
			name := kind.name + "-" + strconv.Itoa(n)
			if !b.wants(name) {
				continue
			}
			progress("loading for %s", name)
			sub, err := kind.of(ctx, s, n)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			e := &entry{what: name, subject: sub}
			rows = append(rows, row{name: name, ours: e, peer: least})
			if least == nil {
				least = e
			}
		}
	}
	return rows, b.measure(ctx, rows)
}

// crowd is how many callers there are where it is not what grows.
const crowd = 256

// byLines has several SKUs in each sale.
func (b *bench) byLines(ctx context.Context, s *server, n int) (subject, error) {
	sh, err := b.shop(ctx, s, "lines", s.skus())
	if err != nil {
		return nil, err
	}
	return load{callers: crowd, caller: sh.callers(uniform(s.skus()), few, n), cpu: s.cpu}, nil
}

func (b *bench) byLevels(ctx context.Context, s *server, n int) (subject, error) {
	sh, err := b.shop(ctx, s, "levels-"+strconv.Itoa(n), n)
	if err != nil {
		return nil, err
	}
	return load{callers: crowd, caller: sh.callers(uniform(n), few, 1), cpu: s.cpu}, nil
}

// byMerchants has callers of ever more merchants, 100 SKUs each, on one store. Only
// those of one merchant share calls.
func (b *bench) byMerchants(ctx context.Context, s *server, n int) (subject, error) {
	first, err := b.shop(ctx, s, fmt.Sprintf("of-%d-0", n), 100)
	if err != nil {
		return nil, err
	}
	var callers []func(context.Context, int) (sale, error)
	for i := range n {
		sh := first
		if i > 0 {
			if sh, err = first.of(fmt.Sprintf("of-%d-%d", n, i)); err != nil {
				return nil, err
			}
			if err := sh.load(ctx, 100); err != nil {
				return nil, err
			}
		}
		callers = append(callers, sh.callers(uniform100, few, 1))
	}
	return load{callers: crowd, cpu: s.cpu, caller: func(_ context.Context, i int) (sale, error) {
		// Each goes from merchant to merchant.
		own := make([]sale, n)
		at := i * n / crowd
		return func(ctx context.Context) error {
			if at++; at >= n {
				at = 0
			}
			if own[at] == nil {
				var err error
				if own[at], err = callers[at](ctx, i); err != nil {
					return err
				}
			}
			return own[at](ctx)
		}, nil
	}}, nil
}

var uniform100 = uniform(100)

// byProcesses has the same number of callers in ever more processes.
func (b *bench) byProcesses(ctx context.Context, s *server, n int) (subject, error) {
	if _, err := b.shop(ctx, s, "processes", s.skus()); err != nil {
		return nil, err
	}
	return workers{n: n, server: s, task: task{
		Addr: s.options.Addr, Password: s.options.Password, DB: s.options.DB, Merchant: "processes", SKUs: s.skus(), Callers: crowd / n,
	}}, nil
}
