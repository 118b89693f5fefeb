// SPDX-License-Identifier: Apache-2.0

package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

type rec struct {
	Name string `json:"name"`
	Text string `json:"text,omitempty"`
}

// parse is what a user of the store does with a record.
func parse(b []byte) (r rec, err error) {
	if err = json.Unmarshal(b, &r); err == nil && r.Name == "" {
		err = errors.New("no name")
	}
	return r, err
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// load returns what the store has, sorted.
func load(s *Store) (names []string, err error) {
	err = s.Load(func(b []byte) error {
		r, err := parse(b)
		if err == nil {
			names = append(names, r.Name)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

func save(t testing.TB, s *Store, names ...string) {
	t.Helper()
	for _, n := range names {
		if err := s.Save(n, rec{Name: n}); err != nil {
			t.Fatal(err)
		}
	}
}

func want(t testing.TB, s *Store, names ...string) {
	t.Helper()
	if got, err := load(s); err != nil || !slices.Equal(got, names) {
		t.Errorf("%q, %v; want %q", got, err, names)
	}
}

func TestSaveLoadDelete(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "run", "leases")
	s := open(t, dir)
	want(t, s)
	save(t, s, "a", "b", "c", "b")
	want(t, s, "a", "b", "c")
	for _, key := range []string{"b", "b", "never was"} {
		if err := s.Delete(key); err != nil {
			t.Error(err)
		}
	}
	want(t, s, "a", "c")
	s.Close()
	want(t, open(t, dir), "a", "c")
}

// Whatever a key is, it gets no further than a digest.
func TestFileNamesAreHexAndPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "leases")
	s := open(t, dir)
	save(t, s, "../../etc/passwd", "a\x00lan\x00eth0", strings.Repeat("x", 5000), "%s", "-rf", "ü")
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 6 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		info, _ := f.Info()
		if !regexp.MustCompile(`^[0-9a-f]{32}\.json$`).MatchString(f.Name()) || info.Mode() != 0o600 {
			t.Errorf("%s %v", f.Name(), info.Mode())
		}
	}
	if info, _ := os.Stat(dir); info.Mode().Perm() != 0o700 {
		t.Errorf("directory is %v", info.Mode())
	}
}

func TestKeysDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("%03d", i))
	}
	save(t, s, all...)
	want(t, s, all...)
}

func TestSecondLeasedIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := open(t, dir)
	if s, err := Open(dir); err == nil || !strings.Contains(err.Error(), "another leased is running") {
		t.Errorf("%v, %v", s, err)
	}
	first.Close()
	open(t, dir)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			key := fmt.Sprint(i)
			for range 20 {
				if err := errors.Join(s.Save(key, rec{Name: key}), s.Delete(key), s.Save(key, rec{Name: key})); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if names, err := load(s); len(names) != 20 || err != nil {
		t.Errorf("%d, %v", len(names), err)
	}
}

// A directory's name is no pattern.
func TestDirectoryWithPatternInItsName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "[a-]*")
	s := open(t, dir)
	save(t, s, "a")
	want(t, s, "a")
}

func TestWhatCannotBeEncodedIsNotSaved(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	save(t, s, "a")
	if err := s.Save("a", func() {}); err == nil {
		t.Error("no error")
	}
	want(t, s, "a")
}
