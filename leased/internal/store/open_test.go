// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestSecondLeasedIsRefused(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	first := open(t, dir)
	for _, again := range []func(string) (*Store, error){Open, OpenDurable} {
		if s, err := again(dir); err == nil || !strings.Contains(err.Error(), "another leased is running") {
			t.Errorf("%v, %v", s, err)
		}
	}
	first.Close()
	openDurable(t, dir)
}

// What others can write to is no state of ours, and stays as it is.
func TestDirectoryOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"by all":       {func(dir string) error { return os.Chmod(dir, 0o777) }, "can be written by others (mode 0777); run: chmod 0700 DIR"},
		"by the group": {func(dir string) error { return os.Chmod(dir, 0o720) }, "can be written by others (mode 0720); run: chmod 0700 DIR"},
		"others' own":  {func(dir string) error { return os.Chown(dir, 65534, 0) }, "belongs to user 65534; run leased as that user, or choose another directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := stateDir(t)
			open(t, dir).Close()
			part := filepath.Join(dir, fileName("a")+temporary)
			if err := os.WriteFile(part, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			switch err := c.change(dir); {
			case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EINVAL): // not root; root of a user namespace that nobody else is in
				t.Skip("needs root, to give a directory away")
			case err != nil:
				t.Fatal(err)
			}
			if s, err := Open(dir); err == nil || !strings.HasSuffix(err.Error(), strings.ReplaceAll(c.want, "DIR", dir)) {
				t.Errorf("%v, %v", s, err)
			}
			if _, err := os.Stat(part); err != nil {
				t.Error("it was cleared:", err)
			}
		})
	}
}

// Others may read, and a symlink is the administrator's choice, once: what it is
// changed to later is another directory, without our lock.
func TestDirectoryBehindASymlink(t *testing.T) {
	t.Parallel()
	link, dir, other := filepath.Join(t.TempDir(), "link"), t.TempDir(), t.TempDir()
	for _, err := range []error{os.Chmod(dir, 0o755), os.Symlink(dir, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, link)
	for _, err := range []error{os.Remove(link), os.Symlink(other, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	save(t, s, "a")
	want(t, s, "a")
	if _, err := os.Stat(filepath.Join(dir, fileName("a"))); err != nil {
		t.Error(err)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{path, filepath.Join(path, "leases"), ""} {
		if s, err := Open(dir); err == nil || !strings.Contains(err.Error(), "the state directory") {
			t.Errorf("%q: %v, %v", dir, s, err)
		}
	}
}

func TestDirectoryIsGone(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	if err := os.RemoveAll(s.root.Name()); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("a", rec{}); err == nil {
		t.Error("Save: no error")
	}
	if err := s.Delete("a"); err != nil {
		t.Error(err)
	}
	if _, err := load(s); err == nil {
		t.Error("Load takes a directory that is not there for an empty one")
	}
}
