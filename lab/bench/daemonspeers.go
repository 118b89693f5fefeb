// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"podman-net-dhcp/lab/bench/report"
)

// peer is somebody else's daemon, and how it is given leases.
type peer struct {
	name   string
	socket string
	leases []int
	start  func() error
	attach func(t try, parent string) error
}

// measurePeers gives them as many descriptors as the system lets anybody have: by
// systemd's default of 1,024 some would end at a few hundred leases.
func measurePeers(lan *manyLAN, size sizes, r *report.Report) error {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	files.Cur = files.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &files); err != nil { // children get what was set by hand
		return err
	}
	for _, p := range []peer{
		proxyOf(netavark20, report.Netavark2, size.peers),
		proxyOf(netavark114, report.Netavark1, size.old),
		cniPeer(size.peers),
	} {
		if len(p.leases) == 0 {
			continue
		}
		if err := errors.Join(lan.serve(plain), p.measure(lan, r)); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// proxyOf is the proxy of a netavark, another one than the ways have used.
func proxyOf(n netavark, name string, leases []int) peer {
	n.version += "-rest"
	return peer{
		name: name, socket: n.proxyDir() + "/nv-proxy.sock", leases: leases,
		start: func() error { return errors.Join(n.startProxy(), n.chooseProxy()) },
		attach: func(t try, parent string) error {
			net := network("macvlan", options{"mode": "bridge"})
			net["network_interface"], net["ipam_options"] = parent, options{"driver": "dhcp"}
			return n.command("setup", t, net)
		},
	}
}

// cniPeer is CNI's daemon, on a socket that the ways do not use.
func cniPeer(leases []int) peer {
	const dir = "/run/bench-cni"
	return peer{
		name: report.CNI, socket: dir + "/dhcp.sock", leases: leases,
		start: func() error {
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			if _, err := background(cniDir+"/dhcp", "daemon", "-socketpath", dir+"/dhcp.sock"); err != nil {
				return err
			}
			return awaitFile(dir + "/dhcp.sock")
		},
		attach: func(t try, parent string) error {
			config := strings.NewReplacer(`"`+nic+`"`, `"`+parent+`"`,
				`"type":"dhcp"`, `"type":"dhcp","daemonSocketPath":"`+dir+`/dhcp.sock"`).Replace(cniConfig)
			_, err := program{argv: []string{cniDir + "/macvlan"}, stdin: []byte(config), env: []string{
				"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + t.id, "CNI_NETNS=" + t.path(), "CNI_IFNAME=eth0", "CNI_PATH=" + cniDir,
			}}.run()
			return err
		},
	}
}

func (p peer) measure(lan *manyLAN, r *report.Report) (err error) {
	if err := p.start(); err != nil {
		return err
	}
	pid, err := listener(p.socket)
	if err != nil {
		return err
	}
	c := &crowd{name: "peer"}
	defer func() { err = errors.Join(err, endDaemon(pid), c.end()) }()
	for _, n := range p.leases {
		from := len(c.all)
		if err := c.grow(n); err != nil {
			return err
		}
		failed, first := c.attach(from, lan.nics, p.attach)
		d, err := look(p.name, report.Peer, n-failed, pid)
		if err != nil {
			return err
		}
		if d.RSS > 0 { // else it has ended
			r.Daemons = append(r.Daemons, d)
		}
		if failed > 0 {
			note := fmt.Sprintf("%s: %d of %d could not be attached: %v", p.name, failed, n-from, first)
			say("%s", note)
			r.Notes = append(r.Notes, note)
			return nil
		}
	}
	return nil
}
