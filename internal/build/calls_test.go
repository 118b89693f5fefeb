// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/ssa"
)

// recursions are the functions that may call themselves or one another, with the
// reason; a parser's recursive descent is one.
var recursions = map[string]string{}

// No function calls back into its callers: what it finds is noted, and its owner
// concludes.
func TestNoCallCycles(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	g := newCallGraph(functions(fset, sources(t, fset, programs...)))
	seen := map[string]bool{}
	for _, knot := range g.knots() {
		names := about(knot)
		for _, name := range names {
			seen[name] = true
		}
		if slices.ContainsFunc(names, func(name string) bool { return recursions[name] == "" }) {
			t.Error(g.describe(t, fset, knot))
		}
	}
	for name := range recursions {
		if !seen[name] {
			t.Errorf("%s is on no cycle; take it out of recursions", name)
		}
	}
}

func TestCallGraphFindsCycles(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	g := newCallGraph(functions(fset, sources(t, fset, "./internal/build/testdata/cycles")))
	want := []string{
		"(*caller).call (*owner).heard", "(*clock).tick (*timer).fire", "down", "each every", "key keys", "once twice",
		"ping pong",
	}
	var found []string
	for _, knot := range g.knots() {
		names := about(knot)
		found = append(found, strings.ReplaceAll(strings.Join(names, " "), "internal/build/testdata/cycles.", ""))
	}
	slices.Sort(found) // a generic function and its instance are one
	if found = slices.Compact(found); !slices.Equal(found, want) {
		t.Errorf("cycles: %q\nwant: %q", found, want)
	}
}

// about has the names of a knot's functions as they are declared, without
// literals and wrappers.
func about(knot []*ssa.Function) (names []string) {
	for _, f := range knot {
		names = append(names, declared(f))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// declared is the name of the function in whose declaration f is.
func declared(f *ssa.Function) string {
	for f.Parent() != nil {
		f = f.Parent()
	}
	if f.Origin() != nil {
		f = f.Origin()
	}
	name, _, _ := strings.Cut(strings.ReplaceAll(f.String(), module+"/", ""), "$") // $bound, $thunk
	return name
}

// describe writes a knot as its shortest cycle, a call a line, and the names of all
// its functions.
func (g callGraph) describe(t *testing.T, fset *token.FileSet, knot []*ssa.Function) string {
	t.Helper()
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	ring := g.ring(knot)
	var b strings.Builder
	names := about(knot)
	fmt.Fprintf(&b, "a cycle of calls among %d functions; the shortest way round:\n", len(names))
	from := ring[len(ring)-1].to
	for _, c := range ring {
		if at := fset.Position(c.at); at.IsValid() { // else a wrapper's
			fmt.Fprintf(&b, "\t%s:%d: %s calls %s\n", strings.TrimPrefix(at.Filename, top+"/"), at.Line, from, c.to)
		}
		from = c.to
	}
	fmt.Fprintf(&b, "all: %s", strings.Join(names, ", "))
	return strings.ReplaceAll(b.String(), module+"/", "")
}
