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

	"golang.org/x/sys/unix"
)

// Whatever a container has made of its root, nothing but the file that the hook has made is
// written, and nothing is waited for.
func TestHostileRoots(t *testing.T) {
	t.Parallel()
	up := strings.Repeat("../", 20)
	for name, spoil := range map[string]func(s *scene, etc, conf, victim string) error{
		"a symlink out":        func(_ *scene, _, conf, victim string) error { return os.Symlink(victim, conf) },
		"a symlink up and out": func(_ *scene, _, conf, victim string) error { return os.Symlink(up+victim, conf) },
		"a symlink by /proc":   func(_ *scene, _, conf, victim string) error { return os.Symlink("/proc/1/root"+victim, conf) },
		"a symlink to nothing": func(_ *scene, _, conf, _ string) error { return os.Symlink("nothing", conf) },
		"a symlink to itself":  func(_ *scene, _, conf, _ string) error { return os.Symlink("resolv.conf", conf) },
		"nothing":              func(*scene, string, string, string) error { return nil },
		"a FIFO":               func(_ *scene, _, conf, _ string) error { return unix.Mkfifo(conf, 0o644) },
		"a directory":          func(_ *scene, _, conf, _ string) error { return os.Mkdir(conf, 0o755) },
		"another file":         func(_ *scene, _, conf, _ string) error { return os.WriteFile(conf, []byte(hooks), 0o644) },
		"a hard link":          func(_ *scene, _, conf, victim string) error { return os.Link(victim, conf) },
		"a mount": func(s *scene, _, conf, victim string) error {
			s.file("rootfs/etc/resolv.conf", "")
			return s.bind(victim, conf)
		},
		"a device": func(_ *scene, _, conf, _ string) error {
			return unix.Mknod(conf, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 7)))
		},
		"a socket": func(_ *scene, _, conf, _ string) error { return unix.Mknod(conf, unix.S_IFSOCK|0o644, 0) },
		"/etc as a symlink out": func(_ *scene, etc, _, victim string) error {
			return errors.Join(os.Remove(etc), os.Symlink(filepath.Dir(victim), etc))
		},
		"/etc as a file": func(_ *scene, etc, _, _ string) error {
			return errors.Join(os.Remove(etc), os.WriteFile(etc, []byte(hooks), 0o644))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			victim := s.file("outside/resolv.conf", hooks)
			conf := s.noted("rootfs/etc/resolv.conf", hooks)
			must(t, os.Rename(conf, s.file("rootfs/elsewhere", ""))) // the inode is not free for another file
			must(t, spoil(s, filepath.Dir(conf), conf, victim))
			s.rewrite(false, ErrForeign)
			s.reads(victim, hooks)
		})
	}
}

func (s *scene) bind(from, to string) error {
	s.Cleanup(func() { _ = unix.Unmount(to, unix.MNT_DETACH) })
	return unix.Mount(from, to, "", unix.MS_BIND, "")
}

// A note of the host's own files is of no use, whoever has written it.
func TestNoteOfTheHostsFiles(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"/etc/resolv.conf", "/etc/x/resolv.conf", "/etc/../etc/resolv.conf", "//etc/resolv.conf",
		"/run/systemd/resolve/resolv.conf", "/etc/hosts", "/etc/shadow", "etc/resolv.conf", "resolv.conf", "/resolv.conf/", "", "/",
	} {
		s := begin(t)
		s.File = &File{Path: path}
		var st unix.Stat_t
		if unix.Stat(path, &st) == nil {
			s.File.Device, s.File.Inode = uint64(st.Dev), st.Ino
		}
		t.Log(path)
		s.rewrite(false, ErrForeign)
	}
}

// The hook saw the container's root by a mount that is not there any more, and the host has
// mounted the root elsewhere.
func TestRootThatIsMountedElsewhere(t *testing.T) {
	s := begin(t)
	merged := filepath.Dir(s.file("merged/x", ""))
	must(t, unix.Mount("tmpfs", merged, "tmpfs", 0, ""))
	t.Cleanup(func() { _ = unix.Unmount(merged, unix.MNT_DETACH) })
	file := s.noted("merged/etc/resolv.conf", hooks)
	s.File.Path = filepath.Join(s.dir, "intermediate/etc/resolv.conf")
	s.rewrite(true, nil)
	s.reads(file, hookw)
	s.File.Inode++
	s.rewrite(false, ErrForeign)
	s.File.Inode--
	s.File.Path = filepath.Join(s.dir, "intermediate/resolv.conf") // not in a root
	s.rewrite(false, ErrForeign)
}

// A lease on the file (fcntl(2)) makes others wait who open it.
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
	dir := filepath.Dir(s.file("run/x", ""))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"))
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	text := strings.Repeat("#", 4095-len(engines)) + "\n" + engines
	file := s.podman(text)
	s.rewrite(false, unix.ENOSPC)
	s.reads(file, text)
}

// Who reads meanwhile finds no empty file.
func TestNeverEmpty(t *testing.T) {
	t.Parallel()
	s := begin(t)
	f, err := os.OpenFile(s.noted("resolv.conf", hooks), os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
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
	for range 2000 {
		_, err := f.Seek(0, io.SeekStart)
		must(t, err)
		if changed, err := s.Job.rewrite(f); !changed || err != nil {
			t.Errorf("%v, %v", changed, err)
			break
		}
		s.Old, s.Now = s.Now, s.Old
	}
	close(stop)
	reader.Wait()
	s.reads(f.Name(), hooks) // and nothing of the longer text
}
