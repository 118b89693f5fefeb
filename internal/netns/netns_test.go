// SPDX-License-Identifier: Apache-2.0

package netns_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

func TestOpenRefusesWhatIsNoContainer(t *testing.T) {
	testlan.RequireRoot(t)
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
	must(t, os.WriteFile(file, nil, 0o600))
	must(t, unix.Mkfifo(fifo, 0o600))
	for path, want := range map[string]error{
		filepath.Join(dir, "nothing"): fs.ErrNotExist,
		filepath.Join(file, "x"):      unix.ENOTDIR,
		"":                            fs.ErrNotExist,
		file:                          netns.ErrNotNetns,
		fifo:                          netns.ErrNotNetns, // and does not hang
		dir:                           netns.ErrNotNetns,
		"/dev/null":                   netns.ErrNotNetns,
		"/proc/self/ns/mnt":           netns.ErrNotNetns,
		"/proc/self/ns/net":           netns.ErrHost,
	} {
		ns, err := netns.Open(path)
		if ns != nil || !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", path, err, want)
		}
	}
}

// An inode number is used again at once, the cookie never is.
func TestCookieTellsNamespacesApart(t *testing.T) {
	lan := testlan.New(t)
	host, again, router := lan.Host.Cookie(), lan.Host.Cookie(), lan.Router.Cookie()
	sock, err := lan.Router.Open().Rtnetlink()
	must(t, err)
	defer sock.Close()
	if cookie, err := netns.SocketCookie(sock.FD()); err != nil || cookie != router {
		t.Errorf("a socket tells cookie %d, %v, not %d", cookie, err, router)
	}
	if host != again || host == router || host == 0 {
		t.Errorf("cookies %d, %d; other namespace %d", host, again, router)
	}
	seen := map[uint64]bool{}
	for range 10 {
		n := lan.Container()
		cookie := n.Cookie()
		if seen[cookie] {
			t.Errorf("cookie %d a second time", cookie)
		}
		seen[cookie] = true
		n.Delete()
	}
}

func TestDoIsInside(t *testing.T) {
	lan := testlan.New(t)
	ns := lan.Host.Open()
	must(t, ns.Do(func() error { _, err := net.InterfaceByName(testlan.HostBridge); return err }))
	if _, err := net.InterfaceByName(testlan.HostBridge); err == nil {
		t.Error("the caller is inside, too")
	}
	want := errors.New("no luck")
	if err := ns.Do(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
	must(t, ns.Close())
	if err := ns.Do(func() error { t.Error("called"); return nil }); err == nil {
		t.Error("entered a namespace that is closed")
	}
}

func TestRtnetlinkStaysInside(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	ns := lan.Host.Open()
	c, err := ns.Rtnetlink()
	must(t, err)
	defer c.Close()
	must(t, ns.Close())
	_, err = c.LinkByName(testlan.HostBridge)
	must(t, err)
	if _, err := net.InterfaceByName(testlan.HostBridge); err == nil {
		t.Error("the bridge is everywhere")
	}
}

// No thread that runs Go code is in a foreign namespace after a visit, and the main thread
// never goes there.
func TestNoThreadStaysInside(t *testing.T) {
	testlan.NoLeaks(t)
	lan := testlan.New(t)
	ns := lan.Container().Open()
	everywhere(200, func() {
		must(t, ns.Do(func() error {
			if unix.Gettid() == unix.Getpid() {
				t.Error("the main thread is inside")
			}
			return nil
		}))
		wantHome(t)
	})
	everywhere(100, func() {
		defer func() { _ = recover(); wantHome(t) }()
		_ = ns.Do(func() error {
			if unix.Gettid() == unix.Getpid() {
				return nil
			}
			panic("fn")
		})
	})
	if n := strangers(t); n > 0 {
		t.Errorf("%d threads are inside", n)
	}
}

// everywhere calls fn many times at once, and so on many threads.
func everywhere(n int, fn func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(fn)
	}
	all.Wait()
}

func wantHome(t *testing.T) {
	t.Helper()
	have, err := os.Readlink("/proc/thread-self/ns/net")
	must(t, err)
	if have != home {
		t.Errorf("in %s, not in %s", have, home)
	}
}

var home, _ = os.Readlink("/proc/self/ns/net")

// strangers counts our threads that are somewhere else.
func strangers(t *testing.T) (n int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/task/*/ns/net")
	must(t, err)
	for _, link := range links {
		if have, err := os.Readlink(link); err == nil && have != home {
			n++
		}
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
