package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/onhand-dev/onhand/inventory"
	"github.com/onhand-dev/onhand/inventory/adjuster"
	"github.com/onhand-dev/onhand/inventory/redisstore"
	"github.com/onhand-dev/onhand/queue"
	"github.com/onhand-dev/onhand/queue/anyqueue"
	"github.com/onhand-dev/onhand/shopify"
)

// service is the four services of a sync in one process. Each part knows only
// what it needs, so any of them could run by itself: the receiver needs the
// queue, the order consumer queue and shop, the adjuster queue and store, the
// pusher store and shop.
type service struct {
	cfg      config
	redis    redis.UniversalClient
	embedded *miniredis.Miniredis
	queue    queue.Queue
	stock    *inventory.Stock
	client   *shopify.Client
	catalog  *shopify.ShopCatalog
	receiver *shopify.Receiver
	consumer *shopify.OrderConsumer
	router   *queue.Router
	pusher   *inventory.Pusher
	janitor  *inventory.Janitor
	listener net.Listener
	// hooks of the demo
	observe   func(inventory.Change, inventory.Outcome)
	onSettled func(inventory.Batch, []inventory.Result)
}

func newService(ctx context.Context, cfg config, hooks ...func(*service)) (*service, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &service{cfg: cfg}
	for _, h := range hooks {
		h(s)
	}
	if err := s.wire(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *service) wire(ctx context.Context) (err error) {
	if err := s.openRedis(); err != nil {
		return err
	}
	store, err := redisstore.New(ctx, s.redis, &redisstore.Config{AllowUnsafe: s.cfg.redisAllow, Logger: s.cfg.log})
	if err != nil {
		return err
	}
	s.stock, err = inventory.New(store, s.cfg.merchant, &inventory.Config{
		Sourcer: inventory.MostStock(), Observe: s.observe, Logger: s.cfg.log,
	})
	if err != nil {
		return err
	}
	s.client, err = shopify.NewClient(s.cfg.domain, shopify.StaticToken(s.cfg.token), &shopify.ClientConfig{
		BaseURL: s.cfg.shopURL, Version: s.cfg.version, Timeout: 5 * time.Second, Logger: s.cfg.log,
	})
	if err != nil {
		return err
	}
	s.catalog = shopify.NewCatalog(s.client, &shopify.CatalogConfig{Locations: s.cfg.locations})

	// Webhooks go through the queue to the order consumer, and what it makes of
	// them through the queue to the adjuster. What is lost with a queue in this
	// process is found again by the consumer's catching up.
	s.queue, err = anyqueue.Open(ctx, s.cfg.queueURL)
	if err != nil {
		return fmt.Errorf("ONHAND_QUEUE_URL: %w", err)
	}
	merchant := func(string) (string, error) { return s.cfg.merchant, nil }
	s.receiver, err = shopify.NewReceiver(s.queue, s.cfg.secrets, &shopify.ReceiverConfig{Topic: s.cfg.webhooks(), MerchantOf: merchant, Logger: s.cfg.log})
	if err != nil {
		return err
	}
	s.consumer, err = shopify.NewOrderConsumer(adjuster.To(s.queue, s.cfg.changes()), s.client, s.catalog, &shopify.OrderConfig{
		Merchant: s.cfg.merchant, Logger: s.cfg.log,
	})
	if err != nil {
		return err
	}
	s.router = queue.NewRouter(s.queue, &queue.RouterConfig{Logger: s.cfg.log, BreakerPause: time.Second, DrainTimeout: 6 * time.Second})
	s.router.Handle(s.cfg.webhooks(), "orders", s.consumer.Handle)
	s.router.HandleBatch(s.cfg.changes(), "adjuster", adjuster.Handler(s.stockOf))

	s.pusher = inventory.NewPusher(s.stock, shopify.NewSyncer(s.client, s.catalog, nil), &inventory.PusherConfig{
		Timeout: 6 * time.Second, OnSettled: s.onSettled, Logger: s.cfg.log,
	})
	s.janitor = inventory.NewJanitor(s.stock, &inventory.JanitorConfig{Logger: s.cfg.log})

	s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.listen)
	return err
}

func (s *service) openRedis() error {
	if s.cfg.redisURL == "" {
		s.embedded = miniredis.NewMiniRedis()
		if err := s.embedded.StartAddr("127.0.0.1:0"); err != nil {
			return err
		}
		s.redis = redis.NewClient(&redis.Options{Addr: s.embedded.Addr()})
		return nil
	}
	opt, err := redis.ParseURL(s.cfg.redisURL)
	if err != nil {
		return fmt.Errorf("ONHAND_REDIS_URL: %w", err)
	}
	s.redis = redis.NewClient(opt)
	return nil
}

func (s *service) stockOf(merchant string) (*inventory.Stock, error) {
	if merchant != s.cfg.merchant {
		return nil, queue.Permanent(fmt.Errorf("no stock of merchant %q here", merchant))
	}
	return s.stock, nil
}

func (s *service) address() string { return s.listener.Addr().String() }

// load reads the shop if this stock has never seen it.
func (s *service) load(ctx context.Context) error {
	set, err := s.stock.Settings(ctx)
	if err != nil {
		return err
	}
	if c, known := set.Channel(s.client.Channel()); known && !c.Since.IsZero() {
		if s.cfg.replayProved && !c.ReplayProved {
			c.ReplayProved = true
			return s.stock.Configure(ctx, inventory.Settings{Channels: []inventory.Channel{c}})
		}
		return nil
	}
	report, err := shopify.Load(ctx, s.stock, s.client, s.catalog, &shopify.LoadConfig{ReplayProved: s.cfg.replayProved})
	if err != nil {
		return err
	}
	s.cfg.log.Info("loaded", "levels", report.Tracked, "known", report.Believed, "untracked items", report.Untracked,
		"inactive levels", report.Inactive, "elsewhere", report.Elsewhere, "ambiguous SKUs", report.Ambiguous)
	return nil
}

// prove finds out on a test item whether requests may be repeated.
func (s *service) prove(ctx context.Context) error {
	if s.cfg.proveSKU == "" {
		return nil
	}
	proved, err := shopify.ProveReplay(ctx, s.stock, s.client, s.catalog, inventory.Key{SKU: s.cfg.proveSKU, Location: s.cfg.proveLocation})
	if err == nil && !proved {
		err = errors.New("this shop executes a repeated request twice: nothing can be pushed to it safely")
	}
	return err
}

// run runs every part until ctx ends. Each leaves its state in the store or
// the queue, so it does not matter which ends first.
func (s *service) run(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.Handle("/webhooks/shopify", s.receiver)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", s.ready)
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		return server.Shutdown(end)
	})
	g.Go(func() error {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error { return s.router.Run(ctx) })
	g.Go(func() error { return s.consumer.Run(ctx, s.stock) })
	g.Go(func() error { return s.janitor.Run(ctx) })
	g.Go(func() error {
		err := s.pusher.Run(ctx)
		if errors.Is(err, inventory.ErrUnproved) { // everything else still works
			s.cfg.log.Error("nothing is written to the shop: set ONHAND_REPLAY_PROVED or ONHAND_PROVE_LEVEL", "error", err)
			return nil
		}
		return err
	})
	return g.Wait()
}

func (s *service) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), time.Second)
	defer cancel()
	if err := s.redis.Ping(ctx).Err(); err != nil {
		http.Error(w, "redis does not answer", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// drain handles what the queue still holds.
func (s *service) drain(ctx context.Context) error { return s.router.Drain(ctx) }

func (s *service) close() error {
	var errs []error
	if s.listener != nil {
		if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.queue != nil {
		errs = append(errs, s.queue.Close(context.Background()))
	}
	if s.redis != nil {
		errs = append(errs, s.redis.Close())
	}
	if s.embedded != nil {
		s.embedded.Close()
	}
	return errors.Join(errs...)
}
