// SPDX-License-Identifier: Apache-2.0

package build_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Whoever builds a commit gets the bytes that everybody gets: in git or out of it,
// wherever the tree lies, with a full cache or an empty one.
func TestBuildsAreReproducible(t *testing.T) {
	t.Parallel()
	here := filepath.Join(t.TempDir(), "a")
	there := filepath.Join(t.TempDir(), "somewhere/else/as/deep/as/it/gets")
	copyTree(t, here)
	if err := os.CopyFS(there, os.DirFS(here)); err != nil {
		t.Fatal(err)
	}
	commit(t, there)
	// The default, whatever go env -w has set.
	flags := "GOFLAGS=-buildvcs=auto"
	command(t, here, []string{flags}, "make", "build")
	command(t, there, []string{flags, "GOCACHE=" + t.TempDir()}, "make", "build")
	for _, program := range []string{"net-dhcp", "net-dhcp-hook", "leased", "libexec/leased/leased", "libexec/leased/helper", "libexec/leased/net-dhcp"} {
		one, err := os.ReadFile(filepath.Join(here, "bin", program))
		if err != nil {
			t.Fatal(err)
		}
		other, err := os.ReadFile(filepath.Join(there, "bin", program))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, other) {
			t.Errorf("two builds of %s differ; compare them by go version -m", program)
		}
		if bytes.Contains(one, []byte(here)) {
			t.Errorf("%s names the directory it was built in", program)
		}
	}
}

// copyTree copies what no build has made, as if it were unpacked from a tarball.
func copyTree(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if slices.Contains([]string{".git", "bin", "dist"}, e.Name()) {
			continue
		}
		command(t, root, nil, "cp", "-R", e.Name(), dir)
	}
	if err := os.WriteFile(filepath.Join(dir, "VERSION"), []byte("0.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit makes a repository of a directory: what git says of a tree, Go would write
// into the programs.
func commit(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Log("without git, both trees are as from a tarball")
		return
	}
	command(t, dir, nil, "git", "init", "-q")
	command(t, dir, nil, "git", "add", "-A")
	command(t, dir, nil, "git", "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
}

func command(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}
