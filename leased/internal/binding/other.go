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

	Ifindex int
	// Via is the router of the interface's default route. It is invalid if there is none, and if
	// a DHCP client made the route: leased has a rule of its own for such an address.
	Via netip.Addr
}

// Others returns the addresses of all interfaces but lo and the one with that index, at most
// 1,024 of them. A /32 without a peer has no subnet, and is left out. Only the first eight have
// a router.
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
		if o, ok := parseOther(body); ok && o.Ifindex != ifindex && o.Ifindex != loIndex {
			all = append(all, o)
		}
		return nil
	})
	if err == nil || errors.Is(err, unix.EINTR) { // some may be missing: they changed just now
		routersOf(sock, all[:min(len(all), maxRouters)])
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
func parseOther(body []byte) (o Other, ok bool) {
	if len(body) < unix.SizeofIfAddrmsg || body[0] != unix.AF_INET {
		return o, false
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
	o.Ifindex = int(int32(native.Uint32(body[4:])))
	return o, o.Addr.Is4() && peer.Is4() && o.Subnet.IsValid() && !alone
}

// maxRouters bounds for how many addresses the kernel is asked for a router.
const maxRouters = 8

// anywhere is an address that only default routes lead to: RFC 7526 has ended its use.
var anywhere = netip.AddrFrom4([4]byte{192, 88, 99, 1})

// routersOf asks the kernel for the default route of each interface, whatever its metric is.
func routersOf(c *rtnetlink.Conn, all []Other) {
	var r rtnetlink.Request
	for _, o := range all {
		header := make([]byte, unix.SizeofRtMsg)
		header[0], header[1] = unix.AF_INET, 32
		native.PutUint32(header[8:], unix.RTM_F_FIB_MATCH)
		r.Add(unix.RTM_GETROUTE, 0, header, rtnetlink.Attr{Type: unix.RTA_DST, Value: anywhere.AsSlice()}, rtnetlink.Uint32(unix.RTA_OIF, uint32(o.Ifindex)))
	}
	for i, answer := range c.Do(r) {
		all[i].Via = parseDefault(answer.Body)
	}
}

// parseDefault reads the router of an RTM_NEWROUTE, if it is a default route and not DHCP's.
func parseDefault(body []byte) (via netip.Addr) {
	const length, protocol = 1, 5 // offsets of rtm_dst_len and rtm_protocol
	if len(body) < unix.SizeofRtMsg || body[0] != unix.AF_INET || body[length] != 0 || body[protocol] == unix.RTPROT_DHCP {
		return via
	}
	via, _ = netip.AddrFromSlice(attribute(body[unix.SizeofRtMsg:], unix.RTA_GATEWAY))
	if !via.Is4() {
		return netip.Addr{}
	}
	return via
}
