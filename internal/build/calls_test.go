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

// knotted are the packages that may still have cycles of calls. It is to be empty.
var knotted = map[string]bool{}

// recursions are the functions that may call themselves or one another, with the
// reason; a parser's recursive descent is one.
var recursions = map[string]string{}

// No function calls back into its callers: what it finds is noted, and its owner
// concludes.
func TestNoCallCycles(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	g := newCallGraph(functions(fset, sources(t, fset, programs...)))
	seen, still := map[string]bool{}, map[string]bool{}
	for _, knot := range g.knots() {
		names, folders := about(knot)
		for _, name := range names {
			seen[name] = true
		}
		for _, folder := range folders {
			still[folder] = true
		}
		switch {
		case !slices.ContainsFunc(names, func(name string) bool { return recursions[name] == "" }):
		case !slices.ContainsFunc(folders, func(folder string) bool { return !knotted[folder] }):
			t.Log(g.describe(t, fset, knot))
		default:
			t.Error(g.describe(t, fset, knot))
		}
	}
	for name := range recursions {
		if !seen[name] {
			t.Errorf("%s is on no cycle; take it out of recursions", name)
		}
	}
	for folder := range knotted {
		if !still[folder] {
			t.Errorf("%s has no cycle; take it out of knotted", folder)
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
		names, _ := about(knot)
		found = append(found, strings.ReplaceAll(strings.Join(names, " "), "internal/build/testdata/cycles.", ""))
	}
	slices.Sort(found) // a generic function and its instance are one
	if found = slices.Compact(found); !slices.Equal(found, want) {
		t.Errorf("cycles: %q\nwant: %q", found, want)
	}
}

// about has the names of a knot's functions as they are declared, without
// literals and wrappers, and the folders of their packages.
func about(knot []*ssa.Function) (names, folders []string) {
	for _, f := range knot {
		name, folder := declared(f)
		names, folders = append(names, name), append(folders, folder)
	}
	slices.Sort(names)
	slices.Sort(folders)
	return slices.Compact(names), slices.Compact(folders)
}

// declared is the function in whose declaration f is, and the folder of its package.
func declared(f *ssa.Function) (name, folder string) {
	for f.Parent() != nil {
		f = f.Parent()
	}
	if f.Origin() != nil {
		f = f.Origin()
	}
	name = strings.ReplaceAll(f.String(), module+"/", "")
	name, _, _ = strings.Cut(name, "$") // $bound, $thunk
	if o := f.Object(); o != nil && o.Pkg() != nil {
		folder = strings.TrimPrefix(o.Pkg().Path(), module+"/")
	}
	return name, folder
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
	names, _ := about(knot)
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
