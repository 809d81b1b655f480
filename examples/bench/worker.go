package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/redis/go-redis/v9"
)

// workerCommand is this program as one of several processes that sell.
const workerCommand = "worker"

// task is what a worker is told at its standard input, when it is to begin; it
// answers with counted.
type task struct {
	Addr, Password, Merchant string
	DB, SKUs, Callers        int
	Warm, Length             time.Duration
}

type counted struct {
	Counts []uint32
	N      uint64
	CPU    time.Duration
}

// workers are processes that sell from one merchant's stock.
type workers struct {
	n      int
	server *server
	task   task
}

func (w workers) measure(ctx context.Context, win window) (sample, error) {
	own, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	t := w.task
	t.Warm, t.Length = win.warm, win.length
	var all []*worker
	defer func() {
		for _, x := range all {
			x.end()
		}
	}()
	for range w.n {
		x, err := startWorker(ctx, own, t)
		if err != nil {
			return sample{}, err
		}
		all = append(all, x)
	}
	for _, x := range all { // they wait for each other here, not while they sell
		if err := x.opened(); err != nil {
			return sample{}, err
		}
	}
	for _, x := range all {
		if _, err := io.WriteString(x.in, "begin\n"); err != nil {
			return sample{}, err
		}
	}
	r := result{took: newHistogram(), window: win.length}
	pause(ctx, time.Now().Add(win.warm))
	r.server = -w.server.cpu(ctx)
	pause(ctx, time.Now().Add(win.length))
	r.server += w.server.cpu(ctx)
	for _, x := range all {
		var c counted
		if err := json.NewDecoder(x.out).Decode(&c); err != nil {
			return sample{}, fmt.Errorf("a worker: %w", err)
		}
		r.took.merge(&histogram{counts: c.Counts, n: c.N})
		r.own += c.CPU
	}
	return r.sample(), nil
}

// worker is a process of ours, from the side of who has started it.
type worker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startWorker(ctx context.Context, program string, t task) (*worker, error) {
	cmd := exec.CommandContext(ctx, program, workerCommand)
	cmd.Stderr = os.Stderr
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &worker{cmd: cmd, in: in, out: bufio.NewReader(out)}, json.NewEncoder(in).Encode(t)
}

// opened waits until the worker is connected.
func (w *worker) opened() error {
	_, err := w.out.ReadString('\n')
	return err
}

func (w *worker) end() {
	_ = w.in.Close() // so it ends by itself, if it has not
	_ = w.cmd.Wait()
}

// runWorker is the side of the process itself.
func runWorker(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewReader(in)
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	var t task
	if err := json.Unmarshal(text, &t); err != nil {
		return err
	}
	c := redis.NewClient(&redis.Options{Addr: t.Addr, Password: t.Password, DB: t.DB})
	defer c.Close() //nolint:errcheck // it has done its work
	sh, err := openShop(ctx, c, t.Merchant, nil)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, "ready\n"); err != nil {
		return err
	}
	if _, err := lines.ReadString('\n'); err != nil {
		return err
	}
	l := load{callers: t.Callers, caller: sh.callers(uniform(t.SKUs), few, 1)}
	r, err := l.run(ctx, window{warm: t.Warm, length: t.Length})
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(counted{Counts: r.took.counts, N: r.took.n, CPU: r.own})
}
