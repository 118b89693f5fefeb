// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// etc is a directory of a policy, which is root's.
type etc struct {
	*testing.T
	*Files
}

func newEtc(t *testing.T) etc {
	t.Helper()
	testlan.RequireRoot(t)
	e := etc{t, &Files{Dir: t.TempDir()}}
	e.do(os.Chmod(e.Dir, 0o755))
	e.do(os.Mkdir(e.at("policy.d"), 0o755))
	return e
}

func (e etc) do(err error) {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
}

func (e etc) at(name string) string { return filepath.Join(e.Dir, name) }

func (e etc) write(name, text string) {
	e.Helper()
	e.do(os.WriteFile(e.at(name), []byte(text), 0o600))
}

// wants compares the interfaces of all lines, and what is bad.
func (e etc) wants(what, hosts string, bad ...string) {
	e.Helper()
	p, _ := e.Load()
	got := ""
	for _, l := range p.Lines {
		got += l.host
	}
	said := fmt.Sprint(p.Bad)
	if got != hosts || len(p.Bad) != len(bad) {
		e.Errorf("%s: lines %q, want %q; bad: %s", what, got, hosts, said)
	}
	for _, b := range bad {
		if !strings.Contains(said, e.at(b)) {
			e.Errorf("%s: %s does not say %s", what, said, e.at(b))
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	e := newEtc(t)
	e.wants("no file", "")
	e.write("policy.conf", "hook bridge=a\n")
	e.write("policy.d/2.conf", "hook bridge=c\nhook bridge=d\n")
	e.write("policy.d/1.conf", "hook bridge=b\n")
	e.write("policy.d/0.conf~", "hook bridge=x\n")
	e.write("policy.d/.0.conf", "hook bridge=x\n")
	e.wants("in order", "abcd")
	e.write("policy.d/1.conf", "hook bridge=b\nhook bridge")
	e.wants("one does not parse", "acd", "policy.d/1.conf:2: ")
	e.do(os.Remove(e.at("policy.d/1.conf")))
	e.wants("one is removed", "acd")
	e.do(os.Rename(e.at("policy.d/2.conf"), e.at("policy.d/2.off")))
	e.wants("another is renamed", "a")
	e.do(os.RemoveAll(e.at("policy.d")))
	e.wants("no policy.d", "a")
}

func TestFilesOfOthersAllowNothing(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(e etc, path string) error{
		"the group can write it": func(_ etc, path string) error { return os.Chmod(path, 0o664) },
		"all can write it":       func(_ etc, path string) error { return os.Chmod(path, 0o602) },
		"it is another user's":   func(_ etc, path string) error { return os.Chown(path, 1000, 0) },
		"it leads to another user's": func(e etc, path string) error {
			e.do(os.Rename(path, e.at("other")))
			e.do(os.Chown(e.at("other"), 1000, 0))
			return os.Symlink(e.at("other"), path)
		},
		"it is too large": func(_ etc, path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("hook bridge=a\n", 5000)), 0o600)
		},
		"it is a directory": func(_ etc, path string) error { _ = os.Remove(path); return os.Mkdir(path, 0o755) },
		"it is a FIFO":      func(_ etc, path string) error { _ = os.Remove(path); return unix.Mkfifo(path, 0o600) },
	} {
		for _, name := range []string{"policy.conf", "policy.d/1.conf"} {
			e := newEtc(t)
			e.write(name, "hook bridge=a\n")
			e.write("policy.d/2.conf", "hook bridge=z\n")
			e.wants("before", "az")
			e.do(change(e, e.at(name)))
			e.wants(what, "z", name)
		}
	}
}

func TestDirectoriesOfOthersAllowNothing(t *testing.T) {
	t.Parallel()
	for dir, left := range map[string]string{"": "", "policy.d": "a"} {
		for what, change := range map[string]func(path string) error{
			"the group can write": func(path string) error { return os.Chmod(path, 0o775) },
			"another user's":      func(path string) error { return os.Chown(path, 1000, 0) },
			"no directory":        func(path string) error { _ = os.RemoveAll(path); return os.WriteFile(path, nil, 0o600) },
		} {
			e := newEtc(t)
			e.write("policy.conf", "hook bridge=a\n")
			e.write("policy.d/1.conf", "hook bridge=b\n")
			e.do(change(e.at(dir)))
			e.wants(dir+": "+what, left, dir)
		}
	}
}

func TestTooManyFiles(t *testing.T) {
	t.Parallel()
	e := newEtc(t)
	e.write("policy.conf", "hook bridge=a\n")
	for i := range maxFiles + 1 {
		e.write(fmt.Sprintf("policy.d/%d.conf", i), "hook bridge=x\n")
	}
	e.wants("one too many", "a", "policy.d: more than 64 files")
}

// A policy that stays is read once. What is wrong with it is news once.
func TestFilesAreReadWhenTheyChange(t *testing.T) {
	t.Parallel()
	e := newEtc(t)
	e.write("policy.conf", "hook bridge\n")
	if _, changed := e.Load(); !changed {
		t.Error("the error is no news")
	}
	if _, changed := e.Load(); changed {
		t.Error("the error is news again")
	}
	e.write("policy.conf", "hook bridge=a\n")
	// No second ago: it may change once more without another stamp.
	e.wants("written", "a")
	e.write("policy.conf", "hook bridge=b\n")
	e.wants("written again at once", "b")
	e.young = false // as after a second
	for i := range e.stamps {
		e.stamps[i] = look(e.stamps[i].path)
	}
	e.policy.Lines = nil // to see whether it is read
	e.wants("at rest", "")
	time.Sleep(20 * time.Millisecond) // more than the step of a file's times
	e.write("policy.conf", "hook bridge=c\n")
	e.wants("changed", "c")
}
