package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
)

// row compares what was measured with a peer of the same run.
type row struct {
	name       string
	ours, peer *entry
	// drawn rows are in the plot, and too many for the table.
	drawn bool
}

// report is what a command says in the end.
type report struct {
	command string
	unit    string // of what is counted
	machine []string
	rows    []row
	sizes   []size
	losses  []loss
}

// jsonRow has the figures of ours; those of the peer are below it.
type jsonRow struct {
	Name string `json:"name"`
	sample
	// Spread of the rounds, as a share.
	Spread float64 `json:"spread"`
	// Ratio of operations per second, ours to the peer's.
	Ratio   float64 `json:"ratio,omitempty"`
	Against string  `json:"against,omitempty"`
	Peer    *sample `json:"peer,omitempty"`
	// Skipped says why there is no figure, or none of the peer.
	Skipped string `json:"skipped,omitempty"`
}

func (r row) json() jsonRow {
	j := jsonRow{Name: r.name, sample: r.ours.typical(), Spread: r.ours.spread(), Skipped: r.ours.skipped}
	if r.peer == nil {
		return j
	}
	j.Against = r.peer.what
	if r.peer.skipped != "" {
		j.Skipped = r.peer.skipped
		return j
	}
	p := r.peer.typical()
	j.Peer = &p
	if p.PerSecond > 0 {
		j.Ratio = j.PerSecond / p.PerSecond
	}
	return j
}

func (r report) print(out io.Writer, o *options) error {
	var text bytes.Buffer
	if o.json {
		rows := []jsonRow{}
		for _, row := range r.rows {
			rows = append(rows, row.json())
		}
		e := json.NewEncoder(&text)
		e.SetIndent("", "  ")
		if err := e.Encode(map[string]any{"command": r.command, "machine": r.machine, "rows": rows, "sizes": r.sizes, "losses": r.losses}); err != nil {
			return err
		}
	} else {
		r.markdown(&text)
	}
	if _, err := out.Write(text.Bytes()); err != nil {
		return err
	}
	if o.into == "" {
		return nil
	}
	text.Reset()
	r.markdown(&text)
	return replace(o.into, r.command, text.String())
}

func (r report) markdown(out io.Writer) {
	fmt.Fprintf(out, "%s\n", strings.Join(r.machine, "; "))
	if len(r.rows) > 0 {
		fmt.Fprintf(out, "\n| | %s/s | ± | p50 | p99 | p99.9 | server | client | against | %s/s | p50 | p99 | ratio |\n", r.unit, r.unit)
		fmt.Fprint(out, "|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|\n")
	}
	for _, row := range r.rows {
		j := row.json()
		if row.drawn {
			continue
		}
		if row.ours.skipped != "" {
			fmt.Fprintf(out, "| %s | %s | | | | | | | | | | | |\n", j.Name, j.Skipped)
			continue
		}
		fmt.Fprintf(out, "| %s | %s | %.0f %% | %s | %s | %s | %s | %s | %s |", j.Name, count(j.PerSecond), 50*j.Spread,
			us(j.P50), us(j.P99), us(j.P999), percent(j.ServerCPU), percent(j.OwnCPU), j.Against)
		if j.Peer == nil {
			fmt.Fprintf(out, " %s | | | |\n", j.Skipped)
			continue
		}
		fmt.Fprintf(out, " %s | %s | %s | **%.3g** |\n", count(j.Peer.PerSecond), us(j.Peer.P50), us(j.Peer.P99), j.Ratio)
	}
	if len(r.sizes) > 0 {
		fmt.Fprint(out, "\n| kept in Redis | bytes | measured over |\n|---|---:|---:|\n")
	}
	for _, s := range r.sizes {
		fmt.Fprintf(out, "| %s | %.0f | %s |\n", s.Name, s.Bytes, count(float64(s.Of)))
	}
	r.sizing(out)
	if len(r.losses) > 0 {
		fmt.Fprint(out, "\n| appendfsync | sold/s | acknowledged | lost when Redis is killed | acknowledged in the second before |\n|---|---:|---:|---:|---:|\n")
	}
	for _, l := range r.losses {
		fmt.Fprintf(out, "| %s | %s | %d | %d | %d |\n", l.Fsync, count(l.PerSecond), l.Acknowledged, l.Lost, l.LastSecond)
	}
}

// count keeps three digits, as more would be noise.
func count(f float64) string {
	if f <= 0 {
		return "0"
	}
	step := math.Pow(10, math.Floor(math.Log10(f))-2)
	n := fmt.Sprintf("%.0f", math.Round(f/step)*step)
	if f < 100 {
		n = fmt.Sprintf("%.3g", f)
	}
	for i := len(n) - 3; f >= 1000 && i > 0; i -= 3 {
		n = n[:i] + "," + n[i:]
	}
	return n
}

func us(f float64) string {
	switch {
	case f == 0:
		return ""
	case f < 1000:
		return fmt.Sprintf("%.3g µs", f)
	}
	return fmt.Sprintf("%.3g ms", f/1000)
}

func percent(share float64) string {
	if share == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}

// machine says where and on what was measured.
func machine(versions ...string) []string {
	return append([]string{
		time.Now().UTC().Format(time.DateOnly), fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		fmt.Sprintf("%d processors%s", runtime.NumCPU(), model()),
	}, versions...)
}

// model is the processor's name, where the system tells.
func model() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for l := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(k) == "model name" {
			return " (" + strings.TrimSpace(v) + ")"
		}
	}
	return ""
}

// replace writes the tables of a command into a document.
func replace(path, command, tables string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- begin: "+command+" -->\n", "<!-- end -->"
	head, rest, ok1 := strings.Cut(string(text), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no place for the tables of %q: add %q and %q", path, command, strings.TrimSpace(begin), end)
	}
	return os.WriteFile(path, []byte(head+begin+"\n"+tables+"\n"+end+tail), 0o644)
}
