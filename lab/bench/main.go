// SPDX-License-Identifier: Apache-2.0

// bench measures what a container's start pays for, beside what it is compared
// with, in one run, and prints a table. It is the start of make bench: the exec of
// the network plugin beside that of an empty Go program.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

func main() {
	rounds := flag.Int("rounds", 500, "runs of each program")
	plugin := flag.String("plugin", "bin/net-dhcp", "the plugin")
	flag.Parse()
	if err := run(*rounds, *plugin); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// way is one of the things measured.
type way struct {
	name string
	argv []string
	took []time.Duration
}

func run(rounds int, plugin string) error {
	empty, remove, err := buildEmpty()
	if err != nil {
		return err
	}
	defer remove()
	ways := []*way{
		{name: "empty Go program", argv: []string{empty}},
		{name: "net-dhcp info", argv: []string{plugin, "info"}},
	}
	// In turn, so that whatever else the machine does falls on all alike.
	for i := range rounds + rounds/10 {
		for _, w := range ways {
			took, err := once(w.argv)
			if err != nil {
				return err
			}
			if i >= rounds/10 { // the first ones warm up
				w.took = append(w.took, took)
			}
		}
	}
	return table(ways)
}

func once(argv []string) (time.Duration, error) {
	began := time.Now()
	err := exec.Command(argv[0], argv[1:]...).Run()
	return time.Since(began), err
}

// buildEmpty builds func main() {} as the programs are built.
func buildEmpty() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return "", remove, err
	}
	path = filepath.Join(dir, "empty")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, source)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", remove, fmt.Errorf("build the empty program: %w: %s", err, out)
	}
	return path, remove, nil
}

func table(ways []*way) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WAY\tRUNS\tP50\tP95\tMAX\tTO THE FIRST\tSIZE")
	for _, w := range ways {
		slices.Sort(w.took)
		info, err := os.Stat(w.argv[0])
		if err != nil {
			return err
		}
		n := len(w.took)
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%.2f\t%d\n", w.name, n, short(w.took[n/2]), short(w.took[n*95/100]),
			short(w.took[n-1]), float64(w.took[n/2])/float64(ways[0].took[n/2]), info.Size())
	}
	return t.Flush()
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }
