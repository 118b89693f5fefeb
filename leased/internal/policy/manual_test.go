// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile("../../../packaging/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each limit has its entry, in order, and there is no other.
func TestManualHasEachLimit(t *testing.T) {
	t.Parallel()
	page := read(t, "man/leased-policy.5.md")
	_, chapter, _ := strings.Cut(page, "\n## LIMITS\n")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	var said []string
	for _, m := range regexp.MustCompile(`(?m)^\*\*(\w+)\*\*=`).FindAllStringSubmatch(chapter, -1) {
		said = append(said, m[1])
	}
	if got := strings.Join(said, ", "); got != names() {
		t.Errorf("the manual has %s, a line %s", got, names())
	}
	for _, bound := range []string{
		fmt.Sprintf("At most %d files", maxFiles), fmt.Sprintf("at most %d KiB, a line %d bytes", maxFile>>10, maxLine),
		fmt.Sprintf("from 1 to %d.", MaxNetworks), "Without it: " + usual().release.String() + ".", "Without it: " + usual().timeout.String() + ".",
	} {
		if !strings.Contains(strings.Join(strings.Fields(page), " "), bound) {
			t.Errorf("the manual does not say %q", bound)
		}
	}
}

// The lines of the examples are lines, and the file that is shipped has none.
func TestExamplesAreLines(t *testing.T) {
	t.Parallel()
	page := read(t, "man/leased-policy.5.md")
	_, page, _ = strings.Cut(page, "\n## EXAMPLES\n")
	example := read(t, "examples/policy.conf")
	for file, lines := range map[string][]string{
		"leased-policy.5": regexp.MustCompile(`(?m)^hook .*$`).FindAllString(page, -1),
		"policy.conf":     regexp.MustCompile(`(?m)^#hook .*$`).FindAllString(example, -1),
	} {
		text := strings.ReplaceAll(strings.Join(lines, "\n"), "#", "")
		if got, err := Parse(file, text); err != nil || len(got) < 4 {
			t.Errorf("%d lines, %v", len(got), err)
		}
	}
	if lines, err := Parse("policy.conf", example); err != nil || len(lines) > 0 {
		t.Errorf("the example has %d lines, %v", len(lines), err)
	}
}
