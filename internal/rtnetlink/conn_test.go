// SPDX-License-Identifier: Apache-2.0

package rtnetlink_test

import (
	"errors"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
	"podman-net-dhcp/lab/testlan"
)

func open(t *testing.T, n *testlan.NS) *rtnetlink.Conn {
	t.Helper()
	c, err := n.Open().Rtnetlink()
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

func TestLink(t *testing.T) {
	lan := testlan.New(t)
	host := lan.Host
	host.Run("ip", "link", "add", "port", "mtu", "1400", "address", "02:00:00:00:00:07", "up", "master", testlan.HostBridge, "type", "veth", "peer", "name", "end")
	host.Run("ip", "link", "set", "port", "alias", "of web")
	host.Run("ip", "link", "property", "add", "dev", "port", "altname", "a-name-of-more-than-15-bytes", "altname", "short")
	host.Run("ip", "link", "set", "end", "up")
	c := open(t, host)
	bridge, err := c.LinkByName(testlan.HostBridge)
	must(t, err)
	end, err := c.LinkByName("end")
	must(t, err)
	port, err := c.LinkByName("a-name-of-more-than-15-bytes")
	must(t, err)
	same, err := c.LinkByIndex(port.Index)
	must(t, err)
	if same.Name != "port" || port.Name != "port" || port.Alias != "of web" || port.MAC.String() != "02:00:00:00:00:07" ||
		port.MTU != 1400 || port.Type != unix.ARPHRD_ETHER || port.Flags&unix.IFF_UP == 0 || port.Kind != "veth" ||
		port.Lower != end.Index || port.Master != bridge.Index || port.PortKind != "bridge" || port.PortState != 3 {
		t.Errorf("the port is %+v", port)
	}
	if bridge.Kind != "bridge" || bridge.Master != 0 || bridge.PortKind != "" {
		t.Errorf("the bridge is %+v", bridge)
	}
	for _, name := range []string{"port", "a-name-of-more-than-15-bytes", "short"} {
		if names, err := c.Names(name); err != nil || !slices.Equal(names, []string{"port", "a-name-of-more-than-15-bytes", "short"}) {
			t.Errorf("the names of %s are %q, %v", name, names, err)
		}
	}
	if names, err := c.Names("lo"); err != nil || !slices.Equal(names, []string{"lo"}) {
		t.Errorf("the names of lo are %q, %v", names, err)
	}
	if _, err := c.Names("none"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a link that is not there: %v", err)
	}
	if lo, err := c.LinkByName("lo"); err != nil || lo.Type != unix.ARPHRD_LOOPBACK || lo.Kind != "" {
		t.Errorf("the loopback is %+v, %v", lo, err)
	}
	if _, err := c.LinkByName("none"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a link that is not there: %v", err)
	}
	if _, err := c.LinkByName("none-with-more-than-15-bytes"); !errors.Is(err, unix.ENODEV) {
		t.Errorf("a link that is not there: %v", err)
	}
}

// A message that fails does not stop the next one, and each has its own answer.
func TestDo(t *testing.T) {
	c := open(t, testlan.New(t).Container())
	for range 2 { // the second request must not take answers of the first
		var r rtnetlink.Request
		for _, name := range []string{"lo", "none", "lo"} {
			r.Add(unix.RTM_NEWLINK, unix.NLM_F_ACK, rtnetlink.LinkHeader(0, unix.IFF_UP, unix.IFF_UP), rtnetlink.String(unix.IFLA_IFNAME, name))
		}
		r.Add(unix.RTM_GETLINK, 0, rtnetlink.LinkHeader(1, 0, 0))
		answers := c.Do(r)
		if answers[0].Err != nil || !errors.Is(answers[1].Err, unix.ENODEV) || answers[2].Err != nil || answers[3].Err != nil {
			t.Fatalf("answers %v", answers)
		}
		if l, err := rtnetlink.ParseLink(answers[3].Body); err != nil || l.Name != "lo" || net.Flags(l.Flags)&net.FlagUp == 0 {
			t.Errorf("asked for lo, got %+v, %v", l, err)
		}
	}
	if answers := c.Do(rtnetlink.Request{}); len(answers) != 0 {
		t.Errorf("an empty request has the answers %v", answers)
	}
	if _, err := c.Ask(unix.RTM_NEWLINK, 0, rtnetlink.LinkHeader(1, 0, 0)); !errors.Is(err, rtnetlink.ErrUnanswered) {
		t.Errorf("a message that needs no answer: %v", err)
	}
}

func TestClosedSocketDoesNotAnswer(t *testing.T) {
	t.Parallel()
	c := rtnetlink.New(-1)
	if _, err := c.LinkByIndex(1); !errors.Is(err, rtnetlink.ErrUnanswered) || !errors.Is(err, unix.EBADF) {
		t.Errorf("asked for a link: %v", err)
	}
	if err := c.Dump(unix.RTM_GETLINK, rtnetlink.LinkHeader(0, 0, 0), nil); !errors.Is(err, rtnetlink.ErrUnanswered) {
		t.Errorf("asked for all: %v", err)
	}
}

// A dump of many links takes several datagrams.
func TestDump(t *testing.T) {
	n := testlan.New(t).Container()
	c := open(t, n)
	const more = 100
	var r rtnetlink.Request
	for range more {
		r.Add(unix.RTM_NEWLINK, unix.NLM_F_CREATE|unix.NLM_F_ACK, rtnetlink.LinkHeader(0, 0, 0),
			rtnetlink.Nested(unix.IFLA_LINKINFO, rtnetlink.String(unix.IFLA_INFO_KIND, "bridge")))
	}
	for _, a := range c.Do(r) {
		must(t, a.Err)
	}
	for range 2 {
		seen := map[int]bool{}
		must(t, c.Dump(unix.RTM_GETLINK, rtnetlink.LinkHeader(0, 0, 0), func(body []byte) error {
			l, err := rtnetlink.ParseLink(body)
			seen[l.Index] = true
			return err
		}))
		if len(seen) <= more {
			t.Errorf("%d links, made %d", len(seen), more)
		}
	}
	header := []byte{unix.AF_INET, 0, 0, 0}
	if err := c.Dump(0x7f0, header, func([]byte) error { return nil }); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("a kind that does not exist: %v", err)
	}
}

// A dump ends where its reader has seen enough. A strict one lists what the header and the
// attributes say.
func TestDumpEndsEarlyAndIsFiltered(t *testing.T) {
	n := testlan.New(t).Container()
	n.Run("ip", "link", "set", "lo", "up")
	n.Run("sh", "-c", "for i in $(seq 200); do echo addr add 10.0.0.$i/32 dev lo; done | ip -batch -")
	c, enough, seen := open(t, n), errors.New("enough"), 0
	err := c.Dump(unix.RTM_GETADDR, make([]byte, 8), func([]byte) error {
		if seen++; seen == 100 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || seen != 100 {
		t.Errorf("%d addresses, %v", seen, err)
	}
	c = open(t, n)
	must(t, c.Strict())
	route := make([]byte, unix.SizeofRtMsg)
	route[0], route[4], route[5] = unix.AF_INET, unix.RT_TABLE_LOCAL, unix.RTPROT_STATIC
	must(t, c.Dump(unix.RTM_GETROUTE, route, func([]byte) error { t.Error("a route of protocol static"); return nil }))
	seen = 0
	route[5] = unix.RTPROT_KERNEL
	must(t, c.Dump(unix.RTM_GETROUTE, route, func([]byte) error { seen++; return nil }, rtnetlink.Uint32(unix.RTA_OIF, 1)))
	if seen < 200 {
		t.Errorf("%d routes of protocol kernel", seen)
	}
}
