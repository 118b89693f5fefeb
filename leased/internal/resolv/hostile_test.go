// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// Whatever a container has made of its root, nothing else is written or waited for.
func TestHostileRoots(t *testing.T) {
	t.Parallel()
	up := strings.Repeat("../", 20)
	for name, spoil := range map[string]func(s *scene, etc, conf, victim string) error{
		"a symlink out":        func(_ *scene, _, conf, victim string) error { return os.Symlink(victim, conf) },
		"a symlink up and out": func(_ *scene, _, conf, victim string) error { return os.Symlink(up+victim, conf) },
		"a symlink inside":     func(_ *scene, _, conf, _ string) error { return os.Symlink("/inside", conf) },
		"a symlink by /proc":   func(_ *scene, _, conf, victim string) error { return os.Symlink("/proc/1/root"+victim, conf) },
		"a symlink to nothing": func(_ *scene, _, conf, _ string) error { return os.Symlink("nothing", conf) },
		"a symlink to itself":  func(_ *scene, _, conf, _ string) error { return os.Symlink("resolv.conf", conf) },
		"a FIFO":               func(_ *scene, _, conf, _ string) error { return unix.Mkfifo(conf, 0o644) },
		"a directory":          func(_ *scene, _, conf, _ string) error { return os.Mkdir(conf, 0o755) },
		"a device": func(_ *scene, _, conf, _ string) error {
			return unix.Mknod(conf, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 7)))
		},
		"a socket": func(_ *scene, _, conf, _ string) error { return unix.Mknod(conf, unix.S_IFSOCK|0o644, 0) },
		"/etc as a symlink out": func(_ *scene, etc, _, victim string) error {
			return errors.Join(os.Remove(etc), os.Symlink(filepath.Dir(victim), etc))
		},
		"/etc as a symlink home": func(_ *scene, etc, _, _ string) error { return errors.Join(os.Remove(etc), os.Symlink("other", etc)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			victim := s.file("outside/resolv.conf", hooks)
			inside, other := s.file("rootfs/inside", hooks), s.file("rootfs/other/resolv.conf", hooks)
			etc := filepath.Join(s.dir, "rootfs/etc")
			must(t, os.Mkdir(etc, 0o755))
			must(t, spoil(s, etc, filepath.Join(etc, "resolv.conf"), victim))
			s.start(inhabitant{Root: filepath.Join(s.dir, "rootfs")})
			s.rewrite(false, ErrEdited)
			for _, path := range []string{victim, inside, other} {
				s.reads(path, hooks)
			}
		})
	}
}

// A FIFO that the engine's file was made into by who could.
func TestMountedFIFO(t *testing.T) {
	t.Parallel()
	s := begin(t)
	fifo := filepath.Join(filepath.Dir(s.file(id+"/x", "")), "resolv.conf")
	must(t, unix.Mkfifo(fifo, 0o644))
	s.start(inhabitant{Root: s.root("rootfs", hooks), Mounts: []mount{{fifo, "etc/resolv.conf", false}}})
	s.rewrite(false, ErrEdited)
}

// A file system of the container's own never answers. It is not waited for, and
// what is stuck in it is gone with the container.
func TestSilentFileSystem(t *testing.T) {
	was := patience
	t.Cleanup(func() { patience = was })
	patience = 500 * time.Millisecond
	testlan.NoLeaks(t)
	s := begin(t)
	p := s.start(inhabitant{Root: s.root("rootfs", hooks), FUSE: "etc"})
	s.rewrite(false, os.ErrDeadlineExceeded)
	p.end()
}

// Read-only for the container is read-only for us: it may be the user's wish.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.file(id+"/resolv.conf", engines)
	s.start(inhabitant{Root: s.root("rootfs", hooks), Mounts: []mount{{file, "etc/resolv.conf", true}}})
	s.rewrite(false, unix.EROFS)
	s.reads(file, engines)
}

// The container holds a lease on its file (fcntl(2)), which makes others wait.
func TestLeasedFile(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	s.rewrite(false, unix.EAGAIN)
	f.Close()
	s.reads(file, engines)
}

// Without room for the new text the old one is still there.
func TestNoRoom(t *testing.T) {
	s := begin(t)
	dir := filepath.Dir(s.file("full/x", ""))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	text := strings.Repeat("#", 4095-len(engines)) + "\n" + engines
	file := s.podmanAt("full/"+id+"/resolv.conf", text)
	s.rewrite(false, unix.ENOSPC)
	s.reads(file, text)
}

// Who reads meanwhile finds no empty file.
func TestNeverEmpty(t *testing.T) {
	t.Parallel()
	f, err := os.Create(filepath.Join(t.TempDir(), "resolv.conf"))
	must(t, err)
	defer f.Close()
	must(t, put(f, []byte(hooks)))
	stop := make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if text, err := io.ReadAll(io.NewSectionReader(f, 0, maxSize)); err != nil || len(text) < len(hooks) {
				t.Errorf("%q, %v", text, err)
				return
			}
		}
	})
	v := visit{old: old, now: now}
	for range 2000 {
		text, err := io.ReadAll(io.NewSectionReader(f, 0, maxSize))
		must(t, err)
		if changed, err := v.rewrite(int(f.Fd()), text); !changed || err != nil {
			t.Errorf("%v, %v", changed, err)
			break
		}
		v.old, v.now = v.now, v.old
	}
	close(stop)
	reader.Wait()
	text, err := os.ReadFile(f.Name())
	if err != nil || string(text) != hooks { // and nothing of the longer text
		t.Errorf("in the end %q, %v", text, err)
	}
}

// Processes that are the host's come into the netns and see the host's files.
func TestHostsProcesses(t *testing.T) {
	s := begin(t)
	file := s.file(id+"/resolv.conf", engines)
	if err := unix.Mount(file, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err) // in the mount namespace that is the test's own
	}
	t.Cleanup(func() { must(t, unix.Unmount("/etc/resolv.conf", unix.MNT_DETACH)) })
	s.start(inhabitant{})
	s.rewrite(false, nil)
	s.reads(file, engines)
}

// A process that ends while it is looked at is no error.
func TestProcessEnds(t *testing.T) {
	testlan.NoLeaks(t)
	s := begin(t)
	stop := make(chan struct{})
	var mortals sync.WaitGroup
	for range 2 {
		mortals.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.ns.Run("unshare", "--mount", "true")
				}
			}
		})
	}
	file := s.podman(engines)
	for range 50 {
		must(t, os.WriteFile(file, []byte(engines), 0o644))
		s.rewrite(true, nil)
	}
	close(stop)
	mortals.Wait()
}

// What is known of a process by its descriptor is never another's, whoever has its
// PID now.
func TestProcessIsGone(t *testing.T) {
	t.Parallel()
	s := begin(t)
	p := s.start(inhabitant{Root: s.root("rootfs", hooks)})
	proc, err := openProcess(p.pid)
	must(t, err)
	defer unix.Close(proc)
	ns, err := netns.Open(s.ns.Path)
	must(t, err)
	defer ns.Close()
	if !inhabits(proc, ns) {
		t.Error("a process that lives there does not")
	}
	p.end()
	if inhabits(proc, ns) {
		t.Error("one that is gone does")
	}
	v := visit{roots: map[inode]bool{}}
	if changed, err := v.inRoot(proc); changed || err == nil {
		t.Errorf("the root of nobody: %v, %v", changed, err)
	}
	if changed, err := v.enter(proc, ns); changed || err != nil {
		t.Errorf("who is gone: %v, %v", changed, err)
	}
}
