package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/onhand-dev/onhand/inventory"
)

// loss is what was gone after a Redis was killed under load.
type loss struct {
	Fsync     string  `json:"appendfsync"`
	PerSecond float64 `json:"ops_per_s"`
	// Acknowledged sales, and those of them that a new Redis on the same files
	// does not remember.
	Acknowledged int `json:"acknowledged"`
	Lost         int `json:"lost"`
	// LastSecond counts those that were acknowledged in the second before: what
	// everysec puts at risk when not Redis but the machine stops.
	LastSecond int `json:"last_second"`
}

func (b *bench) losses(ctx context.Context) ([]loss, error) {
	if _, err := exec.LookPath("redis-server"); err != nil || b.url != "" {
		return nil, errors.New("-loss kills a Redis that it starts itself: install redis-server, and leave -redis out")
	}
	var all []loss
	for _, fsync := range []string{fsyncAlways, fsyncEverysec, fsyncOff} {
		if !b.wants(fsync) {
			continue
		}
		progress("killing a Redis with appendfsync %s", fsync)
		l, err := b.kill(ctx, fsync)
		if err != nil {
			return nil, fmt.Errorf("appendfsync %s: %w", fsync, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// kill sells until a Redis is killed, and looks what a new one on its files has.
func (b *bench) kill(ctx context.Context, fsync string) (loss, error) {
	dir, err := os.MkdirTemp(b.dir, "loss-")
	if err != nil {
		return loss{}, err
	}
	s, err := startRedis(ctx, dir, fsync)
	if err != nil {
		return loss{}, err
	}
	sh, err := b.shop(ctx, s, "loss", 100)
	if err != nil {
		return loss{}, errors.Join(err, s.close())
	}
	length := max(b.length*time.Duration(b.rounds), 50*time.Millisecond)
	acks, began := make([][]ack, 64), time.Now()
	var all sync.WaitGroup
	for i := range acks {
		all.Go(func() { acks[i] = sh.sellOn(ctx, i) })
	}
	pause(ctx, began.Add(length))
	killed := time.Now()
	err = s.process.kill()
	all.Wait()
	if err = errors.Join(err, s.client.Close(), ctx.Err()); err != nil {
		return loss{}, err
	}

	again, err := startRedis(ctx, dir, fsync)
	if err != nil {
		return loss{}, err
	}
	b.ends = append(b.ends, again.close)
	sh, err = openShop(ctx, b.client(again, 0), "loss", nil)
	if err != nil {
		return loss{}, err
	}
	known := slices.Concat(acks...)
	l := loss{Fsync: fsync, Acknowledged: len(known), PerSecond: float64(len(known)) / killed.Sub(began).Seconds()}
	for part := range slices.Chunk(known, 1000) {
		ids := make([]string, len(part))
		for i, a := range part {
			if ids[i] = a.id; killed.Sub(a.at) < time.Second {
				l.LastSecond++
			}
		}
		applied, err := sh.store.Applied(ctx, "loss", ids)
		if err != nil {
			return loss{}, err
		}
		for _, ok := range applied {
			if !ok {
				l.Lost++
			}
		}
	}
	return l, nil
}

// ack is a sale of which somebody was told that it is made.
type ack struct {
	id string
	at time.Time
}

// sellOn sells until there is an error, which is that the server is gone.
func (s *shop) sellOn(ctx context.Context, caller int) (acks []ack) {
	for n := 0; ; n++ {
		id := "order/" + strconv.Itoa(caller) + "-" + strconv.Itoa(n)
		if _, err := s.stock.Apply(ctx, inventory.Sell(id, line(sku(n%100), 1))); err != nil {
			return acks
		}
		acks = append(acks, ack{id, time.Now()})
	}
}
