// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	vns "github.com/vishvananda/netns"

	"podman-net-dhcp/internal/netns"
)

// manyLAN is LANs for thousands of leases: NICs s0, s1 … here, and at the other end
// of each a server with a subnet of its own. On one NIC each broadcast would be
// copied to thousands of macvlans, and the kernel be measured.
type manyLAN struct {
	space
	dir  string
	nics int
}

func manyUp(nics int) (*manyLAN, error) {
	s, err := newSpace("many")
	if err != nil {
		return nil, err
	}
	l := &manyLAN{s, "/run/bench-many", nics}
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return nil, err
	}
	ns, err := netns.Open(l.path())
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	for i := range nics {
		if err := l.plug(ns, i); err != nil {
			return nil, fmt.Errorf("make the NIC s%d: %w", i, err)
		}
	}
	return l, nil
}

func nicName(i int) string { return fmt.Sprintf("s%d", i) }

// plug makes a NIC and waits for its carrier.
func (l *manyLAN) plug(ns *netns.NS, i int) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.Flags = nicName(i), net.FlagUp
	there := fmt.Sprintf("m%d", i)
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: there, PeerNamespace: netlink.NsFd(ns.FD())}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	h, err := handle(ns)
	if err != nil {
		return err
	}
	defer h.Close()
	peer, err := h.LinkByName(there)
	if err != nil {
		return err
	}
	addr := &netlink.Addr{IPNet: &net.IPNet{IP: net.IPv4(10, byte(i), 0, 1), Mask: net.CIDRMask(22, 32)}}
	if err := errors.Join(h.AddrAdd(peer, addr), h.LinkSetUp(peer)); err != nil {
		return err
	}
	return awaitCarrier(attrs.Name)
}

func awaitCarrier(name string) error {
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		link, err := netlink.LinkByName(name)
		if err != nil || link.Attrs().OperState == netlink.OperUp {
			return err
		}
	}
	return fmt.Errorf("%s does not come up", name)
}

// serve starts all servers anew, without leases, each with arguments of its own
// added. They broadcast: each answer to one address would take an entry of the ARP
// table, of which the kernel has 1,024 for all namespaces together by default.
func (l *manyLAN) serve(more func(i int) []string) error {
	if err := l.stop(); err != nil {
		return err
	}
	for i := range l.nics {
		argv := append([]string{
			"--net=" + l.path(), "--", "dnsmasq", "--conf-file=/dev/null", "--user=root", "--port=0",
			fmt.Sprintf("--interface=m%d", i), "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--dhcp-broadcast", "--dhcp-lease-max=1100",
			fmt.Sprintf("--dhcp-range=10.%d.0.10,10.%d.3.250,255.255.252.0,12h", i, i),
			"--pid-file=" + l.file(i, "pid"), "--log-facility=" + l.file(i, "log"), "--dhcp-leasefile=" + l.file(i, "leases"),
		}, more(i)...)
		if err := command("nsenter", argv...); err != nil { // as a daemon it returns when it listens
			return err
		}
	}
	return nil
}

// plain adds no arguments.
func plain(int) []string { return nil }

func (l *manyLAN) file(i int, kind string) string {
	return filepath.Join(l.dir, fmt.Sprintf("%d.%s", i, kind))
}

// stop ends the servers and drops what they wrote.
func (l *manyLAN) stop() error {
	pids, _ := filepath.Glob(l.dir + "/*.pid")
	for _, file := range pids {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil {
			return err
		}
		if err := endDaemon(pid); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(l.dir), os.Mkdir(l.dir, 0o700))
}

// acks is how many ACKs the servers have sent, by their logs.
func (l *manyLAN) acks() (n int, err error) {
	for i := range l.nics {
		log, err := os.ReadFile(l.file(i, "log"))
		if err != nil {
			return 0, err
		}
		n += bytes.Count(log, []byte(" DHCPACK("))
	}
	return n, nil
}

func (l *manyLAN) down() error {
	err := l.stop()
	for i := range l.nics {
		err = errors.Join(err, command("ip", "link", "delete", nicName(i)))
	}
	return errors.Join(err, os.RemoveAll(l.dir), vns.DeleteNamed(l.name))
}
