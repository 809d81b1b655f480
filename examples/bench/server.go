package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// How a Redis writes its file.
const (
	fsyncOff      = "off" // no file at all
	fsyncEverysec = "everysec"
	fsyncAlways   = "always"
)

// server is a Redis: one that was started here, one in this process, or somebody
// else's.
type server struct {
	fsync   string
	options *redis.Options
	client  *redis.Client
	process *process             // nil if it was not started here
	mini    *miniredis.Miniredis // nil if it is not in this process
}

// startRedis starts a Redis on a port of its own, with a file in dir or below it.
func startRedis(ctx context.Context, dir, fsync string) (*server, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--daemonize", "no", "--save", "",
		"--maxmemory-policy", "noeviction", "--auto-aof-rewrite-percentage", "0", // none while it is measured
	}
	if fsync == fsyncOff {
		args = append(args, "--appendonly", "no")
	} else {
		args = append(args, "--appendonly", "yes", "--appendfsync", fsync)
	}
	p, err := startProcess(exec.CommandContext(context.WithoutCancel(ctx), "redis-server", args...), filepath.Join(dir, "log"), syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	s := connect(&redis.Options{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))})
	s.fsync, s.process = fsync, p
	if err := p.ready(ctx, func() error { return s.client.Ping(ctx).Err() }); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// openRedis connects to somebody's Redis.
func openRedis(ctx context.Context, url string) (*server, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	s := connect(options)
	s.fsync = fsyncOff
	if on, err := s.client.ConfigGet(ctx, "append*").Result(); err == nil && on["appendonly"] == "yes" {
		s.fsync = on["appendfsync"]
	}
	if err := s.client.Ping(ctx).Err(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// embedRedis starts one in this process. It is no Redis to measure, but shows
// that the command works.
func embedRedis() (*server, error) {
	mini, err := miniredis.Run()
	if err != nil {
		return nil, err
	}
	s := connect(&redis.Options{Addr: mini.Addr()})
	s.fsync, s.mini = fsyncOff, mini
	return s, nil
}

func connect(options *redis.Options) *server {
	return &server{options: options, client: redis.NewClient(options)}
}

// connect returns another client, for so many callers at the same time.
func (s *server) connect(callers int) *redis.Client {
	options := *s.options
	options.PoolSize = callers
	return redis.NewClient(&options)
}

func (s *server) close() error {
	err := s.client.Close()
	if s.process != nil {
		err = errors.Join(err, s.process.end())
	}
	if s.mini != nil {
		s.mini.Close()
	}
	return err
}

// skus is how many SKUs sales are spread over.
func (s *server) skus() int {
	if s.mini != nil {
		return small
	}
	return catalog
}

// info reads fields of INFO; a server that has none gives "".
func (s *server) info(ctx context.Context, section string) map[string]string {
	text, err := s.client.Info(ctx, section).Result()
	out := map[string]string{}
	if err != nil {
		return out
	}
	for l := range strings.Lines(text) {
		if k, v, ok := strings.Cut(strings.TrimSpace(l), ":"); ok {
			out[k] = v
		}
	}
	return out
}

func (s *server) version(ctx context.Context) string {
	if s.mini != nil {
		return "miniredis, in this process"
	}
	is := s.info(ctx, "server")
	if v := is["valkey_version"]; v != "" {
		return "Valkey " + v
	}
	return "Redis " + is["redis_version"]
}

// cpu is what the thread that runs commands has used.
func (s *server) cpu(ctx context.Context) time.Duration {
	is := s.info(ctx, "cpu")
	user, err1 := strconv.ParseFloat(is["used_cpu_user_main_thread"], 64)
	system, err2 := strconv.ParseFloat(is["used_cpu_sys_main_thread"], 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration((user + system) * float64(time.Second))
}

// process is a server that was started here, and ends with this program: by end,
// not by a context.
type process struct {
	cmd    *exec.Cmd
	log    string
	signal os.Signal     // that ends it in good order
	exited chan struct{} // closed when it has ended
}

func startProcess(cmd *exec.Cmd, log string, signal os.Signal) (*process, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the process has its own
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: log, signal: signal, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // how it ended is in its ProcessState
	}()
	return p, nil
}

// ready waits until the server answers.
func (p *process) ready(ctx context.Context, answers func() error) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if answers() == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-p.exited:
			return fmt.Errorf("%s ended (%s): %s", p.cmd.Path, p.cmd.ProcessState, lastLine(p.log))
		case <-tick.C:
		}
	}
	return fmt.Errorf("%s does not answer: %s", p.cmd.Path, lastLine(p.log))
}

// end ends the server in good order, or else by force.
func (p *process) end() error {
	if err := p.cmd.Process.Signal(p.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	t := time.NewTimer(10 * time.Second)
	defer t.Stop()
	select {
	case <-p.exited:
		return nil
	case <-t.C:
		return p.kill()
	}
}

// kill ends it at once, as a crash does.
func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	return err
}

func lastLine(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer file.Close() //nolint:errcheck // it was only read
	last := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if text := strings.TrimSpace(lines.Text()); text != "" {
			last = text
		}
	}
	return last
}

func freePort(ctx context.Context) (int, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it has listened for nobody
	return l.Addr().(*net.TCPAddr).Port, nil
}
