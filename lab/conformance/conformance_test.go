// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	top      = "../.."
	pagePath = top + "/leased/CONFORMANCE.md"
)

var update = flag.Bool("update", false, "write leased/CONFORMANCE.md")

// files are those of rows/, in the page's order.
var files = []string{"rfc", "figure5", "options", "ipv6", "faults", "netavark", "hostile", "policy"}

func load(t *testing.T) (all []table) {
	t.Helper()
	for _, name := range files {
		f, err := os.Open(filepath.Join("rows", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		tables, err := read(f)
		if err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
		all = append(all, tables...)
	}
	return all
}

func module(t *testing.T) catalogue {
	t.Helper()
	tests, err := collect(top)
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

func TestEveryRowIsShown(t *testing.T) {
	t.Parallel()
	tests := module(t)
	for _, table := range load(t) {
		if len(table.rows) == 0 {
			t.Errorf("%s has no rows", table.title)
		}
		for _, r := range table.rows {
			for _, what := range r.wrong(tests) {
				t.Errorf("%s, %s (%s) %s", table.title, r.key, r.what, what)
			}
		}
	}
}

// Every name is listed once, with what it is for.
func TestNothingIsPending(t *testing.T) {
	t.Parallel()
	tests := module(t)
	rows := map[string][]string{}
	for _, table := range load(t) {
		for _, r := range table.rows {
			for _, e := range r.evidence {
				if e.kind == pending {
					rows[e.text] = append(rows[e.text], table.title+" "+r.key)
				}
			}
		}
	}
	names := []string{}
	for name := range rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		state := "is to be written"
		if tests.has(name) {
			state = "exists: it is pending no more"
		}
		t.Errorf("%s %s; %s", name, state, strings.Join(rows[name], ", "))
	}
}

func TestPage(t *testing.T) {
	want := page(load(t))
	if *update {
		if err := os.WriteFile(pagePath, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the rows make of it; run: go generate ./lab/conformance", pagePath)
	}
}

// The files that are read are those that there are.
func TestNoFileOfRowsIsLeftOut(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("rows/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if !slices.Contains(files, strings.TrimSuffix(filepath.Base(p), ".txt")) {
			t.Errorf("%s is not read", p)
		}
	}
}
