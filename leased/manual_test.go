// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/leased/internal/lease4"
	"podman-net-dhcp/leased/internal/lease6"
)

// chapter is a part of leased(8): what stands between its heading and the next.
func chapter(t *testing.T, heading string) string {
	t.Helper()
	text, err := os.ReadFile("../packaging/man/leased.8.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "# "+heading+"\n")
	if !ok {
		t.Fatalf("no chapter %s", heading)
	}
	part, _, _ := strings.Cut(after, "\n#")
	return part
}

var (
	described = regexp.MustCompile(`(?m)^(\*\*.*)\n: `)
	bold      = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// terms are what a chapter describes, each with all its names, in order.
func terms(t *testing.T, heading string) (all [][]string) {
	t.Helper()
	for _, m := range described.FindAllStringSubmatch(chapter(t, heading), -1) {
		var names []string
		for _, b := range bold.FindAllStringSubmatch(m[1], -1) {
			names = append(names, b[1])
		}
		all = append(all, names)
	}
	return all
}

func same(t *testing.T, what string, got, want [][]string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: the manual has\n  %q\nand the program\n  %q", what, got, want)
	}
}

func dashed(f cli.Flag) (names []string) {
	for _, n := range f.Names() {
		names = append(names, strings.Repeat("-", min(len(n), 2))+n)
	}
	return names
}

func TestManualHasEachCommandAndOption(t *testing.T) {
	commands := [][]string{}
	for _, c := range app().Commands {
		commands = append(commands, append([]string{c.Name}, c.Aliases...))
		var flags [][]string
		for _, f := range c.Flags {
			flags = append(flags, dashed(f))
		}
		same(t, c.Name, terms(t, "Options of "+c.Name), flags)
	}
	same(t, "commands", terms(t, "COMMANDS"), append(commands, []string{"help", "h"}))
	same(t, "options", terms(t, "OPTIONS"), [][]string{dashed(cli.HelpFlag), dashed(cli.VersionFlag)})
}

// Each default is there, behind the word that says so.
func TestManualHasTheDefaults(t *testing.T) {
	for _, c := range app().Commands {
		for _, f := range c.Flags {
			flag := f.(cli.DocGenerationFlag)
			value := flag.GetValue()
			if !flag.TakesValue() {
				continue
			}
			entry := chapter(t, "Options of "+c.Name)
			_, entry, _ = strings.Cut(entry, "**--"+f.Names()[0]+"**=")
			entry, _, _ = strings.Cut(entry, "\n\n")
			entry = strings.Join(strings.Fields(entry), " ") // wherever its lines break
			if !strings.Contains(entry, "Default: `"+value+"`") {
				t.Errorf("--%s: no Default: `%s` in\n%s", f.Names()[0], value, entry)
			}
		}
	}
}

func TestManualHasTheColumnsOfLs(t *testing.T) {
	show(t, nil)
	out, err := leased("ls")
	if err != nil {
		t.Fatal(err)
	}
	var columns [][]string
	for column := range strings.FieldsSeq(out) {
		columns = append(columns, []string{column})
	}
	same(t, "columns", terms(t, "OUTPUT OF LS"), columns)
}

func TestManualHasEachState(t *testing.T) {
	states := []string{leaseapi.StateHeld}
	for s := lease4.State(1); s.String() != "invalid"; s++ {
		states = append(states, s.String())
	}
	for s := lease6.State(1); s.String() != "invalid"; s++ {
		states = append(states, s.String())
	}
	var said []string
	for _, names := range terms(t, "STATES") {
		said = append(said, names...)
	}
	slices.Sort(states)
	slices.Sort(said)
	if states = slices.Compact(states); !slices.Equal(said, states) {
		t.Errorf("the manual has %q, leased %q", said, states)
	}
}
