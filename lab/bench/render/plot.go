// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"text/template"

	"podman-net-dhcp/lab/bench/report"
)

//go:embed latency.gp
var latencyScript string

// plot has gnuplot draw a picture.
func plot(script string) ([]byte, error) {
	cmd := exec.Command("gnuplot")
	cmd.Stdin = strings.NewReader(script)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("gnuplot is missing; install gnuplot-nox")
	case err != nil:
		return nil, fmt.Errorf("gnuplot: %w: %s", err, &stderr)
	}
	return stdout.Bytes(), nil
}

func fill(script string, with any) string {
	var b strings.Builder
	if err := template.Must(template.New("").Parse(script)).Execute(&b, with); err != nil {
		panic(err) // the scripts are part of the program
	}
	return b.String()
}

// bar is a row of latency.svg: a way, or the title of those below it.
type bar struct {
	Y                 int
	Name, Title, Said string
	P50, P95          float64
	Color             string
}

// Colors that can be told apart by who does not see red or green (Okabe and Ito).
var colors = map[report.Kind]string{report.Bound: "0x999999", report.Ours: "0x0072b2", report.Peer: "0xe69f00"}

// latency is the script of the picture of how long an attach takes, by way.
func latency(r *report.Report) string {
	var bars []bar
	for _, part := range []struct {
		title     string
		ways, but []report.Way
	}{
		{"one at a time", r.Attach, r.Netavark}, // what netavark's own driver takes is in both
		{"through netavark setup", r.Netavark, nil},
		{"leased before, server with its ping check", r.Known, nil},
	} {
		if len(part.ways) > 0 {
			bars = append(bars, bar{Title: part.title})
		}
		for _, w := range part.ways {
			if len(w.Took) > 0 && !slices.ContainsFunc(part.but, func(o report.Way) bool { return o.Name == w.Name }) {
				bars = append(bars, bar{Name: w.Name, P50: w.P50(), P95: w.P95(), Said: report.Figure(w.P50()), Color: colors[w.Kind]})
			}
		}
	}
	for i := range bars {
		bars[i].Y = -i
	}
	return fill(latencyScript, struct {
		Bars   []bar
		Height int
	}{bars, 110 + 24*len(bars)})
}
