// SPDX-License-Identifier: Apache-2.0

package testlan

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// Names on every LAN. All ports forward at once, there is no spanning tree.
const (
	RouterLink = "lan0" // in the router: the bridge that all wires end in
	HostBridge = "br0"  // on the host, with the port up0
	HostNIC    = "nic0" // on the host, a NIC for macvlans
)

// Addresses on every LAN.
var (
	Subnet     = netip.MustParsePrefix("192.0.2.0/24")
	RouterAddr = netip.MustParseAddr("192.0.2.1")
)

// LAN is one test's network.
type LAN struct {
	Router, Host *NS

	t     testing.TB
	dir   string
	count atomic.Int32 // containers and links, for their names and MACs
}

// New makes a LAN, which goes when the test ends.
func New(t testing.TB) *LAN {
	t.Helper()
	RequireRoot(t)
	l := &LAN{t: t, dir: t.TempDir()}
	l.Router = newNS(t, filepath.Join(l.dir, "router"))
	l.Host = newNS(t, filepath.Join(l.dir, "host"))
	for _, n := range []*NS{l.Router, l.Host} {
		// With br_netfilter a bridge inspects, and drops, frames that a switch only
		// forwards.
		if _, err := os.Stat("/proc/sys/" + bridgeFilter); err == nil {
			n.Sysctl(bridgeFilter, "0")
		}
	}
	l.Router.Netlink(func(h *netlink.Handle) error { return addBridge(h, RouterLink, &RouterAddr) })
	l.Host.Netlink(func(h *netlink.Handle) error { return addBridge(h, HostBridge, nil) })
	l.wire("to-br0", "up0")
	l.wire("to-nic", HostNIC)
	l.Host.Netlink(func(h *netlink.Handle) error { return join(h, "up0", HostBridge) })
	l.await(l.Host, HostNIC, "up0", HostBridge)
	l.await(l.Router, "to-br0", "to-nic", RouterLink)
	return l
}

const bridgeFilter = "net/bridge/bridge-nf-call-iptables"

// Container makes an empty namespace. Links come by Veth or Macvlan.
func (l *LAN) Container() *NS {
	l.t.Helper()
	return newNS(l.t, filepath.Join(l.dir, fmt.Sprintf("container%d", l.count.Add(1))))
}

func addBridge(h *netlink.Handle, name string, addr *netip.Addr) error {
	br := &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: name}}
	if err := h.LinkAdd(br); err != nil {
		return err
	}
	if addr != nil {
		ip := &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(Subnet.Bits(), 32)}
		if err := h.AddrAdd(br, &netlink.Addr{IPNet: ip}); err != nil {
			return err
		}
	}
	return h.LinkSetUp(br)
}

// wire lays a cable from a port of the router's bridge to the host.
func (l *LAN) wire(port, nic string) {
	l.t.Helper()
	host := l.Host.Open()
	defer host.Close()
	l.Router.Netlink(func(h *netlink.Handle) error {
		err := h.LinkAdd(&netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: port}, PeerName: nic, PeerNamespace: netlink.NsFd(host.FD()),
		})
		if err != nil {
			return err
		}
		return join(h, port, RouterLink)
	})
	l.Host.Netlink(func(h *netlink.Handle) error { return up(h, nic) })
}

// Renew lays the cable to HostNIC again, after the NIC is gone.
func (l *LAN) Renew(t testing.TB) {
	t.Helper()
	l.wire("to-nic", HostNIC)
	l.await(l.Host, HostNIC)
}

// join makes a link a port of a bridge, and sets it up.
func join(h *netlink.Handle, port, bridge string) error {
	br, err := h.LinkByName(bridge)
	if err != nil {
		return err
	}
	link, err := h.LinkByName(port)
	if err != nil {
		return err
	}
	if err := h.LinkSetMaster(link, br); err != nil {
		return err
	}
	return h.LinkSetUp(link)
}

func up(h *netlink.Handle, name string) error {
	link, err := h.LinkByName(name)
	if err != nil {
		return err
	}
	return h.LinkSetUp(link)
}

// await waits until links carry frames: the kernel enables a veth shortly after its peer
// is up, and frames sent before are lost.
func (l *LAN) await(n *NS, links ...string) {
	l.t.Helper()
	for _, name := range links {
		Eventually(l.t, name+" has a carrier", func() (ok bool) {
			n.Netlink(func(h *netlink.Handle) error {
				link, err := h.LinkByName(name)
				ok = err == nil && link.Attrs().OperState == netlink.OperUp
				return err
			})
			return ok
		})
	}
}

// Eventually polls, for up to 5 s, for a state that gives no event.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}
