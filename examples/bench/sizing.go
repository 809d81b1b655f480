package main

import (
	"fmt"
	"io"
	"slices"
)

// sizing works out from rows and sizes what a machine needs.
func (r report) sizing(out io.Writer) {
	var lines [][2]string
	for _, load := range []struct{ row, name string }{
		{"one", "one caller"}, {"uniform-64", "64 callers, 10,000 SKUs"}, {"uniform-1000", "1,000 callers, 10,000 SKUs"}, {"hot-1000", "1,000 callers, one SKU"},
	} {
		i := slices.IndexFunc(r.rows, func(x row) bool { return x.name == load.row })
		if i < 0 {
			continue
		}
		s := r.rows[i].ours.typical()
		if s.PerSecond > 0 && s.ServerCPU > 0 {
			lines = append(lines, [2]string{"processor of Redis for 1,000 sales/s, " + load.name, fmt.Sprintf("%.2g %%", 100*1000*s.ServerCPU/s.PerSecond)})
		}
	}
	for _, of := range []struct {
		size, name string
		million    float64
	}{
		{sizeLevel, "100,000 levels", .1},
		{sizeID, "a million sales that are remembered", 1},
		{sizeDocument, "documents of a million orders, before they are compacted", 1},
	} {
		if i := slices.IndexFunc(r.sizes, func(x size) bool { return x.Name == of.size }); i >= 0 {
			lines = append(lines, [2]string{"memory of " + of.name, fmt.Sprintf("%s MB", count(r.sizes[i].Bytes*of.million))})
		}
	}
	if len(lines) == 0 {
		return
	}
	fmt.Fprint(out, "\n| to reckon with | |\n|---|---:|\n")
	for _, l := range lines {
		fmt.Fprintf(out, "| %s | %s |\n", l[0], l[1])
	}
}
