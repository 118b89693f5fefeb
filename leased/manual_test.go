// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// named are the names of entries. Every program has those of the chapter OPTIONS.
func named(all []entry) (names [][]string) {
	for _, e := range all {
		names = append(names, e.names)
	}
	return names
}

func TestManualHasEachCommandAndOption(t *testing.T) {
	general := terms(t, "OPTIONS")
	for _, c := range commands(t) {
		options := slices.DeleteFunc(named(entries(t, c, "OPTIONS")), func(names []string) bool {
			return slices.ContainsFunc(general, func(g []string) bool { return slices.Equal(g, names) })
		})
		same(t, c, terms(t, "Options of "+c), options)
	}
	same(t, "commands", terms(t, "COMMANDS"), named(entries(t, "", "COMMANDS")))
	same(t, "options", general, named(entries(t, "", "GLOBAL OPTIONS")))
}

// Each default is there, behind the word that says so.
func TestManualHasTheDefaults(t *testing.T) {
	for _, c := range commands(t) {
		for _, o := range entries(t, c, "OPTIONS") {
			if !o.value {
				continue
			}
			entry := chapter(t, "Options of "+c)
			_, entry, _ = strings.Cut(entry, "**"+o.names[0]+"**=")
			entry, _, _ = strings.Cut(entry, "\n\n")
			entry = strings.Join(strings.Fields(entry), " ") // wherever its lines break
			if !strings.Contains(entry, "Default: `"+o.preset+"`") {
				t.Errorf("%s: no Default: `%s` in\n%s", o.names[0], o.preset, entry)
			}
		}
	}
}

// The script of ls has the table as it is printed.
func TestManualHasTheColumnsOfLs(t *testing.T) {
	script, err := os.ReadFile("testdata/ls.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(script), "\n-- table --\n")
	heads, _, _ := strings.Cut(table, "\n")
	var columns [][]string
	for column := range strings.FieldsSeq(heads) {
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
