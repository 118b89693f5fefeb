// SPDX-License-Identifier: Apache-2.0

package helper

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/resolv"
)

const text = "# made by net-dhcp-hook from the DHCP lease\nnameserver 192.0.2.1\n"

func names(server string) resolv.Names {
	return resolv.Names{Servers: []netip.Addr{netip.MustParseAddr(server)}}
}

// noted is the job to rewrite a file that the hook has made.
func noted(t *testing.T, dir string) (path string, j resolv.Job) {
	t.Helper()
	path = filepath.Join(dir, "resolv.conf")
	must(t, os.WriteFile(path, []byte(text), 0o644))
	var st unix.Stat_t
	must(t, unix.Stat(path, &st))
	file := &resolv.File{Path: path, Device: uint64(st.Dev), Inode: st.Ino}
	return path, resolv.Job{ContainerID: "web", File: file, Old: names("192.0.2.1"), Now: names("192.0.2.2")}
}

// served is a client whose helper systemd starts, each time that there are requests.
func served(t *testing.T) Client {
	t.Helper()
	c := Client{Socket: filepath.Join(t.TempDir(), "socket")}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: c.Socket, Net: "unix"})
	must(t, err)
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil { // it was idle
			err = Serve(l)
		}
		ended <- err
	}()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Client{"systemd's": served(t), "a child": child(t)} {
		path, j := noted(t, t.TempDir())
		if changed, err := c.Rewrite(j); !changed || err != nil {
			t.Errorf("%s: %v, %v", name, changed, err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != strings.Replace(text, "192.0.2.1", "192.0.2.2", 1) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if changed, err := c.Rewrite(j); changed || err != nil {
			t.Errorf("%s, the second time: %v, %v", name, changed, err)
		}
		must(t, os.WriteFile(path, nil, 0o644))
		if changed, err := c.Rewrite(j); changed || !errors.Is(err, resolv.ErrEdited) {
			t.Errorf("%s, edited: %v, %v", name, changed, err)
		}
		must(t, os.Remove(path))
		if changed, err := c.Rewrite(j); changed || !errors.Is(err, resolv.ErrForeign) {
			t.Errorf("%s, gone: %v, %v", name, changed, err)
		}
		j.Now = j.Old
		if changed, err := (Client{}).Rewrite(j); changed || err != nil {
			t.Errorf("%s, no change: %v, %v", name, changed, err)
		}
	}
}

// A netns is opened by a process in it, which need not be the one that was there first.
func TestNetns(t *testing.T) {
	testlan.RequireRoot(t)
	container := testlan.New(t).Container()
	process := exec.Command("sleep", "1000")
	container.Start(process)
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	ns, err := netns.Open(container.Path)
	must(t, err)
	inode := ns.Inode()
	ns.Close()
	path := "/proc/" + strconv.Itoa(process.Process.Pid) + "/ns/net"
	for name, c := range map[string]Client{"systemd's": served(t), "a child": child(t)} {
		for _, path := range []string{path, "/proc/1/ns/net", "/proc/999999999/ns/net", container.Path} {
			f, err := c.Netns(path, inode)
			if err != nil {
				t.Errorf("%s, %s: %v", name, path, err)
				continue
			}
			var st unix.Stat_t
			if err := unix.Fstat(int(f.Fd()), &st); err != nil || st.Ino != inode {
				t.Errorf("%s, %s: inode %d, %v, want %d", name, path, st.Ino, err, inode)
			}
			f.Close()
		}
		for _, path := range []string{container.Path, "/etc/passwd", "/proc/self/ns/net", "/proc/1/ns/mnt", "/proc/1/../1/ns/net"} {
			if f, err := c.Netns(path, 0); f != nil || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s, %s with any inode: %v, %v", name, path, f, err)
			}
		}
	}
}

// What is stuck in a file system ends with the helper's time, and all of it.
func TestSilentFileSystem(t *testing.T) {
	testlan.NoLeaks(t)
	dir := t.TempDir()
	_, j := noted(t, dir)
	fuse, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(fuse)
	must(t, unix.Mount("silent", dir, "fuse", 0, "rootmode=40000,user_id=0,group_id=0,fd="+strconv.Itoa(fuse)))
	defer func() { must(t, unix.Unmount(dir, unix.MNT_DETACH)) }()
	began := time.Now()
	if changed, err := child(t).Rewrite(j); changed || err == nil {
		t.Errorf("%v, %v", changed, err)
	}
	if took := time.Since(began); took < 500*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Who cannot ask the helper learns nothing of the container's end.
func TestNoHelper(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Client{"no socket": {Socket: filepath.Join(t.TempDir(), "none")}, "no program": {Program: "/nowhere"}} {
		if f, err := c.Netns("/proc/1/ns/net", 1); f != nil || err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

// A request that takes its time holds up no other one.
func TestBesideASlowRequest(t *testing.T) {
	t.Parallel()
	c := served(t)
	_, end, err := c.connect() // and says nothing yet
	must(t, err)
	defer end()
	if f, err := c.Netns("/proc/1/ns/net", 1); f != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, %v", f, err)
	}
}

// A helper without requests ends.
func TestIdle(t *testing.T) {
	t.Parallel()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "socket"), Net: "unix"})
	must(t, err)
	defer l.Close()
	if err := Serve(l); err != nil {
		t.Error(err)
	}
}

// The helper lives on after what is no request.
func TestWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	c := served(t)
	for _, junk := range []string{"", "\x00", "{", "{}\x00", "null\x00", `{"resolv":{"Old":{"Servers":["x"]}}}` + "\x00", strings.Repeat("x", leaseapi.MaxFrame+1)} {
		conn, end, err := c.connect()
		must(t, err)
		_, _ = conn.Write([]byte(junk))
		_ = conn.CloseWrite()
		_, _ = conn.Read(make([]byte, 1))
		end()
	}
	_, j := noted(t, t.TempDir())
	if changed, err := c.Rewrite(j); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
}
