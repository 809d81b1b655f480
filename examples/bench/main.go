// Command bench measures this library on your machine, each figure beside what
// it is compared with, in the same run:
//
//	go run ./examples/bench store          the store against redis-benchmark, PostgreSQL, redsync, WATCH
//	go run ./examples/bench store -growth  how its cost grows with lines, levels, merchants, processes
//	go run ./examples/bench store -loss    what is lost when Redis is killed, by appendfsync
//	go run ./examples/bench ingest         webhooks into a queue, and reading an order's body
//
// It starts the servers that it needs, if they are installed, on loopback and in
// directories of their own, and ends them. See -h of each command.
//
// Take the ratios, not the figures: client and server share the machine here, and
// machines are noisy.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	command := ""
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "store":
		return runStore(ctx, args[1:], out)
	case "ingest":
		return runIngest(ctx, args[1:], out)
	case workerCommand:
		return runWorker(ctx, in, out)
	}
	return errors.New("say what to measure: store or ingest, and -h for how")
}
