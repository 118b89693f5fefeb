// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// ARP is a raw ARP socket on one interface, for one client: the messages of address
// conflict detection (RFC 5227). The user decides when to send each, and how long to
// listen for an answer.
//
// What comes before Watch is no conflict, except the answers to a Probe for the same
// address. So a caller in a hurry opens the socket ahead, calls Receive in a goroutine, and
// sends the probe first: Watch may follow at leisure.
type ARP struct {
	device
	watched atomic.Uint32            // the address, in host byte order; 0: none
	early   atomic.Pointer[Conflict] // came before Watch

	mu     sync.Mutex // guards the filter
	probed netip.Addr // what the last Probe before Watch asked for

	awake chan struct{} // closed by Watch and Close
	once  sync.Once     // closes awake
}

// Conflict says that another host has the watched address, or is about to.
type Conflict struct {
	Addr  netip.Addr
	MAC   net.HardwareAddr // as the ARP packet names its sender
	Probe bool             // the host does not use the address yet but probes for it, as we do
}

// OpenARP opens an ARP socket in ns (nil: the caller's netns) on the interface ifindex,
// for the client whose MAC is mac, 6 bytes: the interface's own. A missing interface is
// ErrLinkGone. If the interface is down, the first call after this one says so.
func OpenARP(ns *netns.NS, ifindex int, mac net.HardwareAddr) (*ARP, error) {
	// Only the packet itself: padding is cut off.
	d := device{ifindex: ifindex, protocol: etherARP, buf: make([]byte, arpLen)}
	a := &ARP{device: d, awake: make(chan struct{})}
	if err := a.openFor(ns, mac); err != nil {
		return nil, err
	}
	return a, nil
}

// Watch listens for conflicts about addr, and no other. From now on they come in; earlier
// ones are thrown away, but for those since the last Probe if that was for addr. It fails
// with ErrLinkDown if the interface went down meanwhile.
func (a *ARP) Watch(addr netip.Addr) error {
	if !addr.Is4() || addr.IsUnspecified() { // all probes are from 0.0.0.0
		return fmt.Errorf("watch %v: not an IPv4 address of a host", addr)
	}
	if err := a.setFilter(addr); err != nil {
		return fmt.Errorf("watch %v: %w", addr, a.verdict(err))
	}
	a.wake()
	return nil
}

// Probe asks all hosts whether they use addr. It teaches the hosts nothing, because the
// sender's address is 0.0.0.0 (RFC 5227 §2.1.1).
func (a *ARP) Probe(addr netip.Addr) error {
	if addr.Is4() {
		if err := a.expect(addr); err != nil {
			return fmt.Errorf("probe for %v: %w", addr, a.verdict(err))
		}
	}
	return a.ask("probe for", netip.IPv4Unspecified(), addr)
}

// Announce tells all hosts that addr is ours now, so that they forget its earlier owner
// (RFC 5227 §2.3).
func (a *ARP) Announce(addr netip.Addr) error { return a.ask("announce", addr, addr) }

// ask broadcasts a request.
func (a *ARP) ask(verb string, spa, tpa netip.Addr) error {
	if !tpa.Is4() {
		return fmt.Errorf("%s %v: not IPv4", verb, tpa)
	}
	err := a.control(func(fd int) error {
		return unix.Sendto(fd, buildARP(a.mac, spa, tpa), 0, a.linkAddr(nil))
	})
	if err != nil {
		return fmt.Errorf("%s %v: %w", verb, tpa, classify(err))
	}
	return nil
}

// Receive waits for the next conflict about the address of Watch. It skips all other
// packets, however many there are. Before Watch it makes the socket ready for Probe, and
// waits. It returns ctx.Err() when ctx ends, net.ErrClosed after Close. One goroutine may
// receive while others send.
func (a *ARP) Receive(ctx context.Context) (found Conflict, err error) {
	if err := a.await(ctx); err != nil {
		return Conflict{}, err
	}
	if c := a.early.Swap(nil); c != nil {
		return *c, nil
	}
	err = a.receive(ctx, func(heard arrival) (drop error) {
		found, drop = heard.conflict(claim{a.mac, a.watched.Load()})
		return drop
	})
	return found, err
}

// maxPending is how many packets Pending reads at most.
const maxPending = 16

// Pending is Receive for a conflict that has already arrived; it does not wait. It may
// be called while another goroutine receives.
func (a *ARP) Pending() (found Conflict, ok bool) {
	if c := a.early.Swap(nil); c != nil {
		return *c, true
	}
	buf := make([]byte, arpLen) // the receiver has its own
	_ = a.control(func(fd int) error {
		for range maxPending {
			heard, err := recvmsg(fd, buf)
			if err != nil {
				return err // EAGAIN: that was all
			}
			if c, drop := heard.conflict(claim{a.mac, a.watched.Load()}); drop == nil {
				found, ok = c, true
				return nil
			}
		}
		return nil
	})
	return found, ok
}

// Close returns at once; the descriptor is closed in the background, see Flush.
func (a *ARP) Close() {
	a.close()
	a.wake()
}

// number is the form in which a filter compares addresses.
func number(addr netip.Addr) uint32 { return binary.BigEndian.Uint32(addr.AsSlice()) }
