// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"podman-net-dhcp/lab/testlan"
)

// id is the container's.
const id = "c1f0a7b2c1f0a7b2c1f0a7b2c1f0a7b2c1f0a7b2c1f0a7b2c1f0a7b2c1f0a7b2"

var (
	old = names("192.0.2.1 / a.example")
	now = names("192.0.2.2 192.0.2.3 / b.example")
)

// What Podman and the hook write for old, and what shall become of it.
const (
	engines = "search a.example lan\nnameserver 192.0.2.1\nnameserver 192.0.2.9\noptions edns0\n"
	enginew = "search b.example lan\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.9\noptions edns0\n"
	hooks   = header + "search a.example\nnameserver 192.0.2.1\n"
	hookw   = header + "search b.example\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
)

// scene is a container's netns, and a directory for its files.
type scene struct {
	*testing.T
	dir string
	ns  *testlan.NS
}

func begin(t *testing.T) *scene {
	t.Helper()
	return &scene{t, t.TempDir(), testlan.New(t).Container()}
}

// file makes a file with its directories, and returns its path.
func (s *scene) file(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	must(s.T, os.MkdirAll(filepath.Dir(path), 0o755))
	must(s.T, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// root makes a root with this /etc/resolv.conf.
func (s *scene) root(name, text string) string {
	s.Helper()
	s.file(name+"/etc/resolv.conf", text)
	return filepath.Join(s.dir, name)
}

func (s *scene) start(in inhabitant) *process {
	s.Helper()
	return start(s.ns, s.T, in)
}

// podman is a container as Podman makes it, with its file mounted.
func (s *scene) podman(text string) (file string) {
	s.Helper()
	return s.podmanAt("overlay-containers/"+id+"/userdata/resolv.conf", text)
}

func (s *scene) podmanAt(name, text string) (file string) {
	s.Helper()
	file = s.file(name, text)
	s.start(inhabitant{Root: s.root("rootfs", ""), Mounts: []mount{{From: file, To: "etc/resolv.conf"}}})
	return file
}

// rewrite rewrites from old to now, and checks what comes of it.
func (s *scene) rewrite(changed bool, want error) {
	s.Helper()
	got, err := Rewrite(s.ns.Path, s.ns.Cookie(), id, old, now)
	if got != changed || !errors.Is(err, want) || err != nil && want == nil {
		s.Errorf("%v, %v, want %v, %v", got, err, changed, want)
	}
}

func (s *scene) reads(path, want string) {
	s.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		s.Errorf("%s has %q, %v, want %q", filepath.Base(path), got, err, want)
	}
}
