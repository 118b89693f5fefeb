// SPDX-License-Identifier: Apache-2.0

package resolv

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/lab/testlan"
)

// The engine's file is known by the container's ID in its path. It stays the same
// inode, or the container would keep the old one.
func TestEnginesFile(t *testing.T) {
	gc := debug.SetGCPercent(-1) // it would close what leaks
	t.Cleanup(func() { debug.SetGCPercent(gc) })
	testlan.NoLeaks(t)
	s := begin(t)
	file := s.podman(engines)
	before, err := os.Stat(file)
	must(t, err)
	s.rewrite(true, nil)
	s.reads(file, enginew)
	s.reads(filepath.Join(s.dir, "rootfs/etc/resolv.conf"), "") // what is mounted over
	if after, err := os.Stat(file); err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
		t.Errorf("%v is another file, %v", after, err)
	}
	s.rewrite(false, nil) // the second time
	s.reads(file, enginew)
}

// Nobody's but the engine's and the hook's is touched.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, rootfs string // from is mounted over the root's
		to           string
	}{
		"the host's, by -v":      {"host/resolv.conf", hooks, "etc/resolv.conf"},
		"another container's":    {"overlay-containers/" + id + "0/resolv.conf", hooks, "etc/resolv.conf"},
		"as a file's name":       {"host/resolv.conf." + id, hooks, "etc/resolv.conf"},
		"the engine's hosts":     {"overlay-containers/" + id + "/userdata/hosts", hooks, "etc/resolv.conf"},
		"a secret":               {"overlay-containers/" + id + "/userdata/secrets/token", hooks, "etc/resolv.conf"},
		".containerenv":          {"overlay-containers/" + id + "/userdata/.containerenv", hooks, "etc/resolv.conf"},
		"the host's /etc, by -v": {"host/etc/resolv.conf", hooks, "etc"},
		"a volume at /etc":       {"volumes/" + id + "/resolv.conf", hooks, "etc"},
		"not made by us":         {"", engines, ""},
		"header not first":       {"", "\n" + hooks, ""},
		"header not whole":       {"", strings.Replace(hooks, "lease\n", "lease!\n", 1), ""},
		"longer than any":        {"", hooks + strings.Repeat("#\n", maxSize/2), ""},
		"empty":                  {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			in := inhabitant{Root: s.root("rootfs", c.rootfs)}
			path, text := filepath.Join(in.Root, "etc/resolv.conf"), c.rootfs
			if c.from != "" {
				path, text = s.file(c.from, hooks), hooks
				m := mount{path, c.to, false}
				if c.to == "etc" {
					m.From = filepath.Dir(path)
				}
				in.Mounts = []mount{m}
			}
			s.start(in)
			s.rewrite(false, ErrEdited)
			s.reads(path, text)
			s.reads(filepath.Join(in.Root, "etc/resolv.conf"), c.rootfs)
		})
	}
}

// A user of crun or runc chooses the container's ID, and the host's files are in
// directories of any name.
func TestIDThatIsAWord(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podmanAt("run/systemd/resolve/resolv.conf", engines)
	if changed, err := Rewrite(s.ns.Path, s.ns.Cookie(), "resolve", old, now); changed || !errors.Is(err, ErrEdited) {
		t.Errorf("%v, %v", changed, err)
	}
	s.reads(file, engines)
}

// A container's ID that is not there is in no path.
func TestNoContainerID(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	if changed, err := Rewrite(s.ns.Path, s.ns.Cookie(), "", old, now); changed || !errors.Is(err, ErrEdited) {
		t.Errorf("%v, %v", changed, err)
	}
	s.reads(file, engines)
}

// A volume at /etc, and in it the engine's file as ever.
func TestEnginesFileInAVolume(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.file(id+"/userdata/resolv.conf", engines)
	volume := filepath.Dir(s.file("volume/resolv.conf", hooks))
	s.start(inhabitant{Root: s.root("rootfs", hooks), Mounts: []mount{{volume, "etc", false}, {file, "etc/resolv.conf", false}}})
	s.rewrite(true, nil)
	s.reads(file, enginew)
	s.reads(filepath.Join(volume, "resolv.conf"), hooks)
}

func TestHooksFile(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.start(inhabitant{Root: s.root("rootfs", hooks)})
	s.rewrite(true, nil)
	s.reads(filepath.Join(s.dir, "rootfs/etc/resolv.conf"), hookw)
}

// The hook's first line is the hook's, in its source.
func TestHeaderIsTheHooks(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../../../oci-hook/resolv.go")
	must(t, err)
	if !strings.Contains(string(source), strings.TrimSuffix(header, "\n")+`\n"`) {
		t.Errorf("oci-hook does not write %q", header)
	}
}

func TestEditedBySomebodyElse(t *testing.T) {
	t.Parallel()
	s := begin(t)
	edited := strings.Replace(engines, "192.0.2.1\n", "192.0.2.7\n", 1)
	file := s.podman(edited)
	s.rewrite(false, ErrEdited)
	s.reads(file, edited)
}

// The path of a process's netns is as good as one under /run/netns.
func TestNetnsOfAProcess(t *testing.T) {
	t.Parallel()
	s := begin(t)
	p := s.start(inhabitant{Root: s.root("rootfs", hooks)})
	s.ns.Delete()
	s.ns.Path = "/proc/" + p.pid + "/ns/net"
	s.rewrite(true, nil)
	s.reads(filepath.Join(s.dir, "rootfs/etc/resolv.conf"), hookw)
}

// Two containers share the netns, and one of them has a mount namespace more, with
// the same file in it.
func TestSeveralMountNamespaces(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	s.start(inhabitant{Root: s.root("rootfs2", ""), Mounts: []mount{{file, "etc/resolv.conf", false}}})
	s.start(inhabitant{Root: s.root("hooked", hooks)})
	s.start(inhabitant{Root: s.root("foreign", engines)})
	s.start(inhabitant{Root: filepath.Dir(s.file("bare/file", ""))})
	s.rewrite(true, nil)
	s.reads(file, enginew)
	s.reads(filepath.Join(s.dir, "hooked/etc/resolv.conf"), hookw)
	s.reads(filepath.Join(s.dir, "foreign/etc/resolv.conf"), engines)
}

// Another network has brought the same server, which is not ours to change.
func TestOnceForAllMountNamespaces(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman("nameserver 192.0.2.1\nnameserver 192.0.2.1\n")
	s.start(inhabitant{Root: s.root("rootfs2", ""), Mounts: []mount{{file, "etc/resolv.conf", false}}})
	if changed, err := Rewrite(s.ns.Path, s.ns.Cookie(), id, names("192.0.2.1"), names("192.0.2.2")); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	s.reads(file, "nameserver 192.0.2.2\nnameserver 192.0.2.1\n")
}

// One that cannot be written does not keep the others from it.
func TestOneOfSeveralFails(t *testing.T) {
	t.Parallel()
	s := begin(t)
	root := s.root("first", hooks)
	s.start(inhabitant{Root: s.root("rootfs", ""), Mounts: []mount{{s.file(id+"/resolv.conf", engines), "etc/resolv.conf", true}}})
	s.start(inhabitant{Root: root})
	s.start(inhabitant{Root: s.root("third", hooks)})
	s.rewrite(true, unix.EROFS)
	s.reads(filepath.Join(root, "etc/resolv.conf"), hookw)
	s.reads(filepath.Join(s.dir, "third/etc/resolv.conf"), hookw)
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.rewrite(false, nil)
	s.start(inhabitant{Root: filepath.Dir(s.file("bare/file", ""))})             // no /etc
	s.start(inhabitant{Root: filepath.Dir(s.file("rootfs/etc", ""))})            // no directory
	s.start(inhabitant{Root: filepath.Join(s.file("r/etc/hosts", ""), "../..")}) // no file
	s.rewrite(false, nil)
}

// Another netns at the path is not the container's, and nothing at all is neither.
func TestAnotherNetns(t *testing.T) {
	t.Parallel()
	s := begin(t)
	file := s.podman(engines)
	if changed, err := Rewrite(s.ns.Path, s.ns.Cookie()+1, id, old, now); changed || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another cookie: %v, %v", changed, err)
	}
	if changed, err := Rewrite(s.ns.Path+"x", s.ns.Cookie(), id, old, now); changed || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such path: %v, %v", changed, err)
	}
	if changed, err := Rewrite("/nowhere", 1, id, old, old); changed || err != nil {
		t.Errorf("no change: %v, %v", changed, err)
	}
	s.reads(file, engines)
	stranger := testlan.New(t).Container()
	text := filepath.Join(s.root("stranger", hooks), "etc/resolv.conf")
	start(stranger, t, inhabitant{Root: filepath.Join(s.dir, "stranger")})
	s.rewrite(true, nil)
	s.reads(text, hooks) // who lives in another one
}
