// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"podman-net-dhcp/internal/front"
	"podman-net-dhcp/internal/netavark"
)

func setup(netnsPath string, stdin io.Reader) (any, error) {
	// Ctrl-C on podman run reaches the whole process group, and ends us like kill -9:
	// leased undoes what was made when its caller hangs up, the link included.
	exec, err := netavark.ReadExec(stdin)
	if err != nil {
		return nil, err
	}
	r, err := exec.Wanted(netnsPath)
	if err != nil {
		return nil, err
	}
	joined, err := front.Join(context.Background(), front.Request{Interface: r, Meanwhile: netavark.Rehearse})
	if err != nil {
		return nil, err
	}
	return netavark.Status(r, joined.MAC, joined.Lease), nil
}
