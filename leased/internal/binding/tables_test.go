// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

// Much is more than any container needs, and what one with NET_ADMIN can have.
const (
	muchRoutes4 = 1_000_000
	muchRoutes6 = 200_000
	muchAddrs   = maxListed + 1000 // each takes the kernel longer than the one before
)

// fill sends n messages in the namespace; add makes the one with a number.
func fill(t *testing.T, link testlan.Link, n int, add func(r *rtnetlink.Request, i int)) {
	t.Helper()
	ns := link.NS.Open()
	defer ns.Close()
	c, err := ns.Rtnetlink()
	must(t, err)
	defer c.Close()
	for i := 0; i < n; {
		var r rtnetlink.Request
		for ; i < n && r.Len() < 1000; i++ {
			add(&r, i)
		}
		for _, a := range c.Do(r) {
			if !errors.Is(a.Err, rtnetlink.ErrUnanswered) { // only errors are answered
				t.Fatal(a.Err)
			}
		}
	}
}

// route4 adds the message that adds a route of another program to 10.0.0.0/8's address i.
func route4(link testlan.Link) func(r *rtnetlink.Request, i int) {
	return func(r *rtnetlink.Request, i int) {
		header := []byte{unix.AF_INET, 32, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0}
		dst := binary.BigEndian.AppendUint32(nil, 10<<24+uint32(i))
		r.Add(unix.RTM_NEWROUTE, unix.NLM_F_CREATE, header,
			rtnetlink.Attr{Type: unix.RTA_DST, Value: dst}, rtnetlink.Uint32(unix.RTA_OIF, uint32(link.Index)))
	}
}

func route6(link testlan.Link) func(r *rtnetlink.Request, i int) {
	return func(r *rtnetlink.Request, i int) {
		header := []byte{unix.AF_INET6, 64, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, 0, unix.RTN_UNICAST, 0, 0, 0, 0}
		r.Add(unix.RTM_NEWROUTE, unix.NLM_F_CREATE, header,
			rtnetlink.Attr{Type: unix.RTA_DST, Value: numbered6(i)}, rtnetlink.Uint32(unix.RTA_OIF, uint32(link.Index)))
	}
}

// numbered6 is 2001:db8:I:I::77: all with one solicited-node group, which the kernel finds
// at once.
func numbered6(i int) []byte {
	addr := netip.MustParseAddr("2001:db8::77").As16()
	binary.BigEndian.PutUint32(addr[4:], uint32(i))
	return addr[:]
}

func addr4(link testlan.Link) func(r *rtnetlink.Request, i int) {
	return func(r *rtnetlink.Request, i int) {
		header := []byte{unix.AF_INET, 32, 0, 0, 0, 0, 0, 0}
		native.PutUint32(header[4:], uint32(link.Index))
		addr := binary.BigEndian.AppendUint32(nil, 10<<24+uint32(i))
		r.Add(unix.RTM_NEWADDR, unix.NLM_F_CREATE, header,
			rtnetlink.Attr{Type: unix.IFA_LOCAL, Value: addr}, rtnetlink.Attr{Type: unix.IFA_ADDRESS, Value: addr})
	}
}

func addr6(link testlan.Link) func(r *rtnetlink.Request, i int) {
	return func(r *rtnetlink.Request, i int) {
		header := []byte{unix.AF_INET6, 128, 0, 0, 0, 0, 0, 0}
		native.PutUint32(header[4:], uint32(link.Index))
		r.Add(unix.RTM_NEWADDR, unix.NLM_F_CREATE, header,
			rtnetlink.Attr{Type: unix.IFA_ADDRESS, Value: numbered6(i)}, rtnetlink.Uint32(unix.IFA_FLAGS, unix.IFA_F_NODAD))
	}
}

// A renewal, and a look, for which the kernel passes over all routes of the main table.
const mostRenewal, mostLook = 50 * time.Millisecond, 300 * time.Millisecond

// cheap calls do, and fails the test if it took more memory or time than a container may
// make leased spend.
func cheap(t *testing.T, what string, mostCPU time.Duration, do func()) {
	t.Helper()
	const mostBytes = 4 << 20
	used := func() (bytes uint64, cpu time.Duration) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		var u unix.Rusage
		must(t, unix.Getrusage(unix.RUSAGE_SELF, &u))
		return m.TotalAlloc, time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	runtime.GC()
	bytes, cpu := used()
	do()
	bytesThen, cpuThen := used()
	t.Logf("%s: %d KiB, %v of CPU", what, (bytesThen-bytes)>>10, cpuThen-cpu)
	if bytesThen-bytes > mostBytes || cpuThen-cpu > mostCPU {
		t.Errorf("%s: %d bytes, %v of CPU; want at most %d and %v", what, bytesThen-bytes, cpuThen-cpu, mostBytes, mostCPU)
	}
}

// Whatever a renewal finds in a container with a million routes, it reads none of them that
// is not its own.
func TestAMillionRoutes(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	promote(link, "0")
	s := lease(link, first)
	s.Routes = append(s.Routes, Route{Dst: doc, Via: gateway})
	prev := apply(t, link, s, nil)
	fill(t, link, muchRoutes4, route4(link))
	renew := func(what string) {
		cheap(t, what, mostRenewal, func() { prev = applyOn(t, on(t, link), s, &prev) })
	}
	renew("nothing has changed")
	link.NS.Run("ip", "route", "del", "default")
	renew("a route is gone")
	s.Routes[0].Via = netip.MustParseAddr("192.0.2.2")
	renew("the gateway changes")
	link.NS.Run("ip", "route", "replace", "default", "via", "192.0.2.9", "metric", "100")
	renew("the metric is another's")
	if prev.Metric != 101 {
		t.Errorf("metric %d", prev.Metric)
	}
	s.Addr = second
	renew("the address changes")
	wantAddrs(t, link, second)
	cheap(t, "no IPv6", mostRenewal, func() { must(t, tryAutoconf(t, link, Autoconf{})) })
	// With the interface's last address the kernel removes all routes there, the million too.
	cheap(t, "the lease's end", 2*time.Second, func() { must(t, on(t, link).Remove(prev)) })
	wantAddrs(t, link)
}

// Of many addresses as many are read as are few. The lease's address goes in any case.
func TestManyAddresses(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	promote(link, "0")
	prev := apply(t, link, lease(link, first), nil)
	fill(t, link, muchAddrs, addr4(link))
	cheap(t, "the address changes", mostRenewal, func() { prev = applyOn(t, on(t, link), lease(link, second), &prev) })
	if have := addrs4(link); slices.Contains(have, first) || !slices.Contains(have, second) {
		t.Error("the new address went with the old one")
	}
	wantRoutes(t, link.NS, "default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.78 metric 100")
	s := lease(link, second)
	cheap(t, "a renewal", mostRenewal, func() { prev = applyOn(t, on(t, link), s, &prev) })
	cheap(t, "the lease's end", mostRenewal, func() { must(t, on(t, link).Remove(prev)) })
	if slices.ContainsFunc(addrs4(link), func(p netip.Prefix) bool { return p == first || p == second }) {
		t.Error("an address of a lease is there still")
	}
}

func addrs4(link testlan.Link) (all []netip.Prefix) {
	for _, a := range addrs(link) {
		all = append(all, prefix(a.IPNet))
	}
	return all
}

func TestManyAddresses6(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	other := lan.Veth(link.NS, "eth1")
	autoconf(t, other, Autoconf{Accept: true, Secret: secret})
	usableLinkLocal(t, other)
	fill(t, link, muchAddrs, addr6(link))
	cheap(t, "a look", mostLook, func() {
		_, err := tryLook(t, link)
		wantError(t, err, ErrTooMany)
	})
	cheap(t, "a look at another interface", mostLook, func() {
		if s := look(t, other); !s.LinkLocal.IsValid() || len(s.Addrs) > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestManyRoutes6(t *testing.T) {
	lan := testlan.New(t)
	link := lan.Veth(lan.Container(), "eth0")
	autoconf(t, link, Autoconf{Accept: true, Secret: secret})
	advertise(t, advertiser(lan), link, advert{lifetime: 1800, flags: 0x40})
	fill(t, link, muchRoutes6, route6(link))
	cheap(t, "a look", mostLook, func() {
		if s := look(t, link); s.Gateway != gateway6 || !s.Advertised {
			t.Errorf("%+v", s)
		}
	})
	other := lan.Veth(link.NS, "eth1")
	cheap(t, "no IPv6 on another interface", mostRenewal, func() { must(t, tryAutoconf(t, other, Autoconf{})) })
}
