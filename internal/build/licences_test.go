// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
)

const (
	thirdParty = root + "/packaging/licenses/THIRD-PARTY"
	theTool    = "packaging/licenses/update" // what writes it
	theGo      = "Go, its standard library and runtime"
	rule       = "================================================================================"
)

// allowed are the licences that ask for no more than their text and notices, which
// THIRD-PARTY has.
var allowed = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT"}

var (
	licences = flag.String("licences", "", "what go-licenses says; THIRD-PARTY is written anew from it")
	// ofRights are the files that say something of rights.
	ofRights = regexp.MustCompile(`(?i)^(licen[cs]e|copying|copyright|notice|patents)[^/]*$`)
	columns  = regexp.MustCompile(` {2,}`)
)

// dependency is a module that is built in.
type dependency struct {
	version  string
	programs map[string]bool
	texts    map[string]bool // paths of files
	licence  string          // in SPDX's names
}

// Whoever gets the programs gets the licences of all that is in them.
func TestLicencesAreListed(t *testing.T) {
	t.Parallel()
	built := builtIn(t)
	if *licences != "" {
		name(t, built)
		writeThirdParty(t, built)
	}
	have, err := os.ReadFile(thirdParty)
	if err != nil {
		t.Fatal(err)
	}
	nameAsBefore(built, string(have))
	if want := table(built); !bytes.Contains(have, []byte("\n\n"+want+"\n")) {
		t.Errorf("%s does not list what is built in; run %s\n%s", thirdParty, theTool, want)
	}
	for module, d := range built {
		for _, l := range strings.Split(d.licence, " AND ") {
			if !slices.Contains(allowed, l) {
				t.Errorf("the licence of %s is %q, which nobody has agreed to", module, l)
			}
		}
		for path := range d.texts {
			if text, err := os.ReadFile(path); err != nil || !bytes.Contains(have, text) {
				t.Errorf("%s: %s has another text of it; run %s (%v)", path, thirdParty, theTool, err)
			}
		}
	}
}

// builtIn are the modules in the programs of all architectures, by their paths.
func builtIn(t *testing.T) map[string]*dependency {
	t.Helper()
	all := map[string]*dependency{theGo: {version: "the builder's", programs: map[string]bool{}, texts: goTexts(t)}}
	for folder, program := range map[string]string{
		"netavark-plugin": "net-dhcp", "netavark-plugin/full": "net-dhcp", "oci-hook": "net-dhcp-hook", "leased": "leased", "leased/tool": "leased (tool)",
	} {
		all[theGo].programs[program] = true
		for _, arch := range []string{"amd64", "arm64", "arm", "386"} {
			for _, line := range packages(t, folder, arch) {
				f := strings.Split(line, "\t") // module, version, package, directory
				d := all[f[0]]
				if d == nil {
					d = &dependency{version: f[1], programs: map[string]bool{}, texts: map[string]bool{}}
					all[f[0]] = d
				}
				d.programs[program] = true
				d.findTexts(strings.TrimSuffix(f[3], strings.TrimPrefix(f[2], f[0])), f[3])
			}
		}
	}
	return all
}

func packages(t *testing.T, folder, arch string) []string {
	t.Helper()
	const format = `{{with .Module}}{{if not .Main}}{{.Path}}{{"\t"}}{{.Version}}{{"\t"}}{{$.ImportPath}}{{"\t"}}{{$.Dir}}{{end}}{{end}}`
	cmd := exec.Command("go", "list", "-tags", tags(t), "-deps", "-f", format, "./"+folder)
	cmd.Dir, cmd.Env, cmd.Stderr = root, append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}

// tags are the build tags of the programs.
func tags(t *testing.T) string {
	t.Helper()
	cmd := exec.Command("make", "-s", "--no-print-directory", "tags")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// findTexts looks in a package's directory and above it, up to its module's.
func (d *dependency) findTexts(top, dir string) {
	for ; strings.HasPrefix(dir, top); dir = filepath.Dir(dir) {
		files, _ := os.ReadDir(dir)
		for _, f := range files {
			if f.Type().IsRegular() && ofRights.MatchString(f.Name()) && filepath.Ext(f.Name()) != ".go" {
				d.texts[filepath.Join(dir, f.Name())] = true
			}
		}
	}
}

// goTexts is Go's own licence. Some distributions keep it elsewhere; then it is
// that of golang.org/x, which is the same.
func goTexts(t *testing.T) map[string]bool {
	t.Helper()
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(strings.TrimSpace(string(goroot)), "LICENSE")
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	return map[string]bool{path: true}
}

// name takes the licences from what go-licenses said: a file, tab, a name.
func name(t *testing.T, built map[string]*dependency) {
	t.Helper()
	said, err := os.ReadFile(*licences)
	if err != nil {
		t.Fatal(err)
	}
	for module, d := range built {
		var names []string
		for line := range strings.Lines(string(said)) {
			if path, name, _ := strings.Cut(strings.TrimSpace(line), "\t"); d.texts[path] {
				names = append(names, name)
			}
		}
		if module == theGo {
			names = []string{"BSD-3-Clause"} // go-licenses leaves it out
		}
		slices.Sort(names)
		d.licence = strings.Join(slices.Compact(names), " AND ")
	}
}

// nameAsBefore takes the licences from THIRD-PARTY.
func nameAsBefore(built map[string]*dependency, text string) {
	for line := range strings.Lines(text) {
		f := columns.Split(strings.TrimSpace(line), -1)
		if len(f) == 4 && built[f[0]] != nil {
			built[f[0]].licence = f[2]
		}
	}
}

// table has a row a module: path, version, licence, programs.
func table(built map[string]*dependency) string {
	var b bytes.Buffer
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, module := range slices.Sorted(maps.Keys(built)) {
		d := built[module]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", module, d.version, cmp.Or(d.licence, "?"), strings.Join(slices.Sorted(maps.Keys(d.programs)), ", "))
	}
	w.Flush()
	return b.String()
}

// writeThirdParty writes the table and each text once, below the names of all who
// have it.
func writeThirdParty(t *testing.T, built map[string]*dependency) {
	t.Helper()
	owners, order := map[string][]string{}, []string{}
	names := map[string]bool{}
	for _, module := range slices.Sorted(maps.Keys(built)) {
		for _, l := range strings.Split(built[module].licence, " AND ") {
			names[l] = true
		}
		for _, path := range slices.Sorted(maps.Keys(built[module].texts)) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if owners[string(text)] == nil {
				order = append(order, string(text))
			}
			owners[string(text)] = append(owners[string(text)], module+": "+filepath.Base(path))
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "SPDX-License-Identifier: %s\n\n", strings.Join(slices.Sorted(maps.Keys(names)), " AND "))
	fmt.Fprintf(&b, "What the programs of podman-net-dhcp have built in: version, licence, in which\nprograms, and all texts. Made by %s.\n\n%s", theTool, table(built))
	for _, text := range order {
		fmt.Fprintf(&b, "\n%s\n%s\n%s\n\n%s", rule, strings.Join(owners[text], "\n"), rule, text)
	}
	if err := os.WriteFile(thirdParty, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
