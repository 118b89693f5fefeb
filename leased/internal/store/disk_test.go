// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// tmpfs is a small one, mounted on a directory until the test ends.
func tmpfs(t *testing.T) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small tmpfs")
	}
	dir = t.TempDir()
	if err := unix.Mount("leased-test", dir, "tmpfs", 0, "size=64k,nr_inodes=8,mode=0700"); err != nil {
		t.Fatal("mount a tmpfs:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// noParts says that nothing is left of a Save that went wrong.
func noParts(t *testing.T, s *Store) {
	t.Helper()
	any := func(name string) bool { return strings.Contains(name, temporary) }
	if err := s.walk(any, func(name string) { t.Errorf("%s is left", name) }); err != nil {
		t.Error(err)
	}
}

// A full disk keeps the record that there was, and leaves no part behind.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, string) *Store{"live": open, "durable": openDurable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, tmpfs(t))
			save(t, s, "a")
			big := rec{Name: "big", Text: strings.Repeat("x", 128<<10)}
			for _, key := range []string{"a", "b"} {
				if err := s.Save(key, big); !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), s.root.Name()) {
					t.Errorf("save %s: %v", key, err)
				}
			}
			want(t, s, "a")
			noParts(t, s)
			save(t, s, "b") // there is room again
			want(t, s, "a", "b")
		})
	}
}

func TestNoInodeIsLeft(t *testing.T) {
	t.Parallel()
	s := open(t, tmpfs(t))
	save(t, s, "a")
	var err error
	for key := "x"; err == nil && len(key) < 10; key += "x" {
		err = s.Save(key, rec{Name: "x"})
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if err := s.Save("a", rec{Name: "b"}); !errors.Is(err, unix.ENOSPC) {
		t.Error(err)
	}
	if names, err := load(s); err != nil || names[0] != "a" {
		t.Errorf("%q, %v", names, err)
	}
}

// Leases on a disk that cannot be written to are read still, also by a leased that
// is started only then.
func TestDiskIsReadOnly(t *testing.T) {
	t.Parallel()
	dir := tmpfs(t)
	s := open(t, dir)
	save(t, s, "a", "bad")
	damage(t, s, []byte("{"))
	if err := os.WriteFile(s.file("a")+".1"+temporary, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, key := range []string{"a", "b"} {
			if err := s.Save(key, rec{Name: "b"}); !errors.Is(err, unix.EROFS) {
				t.Error(err)
			}
		}
		if err := s.Delete("a"); !errors.Is(err, unix.EROFS) {
			t.Error(err)
		}
		names, err := load(s)
		if len(names) != 1 || names[0] != "a" || !errors.Is(err, unix.EROFS) || !errors.Is(err, errSum) {
			t.Errorf("%q, %v", names, err)
		}
		s.Close()
		s = open(t, dir)
	}
}

// An error at any step is told of, and costs the new record only.
func TestErrorAtAnyStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"create", "write", "sync", "close", "rename", "syncdir"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := openDurable(t, stateDir(t))
			save(t, s, "a")
			good := s.disk
			s.disk = hooked{good, func(o op) error {
				if o.what == step {
					return unix.EIO
				}
				return nil
			}}
			if err := s.Save("a", rec{Name: "b"}); !errors.Is(err, unix.EIO) {
				t.Error(err)
			}
			noParts(t, s)
			left := map[bool]string{false: "a", true: "b"}[step == "syncdir"]
			want(t, s, left)
			s.disk = good
			save(t, s, "c")
			want(t, s, left, "c")
		})
	}
}

// A disk that hangs costs the lease that it hangs on.
func TestDiskHangs(t *testing.T) {
	t.Parallel()
	s := openDurable(t, stateDir(t))
	save(t, s, "c")
	hangs, goOn, saved := make(chan struct{}), make(chan struct{}), make(chan error)
	s.disk = hooked{s.disk, func(o op) error {
		if o.what == "sync" && strings.HasPrefix(o.name, fileName("a")) {
			close(hangs)
			<-goOn
		}
		return nil
	}}
	go func() { saved <- s.Save("a", rec{Name: "a"}) }()
	<-hangs
	save(t, s, "b")
	if err := s.Delete("c"); err != nil {
		t.Error(err)
	}
	want(t, s, "b")
	close(goOn)
	if err := <-saved; err != nil {
		t.Error(err)
	}
	want(t, s, "a", "b")
}

// A part file is never another file, and a closed store writes nowhere: its descriptor may
// be another directory's by then.
func TestSaveStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	dir := stateDir(t)
	s, other := open(t, dir), dir+"/other"
	if err := os.Symlink(other, s.file("a")+".1"+temporary); err != nil {
		t.Fatal(err)
	}
	if err := s.Save("a", rec{Name: "a"}); !errors.Is(err, unix.ELOOP) {
		t.Errorf("over a symlink: %v", err)
	}
	if _, err := os.Lstat(other); err == nil {
		t.Error("the symlink was followed")
	}
	save(t, s, "a")
	s.Close()
	if err := s.Save("a", rec{Name: "b"}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
