// SPDX-License-Identifier: Apache-2.0

// render turns a report on stdin into results.md and two pictures. It writes the figures of a
// quick run to stdout, because they are too rough to keep.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"podman-net-dhcp/lab/bench/report"
)

func main() {
	dir := flag.String("o", "bench", "where results.md, latency.svg and memory.svg go")
	flag.Parse()
	if err := render(os.Stdin, os.Stdout, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func render(in io.Reader, out io.Writer, dir string) error {
	var r report.Report
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	if r.Quick {
		_, err := out.Write(page(&r))
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if len(r.Attach) == 0 || len(r.Daemons) == 0 {
		return errors.New("the report lacks what the pictures are of")
	}
	for name, picture := range map[string]string{"latency.svg": latency(&r), "memory.svg": memory(&r)} {
		svg, err := plot(picture)
		if err != nil {
			return fmt.Errorf("draw %s: %w", name, err)
		}
		svg = append(svg, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"...)
		if err := os.WriteFile(filepath.Join(dir, name), svg, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "results.md"), page(&r), 0o644)
}
