// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// installed is a PREFIX with both programs as make install puts them. The daemon is the
// test binary.
func installed(t *testing.T) (prefix string) {
	t.Helper()
	prefix = t.TempDir()
	if err := install(prefix); err != nil {
		t.Fatal(err)
	}
	return prefix
}

func install(prefix string) error {
	cmd := exec.Command("go", "build", "-o", filepath.Join(prefix, "bin/leased"), "./tool")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the tool: %w: %s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	daemon := filepath.Join(prefix, "libexec/leased/leased")
	if err := os.MkdirAll(filepath.Dir(daemon), 0o755); err != nil {
		return err
	}
	return os.Symlink(self, daemon)
}

// helps are the texts of help by command, the tool's own under the empty name.
var helps = sync.OnceValues(func() (map[string]string, error) {
	prefix, err := os.MkdirTemp("", "leased")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(prefix)
	if err := install(prefix); err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, command := range []string{"", "serve", "ls", "may"} {
		out, err := exec.Command(prefix+"/bin/leased", append(strings.Fields(command), "--help")...).Output()
		if err != nil {
			return nil, err
		}
		texts[command] = string(out)
	}
	return texts, nil
})

// entry is a line of help: a command or an option.
type entry struct {
	names  []string // dashes included
	value  bool     // it takes one
	usage  string
	preset string // its default
}

var lineOfHelp = regexp.MustCompile(`(?m)^   (\S.*?)  +(\S.*?)(?: \(default: "?(.*?)"?\))?$`)

// entries are those below a heading of a command's help.
func entries(t *testing.T, command, heading string) (all []entry) {
	t.Helper()
	texts, err := helps()
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(texts[command], "\n"+heading+":\n")
	part, _, _ = strings.Cut(part, "\n\n")
	for _, m := range lineOfHelp.FindAllStringSubmatch(part, -1) {
		names, _, value := strings.Cut(m[1], " value")
		all = append(all, entry{names: strings.Split(names, ", "), value: value, usage: m[2], preset: m[3]})
	}
	if len(all) == 0 {
		t.Fatalf("help of %q has no %s: %s", command, heading, texts[command])
	}
	return all
}

// commands are those of the tool but help.
func commands(t *testing.T) (all []string) {
	t.Helper()
	for _, e := range entries(t, "", "COMMANDS") {
		if e.names[0] != "help" {
			all = append(all, e.names[0])
		}
	}
	return all
}
