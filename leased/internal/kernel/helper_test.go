// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"podman-net-dhcp/lab/testlan"
	"podman-net-dhcp/leased/internal/helper"
)

// A netns that leased may not open by itself is opened by the helper. If nobody can ask the
// helper, the container is not taken for dead.
func TestNetnsByTheHelper(t *testing.T) {
	testlan.RequireRoot(t)
	lan := testlan.New(t)
	container := lan.Container()
	link := lan.Veth(container, "eth0")
	process := exec.Command("sleep", "1000")
	container.Start(process)
	end := func() { _ = process.Process.Kill(); _ = process.Wait() }
	defer end()
	k := Linux{Helper: helper.Client{Socket: filepath.Join(t.TempDir(), "helper")}}
	p, err := k.Find(askFor(link).Link, link.Name)
	if err != nil {
		t.Fatal(err)
	}
	if p.Number, err = k.Number(p); err != nil {
		t.Fatal(err)
	}
	k.Leave(p)
	// leased sees no such process, as with ProtectProc=.
	p.Netns = "/proc/999999999/ns/net"
	if err := k.Check(p); err == nil || IsGone(err) {
		t.Errorf("without a helper: %v", err)
	}
	serve(t, k.Helper.Socket)
	if err := k.Check(p); err != nil {
		t.Error(err)
	}
	ask := askFor(link)
	ask.Link.Netns = "/proc/" + strconv.Itoa(process.Process.Pid) + "/ns/net"
	found, err := k.openBy(ask.Link.Netns)
	if err != nil || found != p.Cookie {
		t.Errorf("by the path alone: %d, %v, want %d", found, err, p.Cookie)
	}
	end()
	container.Delete()
	testlan.Eventually(t, "the container is gone", func() bool { return IsGone(k.Check(p)) })
}

// openBy is the cookie of the netns that the helper opens.
func (l Linux) openBy(path string) (uint64, error) {
	s, cookie, err := l.helped(path)
	if err == nil {
		s.close()
	}
	return cookie, err
}

// serve serves requests for a helper until the test ends.
func serve(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		var err error
		for err == nil { // it was idle
			err = helper.Serve(l)
		}
		ended <- err
	}()
	t.Cleanup(func() {
		l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}
