package main

import (
	"encoding/xml"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// draw plots the ratio of rows named callers-SKUS-N over N, a curve per SKUS, both
// axes logarithmic.
func draw(path string, rows []row) error {
	return os.WriteFile(path, []byte(plot(rows)), 0o644)
}

// Where the axes are, in pixels.
const left, right, top, bottom = 60.0, 620.0, 40.0, 360.0

var colours = []string{"#c0392b", "#2471a3", "#1e8449"}

// curve is one name and its points.
type curve struct {
	name   string
	points [][2]float64 // callers, ratio
}

func curves(rows []row) []curve {
	var all []curve
	for _, r := range rows {
		part := strings.Split(r.name, "-")
		n, err := strconv.ParseFloat(part[len(part)-1], 64)
		ratio := r.json().Ratio
		if len(part) != 3 || err != nil || ratio == 0 {
			continue
		}
		if len(all) == 0 || all[len(all)-1].name != part[1] {
			all = append(all, curve{name: part[1]})
		}
		last := &all[len(all)-1]
		last.points = append(last.points, [2]float64{n, ratio})
	}
	return all
}

func plot(rows []row) string {
	all := curves(rows)
	least, most, crowd := 0.5, 2.0, 2.0
	for _, c := range all {
		for _, p := range c.points {
			least, most, crowd = min(least, p[1]), max(most, p[1]), max(crowd, p[0])
		}
	}
	least, most = math.Pow(2, math.Floor(math.Log2(least))), math.Pow(2, math.Ceil(math.Log2(most)))
	x := func(n float64) float64 { return left + (right-left)*math.Log(n)/math.Log(crowd) }
	y := func(r float64) float64 { return bottom - (bottom-top)*math.Log(r/least)/math.Log(most/least) }

	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" width="720" height="410" font-family="sans-serif" font-size="12">` + "\n")
	b.WriteString(`<rect width="720" height="410" fill="white"/>` + "\n")
	text(&b, left, 20, "start", "black", "Sales per second of the store, as a multiple of redis-benchmark DECRBY -c 50 -P 1")
	text(&b, (left+right)/2, 398, "middle", "black", "callers at the same time")
	for r := least; r <= most; r *= 2 {
		stroke := "#ddd"
		if r == 1 {
			stroke = "black"
		}
		fmt.Fprintf(&b, `<line x1="%g" y1="%.1f" x2="%g" y2="%.1f" stroke="%s"/>`+"\n", left, y(r), right, y(r), stroke)
		text(&b, left-8, y(r)+4, "end", "black", strconv.FormatFloat(r, 'g', 3, 64))
	}
	for n := 1.0; n <= crowd; n *= 4 {
		text(&b, x(n), bottom+18, "middle", "black", strconv.FormatFloat(n, 'f', -1, 64))
	}
	for i, c := range all {
		colour := colours[i%len(colours)]
		var points []string
		for _, p := range c.points {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(p[0]), y(p[1])))
			fmt.Fprintf(&b, `<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n", x(p[0]), y(p[1]), colour)
		}
		fmt.Fprintf(&b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", strings.Join(points, " "), colour)
		last := c.points[len(c.points)-1]
		text(&b, x(last[0])+8, y(last[1])+4, "start", colour, c.name)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func text(b *strings.Builder, x, y float64, anchor, colour, s string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" fill="%s">`, x, y, anchor, colour)
	_ = xml.EscapeText(b, []byte(s)) // a Builder takes everything
	b.WriteString("</text>\n")
}
