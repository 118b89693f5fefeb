// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/ssa"
)

// programs are the patterns of all packages that the programs are made of.
var programs = []string{"./leased/...", "./internal/...", "./netavark-plugin/...", "./oci-hook/..."}

// source is one package, parsed and type-checked.
type source struct {
	files []*ast.File
	types *types.Package
	info  *types.Info
}

// sources type-checks the packages that the patterns name, without their tests
// and without the packages that only tests import. All others come from the
// compiler's export data: they have types and no bodies.
func sources(t *testing.T, fset *token.FileSet, patterns ...string) (all []*source) {
	t.Helper()
	imports := &importing{ours: map[string]*types.Package{}, exports: map[string]string{}}
	imports.others = importer.ForCompiler(fset, "gc", imports.open)
	for _, p := range list(t, append([]string{"-export", "-deps"}, patterns...)...) { // what is imported comes first
		imports.exports[p.ImportPath] = p.Export
		if p.DepOnly || strings.HasSuffix(p.ImportPath, "test") {
			continue
		}
		s := check(t, fset, imports, p)
		imports.ours[p.ImportPath] = s.types
		all = append(all, s)
	}
	return all
}

func check(t *testing.T, fset *token.FileSet, imports types.Importer, p pkg) *source {
	t.Helper()
	s := &source{info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
		Instances: map[*ast.Ident]types.Instance{}, Scopes: map[ast.Node]*types.Scope{}, FileVersions: map[*ast.File]string{},
	}}
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, f)
	}
	var err error
	conf := types.Config{Importer: imports, Sizes: types.SizesFor("gc", "amd64")}
	if s.types, err = conf.Check(p.ImportPath, fset, s.files, s.info); err != nil {
		t.Fatal(err)
	}
	return s
}

// importing finds packages: ours as type-checked here, others in export data.
type importing struct {
	ours    map[string]*types.Package
	exports map[string]string // files, by import path
	others  types.Importer
}

func (i *importing) Import(path string) (*types.Package, error) {
	if p := i.ours[path]; p != nil {
		return p, nil
	}
	return i.others.Import(path)
}

func (i *importing) open(path string) (io.ReadCloser, error) {
	return os.Open(i.exports[path])
}

// functions builds the SSA form of the packages and returns all functions with a
// body: declared ones, methods, literals, wrappers and instances of generic ones.
func functions(fset *token.FileSet, all []*source) map[*ssa.Function]bool {
	prog := ssa.NewProgram(fset, ssa.InstantiateGenerics)
	created := map[*types.Package]bool{}
	var packages []*ssa.Package
	for _, s := range all {
		createImports(prog, s.types, created)
		created[s.types] = true
		packages = append(packages, prog.CreatePackage(s.types, s.files, s.info, true))
	}
	prog.Build()
	found := map[*ssa.Function]bool{}
	for _, p := range packages {
		for _, member := range p.Members {
			switch m := member.(type) {
			case *ssa.Function:
				reach(m, found)
			case *ssa.Type:
				reachMethods(prog, m.Type(), found)
			}
		}
	}
	return found
}

func createImports(prog *ssa.Program, p *types.Package, created map[*types.Package]bool) {
	for _, imported := range p.Imports() {
		if !created[imported] {
			created[imported] = true
			prog.CreatePackage(imported, nil, nil, true)
			createImports(prog, imported, created)
		}
	}
}

func reachMethods(prog *ssa.Program, of types.Type, found map[*ssa.Function]bool) {
	named, ok := of.(*types.Named)
	if !ok || types.IsInterface(of) || named.TypeParams().Len() > 0 {
		return // instances are reached through their callers
	}
	for _, t := range []types.Type{of, types.NewPointer(of)} {
		for method := range prog.MethodSets.MethodSet(t).Methods() {
			reach(prog.MethodValue(method), found)
		}
	}
}

// reach adds a function and all that it names.
func reach(f *ssa.Function, found map[*ssa.Function]bool) {
	if f == nil || found[f] || len(f.Blocks) == 0 {
		return
	}
	found[f] = true
	for _, block := range f.Blocks {
		for _, instruction := range block.Instrs {
			for _, operand := range instruction.Operands(nil) {
				if named, ok := (*operand).(*ssa.Function); ok {
					reach(named, found)
				}
			}
		}
	}
}
