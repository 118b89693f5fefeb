// SPDX-License-Identifier: Apache-2.0

package store

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What is in the way and no record costs itself and makes nobody wait, under the
// name of a record and under another.
func TestThingsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"FIFO":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o700) },
		"huge":      func(path string) error { return os.WriteFile(path, make([]byte, maxFile+1), 0o600) },
		"endless":   func(path string) error { return os.Symlink("/dev/zero", path) },
		"nowhere":   func(path string) error { return os.Symlink("/nonexistent", path) },
		"itself":    func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"socket": func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err == nil {
				l.SetUnlinkOnClose(false)
				err = l.Close()
			}
			return err
		},
		// What is right under the name of "thing", but by a link.
		"link": func(path string) error {
			b := seal(filepath.Base(path), []byte(`{"name":"thing"}`))
			return errors.Join(os.WriteFile(path+".there", b, 0o600), os.Symlink(filepath.Base(path)+".there", path))
		},
	} {
		for _, thing := range []string{fileName("thing"), "thing.json", strings.ToUpper(fileName("thing")[:32]) + suffix, ".json"} {
			t.Run(name+"/"+thing, func(t *testing.T) {
				t.Parallel()
				dir, err := os.MkdirTemp("", "leased") // a socket's path is short
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { os.RemoveAll(dir) })
				s := open(t, dir)
				save(t, s, "a")
				if err := put(filepath.Join(dir, thing)); err != nil {
					t.Fatal(err)
				}
				names, err := load(s)
				if err == nil || !strings.Contains(err.Error(), thing+" is set aside") || !slices.Equal(names, []string{"a"}) {
					t.Fatalf("%q, %v", names, err)
				}
				if (name == "FIFO" || name == "huge" || name == "directory") && isRecord(thing) && !strings.Contains(err.Error(), "not a regular file of at most 1 MiB") {
					t.Error(err)
				}
				if _, err := os.Lstat(filepath.Join(dir, thing+aside)); err != nil {
					t.Error(err)
				}
				want(t, s, "a")
			})
		}
	}
}

// What cannot be set aside is told of each time, and refused each time.
func TestNoPlaceAside(t *testing.T) {
	t.Parallel()
	s, _ := three(t)
	damage(t, s, []byte("{"))
	if err := os.MkdirAll(filepath.Join(s.file("bad")+aside, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		names, err := load(s)
		if err == nil || !strings.Contains(err.Error(), s.file("bad")+" is left out") || !slices.Equal(names, []string{"a", "z"}) {
			t.Errorf("%q, %v", names, err)
		}
	}
}

// A record that its reader refuses is set aside, too.
func TestRefusedRecord(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	save(t, s, "a", "")
	if names, err := load(s); err == nil || !strings.Contains(err.Error(), "no name") || !slices.Equal(names, []string{"a"}) {
		t.Errorf("%q, %v", names, err)
	}
	want(t, s, "a")
}

// left are the files in s, sorted.
func left(t *testing.T, s *Store) (names []string) {
	t.Helper()
	if err := s.walk(func(string) bool { return true }, func(name string) { names = append(names, name) }); err != nil {
		t.Error(err)
	}
	slices.Sort(names)
	return names
}

func TestNewest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 4, 5, 9, 10, 11, 23} {
		s := open(t, stateDir(t))
		var want []string
		for i := range n {
			name := fileName(fmt.Sprint(i))
			path, at := filepath.Join(s.root.Name(), name), time.Unix(int64(1000-i), 0)
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
			want = append(want, name)
		}
		want = want[:min(n, 5)]
		got, removed, err := s.newest(isRecord, 5, written)
		if !slices.Equal(got, want) || removed != n-len(want) || err != nil {
			t.Errorf("of %d: %q, %d removed, %v; want %q", n, got, removed, err, want)
		}
		slices.Sort(want)
		if got := left(t, s); !slices.Equal(got, want) {
			t.Errorf("of %d: %q are left; want %q", n, got, want)
		}
	}
}

// A directory that somebody filled costs bounded memory and a short report.
func TestTooManyRecords(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	save(t, s, "old", "new")
	for i := range maxRecords - 1 { // links are made faster
		if err := os.Link(s.file("new"), s.file(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	tick(t, s)
	old := time.Unix(1, 0)
	if err := os.Chtimes(s.file("old"), old, old); err != nil {
		t.Fatal(err)
	}
	names, err := load(s)
	if !slices.Equal(names, []string{"new"}) || err == nil || strings.Count(err.Error(), "\n") != maxAside ||
		!strings.HasPrefix(err.Error(), "1 records in "+s.root.Name()+" are removed: only the newest 16384 are kept\n") ||
		!strings.HasSuffix(err.Error(), fmt.Sprintf("\nand %d more", maxRecords-maxAside)) {
		t.Errorf("%q, %v", names, err)
	}
	if got := len(left(t, s)); got != 2+maxAside {
		t.Errorf("%d files are left, the clock among them", got)
	}
	want(t, s, "new")
}

// tick waits until the clock of the files' times has moved on.
func tick(t *testing.T, s *Store) {
	t.Helper()
	now := func() (at time.Time) {
		path := filepath.Join(s.root.Name(), "clock")
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	for start := now(); !now().After(start); {
	}
}

// Of what was set aside, that of last time goes first, whenever it was written;
// what is none of ours stays.
func TestAsideDoesNotPileUp(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	keep := []string{"clock", "notes.bad", "notes.json.bad", "x.part"}
	for _, name := range keep {
		if err := os.WriteFile(filepath.Join(s.root.Name(), name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3*maxAside + 1 {
		if i%maxAside == 0 {
			tick(t, s)
		}
		key, at := fmt.Sprint(i), time.Unix(int64(1000-i), 0)
		if err := os.WriteFile(s.file(key), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(s.file(key), at, at); err != nil {
			t.Fatal(err)
		}
		if _, err := load(s); err == nil {
			t.Error("no error")
		}
	}
	got := left(t, s)
	if len(got) != maxAside+len(keep) {
		t.Errorf("%d are left: %q", len(got), got)
	}
	for _, name := range append(keep, fileName(fmt.Sprint(3*maxAside))+aside) {
		if !slices.Contains(got, name) {
			t.Errorf("%s is gone", name)
		}
	}
	s.Close()
	s = open(t, s.root.Name())
	if _, err := fs.Stat(s.root.FS(), "x.part"); err != nil {
		t.Error(err)
	}
}
