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
	"strconv"
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

// stateDir is one that Open makes; what TempDir makes, others may write to with
// some umasks.
func stateDir(t testing.TB) string { return filepath.Join(t.TempDir(), "leases") }

func open(t testing.TB, dir string) *Store { t.Helper(); return opened(t, dir, Open) }

func openDurable(t testing.TB, dir string) *Store { t.Helper(); return opened(t, dir, OpenDurable) }

func opened(t testing.TB, dir string, open func(string) (*Store, error)) *Store {
	t.Helper()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// file is the path of the record of key.
func (s *Store) file(key string) string { return filepath.Join(s.root.Name(), fileName(key)) }

// load returns what the store has, sorted.
func load(s *Store) (names []string, err error) {
	_, err = s.Load(func(b []byte) error {
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
	dir := stateDir(t)
	s := open(t, dir)
	keys := []string{"", "-rf", "../../etc/passwd", "%s", "a\x00lan\x00eth0", strings.Repeat("x", 4096), "ü", "\xff"}
	for _, key := range keys {
		if err := s.Save(key, rec{Name: "x" + strconv.Quote(key)}); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := load(s); len(names) != len(keys) || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(keys) {
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
	for _, key := range keys {
		if err := s.Delete(key); err != nil {
			t.Error(err)
		}
	}
	want(t, s)
}

// An operator reads a file with jq.
func TestFilesAreJSON(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	save(t, s, "<a>")
	b, err := os.ReadFile(s.file("<a>"))
	if err != nil {
		t.Fatal(err)
	}
	var f sealed
	if err := json.Unmarshal(b, &f); err != nil || len(f.Sum) != 32 {
		t.Errorf("%s: %v", b, err)
	}
	if r, err := parse(f.Record); err != nil || r.Name != "<a>" {
		t.Errorf("%s: %v", b, err)
	}
}

func TestKeysDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("%03d", i))
	}
	save(t, s, all...)
	want(t, s, all...)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, string) *Store{"live": open, "durable": openDurable} {
		t.Run(name, func(t *testing.T) { t.Parallel(); manyAtOnce(t, open(t, stateDir(t))) })
	}
}

func manyAtOnce(t *testing.T, s *Store) {
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

// Who saves one key twice at once gets one of the two.
func TestOneKeyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 50 {
				if err := s.Save("a", rec{Name: "a", Text: strings.Repeat("x", 4000*i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	want(t, s, "a")
}

// A directory's name is no pattern.
func TestDirectoryWithPatternInItsName(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "[a-]*")
	s := open(t, dir)
	save(t, s, "a")
	want(t, s, "a")
}

func TestWhatCannotBeReadBackIsNotSaved(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	save(t, s, "a")
	for name, r := range map[string]any{
		"no JSON": func() {}, "more than Load reads": rec{Text: strings.Repeat("x", maxFile)},
	} {
		if err := s.Save("a", r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	want(t, s, "a")
}
