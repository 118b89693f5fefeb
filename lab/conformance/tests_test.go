// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// catalogue is the module's tests, by the names of their packages' directories.
type catalogue map[string]*suite

// suite is one package's tests and the words in them, of which subtests and cases
// of tables are made. Which word is whose is not looked at.
type suite struct {
	dir          string
	tests, words map[string]bool
}

var testName = regexp.MustCompile(`^[a-z0-9-]+\.(Test|Fuzz)[A-Z0-9]\w*(/[^/]+)*$`)

// named reports whether a name is a test's at all, be there one or not.
func named(name string) bool { return testName.MatchString(name) }

// has reports whether there is such a test.
func (c catalogue) has(name string) bool {
	if !named(name) {
		return false
	}
	pkg, rest, _ := strings.Cut(name, ".")
	test, words, _ := strings.Cut(rest, "/")
	s := c[pkg]
	return s != nil && s.tests[test] && s.says(words)
}

// says reports whether a text is made of the suite's words, with slashes between
// them; a word may have slashes of its own.
func (s *suite) says(text string) bool {
	if text == "" || s.words[text] || s.script(text) {
		return true
	}
	for i, c := range text {
		if c == '/' && s.words[text[:i]] && s.says(text[i+1:]) {
			return true
		}
	}
	return false
}

// script reports whether a name is that of a script in testdata.
func (s *suite) script(name string) bool {
	_, err := os.Stat(filepath.Join(s.dir, "testdata", name+".txt"))
	return err == nil
}

// collect reads all tests below a directory, whatever tags they are behind.
func collect(top string) (catalogue, error) {
	c := catalogue{}
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != top && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return c.file(path)
	})
	return c, err
}

func (c catalogue) file(path string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	name := filepath.Base(dir)
	if c[name] == nil {
		c[name] = &suite{dir: dir, tests: map[string]bool{}, words: map[string]bool{}}
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name != "TestMain" {
			c[name].tests[f.Name.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				c[name].words[text] = true
			}
		}
		return true
	})
	return nil
}
