// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/lab/testlan"
)

// room is a LAN with a guard on its host.
type room struct {
	*testlan.LAN
	t      *testing.T
	guard  *Guard
	log    strings.Builder
	server *testlan.Server // hears all frames
	round  int             // of passes
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{LAN: testlan.New(t), t: t}
	const filter = "net/bridge/bridge-nf-call-ip6tables" // br_netfilter cuts off the marks of frames
	for _, n := range []*testlan.NS{r.Host, r.Router} {
		if _, err := os.Stat("/proc/sys/" + filter); err == nil {
			n.Sysctl(filter, "0")
		}
	}
	r.server = r.Server(func(testlan.Request) []testlan.Reply { return nil })
	r.guard = r.another()
	return r
}

// another is a guard as a leased that starts makes it.
func (r *room) another() *Guard {
	r.t.Helper()
	g := New(r.Host.Open(), slog.New(slog.NewTextHandler(&r.log, nil)))
	r.t.Cleanup(func() { g.Close() })
	return g
}

// add makes a container and guards its port.
func (r *room) add() testlan.Link {
	r.t.Helper()
	link := r.Veth(r.Container(), "eth0")
	r.must(r.guard.Add(link.Peer, r.index(link.Peer), link.MAC))
	return link
}

// used is an address of the container of a link: the only interface that it has.
func used(link testlan.Link, addr netip.Addr) Use {
	return Use{Netns: binary.NativeEndian.Uint64(append(link.MAC, 0, 0)), MAC: link.MAC, Port: link.Peer, Addr: addr}
}

func (r *room) index(name string) (index int) {
	r.t.Helper()
	r.Host.Netlink(func(h *netlink.Handle) error {
		link, err := h.LinkByName(name)
		if err == nil {
			index = link.Attrs().Index
		}
		return err
	})
	return index
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// rules is the table as nft shows it; empty: there is none.
func (r *room) rules() string {
	r.t.Helper()
	if _, err := exec.LookPath("nft"); err != nil {
		r.t.Skip("needs nft")
	}
	return r.Host.Run("sh", "-c", "nft list table netdev leased 2>/dev/null || true")
}

// passes sends the frames in their order and returns the marks of those that the LAN heard.
func (r *room) passes(link testlan.Link, frames map[string][]byte) map[string]bool {
	r.t.Helper()
	s := newSender(link)
	defer s.close()
	r.round++
	mark := func(what string) string { return fmt.Sprintf("<%d %s>", r.round, what) }
	for what, f := range frames {
		r.must(s.send(f, mark(what)))
	}
	last := mark("last") // from no address, which passes everywhere
	r.must(s.send(ether(testlan.Broadcast, link.MAC, 0x0800, ip4(nobody, 0, udp(4000, 53, nil))), last))
	testlan.Eventually(r.t, "the last frame comes", func() bool { return marked(r.server.Frames(), last) })
	heard := map[string]bool{}
	for what := range frames {
		heard[what] = marked(r.server.Frames(), mark(what))
	}
	return heard
}

func (r *room) expect(link testlan.Link, frames map[string][]byte, passes bool) {
	r.t.Helper()
	for what, heard := range r.passes(link, frames) {
		if heard != passes {
			r.t.Errorf("%s: heard is %v, should be %v", what, heard, passes)
		}
	}
}

// good are frames of a container that is what it says.
func good(mac net.HardwareAddr) map[string][]byte {
	bc := testlan.Broadcast
	v4 := func(p []byte) []byte { return ether(bc, mac, 0x0800, p) }
	v6 := func(next byte, p []byte) []byte { return ether(bc, mac, 0x86dd, ip6(next, p)) }
	long := make([]byte, 64)
	return map[string][]byte{
		"an ARP probe":         ether(bc, mac, 0x0806, arpOf(mac, nobody)),
		"an ARP announcement":  ether(bc, mac, 0x0806, arpOf(mac, own)),
		"DISCOVER":             v4(ip4(nobody, 0, udp(68, 67, bootp(nobody, nobody, mac)))),
		"a renewal":            v4(ip4(own, 0, udp(68, 67, bootp(own, nobody, mac)))),
		"DNS":                  v4(ip4(own, 0, udp(4000, 53, long))),
		"a later fragment":     v4(ip4(own, 0x0001, long)),
		"ping6":                v6(58, icmp(128)),
		"a neighbour's advert": v6(58, icmp(136)),
		"router solicitation":  v6(58, icmp(133)),
		"SOLICIT":              v6(17, udp(546, 547, long)),
		"behind options":       v6(60, append(options(17), udp(4000, 53, long)...)),
		"first of IPv6":        v6(44, append(fragment(17, 0, 1), udp(4000, 53, long)...)),
		"later of IPv6":        v6(44, append(fragment(17, 10, 0), long...)),
	}
}

// bad are frames that a guard drops.
func bad(mac net.HardwareAddr) map[string][]byte {
	bc := testlan.Broadcast
	v4 := func(p []byte) []byte { return ether(bc, mac, 0x0800, p) }
	v6 := func(next byte, p []byte) []byte { return ether(bc, mac, 0x86dd, ip6(next, p)) }
	long := make([]byte, 64)
	message := func(c, g netip.Addr, m net.HardwareAddr) []byte { return v4(ip4(own, 0, udp(68, 67, bootp(c, g, m)))) }
	return map[string][]byte{
		"OFFER":                         v4(ip4(own, 0, udp(67, 68, bootp(nobody, nobody, another)))),
		"OFFER from another port":       v4(ip4(own, 0, udp(4000, 68, bootp(nobody, nobody, another)))),
		"first fragment of an OFFER":    v4(ip4(own, 0x2000, udp(67, 68, nil))),
		"ADVERTISE":                     v6(17, udp(547, 546, long)),
		"ADVERTISE behind options":      v6(60, append(options(17), udp(547, 546, long)...)),
		"router advertisement":          v6(58, icmp(134)),
		"the same behind options":       v6(60, append(options(58), icmp(134)...)),
		"the same in a fragment":        v6(44, append(fragment(58, 0, 1), icmp(134)...)),
		"fragment without its message":  v6(44, append(fragment(60, 0, 1), options(58)...)),
		"a fragment that is cut":        v6(44, append(fragment(60, 0, 1), 58, 9)),
		"redirect":                      v6(58, icmp(137)),
		"another MAC":                   ether(bc, another, 0x0800, ip4(own, 0, udp(4000, 53, long))),
		"another MAC, no IP":            ether(bc, another, 0x88b5, long),
		"another MAC to bridges":        ether(net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 3}, another, 0x88b5, long),
		"spanning tree":                 ether(net.HardwareAddr{1, 0x80, 0xc2, 0, 0, 0}, mac, 38, append([]byte{0x42, 0x42, 3}, long...)),
		"another MAC in ARP":            ether(bc, mac, 0x0806, arpOf(another, own)),
		"another address in ARP":        ether(bc, mac, 0x0806, arpOf(mac, others)),
		"a short ARP":                   ether(bc, mac, 0x0806, arpOf(mac, own)[:12])[:26],
		"another address":               v4(ip4(others, 0, udp(4000, 53, long))),
		"another address in a fragment": v4(ip4(others, 0x0001, long)),
		"another's RELEASE":             message(others, nobody, another),
		"another's ciaddr":              message(others, nobody, mac),
		"another's chaddr":              message(nobody, nobody, another),
		"a relay's message":             message(nobody, own, mac),
		"RELEASE in fragments":          v4(ip4(own, 0x2000, udp(68, 67, make([]byte, 8)))),
		"the same, seemingly whole":     append(v4(ip4(own, 0x2000, udp(68, 67, make([]byte, 8)))), bootp(nobody, nobody, mac)[8:]...),
		"options in a later fragment":   v6(44, append(fragment(60, 2, 0), icmp(134)...)),
		"VLAN tag":                      ether(bc, mac, 0x8100, append([]byte{0, 7, 8, 0}, ip4(own, 0, udp(4000, 53, long))...)),
		"priority tag":                  ether(bc, mac, 0x8100, append([]byte{0xe0, 0, 8, 0}, ip4(own, 0, udp(67, 68, long))...)),
		"a PPPoE server":                ether(bc, mac, 0x8863, long),
		"a switch's LLC":                ether(bc, mac, 0x0040, append([]byte{0xaa, 0xaa, 3, 0, 0, 0xc, 1, 0xb}, long...)),
		"provider tag":                  ether(bc, mac, 0x88a8, append([]byte{0, 7, 8, 0}, long...)),
	}
}

func TestWhatPasses(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link, open := r.add(), r.Veth(r.Container(), "eth0")
	r.must(r.guard.Allow(used(link, own)))
	r.expect(link, good(link.MAC), true)
	r.expect(link, bad(link.MAC), false)
	unheard := map[string]bool{"spanning tree": true, "another MAC to bridges": true} // bridges forward neither
	for what, heard := range r.passes(open, bad(open.MAC)) {
		if !heard && !unheard[what] {
			t.Errorf("%s is not heard from a port without a guard", what)
		}
	}
}

// A bridge learns MACs even from frames that it does not forward, and does so before its own
// hooks of netfilter.
func TestNoMACIsLearned(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	r.expect(link, bad(link.MAC), false)
	if have := r.Host.Run("bridge", "fdb", "show", "br", testlan.HostBridge); strings.Contains(have, another.String()) {
		t.Errorf("the bridge has %s in:\n%s", another, have)
	}
}

func TestAddressFollowsTheLease(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link := r.add()
	from := func(a netip.Addr) map[string][]byte {
		return map[string][]byte{a.String(): ether(testlan.Broadcast, link.MAC, 0x0800, ip4(a, 0, udp(4000, 53, nil)))}
	}
	r.expect(link, from(own), false)
	r.must(r.guard.Allow(used(link, own)))
	r.expect(link, from(own), true)
	r.must(r.guard.Allow(used(link, others)))
	r.expect(link, from(own), false)
	r.expect(link, from(others), true)
	r.must(r.guard.Allow(used(link, netip.Addr{})))
	r.expect(link, from(others), false)
	r.expect(link, from(nobody), true)
}

// Linux answers for an address by another interface of the container, too.
func TestAddressesOfOneContainer(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	link, next := r.add(), r.add()
	from := func(a netip.Addr) map[string][]byte {
		return map[string][]byte{a.String(): ether(testlan.Broadcast, link.MAC, 0x0800, ip4(a, 0, udp(4000, 53, nil)))}
	}
	mine := used(link, own)
	r.must(r.guard.Allow(mine))
	second := used(next, others)
	r.must(r.guard.Allow(second)) // of another container
	r.expect(link, from(others), false)
	second.Netns, second.Port = mine.Netns, "" // on a macvlan, say
	r.must(r.guard.Allow(second))
	r.expect(link, from(others), true)
	r.expect(link, from(own), true)
	r.guard.kill()
	r.guard = r.another()
	r.must(r.guard.Restore([]Use{mine, second}))
	r.expect(link, from(others), true)
	r.guard.End(second)
	r.expect(link, from(others), false)
	r.expect(link, from(own), true)
}
