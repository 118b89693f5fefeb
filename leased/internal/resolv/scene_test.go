// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// id is the container's.
var id = strings.Repeat("c1f0", 16)

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

// scene is a host's directory, with a Podman in it and one job.
type scene struct {
	*testing.T
	dir string
	engine
	Job
}

func begin(t *testing.T) *scene {
	t.Helper()
	dir := t.TempDir()
	return &scene{t, dir, engine{mounts: "/proc/self", root: filepath.Join(dir, "graph")}, Job{ContainerID: id, Old: old, Now: now}}
}

// file makes a file with its directories, and returns its path.
func (s *scene) file(name, text string) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	must(s.T, os.MkdirAll(filepath.Dir(path), 0o755))
	must(s.T, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// noted has the hook note a file that it has made.
func (s *scene) noted(name, text string) (path string) {
	s.Helper()
	path = s.file(name, text)
	var st unix.Stat_t
	must(s.T, unix.Stat(path, &st))
	s.File = &File{Path: path, Device: uint64(st.Dev), Inode: st.Ino}
	return path
}

// podman is a container of Podman's with the file mounted.
func (s *scene) podman(text string, options ...string) (file string) {
	s.Helper()
	file = s.file("run/overlay-containers/"+id+"/userdata/resolv.conf", text)
	s.mounts(file, options...)
	return file
}

// mounts describes the container as Podman does.
func (s *scene) mounts(source string, options ...string) (described string) {
	s.Helper()
	type mount = map[string]any
	text, err := json.Marshal(map[string]any{"ociVersion": "1.2.0", "mounts": []mount{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/etc/hosts", "source": "/x/" + id + "/hosts"},
		{"destination": "/etc/resolv.conf", "type": "bind", "source": source, "options": append([]string{"bind", "rprivate"}, options...)},
	}})
	must(s.T, err)
	return s.file("graph/overlay-containers/"+id+"/userdata/config.json", string(text))
}

// rewrite does the job on a thread of its own, and checks what comes of it.
func (s *scene) rewrite(changed bool, want error) {
	s.Helper()
	got, err := s.do()
	if got != changed || !errors.Is(err, want) || err != nil && want == nil {
		s.Errorf("%v, %v, want %v, %v", got, err, changed, want)
	}
}

func (s *scene) do() (changed bool, err error) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // for good: the thread has other rights then
		defer close(done)
		changed, err = s.Job.do(s.engine)
	}()
	<-done
	return changed, err
}

func (s *scene) reads(path, want string) {
	s.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		s.Errorf("%s has %q, %v, want %q", filepath.Base(path), got, err, want)
	}
}
