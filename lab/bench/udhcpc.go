// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"

	"github.com/vishvananda/netlink"

	"podman-net-dhcp/internal/netns"
)

const udhcpcScript = "/run/bench-udhcpc"

// What busybox has a script for. It leaves out what would cost time and is not
// asked for here: the resolv.conf, other routes.
const udhcpcScriptText = `#!/bin/sh
case $1 in
bound) ip address add "$ip/$mask" dev "$interface" && ip route add default via "$router" ;;
esac
`

func writeUdhcpcScript() error {
	return os.WriteFile(udhcpcScript, []byte(udhcpcScriptText), 0o755)
}

// udhcpc is a macvlan made by the host, and busybox's client run in the namespace.
func (h *host) udhcpc() *way {
	return &way{name: "busybox udhcpc", kind: peerKind, rounds: slowRounds, attach: func(t try) (func() error, error) {
		return func() error { return nil }, h.runUdhcpc(t.space)
	}}
}

func (h *host) runUdhcpc(s space) error {
	ns, err := netns.Open(s.path())
	if err != nil {
		return err
	}
	defer ns.Close()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Namespace, attrs.ParentIndex = "eth0", netlink.NsFd(ns.FD()), h.nic
	attrs.HardwareAddr, attrs.Flags = randomMAC(), net.FlagUp
	link := &netlink.Macvlan{LinkAttrs: attrs, Mode: netlink.MACVLAN_MODE_BRIDGE}
	if err := h.nl.LinkAdd(link); err != nil {
		return fmt.Errorf("make the macvlan: %w", err)
	}
	cmd := exec.Command("busybox", "udhcpc", "-n", "-q", "-f", "-i", "eth0", "-s", udhcpcScript)
	if err := ns.Do(cmd.Start); err != nil {
		return fmt.Errorf("start udhcpc: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("udhcpc: %w", err)
	}
	return nil
}
