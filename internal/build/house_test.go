// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "podman-net-dhcp"

// floors is the house: a package may import those on lower floors, which here have
// higher numbers. They follow the steps of the way of a lease; the packages that several
// programs share are the ground.
var floors = map[string]int{
	"netavark-plugin": 1, "netavark-plugin/full": 1, "oci-hook": 1, "leased": 1, "leased/tool": 1, "leased/helper": 1,
	"internal/front":             2,
	"leased/internal/server":     4,
	"leased/internal/manager":    5,
	"leased/internal/attachment": 6,
	"leased/internal/ipv4":       7, // a wing, as its twin
	"leased/internal/ipv6":       7,
	"leased/internal/lan":        8,
	"leased/internal/record":     8,
	"leased/internal/lease4":     9, // the pure machines
	"leased/internal/lease6":     9,
	"leased/internal/dhcp4":      10, // the codecs
	"leased/internal/dhcp6":      10,
	"leased/internal/ndp":        10,
	"leased/internal/kernel":     11, // the container's side
	"leased/internal/wire":       12,
	"leased/internal/guard":      13,
	"leased/internal/links":      13,
	"leased/internal/shim":       13,
	"leased/internal/helper":     12,
	"leased/internal/binding":    13,
	"leased/internal/resolv":     13,
	"leased/internal/store":      14,
	"leased/internal/request":    15, // what a caller asks
	"leased/internal/event":      15, // what has happened
	"leased/internal/clock":      16,
	"leased/internal/policy":     16, // who may attach what where
	"leased/internal/dnsname":    17, // of the codecs
	"internal/netavark":          18, // the documents of step 1
	"internal/wanted":            19, // what a caller asks of a link and a lease
	"internal/attach":            20,
	"internal/leaseapi":          21,
	"internal/options":           22,
	"internal/leaseapi/pipe":     22,
	"leased/internal/failpoint":  30, // ends leased in tests; nothing without its build tag
	"internal/netns":             30,
	"internal/rtnetlink":         31,
	"internal/build":             30,
}

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Dir        string
	GoFiles    []string
	Export     string // file of the compiler's export data, with -export
	DepOnly    bool   // no pattern names it, with -deps
}

func TestDependenciesPointDownwards(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/")
		if strings.HasPrefix(name, "lab/") || name == "hooks.d" || name == "packaging/man" || strings.HasSuffix(name, "test") {
			continue // tests only, see below
		}
		floor, ok := floors[name]
		if !ok {
			t.Errorf("%s has no floor in the house; give it one here and in the docs", name)
		}
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, module+"/")
			if !ours {
				continue
			}
			if floors[below] <= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d): dependencies point downwards", name, floor, below, floors[below])
			}
		}
	}
}

// The map in leased/README.md names the imports of each room.
func TestMapNamesTheImports(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "leased", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rooms := mapOfRooms(string(page))
	for _, p := range list(t, "./leased/internal/...") {
		name := strings.TrimPrefix(p.ImportPath, module+"/leased/internal/")
		allowed, ok := rooms[name]
		if strings.HasSuffix(name, "test") || name == "failpoint" {
			continue
		}
		if !ok {
			t.Errorf("%s is not on the map in leased/README.md", name)
		}
		for _, imported := range p.Imports {
			room, ours := strings.CutPrefix(imported, module+"/")
			room = strings.TrimPrefix(room, "leased/internal/")
			if ours && room != "clock" && room != "failpoint" && !slices.Contains(allowed, room) {
				t.Errorf("%s imports %s, and the map in leased/README.md does not say so", name, room)
			}
		}
	}
}

// mapOfRooms is the third column of the map, by each room of the first.
func mapOfRooms(page string) map[string][]string {
	rooms, quoted := map[string][]string{}, regexp.MustCompile("`([a-z0-9/]+)`")
	_, table, _ := strings.Cut(page, "| room |")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 && len(rooms) > 0 {
			break // the table is over
		}
		if len(cells) != 6 {
			continue
		}
		var imports []string
		for _, m := range quoted.FindAllStringSubmatch(cells[3], -1) {
			imports = append(imports, m[1])
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			rooms[m[1]] = imports
		}
	}
	return rooms
}

func TestSmallProgramsStaySmall(t *testing.T) {
	t.Parallel()
	allowed := []string{
		module, "github.com/containers/common/libnetwork/types", "github.com/containers/storage/pkg/regexp",
		"github.com/opencontainers/runtime-spec", "github.com/vishvananda/netns", "golang.org/x/sys",
		"github.com/coreos/go-systemd/v22/journal", "github.com/coreos/go-systemd/v22/internal/dlopen",
	}
	for name, maxSize := range map[string]int{"netavark-plugin": 1_300_000, "netavark-plugin/full": 3_000_000, "oci-hook": 3_450_000} {
		p := list(t, "./"+name)[0]
		for _, dep := range p.Deps {
			outside := strings.Contains(strings.Split(dep, "/")[0], ".") || strings.HasPrefix(dep, module)
			isAllowed := slices.ContainsFunc(allowed, func(a string) bool { return dep == a || strings.HasPrefix(dep, a+"/") })
			if outside && !isAllowed || dep == "net/http" || strings.HasPrefix(dep, module+"/leased/") || strings.HasPrefix(dep, module+"/lab/") {
				t.Errorf("%s depends on %s, which is not in its budget", name, dep)
			}
		}
		if size := len(built(t, name)); size > maxSize {
			t.Errorf("%s has %d bytes; its budget is %d", name, size, maxSize)
		}
	}
}

// Each package more makes the plugin's start slower.
func TestPluginImportsSystemCallsAlone(t *testing.T) {
	t.Parallel()
	allowed := append(list(t, "syscall")[0].Deps, "syscall", module+"/internal/leaseapi/pipe")
	for _, dep := range list(t, "./netavark-plugin")[0].Deps {
		if !slices.Contains(allowed, dep) {
			t.Errorf("the plugin depends on %s", dep)
		}
	}
}

// What tests stand on stays out of the programs.
func TestProgramsHaveNoTestCode(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"leased", "leased/tool", "leased/helper"} {
		for _, dep := range list(t, "./"+program)[0].Deps {
			if strings.HasPrefix(dep, module+"/lab/") || strings.HasPrefix(dep, module) && strings.HasSuffix(dep, "test") || dep == "testing" {
				t.Errorf("%s depends on %s", program, dep)
			}
		}
	}
}

// The daemon runs all the time: it does without the libraries of the operator's tool, and
// without those that a small function of a large package would bring in.
func TestDaemonStaysSmall(t *testing.T) {
	t.Parallel()
	foreign := []string{
		"github.com/urfave/cli/v2", "text/template", "html/template", "regexp", "net/http", "crypto/tls", "crypto/x509", "encoding/xml", "compress/gzip", "testing",
	}
	for _, dep := range list(t, "./leased")[0].Deps {
		if slices.Contains(foreign, dep) {
			t.Errorf("the daemon depends on %s", dep)
		}
	}
	const maxSize = 6_250_000 // bytes
	program := built(t, "leased")
	if len(program) > maxSize {
		t.Errorf("the daemon has %d bytes; its budget is %d", len(program), maxSize)
	}
	// net.Dial and net.Listen bring in the resolver, 0.2 MB; net.DialUnix and net.ListenUnix do not.
	if bytes.Contains(program, []byte("net.(*Resolver).exchange")) {
		t.Error("the daemon has Go's DNS resolver built in")
	}
}

// Each package's tests end with the leak check; those here and in the lab start programs only.
func TestEveryPackageLooksForLeaks(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		dir := filepath.Join(root, strings.TrimPrefix(p.ImportPath, module+"/"))
		tests, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		looks := slices.ContainsFunc(tests, func(file string) bool {
			text, err := os.ReadFile(file)
			return err == nil && bytes.Contains(text, []byte(" testlan.Main(m)")) || bytes.Contains(text, []byte("\ttestlan.Main(m)"))
		})
		if exempt := strings.Contains(dir, "/lab/") || strings.HasSuffix(dir, "internal/build"); len(tests) > 0 && !looks && !exempt {
			t.Errorf("the tests of %s do not call testlan.Main", p.ImportPath)
		}
	}
}

// built is a program as it is released, but for its version and the build tags.
func built(t *testing.T, name string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", out, "./"+name)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	program, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return program
}

const root = "../.."

// list asks go list, with flags and patterns.
func list(t *testing.T, args ...string) []pkg {
	t.Helper()
	const fields = "-json=ImportPath,Imports,Deps,Dir,GoFiles,Export,DepOnly"
	cmd := exec.Command("go", append([]string{"list", fields}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = root, append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var pkgs []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
