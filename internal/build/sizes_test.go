// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

// size has the lengths in lines of a package's files and functions, tests left out.
type size struct{ files, functions []int }

// A package that grows above an eighth of the engine has taken in a second idea.
// The other sizes are only logged: go test -v.
func TestSizes(t *testing.T) {
	t.Parallel()
	const limit = 12 // per cent of leased/internal
	packages, all := map[string]*size{}, &size{}
	for _, p := range list(t, "./leased/internal/...") {
		if !strings.HasSuffix(p.ImportPath, "test") {
			s := measure(t, p.Dir)
			packages[strings.TrimPrefix(p.ImportPath, module+"/")] = s
			all.files, all.functions = append(all.files, s.files...), append(all.functions, s.functions...)
		}
	}
	total := sum(all.files)
	for name, s := range packages {
		if sum(s.files)*100 > total*limit {
			t.Errorf("%s has %d of the %d lines of leased/internal, more than %d %%", name, sum(s.files), total, limit)
		}
	}
	t.Logf("\n%s", sizes(packages, all))
}

func measure(t *testing.T, dir string) *size {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	s, fset := &size{}, token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, fset.File(f.FileStart).LineCount())
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				s.functions = append(s.functions, fset.Position(d.End()).Line-fset.Position(d.Pos()).Line+1)
			}
		}
	}
	return s
}

// sizes has a row a package, the largest first, and one for all.
func sizes(packages map[string]*size, all *size) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "lines\tshare\tfiles\tmedian\tfunctions\tmedian\tp95\tlongest\t")
	row := func(name string, s *size) {
		lines := sum(s.files)
		fmt.Fprintf(w, "%d\t%.1f %%\t%d\t%d\t%d\t%d\t%d\t%d\t %s\n", lines, 100*float64(lines)/float64(sum(all.files)),
			len(s.files), quantile(s.files, 50), len(s.functions), quantile(s.functions, 50), quantile(s.functions, 95),
			quantile(s.functions, 100), name)
	}
	for _, name := range slices.SortedFunc(maps.Keys(packages), func(a, b string) int {
		return cmp.Or(cmp.Compare(sum(packages[b].files), sum(packages[a].files)), strings.Compare(a, b))
	}) {
		row(name, packages[name])
	}
	row("all", all)
	w.Flush()
	return b.String()
}

func sum(all []int) (n int) {
	for _, v := range all {
		n += v
	}
	return n
}

// quantile is the smallest value that per cent of all do not exceed.
func quantile(all []int, percent int) int {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max((len(sorted)*percent+99)/100, 1)-1]
}
