// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// OutOfReach returns those of addrs that the host has on i and that a container on i cannot reach:
// all of them where i is a NIC. A macvlan sends by the NIC, never to the NIC. A macvlan of the
// host's own on the NIC answers for the host.
func (h *Host) OutOfReach(i Interface, addrs []netip.Addr) (own []netip.Addr, err error) {
	if i.Bridge() {
		return nil, nil
	}
	err = h.dump(unix.RTM_GETADDR, make([]byte, unix.SizeofIfAddrmsg), func(body []byte) error {
		if a := addressOn(i, body); slices.Contains(addrs, a) && !slices.Contains(own, a) {
			own = append(own, a)
		}
		return nil
	})
	if err != nil || len(own) == 0 {
		return nil, err
	}
	answers := false
	err = h.dump(unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(body []byte) error {
		l, err := rtnetlink.ParseLink(body)
		answers = answers || err == nil && l.Kind == "macvlan" && l.Lower == i.link.Index && l.Flags&unix.IFF_UP != 0
		return nil
	})
	if err != nil || answers {
		return nil, err
	}
	return own, nil
}

// addressOn reads a struct ifaddrmsg and its attributes; the zero Addr: it is about another
// interface. With a peer, the host's own address is IFA_LOCAL.
func addressOn(i Interface, body []byte) (addr netip.Addr) {
	const index = 4 // offset of ifa_index
	if len(body) < unix.SizeofIfAddrmsg || int(rtnetlink.Number(body[index:])) != i.link.Index {
		return addr
	}
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofIfAddrmsg:]) {
		if a, ok := netip.AddrFromSlice(value); ok && (kind == unix.IFA_LOCAL || kind == unix.IFA_ADDRESS && !addr.IsValid()) {
			addr = a
		}
	}
	return addr
}
