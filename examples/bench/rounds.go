package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"slices"
)

// measure measures all entries of rows, each once per round, one after the other
// and every other time backwards, so that what disturbs the machine hits all
// alike.
func (o *options) measure(ctx context.Context, rows []row) error {
	var all []*entry
	for _, r := range rows {
		for _, e := range []*entry{r.ours, r.peer} {
			if e != nil && e.skipped == "" && !slices.Contains(all, e) {
				all = append(all, e)
			}
		}
	}
	stop, err := o.startProfile()
	if err != nil {
		return err
	}
	defer stop()
	for i := range o.rounds {
		progress("round %d of %d", i+1, o.rounds)
		for _, e := range all {
			s, err := e.subject.measure(ctx, o.window())
			if err != nil {
				return fmt.Errorf("%s: %w", e.what, err)
			}
			e.rounds = append(e.rounds, s)
		}
		slices.Reverse(all)
	}
	return nil
}

// startProfile begins the profile, if one is wanted.
func (o *options) startProfile() (stop func(), _ error) {
	if o.profile == "" {
		return func() {}, nil
	}
	file, err := os.Create(o.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			progress("%v", err)
		}
	}, nil
}
