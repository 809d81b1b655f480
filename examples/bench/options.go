package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"
)

// options that the commands have in common.
type options struct {
	length time.Duration
	rounds int
	only   *regexp.Regexp
	json   bool
	svg    string
	into   string
	// profile of this process is written there while it measures.
	profile string
}

func (o *options) flags(name string, out io.Writer) *flag.FlagSet {
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.SetOutput(out)
	f.DurationVar(&o.length, "time", 500*time.Millisecond, "how long each is measured in a round, after a warm-up of a third of it")
	f.IntVar(&o.rounds, "rounds", 5, "how many rounds; the median of each figure is reported")
	f.Func("only", "measure the rows whose name matches this regular expression", func(s string) (err error) {
		o.only, err = regexp.Compile(s)
		return err
	})
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.StringVar(&o.profile, "cpuprofile", "", "write a profile of this process, for go tool pprof, into this file")
	f.StringVar(&o.into, "into", "", "also write the tables into this file, between the comments <!-- begin: COMMAND --> and <!-- end -->")
	return f
}

func (o *options) valid() error {
	switch {
	case o.length <= 0:
		return fmt.Errorf("-time is %v, and must be above zero", o.length)
	case o.rounds < 1:
		return fmt.Errorf("-rounds is %d, and must be 1 or more", o.rounds)
	}
	return nil
}

func (o *options) window() window { return window{warm: o.length / 3, length: o.length} }

func (o *options) wants(row string) bool { return o.only == nil || o.only.MatchString(row) }

// progress goes to the terminal, not into what is printed.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
