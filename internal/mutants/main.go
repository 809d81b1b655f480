// Mutants proves that the tests can fail: it breaks the code in one way after
// the other, in a copy, and demands that the tests of the package notice each.
//
//	go run ./internal/mutants [-only text]
//
// It ends with an error if a mutant survives, or if the line that it changes is
// no longer there: then list.go needs another.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	only := flags.String("only", "", "only mutants whose name or file contains this")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	if err := os.CopyFS(dir, sources{os.DirFS(".")}); err != nil {
		return err
	}
	var unproved []string
	for _, m := range mutants {
		if !strings.Contains(m.name+" "+m.file, *only) {
			continue
		}
		start := time.Now()
		caught, err := m.try(ctx, dir)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			unproved = append(unproved, m.name)
			fmt.Fprintf(out, "ERROR: %s: %v\n", m.name, err)
		case caught:
			fmt.Fprintf(out, "caught in %3.0f s: %s (%s)\n", time.Since(start).Seconds(), m.name, m.file)
		default:
			unproved = append(unproved, m.name)
			fmt.Fprintf(out, "SURVIVED: %s (%s)\n", m.name, m.file)
		}
	}
	if unproved != nil {
		return fmt.Errorf("%d survived or could not be tried: %s", len(unproved), strings.Join(unproved, "; "))
	}
	return nil
}

// mutant is one way to break the code.
type mutant struct {
	name, file string
	// from is the text to replace, which must be there once.
	from, to string
	// tests is what must notice: a package, and a pattern for its tests.
	pkg, tests string
}

func (m mutant) try(ctx context.Context, dir string) (caught bool, err error) {
	path := filepath.Join(dir, m.file)
	whole, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	if n := bytes.Count(whole, []byte(m.from)); n != 1 {
		return false, fmt.Errorf("%q is in %s %d times, must be once", m.from, m.file, n)
	}
	if err := os.WriteFile(path, bytes.Replace(whole, []byte(m.from), []byte(m.to), 1), 0o600); err != nil {
		return false, err
	}
	defer os.WriteFile(path, whole, 0o600) //nolint:errcheck // the next mutant would not find its text
	test := exec.CommandContext(ctx, "go", "test", "-count=1", "-failfast", "-timeout=90s", "-run="+m.tests, m.pkg)
	test.Dir = dir
	said, err := test.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, err
	}
	// What does not even compile proves nothing about tests.
	if bytes.Contains(said, []byte("[build failed]")) || bytes.Contains(said, []byte("[setup failed]")) || bytes.Contains(said, []byte("Error compiling script")) {
		return false, fmt.Errorf("does not compile: %s", said[:min(len(said), 2000)])
	}
	if bytes.Contains(said, []byte("no tests to run")) {
		return false, fmt.Errorf("no test of %s is called %s", m.pkg, m.tests)
	}
	// Tests that hang have noticed nothing: it could be the machine.
	if bytes.Contains(said, []byte("panic: test timed out")) {
		return false, fmt.Errorf("the tests of %s did not end in time", m.pkg)
	}
	return err != nil, ctx.Err()
}

// sources is a tree without what need not be copied.
type sources struct{ fs.FS }

func (s sources) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(s.FS, name)
	var out []fs.DirEntry
	for _, e := range all {
		if name != "." || e.Name() != ".git" && e.Name() != ".cache" {
			out = append(out, e)
		}
	}
	return out, err
}
