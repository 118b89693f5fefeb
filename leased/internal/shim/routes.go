// SPDX-License-Identifier: Apache-2.0

package shim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"podman-net-dhcp/internal/rtnetlink"
)

// batch bounds the messages in a request: the socket's buffer has room for the answers.
const batch = 64

// attempts bounds how often a list is read that changes meanwhile.
const attempts = 5

// mendAddrs has the shim have these addresses, each as a /32, and no other ones.
func (w *work) mendAddrs(index int, want []netip.Addr) error {
	have, err := w.list(unix.RTM_GETADDR, addrHeader(index), nil, func(body []byte) (netip.Addr, netip.Addr) {
		for kind, value := range rtnetlink.Attrs(body[min(len(body), unix.SizeofIfAddrmsg):]) {
			if a, ok := netip.AddrFromSlice(value); ok && kind == unix.IFA_LOCAL {
				return a, a
			}
		}
		return netip.Addr{}, netip.Addr{}
	})
	if err != nil {
		return err
	}
	var all []message
	for _, a := range want {
		if have[a] != a {
			all = append(all, message{unix.RTM_NEWADDR, unix.NLM_F_CREATE | unix.NLM_F_REPLACE, addrHeader(index), addrAttrs(a)})
		}
	}
	for a := range have {
		if !slices.Contains(want, a) {
			all = append(all, message{unix.RTM_DELADDR, 0, addrHeader(index), addrAttrs(a)})
		}
	}
	return w.send(all)
}

// addrHeader is a struct ifaddrmsg.
func addrHeader(index int) []byte {
	return binary.NativeEndian.AppendUint32([]byte{unix.AF_INET, 32, 0, unix.RT_SCOPE_UNIVERSE}, uint32(index))
}

func addrAttrs(a netip.Addr) []rtnetlink.Attr {
	return []rtnetlink.Attr{{Type: unix.IFA_LOCAL, Value: a.AsSlice()}, {Type: unix.IFA_ADDRESS, Value: a.AsSlice()}}
}

// mendRoutes has a route to each container, and none to others. Routes that somebody else has
// added to the shim stay.
func (w *work) mendRoutes(index int, p plan) error {
	header := make([]byte, unix.SizeofRtMsg)
	header[0], header[4], header[5] = unix.AF_INET, unix.RT_TABLE_MAIN, unix.RTPROT_DHCP
	have, err := w.list(unix.RTM_GETROUTE, header, []rtnetlink.Attr{oif(index)}, parseRoute)
	if err != nil {
		return fmt.Errorf("list the routes to containers on %s: %w", p.parent.Name, err)
	}
	var all []message
	for to, from := range have {
		if p.routes[to] != from {
			all = append(all, message{unix.RTM_DELROUTE, 0, routeHeader(), routeAttrs(index, to, from)})
		}
	}
	for to, from := range p.routes {
		if have[to] != from {
			all = append(all, message{unix.RTM_NEWROUTE, unix.NLM_F_CREATE | unix.NLM_F_EXCL, routeHeader(), routeAttrs(index, to, from)})
		}
	}
	err = w.send(all)
	if errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("the host has another route to the address of a container on %s; see: ip route show match ADDRESS", p.parent.Name)
	}
	if err != nil {
		return fmt.Errorf("set the routes to containers on %s: %w", p.parent.Name, err)
	}
	return nil
}

// parseRoute reads a struct rtmsg and its attributes: the container's address, and the shim's.
func parseRoute(body []byte) (to, from netip.Addr) {
	if len(body) < unix.SizeofRtMsg || body[1] != 32 || body[5] != unix.RTPROT_DHCP {
		return to, from
	}
	for kind, value := range rtnetlink.Attrs(body[unix.SizeofRtMsg:]) {
		switch kind {
		case unix.RTA_DST:
			to, _ = netip.AddrFromSlice(value)
		case unix.RTA_PREFSRC:
			from, _ = netip.AddrFromSlice(value)
		}
	}
	return to, from
}

// routeHeader is a struct rtmsg.
func routeHeader() []byte {
	return []byte{unix.AF_INET, 32, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_DHCP, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0}
}

func routeAttrs(index int, to, from netip.Addr) []rtnetlink.Attr {
	attrs := []rtnetlink.Attr{{Type: unix.RTA_DST, Value: to.AsSlice()}, oif(index)}
	if from.IsValid() {
		attrs = append(attrs, rtnetlink.Attr{Type: unix.RTA_PREFSRC, Value: from.AsSlice()})
	}
	return attrs
}

func oif(index int) rtnetlink.Attr { return rtnetlink.Uint32(unix.RTA_OIF, uint32(index)) }

// list returns what a dump has, as parse reads it; an invalid first address is left out.
func (w *work) list(kind uint16, header []byte, attrs []rtnetlink.Attr, parse func(body []byte) (key, value netip.Addr)) (have map[netip.Addr]netip.Addr, err error) {
	if kind == unix.RTM_GETADDR {
		header[1] = 0 // no filter
	}
	for range attempts {
		have = map[netip.Addr]netip.Addr{}
		err = w.Dump(kind, header, func(body []byte) error {
			if key, value := parse(body); key.IsValid() {
				have[key] = value
			}
			return nil
		}, attrs...)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	return have, err
}

// message is a request that changes something.
type message struct {
	kind, flags uint16
	header      []byte
	attrs       []rtnetlink.Attr
}

// send sends the messages, and returns the first error. What is to go and is gone is none.
func (w *work) send(all []message) (first error) {
	for part := range slices.Chunk(all, batch) {
		var r rtnetlink.Request
		for _, m := range part {
			r.Add(m.kind, m.flags|unix.NLM_F_ACK, m.header, m.attrs...)
		}
		for i, a := range w.Do(r) {
			w.changed = w.changed || a.Err == nil
			gone := part[i].flags == 0 && (errors.Is(a.Err, unix.ESRCH) || errors.Is(a.Err, unix.EADDRNOTAVAIL))
			if a.Err != nil && !gone && first == nil {
				first = a.Err
			}
		}
	}
	return first
}
