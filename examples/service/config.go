package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/onhand-dev/onhand/inventory/redisstore"
)

const configHelp = `Environment (without -demo):
  ONHAND_SHOP_DOMAIN      the shop, e.g. acme.myshopify.com; required
  ONHAND_SHOP_TOKEN       Admin API access token; required
  ONHAND_WEBHOOK_SECRETS  secrets that webhooks are signed with, by commas; required
  ONHAND_SHOP_URL         where the Admin API is; default: https:// and the domain
  ONHAND_API_VERSION      2026-04, 2026-07 or 2026-10 (the default)
  ONHAND_MERCHANT         whose stock it is; default: the shop's domain
  ONHAND_LISTEN           address for webhooks at /webhooks/shopify and health at
                          /healthz and /readyz; default: 127.0.0.1:8080
  ONHAND_REDIS_URL        Redis that holds the truth; default: one in this process,
                          which forgets everything when it ends
  ONHAND_REDIS_ALLOW      what may be unsafe about it, by commas, e.g. no-aof; it is
                          refused else, and the error has the name
  ONHAND_QUEUE_URL        queue that carries the events, e.g. amqps://user:password@host/vhost;
                          default: mem://, one in this process
  ONHAND_LOCATIONS        name=location id, by commas; default: every location of
                          the shop by its name there
  ONHAND_REPLAY_PROVED    "true" if this shop is known to execute a request that is
                          repeated with its idempotency key once
  ONHAND_PROVE_LEVEL      SKU@location of a test item to find that out with: its
                          stock goes down by one and up again
One of the last two is needed before anything is written to the shop.
`

// config of the service.
type config struct {
	domain, token, shopURL, version string
	secrets                         []string
	merchant, listen, redisURL      string
	redisAllow                      []redisstore.Unsafe
	queueURL                        string
	topicPrefix                     string // of the demo, apart from earlier runs in the same broker
	locations                       map[string]string
	replayProved                    bool
	proveSKU, proveLocation         string
	log                             *slog.Logger
}

func configFromEnv(env func(string) string) (config, error) {
	c := config{
		domain: env("ONHAND_SHOP_DOMAIN"), token: env("ONHAND_SHOP_TOKEN"), shopURL: env("ONHAND_SHOP_URL"),
		version: env("ONHAND_API_VERSION"), redisURL: env("ONHAND_REDIS_URL"),
		queueURL: cmp.Or(env("ONHAND_QUEUE_URL"), "mem://"),
		listen:   cmp.Or(env("ONHAND_LISTEN"), "127.0.0.1:8080"), replayProved: env("ONHAND_REPLAY_PROVED") == "true",
		log: slog.New(slog.DiscardHandler),
	}
	c.merchant = cmp.Or(env("ONHAND_MERCHANT"), c.domain)
	c.secrets = list(env("ONHAND_WEBHOOK_SECRETS"))
	for _, name := range list(env("ONHAND_REDIS_ALLOW")) {
		c.redisAllow = append(c.redisAllow, redisstore.Unsafe(name))
	}
	if level := env("ONHAND_PROVE_LEVEL"); level != "" {
		i := strings.LastIndexByte(level, '@')
		if i <= 0 {
			return c, fmt.Errorf("ONHAND_PROVE_LEVEL is %q, and looks like SKU@location", level)
		}
		c.proveSKU, c.proveLocation = level[:i], level[i+1:]
	}
	for _, pair := range list(env("ONHAND_LOCATIONS")) {
		name, id, ok := strings.Cut(pair, "=")
		if !ok {
			return c, fmt.Errorf("ONHAND_LOCATIONS has %q, and looks like berlin=gid://shopify/Location/1", pair)
		}
		if !strings.HasPrefix(id, "gid://") {
			id = "gid://shopify/Location/" + id
		}
		if c.locations == nil {
			c.locations = map[string]string{}
		}
		c.locations[name] = id
	}
	return c, nil
}

// The topics of the service.
func (c config) webhooks() string { return c.topicPrefix + "shopify.webhooks" }
func (c config) changes() string  { return c.topicPrefix + "changes" }

func (c config) validate() error {
	var errs []error
	for name, value := range map[string]string{
		"ONHAND_SHOP_DOMAIN": c.domain, "ONHAND_SHOP_TOKEN": c.token, "ONHAND_WEBHOOK_SECRETS": strings.Join(c.secrets, ","),
	} {
		if value == "" {
			errs = append(errs, fmt.Errorf("%s is not set; -h lists the settings, -demo 10s needs none", name))
		}
	}
	return errors.Join(errs...)
}

func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}
