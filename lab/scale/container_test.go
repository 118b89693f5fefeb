// SPDX-License-Identifier: Apache-2.0

package scale_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"strconv"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/leaseapi"
	"podman-net-dhcp/internal/netns"
	"podman-net-dhcp/lab/testlan"
)

// container is a link on a segment, in a network namespace that others may share.
type container struct {
	h   *host
	ns  *testlan.NS
	on  *segment
	mac net.HardwareAddr
	at  leaseapi.Attachment
	req leaseapi.AcquireRequest // once there is a link

	lease *leaseapi.Lease // once it has joined
}

// container names a container; its name makes it who it is to the server.
func (h *host) container(ns *testlan.NS, on *segment) *container {
	h.made++
	n := h.made
	// As those that the network plugin makes: dnsmasq makes addresses of them.
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	return &container{
		h: h, ns: ns, on: on, mac: append(net.HardwareAddr{2}, sum[:5]...),
		at: leaseapi.Attachment{
			ContainerID: fmt.Sprintf("id-%d", n), ContainerName: fmt.Sprintf("c%d", n), Network: on.NIC, Interface: "e" + on.NIC,
		},
	}
}

// plug makes the link, whose ifindex is the same in all namespaces.
func (c *container) plug() error {
	ns, err := netns.Open(c.ns.Path)
	if err != nil {
		return err
	}
	defer ns.Close()
	host, err := testlan.Handle(c.h.home)
	if err != nil {
		return err
	}
	defer host.Close()
	const mtu = 1500
	attrs := netlink.LinkAttrs{
		Name: c.at.Interface, Index: 100 + c.on.n, ParentIndex: c.on.index, HardwareAddr: c.mac, MTU: mtu,
		Flags: net.FlagUp, Namespace: netlink.NsFd(ns.FD()),
	}
	c.req = leaseapi.AcquireRequest{
		Attachment: c.at,
		Link:       leaseapi.Link{Netns: c.ns.Path, Index: attrs.Index, MAC: c.mac.String(), Host: c.on.NIC, MTU: mtu},
		Client:     leaseapi.Client{ClientID: "01" + hex.EncodeToString(c.mac), Hostname: c.at.ContainerName},
		// The links of a namespace would quarrel about its default route.
		Policy: leaseapi.Policy{
			NoDefaultRoute: true, TimeoutMS: 30_000, OnTimeout: "fail", Release: c.h.release, ConflictCheck: c.h.check,
		},
	}
	return host.LinkAdd(&netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE})
}

// join gets it a lease.
func (c *container) join() error {
	return tell(func(leased *leaseapi.Conn) (err error) {
		c.lease, err = leased.Acquire(context.Background(), c.req)
		return err
	})
}

// leave gives the lease back.
func (c *container) leave() error {
	return tell(func(leased *leaseapi.Conn) error { return leased.Release(context.Background(), c.at) })
}

func tell(call func(*leaseapi.Conn) error) error {
	leased, err := leaseapi.Dial(context.Background())
	if err != nil {
		return err
	}
	defer leased.Close()
	return call(leased)
}
