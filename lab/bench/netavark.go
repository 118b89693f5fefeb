// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"podman-net-dhcp/lab/bench/report"
)

// netavark is a release of netavark: its binary is the network setup, the DHCP proxy and, for
// Podman, the caller of our plugin.
type netavark struct {
	version string
	path    string
	array   bool // since 2.0 a container's networks are a list, in order

	ownName, oursName string // of the ways
	ownRounds         int
}

var (
	netavark20 = netavark{
		version: "2.0", path: "/usr/lib/podman/netavark", array: true,
		ownName: report.Netavark2Own, oursName: report.Netavark2Ours, ownRounds: slowRounds,
	}
	netavark114 = netavark{
		version: "1.14", path: "/usr/local/lib/lab/netavark-1.14",
		ownName: report.Netavark1Own, oursName: report.Netavark1Ours, ownRounds: middleRounds,
	}
)

// proxySocket is where every netavark looks for its proxy.
const proxySocket = "/run/podman/nv-proxy.sock"

func (n netavark) proxyDir() string { return "/run/bench-netavark-" + n.version }
func (n netavark) socket() string   { return filepath.Join(n.proxyDir(), "nv-proxy.sock") }

// startProxy starts netavark's DHCP proxy, on a socket of its own.
func (n netavark) startProxy() error {
	if err := errors.Join(os.MkdirAll(n.proxyDir(), 0o700), os.MkdirAll(filepath.Dir(proxySocket), 0o755)); err != nil {
		return err
	}
	if _, err := background(n.path, "dhcp-proxy", "--dir", n.proxyDir(), "--uds", n.proxyDir(), "--activity-timeout", "3600"); err != nil {
		return err
	}
	return awaitFile(n.socket())
}

// chooseProxy makes this netavark's proxy the one that is found.
func (n netavark) chooseProxy() error {
	next := proxySocket + ".next"
	if err := os.Symlink(n.socket(), next); err != nil {
		return err
	}
	return os.Rename(next, proxySocket)
}

// own is netavark's macvlan driver with its own DHCP.
func (n netavark) own() *way {
	net := network("macvlan", options{"mode": "bridge"})
	net["network_interface"], net["ipam_options"] = nic, options{"driver": "dhcp"}
	return n.way(n.ownName, net, n.ownRounds, peerKind)
}

// ours is our plugin, called by netavark.
func (n netavark) ours() *way {
	return n.way(n.oursName, network("net-dhcp", onMacvlan()), middleRounds, oursKind)
}

func (n netavark) way(name string, net map[string]any, rounds int, kind report.Kind) *way {
	return &way{name: name, kind: kind, rounds: rounds, before: n.chooseProxy, attach: func(t try) (func() error, error) {
		return func() error { return n.command("teardown", t, net) }, n.command("setup", t, net)
	}}
}

// command runs netavark as Podman does.
func (n netavark) command(verb string, t try, net map[string]any) error {
	per := perNetwork(t.container)
	per["name"] = net["name"]
	var networks any = map[string]any{"lan": per}
	if n.array {
		networks = []any{per}
	}
	b, _ := json.Marshal(map[string]any{
		"container_id": t.id, "container_name": t.container.name,
		"networks": networks, "network_info": map[string]any{"lan": net},
	}) // plain maps: never fails
	_, err := program{stdin: b, argv: []string{
		n.path, "--config", "/run/containers/networks", "--rootless=false",
		"--aardvark-binary=/usr/lib/podman/aardvark-dns", "--plugin-directory", filepath.Dir(plugin), verb, t.path(),
	}}.run()
	return err
}

// awaitFile waits until a daemon has made its socket.
func awaitFile(path string) error {
	for end := time.Now().Add(5 * time.Second); !exists(path); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("%s does not appear", path)
		}
	}
	return nil
}
