// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/netns"
)

// ARP is a raw ARP socket on one interface, for one client: the words of address
// conflict detection (RFC 5227). When each is said, and how long to listen for
// an answer, is its user's business. Until Watch it receives nothing.
type ARP struct {
	device
	watched atomic.Uint32 // the address, in host byte order
}

// Conflict says that another host has the watched address, or is about to.
type Conflict struct {
	Addr  netip.Addr
	MAC   net.HardwareAddr // as the ARP packet names its sender
	Probe bool             // it does not use the address yet but probes for it, as we may do
}

// OpenARP opens an ARP socket in ns (nil: where the caller is) on the interface
// ifindex, for the client whose MAC is mac, 6 bytes: the interface's own. An
// interface that is not there is ErrLinkGone; that one is down says the first
// call after this one.
func OpenARP(ns *netns.NS, ifindex int, mac net.HardwareAddr) (*ARP, error) {
	// No more than the packet itself: padding is cut off.
	a := &ARP{device: device{ifindex: ifindex, protocol: etherARP, buf: make([]byte, arpLen)}}
	if err := a.openFor(ns, mac); err != nil {
		return nil, err
	}
	return a, nil
}

// Watch listens for conflicts about addr, and no other: from now on they come in,
// and what came before is thrown away. It fails with ErrLinkDown if the interface
// went down meanwhile.
func (a *ARP) Watch(addr netip.Addr) error {
	if !addr.Is4() || addr.IsUnspecified() { // all probes are from 0.0.0.0
		return fmt.Errorf("watch %v: not an IPv4 address of a host", addr)
	}
	watched := number(addr)
	a.watched.Store(watched)
	if err := a.admit(arpFilter(claim{a.mac, watched})); err != nil {
		return fmt.Errorf("watch %v: %w", addr, a.verdict(err))
	}
	return nil
}

// Probe asks all hosts whether they have addr, and teaches none of them anything:
// the sender's address is 0.0.0.0 (RFC 5227 §2.1.1).
func (a *ARP) Probe(addr netip.Addr) error { return a.ask("probe for", netip.IPv4Unspecified(), addr) }

// Announce tells all hosts that addr is ours now, so that who had it before is
// forgotten (RFC 5227 §2.3).
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

// Receive waits for the next conflict about the address of Watch. It passes over
// all that is none, however much of that there is, and returns ctx.Err() when ctx
// ends, net.ErrClosed after Close. One goroutine may receive while others send.
func (a *ARP) Receive(ctx context.Context) (found Conflict, err error) {
	err = a.receive(ctx, func(heard arrival) (drop error) {
		found, drop = heard.conflict(claim{a.mac, a.watched.Load()})
		return drop
	})
	return found, err
}

// maxPending bounds what Pending looks at.
const maxPending = 16

// Pending is Receive for a conflict that is here already; it does not wait. It may
// be called while somebody receives.
func (a *ARP) Pending() (found Conflict, ok bool) {
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
func (a *ARP) Close() { a.close() }

// number is how a filter compares addresses.
func number(addr netip.Addr) uint32 { return binary.BigEndian.Uint32(addr.AsSlice()) }
