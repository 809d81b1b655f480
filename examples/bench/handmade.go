package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// handmade is stock as it is often kept in Redis: a number per SKU, read, compared
// in Go, and written back. It has no IDs, no channels, no journal.
type handmade struct{ client *redis.Client }

func (h handmade) key(sku string) string { return "handmade:" + sku }

// load puts up the numbers, so that nobody meets a missing one.
func (h handmade) load(ctx context.Context) error {
	pipe := h.client.Pipeline()
	pipe.Set(ctx, h.key("hot"), plenty, 0)
	for i := range catalog {
		pipe.Set(ctx, h.key(sku(i)), plenty, 0)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// locking sells under a lock, GET and SET, with the settings that redsync comes
// with; only it never gives up.
func (h handmade) locking(p picks) func(context.Context, int) (sale, error) {
	rs := redsync.New(goredis.NewPool(h.client))
	return func(_ context.Context, caller int) (sale, error) {
		next := p.from(caller)
		return func(ctx context.Context) error {
			key := h.key(next())
			m := rs.NewMutex("lock:"+key, redsync.WithTries(1_000_000), redsync.WithExpiry(8*time.Second))
			if err := m.LockContext(ctx); err != nil {
				return err
			}
			err := h.take(ctx, h.client, key, func(left int64) error { return h.client.Set(ctx, key, left, 0).Err() })
			_, unlock := m.UnlockContext(context.WithoutCancel(ctx))
			return errors.Join(err, unlock)
		}, nil
	}
}

// watching sells by WATCH, GET, MULTI, SET, EXEC, again until nobody was faster.
func (h handmade) watching(p picks) func(context.Context, int) (sale, error) {
	return func(_ context.Context, caller int) (sale, error) {
		next := p.from(caller)
		return func(ctx context.Context) error {
			key := h.key(next())
			for {
				err := h.client.Watch(ctx, func(tx *redis.Tx) error {
					return h.take(ctx, tx, key, func(left int64) error {
						_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Set(ctx, key, left, 0).Err() })
						return err
					})
				}, key)
				if !errors.Is(err, redis.TxFailedErr) {
					return err
				}
			}
		}, nil
	}
}

func (h handmade) take(ctx context.Context, c redis.Cmdable, key string, write func(left int64) error) error {
	left, err := c.Get(ctx, key).Int64()
	if err != nil {
		return err
	}
	if left < 1 {
		return fmt.Errorf("%s is sold out", key)
	}
	return write(left - 1)
}
