package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"time"
)

// redisBenchmark is the yardstick: the program that comes with Redis takes one
// from a number with DECRBY, one command after the other on each connection. It
// knows of no IDs, floors, channels or journal.
type redisBenchmark struct {
	server  *server
	clients int
	// keys it takes from in turn; 1 is a hot one.
	keys int
	// rate that was reached lately: it is told how many to make, not how long.
	rate float64
}

func (r *redisBenchmark) measure(ctx context.Context, w window) (sample, error) {
	if r.rate == 0 {
		s, err := r.run(ctx, 2000)
		if err != nil {
			return sample{}, err
		}
		r.rate = s.PerSecond
	}
	s, err := r.run(ctx, max(1000, int(r.rate*(w.length+w.warm/2).Seconds())))
	if err == nil {
		r.rate = s.PerSecond
	}
	return s, err
}

func (r *redisBenchmark) run(ctx context.Context, n int) (sample, error) {
	host, port, err := net.SplitHostPort(r.server.options.Addr)
	if err != nil {
		return sample{}, err
	}
	args := []string{"-h", host, "-p", port, "-c", strconv.Itoa(r.clients), "-P", "1", "-n", strconv.Itoa(n), "--csv"}
	if p := r.server.options.Password; p != "" {
		args = append(args, "-a", p)
	}
	key := "decrby"
	if r.keys > 1 {
		args, key = append(args, "-r", strconv.Itoa(r.keys)), "decrby:__rand_int__"
	}
	cmd := exec.CommandContext(ctx, "redis-benchmark", append(args, "DECRBY", key, "1")...)
	used := r.server.cpu(ctx)
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("redis-benchmark: %w", err)
	}
	used = r.server.cpu(ctx) - used
	own := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return readCSV(out, n, used, own)
}

// readCSV reads "test","rps","avg","min","p50","p95","p99","max", all in
// milliseconds, with the names in the line before.
func readCSV(out []byte, n int, server, own time.Duration) (sample, error) {
	lines, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil || len(lines) < 2 {
		return sample{}, fmt.Errorf("redis-benchmark said %q", out)
	}
	var s sample
	for i, name := range lines[0] {
		v, err := strconv.ParseFloat(lines[len(lines)-1][i], 64)
		if i > 0 && err != nil {
			return sample{}, fmt.Errorf("redis-benchmark said %q", out)
		}
		switch name {
		case "rps":
			s.PerSecond = v
		case "p50_latency_ms":
			s.P50 = v * 1000
		case "p99_latency_ms":
			s.P99 = v * 1000
		}
	}
	seconds := float64(n) / s.PerSecond
	s.ServerCPU, s.OwnCPU = server.Seconds()/seconds, own.Seconds()/seconds
	return s, nil
}
