// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// host makes the floor's links. Its sockets are open before.
type host struct {
	nl         *netlink.Handle
	raw        *nl.NetlinkSocket
	nic        int
	bridge     int
	portNumber int
}

func openHost() (*host, error) {
	h := &host{}
	var err error
	if h.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
		return nil, err
	}
	if h.raw, err = nl.Subscribe(unix.NETLINK_ROUTE); err != nil {
		return nil, err
	}
	for name, index := range map[string]*int{nic: &h.nic, bridge: &h.bridge} {
		link, err := h.nl.LinkByName(name)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", name, err)
		}
		*index = link.Attrs().Index
	}
	return h, nil
}

func (h *host) macvlan(attrs netlink.LinkAttrs) error {
	attrs.ParentIndex = h.nic
	return h.nl.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE})
}

// veth makes a veth whose other end is a port of the bridge and forwards.
func (h *host) veth(attrs netlink.LinkAttrs) error {
	h.portNumber++
	link := netlink.NewVeth(attrs)
	link.PeerName = fmt.Sprintf("floor%d", h.portNumber)
	if err := h.nl.LinkAdd(link); err != nil {
		return err
	}
	if err := h.plug(link.PeerName); err != nil {
		return err
	}
	return carrier(h.nl, link.PeerName)
}

// carrier waits until the link has its carrier, and so takes frames. Asking makes
// the kernel look, since Linux 6.8; it would be up to a second late otherwise.
func carrier(nl *netlink.Handle, name string) error {
	for {
		link, err := nl.LinkByName(name)
		if err != nil || link.Attrs().OperState == netlink.OperUp {
			return err
		}
	}
}

// plug makes the link a port of the bridge, and up, by one request, for which the
// library has no call.
func (h *host) plug(name string) error {
	req := nl.NewNetlinkRequest(unix.RTM_SETLINK, unix.NLM_F_ACK)
	msg := nl.NewIfInfomsg(unix.AF_UNSPEC)
	msg.Flags, msg.Change = unix.IFF_UP, unix.IFF_UP
	req.AddData(msg)
	req.AddData(nl.NewRtAttr(unix.IFLA_IFNAME, nl.ZeroTerminated(name)))
	req.AddData(nl.NewRtAttr(unix.IFLA_MASTER, nl.Uint32Attr(uint32(h.bridge))))
	req.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_ROUTE: {Socket: h.raw}}
	_, err := req.Execute(unix.NETLINK_ROUTE, 0)
	return err
}
