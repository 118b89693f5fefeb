// SPDX-License-Identifier: Apache-2.0

package attach

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// Uses returns for what the host itself uses an interface, for the user: an address, a default
// route, a link on top of it such as a VLAN. An IPv6 link-local address does not count, because
// each interface that is up has one. Empty: for nothing, and a container may take the interface
// over (mode=passthru).
func (h *Host) Uses(i Interface) (use string, err error) {
	for _, look := range []struct {
		kind  uint16
		size  int // of the kind's header
		parse func(i Interface, body []byte) string
	}{
		{unix.RTM_GETADDR, unix.SizeofIfAddrmsg, usedByAddress},
		{unix.RTM_GETROUTE, unix.SizeofRtMsg, usedByRoute},
		{unix.RTM_GETLINK, unix.SizeofIfInfomsg, usedByLink},
	} {
		err := h.dump(look.kind, make([]byte, look.size), func(body []byte) error {
			if found := look.parse(i, body); use == "" {
				use = found
			}
			return nil
		})
		if use != "" || err != nil {
			return use, err
		}
	}
	return "", nil
}

// dump is Dump, again if what is listed changes meanwhile. each may see an object twice.
func (h *Host) dump(kind uint16, header []byte, each func(body []byte) error) (err error) {
	for range 5 {
		if err = h.conn.Dump(kind, header, each); !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return err
}

// usedByAddress reads a struct ifaddrmsg and its attributes.
func usedByAddress(i Interface, body []byte) string {
	const index = 4 // offset of ifa_index
	if len(body) < unix.SizeofIfAddrmsg || int(rtnetlink.Number(body[index:])) != i.link.Index {
		return ""
	}
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofIfAddrmsg:]) {
		addr, ok := netip.AddrFromSlice(value)
		if kind == unix.IFA_ADDRESS && ok && !(addr.Is6() && addr.IsLinkLocalUnicast()) {
			return "the host has the address " + addr.String() + " on it"
		}
	}
	return ""
}

// usedByRoute reads a struct rtmsg and its attributes.
func usedByRoute(i Interface, body []byte) string {
	if parseDefault(body).index != i.link.Index {
		return ""
	}
	return "the host's default route leads through it"
}

func usedByLink(i Interface, body []byte) string {
	on, err := rtnetlink.ParseLink(body)
	if err != nil || on.Lower != i.link.Index || on.Kind == "veth" {
		return "" // a veth's lower link is its other end, perhaps in another namespace
	}
	return fmt.Sprintf("the host has %s on it", on.Name)
}
