// SPDX-License-Identifier: Apache-2.0

package chaos_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"podman-net-dhcp/lab/testlan"
)

// host is a machine on a LAN whose leased is killed and started again behind one
// listening socket, as systemd does it: a caller in between waits in its queue.
type host struct {
	t       *testing.T
	program string
	lan     *testlan.LAN
	server  *testlan.Dnsmasq
	story   *story
	state   string // directory of records
	memory  string
	path    string // of the socket
	socket  *os.File
	count   int // of containers
}

func newHost(t *testing.T, program string, serverArgs ...string) *host {
	t.Helper()
	lan, dir := testlan.New(t), t.TempDir()
	h := &host{
		t: t, program: program, lan: lan, state: filepath.Join(dir, "state"), memory: filepath.Join(dir, "memory"),
		path: filepath.Join(dir, "socket"),
	}
	// One that is not given back stays in the server's file for minutes.
	args := append([]string{
		"--no-ping", "--dhcp-authoritative", "--dhcp-range=192.0.2.100,192.0.2.199,255.255.255.0,2m",
	}, serverArgs...)
	h.server = lan.Dnsmasq(args...)
	h.story = newStory(t, h.server)
	h.socket = h.listen()
	return h
}

func (h *host) listen() *os.File {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: h.path, Net: "unix"})
	must(h.t, err)
	f, err := l.File()
	must(h.t, err)
	l.SetUnlinkOnClose(false)
	must(h.t, l.Close())
	h.t.Cleanup(func() { f.Close() })
	return f
}

// heard is how often the server had a message of a kind since the mark.
func (h *host) heard(mark int, kind string, words ...string) (n int) {
	h.story.fetch()
	lines, _ := h.story.since(mark)
	for _, line := range lines {
		if strings.Contains(line, "server: ") && strings.Contains(line, kind+"(") && contains(line, words) {
			n++
		}
	}
	return n
}

// hears waits for a message that the server has since the mark.
func (h *host) hears(mark int, kind string, words ...string) {
	h.t.Helper()
	for end := time.Now().Add(patience); h.heard(mark, kind, words...) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("the server does not hear %s %q", kind, words)
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
