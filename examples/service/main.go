// Command service keeps the stock of a Shopify shop right: webhook receiver,
// order consumer, inventory adjuster and Shopify sync in one process.
//
//	go run ./examples/service -demo 10s
//
// shows it at work against a test Shopify with a shopper, webhooks that come
// late, twice or never, requests and answers that get lost, and a checkout that
// reserves from the same stock; then it compares, level by level and order by
// order. Nothing needs to be installed.
//
// Without -demo it serves a shop, configured by environment: see -h.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	d := demo{}
	flags.DurationVar(&d.length, "demo", 0, "run a demo for this long, e.g. 10s, and compare at its end")
	flags.Uint64Var(&d.seed, "seed", 1, "demo: seed of traffic and faults")
	flags.Float64Var(&d.rate, "rate", 40, "demo: what the shopper does a second; the checkout does as much")
	flags.IntVar(&d.skus, "skus", 40, "demo: how many SKUs the shop sells")
	redisURL := flags.String("redis", "", "Redis to use, e.g. redis://127.0.0.1:6379/0; default: one in this process")
	queueURL := flags.String("queue", "", "queue to use, e.g. amqp://127.0.0.1:5672/; default: one in this process")
	verbose := flags.Bool("v", false, "log more")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "Usage of service:\n")
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), "\n", configHelp)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	level := slog.LevelInfo
	if d.length > 0 {
		level = slog.LevelError // the live line tells
	}
	if *verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	cfg, err := configFromEnv(os.Getenv)
	if err != nil {
		return err
	}
	cfg.log = log
	if *redisURL != "" {
		cfg.redisURL = *redisURL
	}
	if *queueURL != "" {
		cfg.queueURL = *queueURL
	}
	if d.length > 0 {
		d.cfg = cfg
		return d.run(ctx, os.Stdout)
	}
	return serve(ctx, cfg)
}

func serve(ctx context.Context, cfg config) error {
	s, err := newService(ctx, cfg)
	if err != nil {
		return err
	}
	if err := s.load(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	if err := s.prove(ctx); err != nil {
		return errors.Join(err, s.close())
	}
	cfg.log.Info("serving", "listen", s.address(), "shop", s.client.Domain(), "merchant", cfg.merchant)
	err = s.run(ctx)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(err, s.drain(ctx), s.close())
}
