// SPDX-License-Identifier: Apache-2.0

// Package man_test holds the manual against the programs: what they take, say and
// end with has its line, and nothing else has.
package man_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

// pages by their files' names.
var pages = []string{"leased.8", "net-dhcp-hook.8", "net-dhcp.7", "io.leased.7", "leased-policy.5"}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func page(t *testing.T, name string) string {
	t.Helper()
	return read(t, name+".md")
}

// chapter is what stands between a heading and the next of its level, or the end.
func chapter(t *testing.T, page, heading string) string {
	t.Helper()
	level := heading[:strings.Index(heading, " ")+1]
	_, after, ok := strings.Cut(page, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("no chapter %s", heading)
	}
	part, _, _ := strings.Cut(after, "\n"+level)
	return part
}

var (
	term = regexp.MustCompile(`(?m)^(\*\*.*)\n: `)
	bold = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// names are all that stands in bold in the terms of a chapter.
func names(chapter string) (all []string) {
	for _, m := range term.FindAllStringSubmatch(chapter, -1) {
		for _, b := range bold.FindAllStringSubmatch(m[1], -1) {
			all = append(all, b[1])
		}
	}
	return all
}

// same compares two sets.
func same(t *testing.T, what string, page, code []string) {
	t.Helper()
	page, code = sorted(page), sorted(code)
	if !slices.Equal(page, code) {
		t.Errorf("%s: the manual has\n  %q\nand the code\n  %q", what, page, code)
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return slices.Compact(s)
}
