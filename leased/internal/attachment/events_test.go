// SPDX-License-Identifier: Apache-2.0

package attachment

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each type of event is emitted somewhere in leased: a type that is only declared promises
// a log line that never comes.
func TestEveryEventIsEmitted(t *testing.T) {
	t.Parallel()
	made := map[string]bool{}
	for _, f := range sources(t, filepath.Join("..", "..")) {
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			switch of := lit.Type.(type) {
			case *ast.SelectorExpr:
				made[of.Sel.Name] = made[of.Sel.Name] || isName(of.X, "event")
			case *ast.Ident: // an event of the log's own
				made[of.Name] = made[of.Name] || f.Name.Name == "event"
			}
			return true
		})
	}
	events := declared(t)
	for _, name := range events {
		if !made[name] {
			t.Errorf("event.%s is never emitted", name)
		}
	}
	if len(events) < 20 {
		t.Errorf("%d types of events: %v", len(events), events)
	}
}

// declared are the types of package event that have a Message.
func declared(t *testing.T) (names []string) {
	t.Helper()
	for _, f := range sources(t, filepath.Join("..", "event")) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || fn.Name.Name != "Message" {
				continue
			}
			if of, ok := fn.Recv.List[0].Type.(*ast.Ident); ok && of.IsExported() {
				names = append(names, of.Name)
			}
		}
	}
	return names
}

// sources are the files below a folder, without tests.
func sources(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, path), nil, parser.SkipObjectResolution)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func isName(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}
