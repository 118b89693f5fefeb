// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A crash while a file is written leaves a part of it under another name; the old
// one counts.
func TestCrashDuringSave(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	save(t, s, "a")
	s.Close()
	part := s.path("a") + temporary
	for _, text := range []string{"", "{", `{"name":"z"}`} {
		if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir)
		want(t, s, "a")
		if _, err := os.Stat(part); !os.IsNotExist(err) {
			t.Errorf("%s is still there", part)
		}
		s.Close()
	}
}

// damage writes b in place of the record of "bad".
func damage(t *testing.T, s *Store, b []byte) {
	t.Helper()
	if err := os.WriteFile(s.path("bad"), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A record that was cut anywhere costs itself: it is set aside, once, and told of.
func TestTornRecord(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	save(t, s, "a", "bad", "z")
	whole, err := os.ReadFile(s.path("bad"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) - 1 { // the last byte is the line's end
		damage(t, s, whole[:n])
		names, err := load(s)
		if err == nil || !strings.Contains(err.Error(), aside) || !slices.Equal(names, []string{"a", "z"}) {
			t.Errorf("cut at %d: %q, %v", n, names, err)
		}
		if got, _ := os.ReadFile(s.path("bad") + aside); !bytes.Equal(got, whole[:n]) {
			t.Errorf("cut at %d: %q was set aside", n, got)
		}
		want(t, s, "a", "z")
	}
	save(t, s, "bad")
	want(t, s, "a", "bad", "z")
}

// A flipped bit is either seen or makes another name; the others are as they were.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	save(t, s, "a", "bad", "z")
	whole, _ := os.ReadFile(s.path("bad"))
	for bit := range 8 * len(whole) {
		b := bytes.Clone(whole)
		b[bit/8] ^= 1 << (bit % 8)
		damage(t, s, b)
		names, err := load(s)
		if !slices.Contains(names, "a") || !slices.Contains(names, "z") || len(names) == 2 && err == nil {
			t.Errorf("bit %d: %q, %v", bit, names, err)
		}
	}
}

// What is in the way and no record is not read: a FIFO would hang us.
func TestThingsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"FIFO":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"huge":      func(path string) error { return os.WriteFile(path, make([]byte, maxFile+1), 0o600) },
		"nowhere":   func(path string) error { return os.Symlink("/nonexistent", path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, t.TempDir())
			save(t, s, "a")
			if err := put(filepath.Join(s.dir, "thing"+suffix)); err != nil {
				t.Fatal(err)
			}
			if names, err := load(s); err == nil || !slices.Equal(names, []string{"a"}) {
				t.Errorf("%q, %v", names, err)
			}
			want(t, s, "a")
		})
	}
}

// A full disk keeps the record that there was, and leaves no part behind.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small tmpfs")
	}
	dir := t.TempDir()
	if err := unix.Mount("leased-test", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal("mount a tmpfs:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	s := open(t, dir)
	save(t, s, "a")
	big := rec{Name: "big", Text: strings.Repeat("x", 128<<10)}
	for _, key := range []string{"a", "b"} {
		if err := s.Save(key, big); err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("save %s: %v", key, err)
		}
	}
	want(t, s, "a")
	if parts, err := s.files(temporary); len(parts) != 0 || err != nil {
		t.Errorf("%q, %v", parts, err)
	}
	save(t, s, "b") // there is room again
	want(t, s, "a", "b")
}

func TestDirectoryIsGone(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "d"))
	if err := os.RemoveAll(s.dir); err != nil {
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

// FuzzLoad: whatever a file has in it, the others are loaded.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(`{"name":"x"}`))
	f.Add([]byte("\x00"))
	f.Add([]byte(`[[[[`))
	dir := f.TempDir()
	s := open(f, dir)
	save(f, s, "a")
	f.Fuzz(func(t *testing.T, b []byte) {
		damage(t, s, b)
		names, err := load(s)
		if !slices.Contains(names, "a") || len(names) == 1 && err == nil {
			t.Errorf("%q, %v", names, err)
		}
	})
}
