// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"podman-net-dhcp/lab/bench/report"
)

const image = "localhost/busybox:latest"

const podmanRounds = 15

// podmanRun is podman run --rm of a program that ends at once, and so all of a
// container's life.
func podmanRun(name string, kind report.Kind, network string) *way {
	return &way{
		name: name, kind: kind, rounds: podmanRounds, noLink: true, before: netavark20.chooseProxy,
		attach: func(try) (func() error, error) {
			return nil, command("podman", "run", "--rm", "--cgroups=disabled", "--network", network, image, "true")
		},
	}
}

func measurePodman(r *report.Report) (err error) {
	err = errors.Join(
		command("/usr/local/lib/lab/image"),
		command("podman", "network", "create", "-d", "net-dhcp", "-o", "parent="+nic, "-o", "release=now", "lan-ours"),
		command("podman", "network", "create", "-d", "macvlan", "--ipam-driver", "dhcp", "-o", "parent="+nic, "lan-own"),
	)
	if err != nil {
		return err
	}
	r.Podman, err = inTurn("podman run", []*way{
		podmanRun("--network none", boundKind, "none"),
		podmanRun("net-dhcp", oursKind, "lan-ours"),
		podmanRun(report.Netavark2Own, peerKind, "lan-own"),
	}, r.Quick)
	return err
}
