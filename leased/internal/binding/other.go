// SPDX-License-Identifier: Apache-2.0

package binding

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// maxOthers bounds a look at the container's addresses, of which the container decides how
// many there are.
const maxOthers = 1024

// Other is an IPv4 address of another interface, and the subnet that is connected there.
type Other struct {
	Addr   netip.Addr
	Subnet netip.Prefix // masked; with a peer, the peer's
}

// Others returns the addresses of all interfaces but lo and the one with that index, at most
// 1,024 of them. A /32 without a peer has no subnet, and is left out.
func (c *Conn) Others(ifindex int) (all []Other, err error) {
	sock, err := c.socket()
	if err != nil {
		return nil, fmt.Errorf("look at the other interfaces: %w", err)
	}
	header := []byte{unix.AF_INET, 0, 0, 0, 0, 0, 0, 0} // struct ifaddrmsg
	left := maxOthers
	err = sock.Dump(unix.RTM_GETADDR, header, func(body []byte) error {
		if left--; left < 0 {
			return ErrTooMany
		}
		if o, index, ok := parseOther(body); ok && index != ifindex && index != loIndex {
			all = append(all, o)
		}
		return nil
	})
	if err == nil || errors.Is(err, unix.EINTR) { // some may be missing: they changed just now
		return all, nil
	}
	sock.Close() // the rest of the answer is in the socket
	c.sock = nil
	if errors.Is(err, ErrTooMany) {
		return all, nil
	}
	return all, fmt.Errorf("look at the other interfaces: %w", err)
}

// loIndex is lo's in each netns.
const loIndex = 1

// parseOther reads the body of an RTM_NEWADDR.
func parseOther(body []byte) (o Other, index int, ok bool) {
	if len(body) < unix.SizeofIfAddrmsg || body[0] != unix.AF_INET {
		return o, 0, false
	}
	var peer netip.Addr
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_LOCAL:
			o.Addr, _ = netip.AddrFromSlice(value)
		case unix.IFA_ADDRESS: // without a peer, the local one again
			peer, _ = netip.AddrFromSlice(value)
		}
	}
	o.Subnet = netip.PrefixFrom(peer, int(body[1])).Masked()
	alone := o.Subnet.Bits() == 32 && peer == o.Addr
	return o, int(int32(native.Uint32(body[4:]))), o.Addr.Is4() && peer.Is4() && o.Subnet.IsValid() && !alone
}
