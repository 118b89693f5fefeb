// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// inode is a file of a model of a disk: what was written, and whether it is on it.
type inode struct {
	text   []byte
	synced bool
}

// image is such a disk: the directory as a program sees it, and all that it may be
// after a power failure, oldest first. A directory comes back as it was after its
// last sync or at any moment since; a file that was not synced, as anything.
type image struct {
	now   map[string]*inode
	since []map[string]*inode
}

func newImage(files map[string]*inode) *image {
	return &image{now: files, since: []map[string]*inode{maps.Clone(files)}}
}

func (m *image) do(o op) {
	switch o.what {
	case "create":
		m.now[o.name] = &inode{}
	case "write":
		m.now[o.name].text, m.now[o.name].synced = append(m.now[o.name].text, o.text...), false
	case "sync":
		m.now[o.name].synced = true
	case "rename":
		m.now[o.to] = m.now[o.name]
		delete(m.now, o.name)
	case "remove":
		delete(m.now, o.name)
	case "syncdir":
		m.since = nil
	}
	m.since = append(m.since, maps.Clone(m.now))
}

// onceKilled is what a program finds that is started anew: what there was.
func (m *image) onceKilled() []map[string][]byte {
	texts := map[string][]byte{}
	for name, f := range m.now {
		texts[name] = f.text
	}
	return []map[string][]byte{texts}
}

// oncePowerFailed is what it may find then.
func (m *image) oncePowerFailed() (all []map[string][]byte) {
	for _, dir := range m.since {
		for _, loss := range []func([]byte) []byte{
			func(b []byte) []byte { return b },
			func(b []byte) []byte { return nil },
			func(b []byte) []byte { return b[:len(b)/2] },
			func(b []byte) []byte { return make([]byte, len(b)) },
		} {
			texts := map[string][]byte{}
			for name, f := range dir {
				if texts[name] = f.text; !f.synced {
					texts[name] = loss(f.text)
				}
			}
			all = append(all, texts)
		}
	}
	return all
}

// torn are the operations with each write in pieces of a byte.
func torn(ops []op) (all []op) {
	for _, o := range ops {
		if o.what != "write" {
			all = append(all, o)
			continue
		}
		for _, b := range o.text {
			all = append(all, op{what: "write", name: o.name, text: []byte{b}})
		}
	}
	return all
}

// found is what Load makes of files, sorted.
func found(t *testing.T, dir string, files map[string][]byte) []string {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	names := []string{}
	if _, err := s.Load(func(b []byte) error { names = append(names, string(b)); return nil }); err != nil {
		t.Errorf("%v in %q", err, files)
	}
	slices.Sort(names)
	for name := range files {
		os.Remove(filepath.Join(dir, name))
	}
	return names
}

// crashes saves "b" over "a" under one key and cuts that off after every step, and
// within each write: what is found is the one or the other, and the other key's
// record; after Save has returned it is "b".
func crashes(t *testing.T, open func(testing.TB, string) *Store, after func(*image) []map[string][]byte) {
	s := open(t, stateDir(t))
	files := map[string]*inode{}
	for _, key := range []string{"key", "other"} {
		save(t, s, key)
		b, err := os.ReadFile(s.file(key))
		if err != nil {
			t.Fatal(err)
		}
		files[fileName(key)] = &inode{b, true}
	}
	ops := recordOps(s)
	if err := s.Save("key", rec{Name: "new"}); err != nil {
		t.Fatal(err)
	}
	m, empty := newImage(files), t.TempDir()
	if err := os.Chmod(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	older, newer := fmt.Sprint([]string{`{"name":"key"}`, `{"name":"other"}`}), fmt.Sprint([]string{`{"name":"new"}`, `{"name":"other"}`})
	steps, seen := torn(*ops), map[string]bool{}
	for i, o := range steps {
		m.do(o)
		for _, files := range after(m) {
			state := fmt.Sprint(files)
			if seen[state] && i < len(steps)-1 {
				continue
			}
			seen[state] = true
			got := fmt.Sprint(found(t, empty, files))
			if got != newer && (got != older || i == len(steps)-1) {
				t.Errorf("after %d of %d steps (%s): %s", i+1, len(steps), o.what, got)
			}
		}
	}
	for key, f := range m.now { // the model is no invention
		if b, err := os.ReadFile(filepath.Join(s.root.Name(), key)); err != nil || !bytes.Equal(b, f.text) {
			t.Errorf("%s is %q, %v", key, b, err)
		}
	}
}

func TestKilledAtAnyStep(t *testing.T) {
	t.Parallel()
	crashes(t, open, (*image).onceKilled)
}

func TestDurableKilledAtAnyStep(t *testing.T) {
	t.Parallel()
	crashes(t, openDurable, (*image).onceKilled)
}

func TestDurablePowerFailsAtAnyStep(t *testing.T) {
	t.Parallel()
	crashes(t, openDurable, (*image).oncePowerFailed)
}

// A container's start does not wait for the disk.
func TestLiveStoreDoesNotSync(t *testing.T) {
	t.Parallel()
	s := open(t, stateDir(t))
	ops := recordOps(s)
	save(t, s, "a")
	var did []string
	for _, o := range *ops {
		did = append(did, o.what)
	}
	if !slices.Equal(did, []string{"create", "write", "close", "rename"}) {
		t.Errorf("%q", did)
	}
}
