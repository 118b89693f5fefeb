// SPDX-License-Identifier: Apache-2.0

package man_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"podman-net-dhcp/internal/leaseapi"
)

var (
	comment = regexp.MustCompile(`(?m)^\s*#.*$`)
	clause  = regexp.MustCompile(`(type|method|error)\s+(\w+)\s*\(([^()]*)\)(?:\s*->\s*\(([^()]*)\))?`)
	field   = regexp.MustCompile(`(\w+)\s*:\s*(\??(?:\[(?:string)?\])?\w+)`)
	item    = regexp.MustCompile(`(?m)^\*\*(\w+)\*\*: \*(\S+)\*\n: `)
	failure = regexp.MustCompile(`(?m)^\*\*([a-zA-Z.]+)\*\* \((?:\*\*(\w+)\*\*: \*(\w+)\*)?\)\n: `)
)

func pairs(found [][]string) (all []string) {
	for _, f := range found {
		all = append(all, f[1]+": "+f[2])
	}
	return all
}

// Each method and type with its fields in order, those of a reply behind those of
// the call, and nothing else.
func TestInterfaceIsDescribed(t *testing.T) {
	t.Parallel()
	text := page(t, "io.leased.7")
	code := map[string][]string{"type": nil, "method": nil}
	for _, m := range clause.FindAllStringSubmatch(comment.ReplaceAllString(leaseapi.Interface, ""), -1) {
		if m[1] == "error" {
			continue
		}
		code[m[1]] = append(code[m[1]], m[2])
		want := pairs(field.FindAllStringSubmatch(m[3]+","+m[4], -1))
		within := chapter(t, text, map[string]string{"type": "## TYPES", "method": "## METHODS"}[m[1]])
		got := pairs(item.FindAllStringSubmatch(chapter(t, "\n"+within+"\n", "### "+m[2]), -1))
		if !slices.Equal(got, want) {
			t.Errorf("%s %s: the manual has\n  %q\nand the interface\n  %q", m[1], m[2], got, want)
		}
	}
	for kind, heading := range map[string]string{"type": "## TYPES", "method": "## METHODS"} {
		var said []string
		for line := range strings.Lines(chapter(t, text, heading)) {
			if name, ok := strings.CutPrefix(line, "### "); ok {
				said = append(said, strings.TrimSpace(name))
			}
		}
		same(t, heading, said, code[kind])
	}
}

func TestErrorsAreDescribed(t *testing.T) {
	t.Parallel()
	var said, code []string
	for _, m := range failure.FindAllStringSubmatch(chapter(t, page(t, "io.leased.7"), "## ERRORS"), -1) {
		said = append(said, m[1]+": "+m[2]+" "+m[3])
	}
	standard := read(t, "../../leased/internal/server/org.varlink.service.varlink")
	source := read(t, "../../internal/leaseapi/types.go")
	for of, text := range map[string]string{"io.leased.": leaseapi.Interface, "org.varlink.service.": standard} {
		for _, m := range clause.FindAllStringSubmatch(comment.ReplaceAllString(text, ""), -1) {
			// What every Varlink service might answer and leased never does is not ours to describe.
			if m[1] != "error" || !strings.Contains(source, `"`+of+m[2]+`"`) {
				continue
			}
			f := append(field.FindStringSubmatch(m[3]), "", "", "")
			code = append(code, of+m[2]+": "+f[1]+" "+f[2])
		}
	}
	same(t, "errors", said, code)
}
