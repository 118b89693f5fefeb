// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

func TestMain(m *testing.M) { testlan.Main(m) }

var (
	gateway = testlan.RouterAddr
	first   = netip.MustParsePrefix("192.0.2.77/24")
	second  = netip.MustParsePrefix("192.0.2.78/24")
	any4    = netip.MustParsePrefix("0.0.0.0/0")
	doc     = netip.MustParsePrefix("198.51.100.0/24")
)

// onVeth makes a container with one link that has nothing, and where the kernel
// does with secondary addresses what it does by default.
func onVeth(t *testing.T) (*testlan.LAN, testlan.Link) {
	t.Helper()
	t.Parallel()
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	promote(link, "0")
	return lan, link
}

func promote(link testlan.Link, value string) {
	link.NS.Sysctl("net/ipv4/conf/all/promote_secondaries", value)
	link.NS.Sysctl("net/ipv4/conf/"+link.Name+"/promote_secondaries", value)
}

// lease is what a server usually grants.
func lease(link testlan.Link, addr netip.Prefix) Spec {
	return Spec{
		Ifindex: link.Index, Addr: addr, Valid: time.Hour, Metric: 100,
		Routes: []Route{{Dst: any4, Via: gateway}},
	}
}

// apply fails the test on an error and on any problem.
func apply(t *testing.T, link testlan.Link, next Spec, prev *Spec) Spec {
	t.Helper()
	done, err := tryApply(link, next, prev)
	if err := errors.Join(append(done.Problems, err)...); err != nil {
		t.Fatal(err)
	}
	return done.Spec
}

func tryApply(link testlan.Link, next Spec, prev *Spec) (done Applied, err error) {
	with(link, func(c *Conn) { done, err = c.Apply(next, prev) })
	return done, err
}

func remove(link testlan.Link, s Spec) (err error) {
	with(link, func(c *Conn) { err = c.Remove(s) })
	return err
}

// with calls fn with a Conn that the library stands in for, wherever it can.
func with(link testlan.Link, fn func(c *Conn)) {
	ns := link.NS.Open()
	defer ns.Close()
	c := NewConn(ns)
	defer c.Close()
	silence(c)
	fn(c)
}

// silence gives the Conn a socket that nobody answers.
func silence(c *Conn) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		panic(err)
	}
	unix.Close(ends[1])
	c.Close()
	c.sock = rtnetlink.New(ends[0])
}

// prefix converts n; the zero Prefix if n has no such form.
func prefix(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	ip, _ := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(ip.Unmap(), bits)
}

// routes are those of the main table that nobody made by adding an address.
func routes(n *testlan.NS) []string {
	var out []string
	for line := range strings.Lines(n.Run("ip", "-4", "route", "show")) {
		if line := strings.Join(strings.Fields(line), " "); line != "" && !strings.Contains(line, "proto kernel") {
			out = append(out, line)
		}
	}
	return out
}

func wantRoutes(t *testing.T, n *testlan.NS, want ...string) {
	t.Helper()
	got, want := slices.Sorted(slices.Values(routes(n))), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("routes\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func addrs(link testlan.Link) (all []netlink.Addr) {
	link.NS.Netlink(func(h *netlink.Handle) (err error) {
		l, err := h.LinkByName(link.Name)
		if err == nil {
			all, err = h.AddrList(l, netlink.FAMILY_V4)
		}
		return err
	})
	return all
}

func wantAddrs(t *testing.T, link testlan.Link, want ...netip.Prefix) {
	t.Helper()
	got := []string{}
	for _, a := range addrs(link) {
		got = append(got, prefix(a.IPNet).String())
	}
	texts := []string{}
	for _, p := range want {
		texts = append(texts, p.String())
	}
	slices.Sort(got)
	slices.Sort(texts)
	if !slices.Equal(got, texts) {
		t.Errorf("addresses %v, want %v", got, texts)
	}
}

// monitor listens to the namespace; the function returned says what has changed.
func monitor(t *testing.T, n *testlan.NS) (changes func() []string) {
	t.Helper()
	return listen(t, n, unix.RTMGRP_IPV4_IFADDR|unix.RTMGRP_IPV4_ROUTE)
}

func listen(t *testing.T, n *testlan.NS, groups uint32) (changes func() []string) {
	t.Helper()
	var fd int
	n.Do(func() (err error) {
		if fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE); err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups})
	})
	t.Cleanup(func() { unix.Close(fd) })
	return func() (all []string) { // what has happened is in the buffer
		buf := make([]byte, 65536)
		for {
			n, _, err := unix.Recvfrom(fd, buf, unix.MSG_DONTWAIT)
			if err == unix.EAGAIN {
				return all
			}
			must(t, err)
			messages, err := syscall.ParseNetlinkMessage(buf[:n])
			must(t, err)
			for _, m := range messages {
				all = append(all, kinds[m.Header.Type])
			}
		}
	}
}

var kinds = map[uint16]string{
	unix.RTM_NEWADDR: "new address", unix.RTM_DELADDR: "deleted address",
	unix.RTM_NEWROUTE: "new route", unix.RTM_DELROUTE: "deleted route",
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
