// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// A context is a call's. One that a struct keeps outlives the call unseen.
func TestNoContextInStructs(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	for _, s := range sources(t, fset, "./leased/...") {
		for _, at := range contexts(s) {
			t.Errorf("%s: a struct keeps a context", fset.Position(at))
		}
	}
}

func TestRulesAreSeenBroken(t *testing.T) {
	t.Parallel()
	s := sources(t, token.NewFileSet(), "./internal/build/testdata/rules")[0]
	if n := len(contexts(s)); n != 1 {
		t.Errorf("%d contexts in structs; 1 is there", n)
	}
	if n := len(unlocked(s.files)); n != 2 {
		t.Errorf("%d calls without the lock; 2 are there", n)
	}
}

// contexts are the struct fields of type context.Context.
func contexts(s *source) (all []token.Pos) {
	for _, f := range s.files {
		for n := range ast.Preorder(f) {
			if n, ok := n.(*ast.StructType); ok {
				for _, field := range n.Fields.List {
					if s.info.TypeOf(field.Type).String() == "context.Context" {
						all = append(all, field.Pos())
					}
				}
			}
		}
	}
	return all
}

// A …Locked function needs a lock held: its caller is …Locked too, or locks first.
// The lock's name is not looked at.
func TestLockedIsCalledWithTheLock(t *testing.T) {
	t.Parallel()
	fset := token.NewFileSet()
	for _, s := range sources(t, fset, programs...) {
		for _, at := range unlocked(s.files) {
			t.Errorf("%s: a …Locked function is called by a function that is not …Locked and has not locked", fset.Position(at))
		}
	}
}

// unlocked are the calls of …Locked functions that no lock precedes.
func unlocked(files []*ast.File) (all []token.Pos) {
	for _, f := range files {
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || strings.HasSuffix(d.Name.Name, "Locked") {
				continue
			}
			locked := false
			for n := range ast.Preorder(d) { // in the order of the text
				if n, ok := n.(*ast.CallExpr); ok {
					locked = locked || slices.Contains([]string{"Lock", "RLock"}, called(n))
					if !locked && strings.HasSuffix(called(n), "Locked") {
						all = append(all, n.Pos())
					}
				}
			}
		}
	}
	return all
}

// called is the last name of what a call calls.
func called(c *ast.CallExpr) string {
	switch f := ast.Unparen(c.Fun).(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}
