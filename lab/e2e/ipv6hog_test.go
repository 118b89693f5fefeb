// SPDX-License-Identifier: Apache-2.0

//go:build lab

package e2e

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// hog is a host on the LAN that says it has every address that somebody wants to take.
type hog struct {
	s    *scene
	conn net.PacketConn
	all  *net.IPAddr

	mu     sync.Mutex
	wanted map[string][]string // by MAC
}

// hog starts one, on the router's end of the LAN.
func (s *scene) hog() *hog {
	s.Helper()
	h := &hog{s: s, wanted: map[string][]string{}}
	ns, err := netns.Open("/run/netns/router")
	if err != nil {
		s.Fatal(err)
	}
	defer ns.Close()
	if err := ns.Do(h.open); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { h.conn.Close() })
	s.dumpOf("icmp6 and ip6[40] == 135 and src host ::", h.hear)
	return h
}

// open makes the socket. What is not from the link, by its hop limit, nobody believes
// (RFC 4861 §7.1.2).
func (h *hog) open() error {
	lan, err := net.InterfaceByName("lan0")
	if err != nil {
		return err
	}
	conn, err := net.ListenIP("ip6:ipv6-icmp", nil)
	if err != nil {
		return err
	}
	h.conn, h.all = conn, &net.IPAddr{IP: net.IPv6linklocalallnodes, Zone: strconv.Itoa(lan.Index)}
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255)
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_UNICAST_HOPS, 255)
		})
	}
	return err
}

var wants = regexp.MustCompile(`^\S+ ([0-9a-f:]{17}) > .* who has ([0-9a-f:]+),`)

// hear answers a line of tcpdump: a probe of duplicate address detection.
func (h *hog) hear(line string) {
	m := wants.FindStringSubmatch(line)
	if m == nil {
		return
	}
	h.mu.Lock()
	h.wanted[m[1]] = append(h.wanted[m[1]], m[2])
	h.mu.Unlock()
	addr, err := netip.ParseAddr(m[2])
	if err != nil {
		h.s.Errorf("tcpdump says %q", line)
		return
	}
	// A neighbour advertisement (RFC 4861 §4.4): override, target, its link-layer address.
	na := append([]byte{136, 0, 0, 0, 0x20, 0, 0, 0}, addr.AsSlice()...)
	if _, err := h.conn.WriteTo(append(na, 2, 1, 2, 0xff, 0, 0, 0, 6), h.all); err != nil {
		h.s.Errorf("advertise %v: %v", addr, err)
	}
}

// tried are the addresses that a MAC has wanted.
func (h *hog) tried(mac string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.wanted[mac]...)
}

// A kernel gives way to the hog.
func TestIPv6Hog(t *testing.T) {
	s := begin(t)
	h := s.hog()
	host := s.secondServer()
	mac := mustJSON[[]link](s, "ip", "-n", host, "-j", "link", "show", "lan0")[0].Address
	eventually(s, soon, "the address is taken", func() bool { return len(dadFailed(s, host)) == 1 })
	equal(s, "what it has tried", h.tried(mac), dadFailed(s, host))
}

// dadFailed are the addresses that a netns of the LAN has found to be somebody else's.
func dadFailed(s *scene, netns string) (all []string) {
	s.Helper()
	type failed struct {
		AddrInfo []struct{ Local string } `json:"addr_info"`
	}
	for _, l := range mustJSON[[]failed](s, "ip", "-n", netns, "-j", "-6", "address", "show", "dev", "lan0", "dadfailed") {
		for _, a := range l.AddrInfo {
			if a.Local != "" {
				all = append(all, a.Local)
			}
		}
	}
	return all
}
