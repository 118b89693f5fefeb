// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// host is a machine on some LAN segments, whose leased has systemd's socket: a caller
// waits in its queue while there is none.
type host struct {
	t        *testing.T
	program  string
	lan      *testlan.LAN
	home     *netns.NS // lan.Host, open
	segments []*segment
	state    string // directory of records
	memory   string
	socket   *os.File
	release  string // their policies
	check    string
	made     int // containers
}

// newHost makes a host on n segments, each with a server.
func newHost(t *testing.T, n int, serverArgs ...string) *host {
	t.Helper()
	testlan.Neighbours(t, 1<<16)
	dir := t.TempDir()
	h := &host{
		t: t, program: build(t), lan: testlan.New(t), release: "now", check: "quick",
		state: filepath.Join(dir, "state"), memory: filepath.Join(dir, "memory"),
	}
	h.home = h.lan.Host.Open()
	path := filepath.Join(dir, "socket")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	h.socket, err = l.File()
	must(t, err)
	l.SetUnlinkOnClose(false)
	must(t, l.Close())
	t.Cleanup(func() { h.socket.Close() })
	t.Setenv("LEASED_SOCKET", path)
	for i := range n {
		h.segments = append(h.segments, h.segment(i, serverArgs))
	}
	return h
}

// list is what leased lists, by attachment.
func (h *host) list() map[leaseapi.Attachment]leaseapi.Status {
	h.t.Helper()
	all := map[leaseapi.Attachment]leaseapi.Status{}
	leased, err := leaseapi.Dial(context.Background())
	must(h.t, err)
	defer leased.Close()
	must(h.t, leased.List(context.Background(), func(s leaseapi.Status) error {
		if _, twice := all[s.Attachment]; twice {
			h.t.Errorf("listed twice: %+v", s.Attachment)
		}
		all[s.Attachment] = s
		return nil
	}))
	return all
}

// given is what a server has granted.
type given struct {
	addr    string
	expires int64 // by the wall clock, in seconds
}

// segment is a LAN segment with its server, and what counts the messages to it.
type segment struct {
	*testlan.Segment
	t      *testing.T
	n      int
	index  int // of the NIC
	server *testlan.Dnsmasq
}

// segment puts a server on the n-th segment.
func (h *host) segment(n int, args []string) *segment {
	h.t.Helper()
	s := &segment{Segment: h.lan.Segment(n), t: h.t, n: n}
	h.lan.Host.Netlink(func(nl *netlink.Handle) error {
		link, err := nl.LinkByName(s.NIC)
		if err == nil {
			s.index = link.Attrs().Index
		}
		return err
	})
	s.server = s.Dnsmasq(h.t, "2m", append([]string{"--no-ping", "--dhcp-authoritative"}, args...)...)
	s.meter()
	return s
}

// table is the server's own list, by MAC. Its file is: expiry MAC address name client-id.
func (s *segment) table() map[string]given {
	s.t.Helper()
	f, err := os.Open(filepath.Join(filepath.Dir(s.Router.Path), "leases"))
	must(s.t, err)
	defer f.Close()
	all := map[string]given{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if w := strings.Fields(lines.Text()); len(w) == 5 {
			expires, err := strconv.ParseInt(w[0], 10, 64)
			must(s.t, err)
			all[w[1]] = given{w[2], expires}
		}
	}
	return all
}

// table is the list of all servers, by MAC: those of all segments differ.
func (h *host) table() map[string]given {
	h.t.Helper()
	all := map[string]given{}
	for _, s := range h.segments {
		for mac, g := range s.table() {
			all[mac] = g
		}
	}
	return all
}
